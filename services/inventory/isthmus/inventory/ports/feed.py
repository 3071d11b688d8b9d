"""What is heard of targets, what happens to assets, and the topics on which it came."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from isthmus.inventory.domain.feed.completeness import Heard, Wanted, Watermark
from isthmus.inventory.domain.feed.tracing import Looked
from isthmus.inventory.ports.assets import Event


@dataclass(frozen=True, slots=True)
class Roll:
    """The last slots of the targets of a site, as one partition of the reports has them."""

    site: str
    partition: int
    heard: Mapping[str, Heard]
    """By target, `site/target`."""
    revision: int = 0
    """Counts how often it was written; 0 when it never was."""

    @property
    def place(self) -> tuple[str, int]:
        """Its site and partition."""
        return self.site, self.partition


class RollStore(Protocol):
    """Keeps what was heard of targets, and knows which are wanted. Methods may raise Retryable."""

    async def roll(self, site: str, partition: int) -> Roll:
        """The roll of a partition, as it was written last; empty when it never was."""

    async def rolls(self, known: Collection[Roll]) -> list[Roll]:
        """All of them; those that are as somebody knows them are not read again."""

    async def keep(self, roll: Roll) -> bool:
        """Write the roll that follows on the stored one; False when another replica was faster."""

    async def wanted(self, since: datetime) -> tuple[Mapping[str, Wanted], datetime]:
        """Targets that were written from `since` on, and when the last one was."""


class WatermarkGauge(Protocol):
    """Shows watermarks to whoever watches the service; never blocks, never raises."""

    def show(self, marks: Iterable[Watermark]) -> None:
        """These are all that there are now."""


class EventFeed(Protocol):
    """The part of the history that is followed; may raise Retryable."""

    async def feed(
        self, sites: frozenset[str] | None, *, after: tuple[datetime, str] | None,
        until: datetime, limit: int,
    ) -> list[Event]:  # fmt: skip
        """What was recorded after the event of this time and id, in that order."""


class StreamMeasures(Protocol):
    """Counts streams of changes; never blocks, never raises."""

    def streams(self, open: int) -> None:
        """So many are open."""

    def ended(self, reason: str) -> None:
        """One has ended."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record as it stands on a topic."""

    topic: str
    partition: int
    offset: int
    at: datetime
    """When it was written there."""
    key: str
    value: bytes
    headers: Mapping[str, bytes]


class Trail(Protocol):
    """Reads topics. Every method may raise Retryable, and takes some seconds at most."""

    def letters(self, looked: Looked, key: str = "") -> AsyncGenerator[Sequence[Letter]]:
        """What stands on the topic from `since` to `until`, or of the partition of `key` alone.

        Ends when a limit of records or time is reached, and keeps `looked` up to date.
        """

    async def behind(self, service: str, letters: Sequence[Letter]) -> Sequence[int]:
        """How many records a service has to read until it has read each of these; 0 when it has."""


class Causes(Protocol):
    """Finds versions by what caused them. Every method may raise Retryable."""

    async def caused(
        self, reports: Collection[str], assets: Collection[str], since: datetime
    ) -> list[Event]:
        """Versions that these reports made: of these assets, or recorded soon after `since`."""

    async def holders(self, sources: Collection[str]) -> Mapping[str, str]:
        """The asset that each of these sources describes now."""
