"""What is to be written to the assets, and what it was planned on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from isthmus.inventory.domain.assets.model import Asset, Cause, Change

NOBODY = ""
"""Holder of a claim whose asset is gone for good."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who holds the claims that a batch asks for, and the assets concerned.

    A claim may name an asset that is not there: its writer has claimed the key, and has not yet
    written the asset, or never will.
    """

    claims: Mapping[str, str]
    assets: Mapping[str, Asset]
    seen: Mapping[str, datetime] = field(default_factory=dict)
    """When sources last said what their views already had."""
    demoted: frozenset[str] = frozenset()
    """Keys that too many devices have: they tell nothing."""


@dataclass(frozen=True, slots=True)
class Write:
    """One asset to write as `after`, if it is still as `before`, with what that publishes."""

    before: Asset | None
    after: Asset
    changes: tuple[Change, ...]
    cause: Cause

    @property
    def newly_shown(self) -> set[str]:
        """The claims that the asset shows only from now on."""
        return self.after.shown - (self.before.shown if self.before else set())


@dataclass(frozen=True, slots=True)
class Removal:
    """One asset to remove; `successor` is the asset that it turned out to be, or NOBODY."""

    asset: Asset
    successor: str
    changes: tuple[Change, ...]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Seen:
    """A source that says what it said before: only the time is new."""

    asset_id: str
    source: str
    observed_at: datetime
    report_id: str
    coarse: bool
    """Is it so long after what the asset itself says that that is to be written too?"""


@dataclass(frozen=True, slots=True)
class Contest:
    """A key that two devices have which are not one."""

    key: str
    assets: tuple[str, str]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Move:
    """A claim that gets another holder."""

    to: str
    former: str = NOBODY
    """Who must hold it until then, or another writer was first; NOBODY when that is not known."""

    @property
    def back(self) -> "Move":
        """What undoes it, if nobody has moved it on."""
        return Move(self.former, self.to)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, in this order: a crash between two steps is mended by the replay."""

    claims: Mapping[str, str] = field(default_factory=dict)
    gains: tuple[Write, ...] = ()
    losses: tuple[Write, ...] = ()
    removals: tuple[Removal, ...] = ()
    moves: Mapping[str, Move] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    contests: tuple[Contest, ...] = ()
    unsettled: frozenset[str] = frozenset()
    """Sources whose views were changed by somebody else than themselves."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Claims of what an asset newly shows: its own when all is written, or another writer took
    them for free meanwhile."""

    @property
    def freed(self) -> dict[str, Move]:
        """Claims taken from assets that this plan does not write: they did not show them, and must
        not show them when the claims are taken."""
        written = {NOBODY, *(write.after.id for write in (*self.gains, *self.losses))}
        written |= {removal.asset.id for removal in self.removals}
        return {key: each for key, each in self.moves.items() if each.former not in written}


def following(before: Asset | None, after: Asset, made: Iterable[Change], cause: Cause) -> Write:
    """The write of `after` as the version that follows on `before`; none goes back in time."""
    revision, at = 1, cause.at
    if before:
        revision, at = before.revision + 1, max(before.changed_at, cause.at)
    return Write(before, replace(after, revision=revision, changed_at=at), tuple(made), cause)
