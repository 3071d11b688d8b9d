"""What should be there against what is: the books and people on one side, devices on the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.assets.precedence import Candidate, Policy
from isthmus.inventory.domain.assets.vocabulary import OBSERVED, Origin

COMPARED = tuple(each.name for each in OBSERVED if each.name not in ("purdue_level", "criticality"))
"""What both sides know by themselves; the level and the criticality are only assumed of a class."""
GONE = frozenset({"planned", "ordered", "retired", "disposed"})
"""States in which nobody expects to see an asset."""


class DriftKind(StrEnum):
    """How an asset drifts."""

    UNEXPECTED = "unexpected"
    """A device is there that no book knows, and nobody has accepted it."""
    MISSING = "missing"
    """The books have it, and no device was ever seen."""
    BACK = "back"
    """The books say that it is not in service, and it answers."""
    MISMATCHED = "mismatched"
    """Both have it, and say different things of a field."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which an asset is not as it should be."""

    kind: DriftKind
    field: str = ""
    intended: str = ""
    observed: str = ""
    counts: str = ""
    """Which of the two the policy lets count."""


def drifts(asset: Asset, policy: Policy) -> list[Drift]:
    """All ways in which an asset is not as it should be; none for one that is ignored."""
    if asset.status is Status.IGNORED:
        return []
    observed = any(view.origin is Origin.DEVICE for view in asset.views)
    intended = any(view.origin is Origin.IMPORT for view in asset.views)
    state = asset.attributes.get("state", "")
    if observed and not intended:
        return [Drift(DriftKind.UNEXPECTED)] if asset.status is Status.DISCOVERED else []
    if intended and not observed:
        return [] if state in GONE else [Drift(DriftKind.MISSING, "state", state or "in_service")]
    back = state in GONE and asset.reachability.answers
    found = [Drift(DriftKind.BACK, "state", state, asset.reachability.value)] if back else []
    return found + list(_mismatches(asset, policy))


def _mismatches(asset: Asset, policy: Policy) -> Iterator[Drift]:
    candidates = policy.candidates(asset.views)
    for name in COMPARED:
        found = candidates.get(name, [])
        observed = _first(found, {Origin.DEVICE})
        intended = _first(found, {Origin.IMPORT, Origin.OPERATOR})
        if observed and intended and observed.casefold() != intended.casefold():
            yield Drift(
                DriftKind.MISMATCHED, name, intended, observed, asset.attributes.get(name, "")
            )


def _first(candidates: Iterable[Candidate], origins: set[Origin]) -> str:
    return next((said.value for view, said in candidates if view.origin in origins), "")
