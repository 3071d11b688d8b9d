"""What the handlers and the API need from the outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from isthmus.inventory.domain.discovery import Finding, Job
from isthmus.inventory.domain.envelope import Envelope
from isthmus.inventory.domain.ledger import Removal, Seen, Snapshot, Write
from isthmus.inventory.domain.model import Asset
from isthmus.runtime.codec import Outgoing


class Wanted(Protocol):
    """What people want of one site: a target or a zone, a frozen dataclass."""

    @property
    def id(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def envelope(self) -> Envelope: ...


T = TypeVar("T", bound=Wanted)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a seed file, not yet looked at; `site` is what the file's name says."""

    file: str
    number: int
    site: str
    content: object


@dataclass(frozen=True, slots=True)
class Standing(Generic[T]):
    """What the store holds of one target or zone."""

    value: T
    updated_at: datetime
    revision: int
    seed: Mapping[str, Any] | None = None
    """The row of a seed file that it was last taken from."""
    removed: bool = False
    """A person removed it."""


@dataclass(frozen=True, slots=True)
class Publishing(Generic[T]):
    """A new version to store together with the record that publishes it."""

    version: Standing[T]
    record: Outgoing


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """How many assets a site has, how many answer, and when one last did."""

    site: str
    assets: int
    online: int
    last_seen_at: datetime | None


class AssetStore(Protocol):
    """Keeps assets and the claims on their keys. Every method may raise Retryable.

    A method that returns False has met another writer: what it did stands, and the caller reads
    again and decides anew. Nothing is published unless the asset that it belongs to was written,
    and then it is, sooner or later, at least once and in order for each asset.
    """

    async def snapshot(self, claims: Collection[str], endpoints: Collection[str]) -> Snapshot:
        """The holders of `claims`, and every asset that `endpoints` or devices behind describe.

        Claims of merged assets are held by their successor.
        """

    async def claim(self, claims: Mapping[str, str]) -> bool:
        """Give each key to its asset; False when one of them was taken already."""

    async def write(self, writes: Sequence[tuple[Write, Sequence[Outgoing]]]) -> bool:
        """Write each asset that is still at the revision of `before`; False when one was not."""

    async def remove(self, removals: Sequence[tuple[Removal, Sequence[Outgoing]]]) -> bool:
        """Remove each asset, hand its claims to the successor; False when one had changed."""

    async def move(self, moves: Mapping[str, str]) -> None:
        """Give each claimed key to another asset."""

    async def seen(self, seen: Sequence[Seen]) -> None:
        """Note when sources last said what they had said before."""


class AssetDirectory(Protocol):
    """Reads assets for people and their tools. Every method may raise Retryable."""

    async def asset(self, id: str) -> Asset | None:
        """The asset, or None when there is none of that id, or no more."""

    async def assets(
        self, *, site: str | None, class_: str | None, after: str, limit: int
    ) -> list[Asset]:
        """At most `limit` assets whose id comes after `after`, by id."""

    async def sites(self) -> list[SiteSummary]:
        """Every site that has an asset, by name."""


class WantedStore(Protocol[T]):
    """Keeps targets, or zones. Every method may raise Retryable."""

    async def known(self, ids: Collection[str]) -> Mapping[str, Standing[T]]:
        """What stands under these ids, also what was removed."""

    async def put(self, versions: Sequence[Publishing[T]]) -> Mapping[str, str]:
        """Write each version that follows on the stored one and whose place is free.

        Each is written and its record published, both or neither. Returns the ids of those that
        were not, each with the id in its way: its own when another writer was faster.
        """

    async def listed(self, *, site: str | None, after: str, limit: int) -> list[Standing[T]]:
        """At most `limit` whose id comes after `after`, by id, without what was removed."""


class JobStore(Protocol):
    """Keeps discovery jobs and what they found. Every method may raise Retryable."""

    async def jobs(self, *, site: str | None, after: str, limit: int) -> list[Job]:
        """At most `limit` jobs whose id comes after `after`, by id."""

    async def known(self, ids: Collection[str]) -> Mapping[str, Job]:
        """The jobs of these ids that are there."""

    async def write(self, jobs: Sequence[tuple[Job, Sequence[Outgoing]]]) -> bool:
        """Write and publish each job that follows on the stored one; False when one does not."""

    async def find(self, findings: Sequence[Finding]) -> None:
        """Note what was found; a decision about the same endpoint that is later stays."""

    async def findings(self, job: str) -> list[Finding]:
        """What a job found, by address."""

    async def decide(self, findings: Sequence[Finding]) -> None:
        """Note what was decided about each."""


class SiteTopics(Protocol):
    """Says which sites have all topics that inventory writes for a site."""

    async def sites(self) -> set[str]:
        """Names of the sites; raises Retryable when Kafka cannot be asked."""


class Measures(Protocol):
    """Counts what the handlers do; never blocks, never raises."""

    def changed(self, kind: str) -> None:
        """An asset changed in this way."""

    def raced(self) -> None:
        """A batch met another writer and is decided anew."""

    def unchanged(self, reports: int) -> None:
        """So many reports of a batch made no new version of an asset."""
