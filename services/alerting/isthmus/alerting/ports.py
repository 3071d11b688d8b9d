"""What the handlers need from outside: a store of alarms and of sources."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from isthmus.alerting.domain.alarm import Alarm, Transition
from isthmus.alerting.domain.source import Source
from isthmus.runtime.codec import Outgoing


@dataclass(frozen=True, slots=True)
class Version:
    """The next version of one alarm, with what must be published if, and only if, it is stored."""

    alarm: Alarm
    transitions: tuple[Transition, ...]
    outbox: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some alarms, latest raised first, and where the next page begins."""

    alarms: tuple[Alarm, ...]
    after: tuple[datetime, str] | None


class AlarmStore(Protocol):
    """Alarms by id; every method may raise Retryable while the store is down."""

    async def write(self, versions: Sequence[Version]) -> set[str]:
        """Store each version whose predecessor (`revision` - 1) is the stored one, in one go.

        Returns the ids of those that are not stored, because another owner was first. A version,
        its transitions and its outbox are stored together or not at all. At most one an alarm.
        """
        ...

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """The alarms that there are, by id."""
        ...

    async def open(self, partition: int) -> list[Alarm]:
        """The alarms of a partition whose condition is not normal."""
        ...

    async def page(
        self, site: str | None, state: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Page:
        """The alarms that have been raised at least once, latest raised first."""
        ...

    async def transitions(self, id: str) -> list[Transition] | None:
        """The last transitions of an alarm, oldest first; None if there is no such alarm."""
        ...


class SourceStore(Protocol):
    """Sources by name; every method may raise Retryable while the store is down."""

    async def save(self, sources: Iterable[Source]) -> None:
        """Store each source unless a later report of it is stored already."""
        ...

    async def load(self, partition: int) -> list[Source]:
        """The sources whose reports come on `partition`."""
        ...
