"""Which of the values that sources give a field is the one that counts, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from isthmus.inventory.domain.assets.model import (
    OF_FAMILY,
    Asset,
    Health,
    Key,
    Reachability,
    Said,
    Tier,
    View,
    told,
)
from isthmus.inventory.domain.assets.vocabulary import BY_PERSON, FIELDS, Origin, Precedence

STALE = timedelta(days=30)
"""A device that has not answered for so long has no say where anybody else has."""
Candidate = tuple[View, Said]
Candidates = dict[str, list[Candidate]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose word counts for which field; what it does not name is as the vocabulary says."""

    decided_by: Mapping[str, Precedence] = field(default_factory=dict)

    def of(self, name: str) -> Precedence:
        """Origins and systems of record, first the one whose word counts for the field."""
        known = FIELDS.get(name)
        return self.decided_by.get(name) or (known.decided_by if known else BY_PERSON)

    def candidates(self, views: Sequence[View]) -> Candidates:
        """Every value that views give each field, the one that counts first."""
        found: Candidates = {}
        for each in views:
            for name, said in each.attributes.items():
                if said.value:
                    found.setdefault(name, []).append((each, said))
        newest = max((v.observed_at for v in views), default=None)
        for name, several in found.items():
            if len(several) > 1 and newest:
                several.sort(key=lambda pair: self._rank(name, pair[0], pair[1], newest))
        return _of_one_family(found)

    def _rank(
        self, name: str, view: View, said: Said, newest: datetime
    ) -> tuple[bool, int, bool, int, float, float]:
        """The lower the better; equals stay in the order of their views."""
        device = view.origin is Origin.DEVICE
        silent = device and not view.alive
        stale = silent and newest - view.observed_at > STALE
        order = self.of(name)
        places = [order.index(word) for word in (view.system, view.origin) if word in order]
        return (
            stale,
            min(places, default=len(order)),
            silent,
            view.source.count("/"),
            -said.confidence,
            0 if device else -view.said_at(name).timestamp(),
        )


POLICY = Policy()


def _of_one_family(found: Candidates) -> Candidates:
    """Without what sources say of the life of another family than the one that counts."""
    if "family" not in found:
        return found
    family = found["family"][0][1].value
    for name in OF_FAMILY & found.keys():
        fitting = [c for c in found[name] if _family(c[0]) in ("", family)]
        if fitting:
            found[name] = fitting
        else:
            del found[name]
    return found


def _family(view: View) -> str:
    return view.attributes["family"].value if "family" in view.attributes else ""


def described(asset: Asset, views: Iterable[View], policy: Policy = POLICY) -> Asset:
    """`asset` as `views` describe it; what none of them says any more stays as it was known."""
    views = tuple(sorted(views, key=lambda view: view.source))
    devices = sorted((v for v in views if v.origin is Origin.DEVICE), key=_hearsay)
    ranked = [*devices, *(v for v in views if v.origin is not Origin.DEVICE)]
    if not ranked:
        return replace(asset, views=(), reachability=Reachability.OFFLINE, health=Health.UNKNOWN,
                       health_reason="")  # fmt: skip
    said = {name: found[0][1].value for name, found in policy.candidates(ranked).items()}
    site = ranked[0].site
    deepest = max((v.path for v in ranked if v.site == site), key=_depth)
    health, reason = _health(devices)
    last_seen_at = max(
        (at for at in (asset.last_seen_at, *(v.observed_at for v in views if v.alive)) if at),
        default=None,
    )
    return replace(
        asset,
        views=views,
        proven=asset.proven.union(*(_unique(each.keys) for each in views)),
        path=said.pop("path", deepest) or asset.path,
        attributes=told(asset.attributes, said),
        site=site,
        reachability=_reachability(devices, last_seen_at),
        health=health,
        health_reason=reason,
        last_seen_at=last_seen_at,
    )


def _hearsay(view: View) -> tuple[bool, int]:
    """The lower the better: who reaches the device now, then who asks it and not a server."""
    return not view.alive, view.source.count("/")


def _depth(path: str) -> int:
    return len(path.split("/")) if path else 0


def _reachability(devices: Sequence[View], last_seen_at: datetime | None) -> Reachability:
    """The best of those that ask it; a device that only the books know was never asked."""
    if devices:
        return min((v.reachability for v in devices), key=list(Reachability).index)
    return Reachability.OFFLINE if last_seen_at else Reachability.NOT_ASKED


def _health(ranked: Iterable[View]) -> tuple[Health, str]:
    said = [(each.health, each.health_reason) for each in ranked if each.alive]
    return min(said, key=lambda pair: list(Health).index(pair[0]), default=(Health.UNKNOWN, ""))


def _unique(keys: Iterable[Key]) -> frozenset[Key]:
    return frozenset(key for key in keys if key.tier <= Tier.UNIQUE)


def why(asset: Asset, name: str, policy: Policy = POLICY) -> str:
    """One sentence: what the field says, who said it, when and by which rule, and who else."""
    found = policy.candidates(asset.views).get(name)
    if not found:
        value = asset.attributes.get(name, "")
        if value:
            return f"{name} is {value!r} because it was known so once; no source says it any more."
        return f"{name} is not known: no source says anything of it."
    (view, said), *others = found
    words = [f"{name} is {said.value!r} because {_who(view, name)} said so{_how(said)}"]
    words += [f"{_who(other, name)} said {their.value!r}" for other, their in others]
    order = ", ".join(policy.of(name))
    return f"{'; '.join(words)}; for this field the order is {order}."


def _who(view: View, name: str) -> str:
    at = f"{view.said_at(name):%Y-%m-%d %H:%M} UTC"
    kind = view.system or view.origin.value
    return f"{view.source} ({kind}, {at})"


def _how(said: Said) -> str:
    if not said.rule:
        return ""
    raw = f" from {said.raw!r}" if said.raw and said.raw != said.value else ""
    return f" by {said.rule}{raw} (confidence {said.confidence:g})"
