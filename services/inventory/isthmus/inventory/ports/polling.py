"""What is wanted of collectors: targets, zones, discovery jobs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from isthmus.inventory.domain.polling.discovery import Finding, Job
from isthmus.inventory.domain.polling.envelope import Envelope
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


class WantedStore(Protocol[T]):
    """Keeps targets, or zones. Every method may raise Retryable."""

    async def known(self, ids: Collection[str]) -> Mapping[str, Standing[T]]:
        """What stands under these ids, also what was removed."""

    async def put(self, versions: Sequence[Publishing[T]]) -> Mapping[str, str]:
        """Write each version that follows on the stored one and whose place is free.

        Each is written and its record published, both or neither. Returns the ids of those that
        were not, each with the id in its way: its own when another writer was faster.
        """

    async def holders(self, places: Collection[str]) -> Mapping[str, str]:
        """The id of the one that has each of these places, where one does."""

    async def listed(
        self, *, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Standing[T]]:
        """At most `limit` of these sites whose id comes after `after`, by id, without what was
        removed."""


class ProfileNames(Protocol):
    """Knows which profiles targets have."""

    async def profiles(self) -> frozenset[str]:
        """Their names, of every site; may raise Retryable."""


class JobStore(Protocol):
    """Keeps discovery jobs and what they found. Every method may raise Retryable."""

    async def jobs(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[Job]:
        """At most `limit` jobs of these sites whose id comes after `after`, by id."""

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
