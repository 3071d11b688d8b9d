"""Assets, their versions, and what decides about them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.assets.plan import (
    Contest,
    Move,
    Removal,
    Seen,
    Snapshot,
    Write,
)
from isthmus.inventory.domain.assets.vocabulary import Precedence
from isthmus.runtime.codec import Outgoing

Commit = tuple[Write | Removal, Sequence[Outgoing]]
"""One version to write, and the records that publish it."""


@dataclass(frozen=True, slots=True)
class Announced:
    """Records that must be published, each with the version that it announces."""

    id: str = ""
    records: Sequence[tuple[str, Outgoing]] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a commit."""

    complete: bool
    """False when another writer was faster somewhere; what was written stands."""
    entry: Announced = Announced()
    """What is to be published now."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A source that said again what it said before, and what that was."""

    source: str
    digest: bytes
    at: datetime
    coarse: bool
    """Is it so long after what the asset itself says that that is to be written too?"""


class AssetStore(Protocol):
    """Keeps assets, their versions, and the claims on their keys. Every method may raise Retryable.

    A method that returns False has met another writer: what it did stands, and the caller reads
    again and decides anew. Nothing is published unless the version that it belongs to was written,
    and then it is, sooner or later, at least once and in order for each asset.
    """

    async def snapshot(
        self, claims: Collection[str], endpoints: Collection[str], sources: Collection[str] = ()
    ) -> Snapshot:
        """The holders of `claims`, and every asset that `endpoints` or devices behind describe.

        Claims of merged assets are held by their successor. `sources` are those whose last sign
        of life matters; that of whatever `endpoints` describe does too.
        """

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        """Whom each of `claims` names now, be it an asset, what is left of one, or none yet."""

    async def claim(self, claims: Mapping[str, str]) -> bool:
        """Give each key to its asset; False when one of them was taken already."""

    async def commit(self, steps: Sequence[Sequence[Commit]]) -> Committed:
        """Write each step whole before the next; a version that is there already is another's.

        Returns when it is their turn to be published: then publish, and say `published`.
        """

    async def published(self, entry: Announced) -> None:
        """Its records are published."""

    async def abandoned(self) -> Sequence[Announced]:
        """What writers that are gone have written and not published; it is the caller's now."""

    async def move(self, moves: Mapping[str, Move]) -> bool:
        """Give each claimed key to another asset; False when one named another holder by then."""

    async def seen(self, seen: Sequence[Seen], digests: Mapping[str, bytes]) -> None:
        """Note when sources last said what they had said before, and what that was."""

    async def unchanged(self, noted: Sequence[Noted]) -> bool:
        """Note the time of each; False when what one of them said is no longer what counts."""

    async def unsettle(self, sources: Collection[str]) -> None:
        """What these sources said before does not count any more."""

    async def contest(self, contests: Sequence[Contest]) -> None:
        """Note keys that several devices have, for a person; demote those of too many."""

    async def held(self, ids: Collection[str]) -> Mapping[str, Asset]:
        """The assets of these ids that are there."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one cause changed of one asset: one version."""

    id: str
    asset_id: str
    revision: int
    at: datetime
    recorded_at: datetime
    site: str
    source: str
    actor: str
    cause: str
    """Id of the report or request."""
    changes: Sequence[Mapping[str, str]]
    """Each with `id`, `kind`, `field`, `before`, `after`, `evidence`."""


@dataclass(frozen=True, slots=True)
class Merged:
    """An asset as it was before it was merged."""

    asset: Asset
    successor: str
    revision: int
    """Of what is left of it."""
    into: Asset | None = None
    """The successor as it was before; None when it was found by the same report."""


class AssetHistory(Protocol):
    """Reads what assets were. Every method may raise Retryable."""

    async def at(self, id: str, at: datetime) -> Asset | None:
        """The asset as it was then; None when it was not there."""

    async def merged(self, id: str) -> Merged | None:
        """An asset that is part of another one now, as it was before; None for any other."""

    async def of(self, id: str, *, before: int | None, limit: int) -> list[Event]:
        """What happened to an asset, the latest first, from before a revision."""

    async def feed(
        self, sites: frozenset[str] | None, *, after: tuple[datetime, str] | None,
        until: datetime, limit: int,
    ) -> list[Event]:  # fmt: skip
        """What was recorded after the event of this time and id, in that order."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that several devices have which are not one."""

    key: str
    assets: Sequence[str]
    first_at: datetime
    last_at: datetime
    demoted: bool
    """It decides nothing any more, because too many have it or a person said so."""


class ConflictStore(Protocol):
    """Lists contested keys. Every method may raise Retryable."""

    async def listed(
        self, sites: frozenset[str] | None, *, after: str, limit: int
    ) -> list[Conflict]:
        """At most `limit` open conflicts whose key comes after `after`, by key."""

    async def settle(self, key: str, sites: frozenset[str] | None, *, trusted: bool) -> bool:
        """Close one and say whether the key is to decide; False when there is none such."""


class PolicyStore(Protocol):
    """Keeps whose word counts for which field. Every method may raise Retryable."""

    async def decided(self) -> Mapping[str, Precedence]:
        """The fields of which somebody has said so."""

    async def decide(self, field: str, order: Precedence | None) -> None:
        """Say so of a field; None takes it back."""


class RecordPublisher(Protocol):
    """Publishes records."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Publish all, in order for each key; may raise Retryable or Rejected."""


class Measures(Protocol):
    """Counts what the handlers do; never blocks, never raises."""

    def changed(self, kind: str) -> None:
        """An asset changed in this way."""

    def raced(self) -> None:
        """A batch met another writer and is decided anew."""

    def unchanged(self, reports: int) -> None:
        """So many reports of a batch made no new version of an asset."""

    def known(self, observed_at: Iterable[datetime]) -> None:
        """Reports that were observed at these times are in the store now."""


class Holdings(Protocol):
    """Reads the assets that the books are about. Every method may raise Retryable."""

    async def assets(self, sites: frozenset[str] | None, after: str, limit: int) -> list[Asset]:
        """At most `limit` assets of these sites whose id comes after `after`, by id."""

    async def asset(self, id: str, sites: frozenset[str] | None) -> Asset | None:
        """The asset, or None when there is none of that id on these sites."""
