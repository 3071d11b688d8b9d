"""Which assets a report is about, decided by the keys that it brings and who holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.inventory.domain.assets.model import Asset, Key, Report, Tier, View, place

ENDPOINTS_MAX = 16
"""A device is read through few endpoints: one that seems to have more is several, or a key that
was cloned; such a key joins no further ones to it."""


@dataclass(frozen=True, slots=True)
class Match:
    """The assets that are the reported device, and the one that it displaced."""

    same: tuple[Asset, ...]
    """Oldest first: none means a new asset, several that they must be merged."""
    displaced: Asset | None = None
    """Held the place of the report's source, but is another device."""
    contested: tuple[tuple[Key, Asset], ...] = ()
    """Keys that should tell devices apart, and other devices that have them too."""


def resolve(report: Report, holders: Mapping[str, Asset], known: Iterable[Key] = ()) -> Match:
    """Decide by `holders`, the assets that hold the report's claims and still show them.

    `known` are the keys that the report's source has shown before: a read that shows only some of
    them is of the same device, one that shows another of a kind is not.

    What a person has said of the source decides. Then a unique key decides. A strong key decides
    unless the asset has proven to be another device (a veto: both have unique keys of one kind
    and share none). A weak key decides only while nothing that is stronger speaks against it.
    Attaching to one asset and joining several follow the same rule, so that the order in which
    reports come makes no difference.
    """
    at_place = holders.get(place(report.site, report.source).id)
    if at_place and report.source in at_place.pinned:
        return Match((at_place,))
    hits = [(key, holders[key.id]) for key in report.claims if key.id in holders]
    is_other = _contradict(report.keys, known, Tier.STRONG)
    shown = report if is_other else replace(report, keys=(*report.keys, *known))
    same: list[Asset] = []
    for key, asset in hits:
        if asset not in same and _admitted(key, asset, shown, same):
            same.append(asset)
    if not same:
        same = [asset for key, asset in hits if key.tier <= Tier.UNIQUE][:1]
    return Match(
        same=tuple(sorted(same, key=lambda asset: (asset.discovered_at, asset.id))),
        displaced=at_place if at_place and at_place not in same else None,
        contested=tuple(
            (key, asset) for key, asset in hits if key.tier <= Tier.STRONG and asset not in same
        ),
    )


def _admitted(key: Key, asset: Asset, report: Report, same: Iterable[Asset]) -> bool:
    """Whether nothing says that `asset` is another device than the report's and those of `same`."""
    if key.tier > Tier.UNIQUE and _crowded(asset, report):
        return False
    if asset.pinned and any(each.pinned for each in same):
        return False  # a person has parted them
    # A device that keeps its place may have got another network card, but two assets that
    # differ in their network cards are not one because of a host name or a place.
    alone_at_place = key.kind == "source" and not same
    weakest = Tier.STRONG if key.tier is Tier.WEAK and not alone_at_place else Tier.UNIQUE
    others = [report.keys, *(each.keys for each in same)]
    return not any(_contradict(asset.keys, keys, weakest) for keys in others)


def _crowded(asset: Asset, report: Report) -> bool:
    if len(asset.views) < ENDPOINTS_MAX:
        return False
    endpoints = {"/".join(source.split("/")[:2]) for source in asset.sources}
    return len(endpoints) >= ENDPOINTS_MAX and report.endpoint not in endpoints


def _contradict(some: Iterable[Key], others: Iterable[Key], weakest: Tier) -> bool:
    """Whether both have keys of one kind, up to `weakest`, and share none of that kind."""
    mine, theirs = _by_kind(some, weakest), _by_kind(others, weakest)
    return any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys())


def _by_kind(keys: Iterable[Key], weakest: Tier) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for key in keys:
        if key.tier <= weakest:
            found.setdefault((key.scope, key.kind), set()).add(key.value)
    return found


def followers_of(
    keys: tuple[Key, ...], views: Sequence[View], pinned: frozenset[str]
) -> list[View]:
    """Views that share what tells devices apart with `keys`, and nothing of it with the others.

    A source that only had a key in common with the one that was displaced came by it, and goes
    with it.
    """
    mine = _telling_ids(keys)
    near = [
        view
        for view in views
        if not mine.isdisjoint(_telling_ids(view.keys))
        and not _contradict(keys, view.keys, Tier.UNIQUE)
        and view.source not in pinned
    ]
    kept = set().union(*(_telling_ids(view.keys) for view in views if view not in near))
    return [view for view in near if kept.isdisjoint(_telling_ids(view.keys))]


def _telling_ids(keys: Iterable[Key]) -> set[str]:
    return {key.id for key in keys if key.tier <= Tier.STRONG}
