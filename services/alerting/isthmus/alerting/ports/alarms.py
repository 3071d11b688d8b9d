"""The store of alarms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from isthmus.alerting.domain.alarms.alarm import Alarm, State
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.runtime.codec import Outgoing

Place: TypeAlias = tuple[datetime, str]
"""Where a page begins: after the alarm raised then, with this id."""


@dataclass(frozen=True, slots=True)
class Version:
    """The next version of one alarm, with what must be published if, and only if, it is stored."""

    alarm: Alarm
    transitions: tuple[Transition, ...]
    outbox: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alarms are wanted; what is not said does not matter."""

    sites: frozenset[str] | None = None
    """Of these sites; None stands for every site."""
    state: State | None = None
    priority: str | None = None
    asset_class: str | None = None
    path: str | None = None
    """At this place of the hierarchy, or below it."""
    rule: str | None = None
    since: datetime | None = None
    """Raised then or later."""
    suppressed: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some alarms, latest raised first, and where the next page begins."""

    alarms: tuple[Alarm, ...]
    after: Place | None


class AlarmStore(Protocol):
    """Alarms by id; every method may raise Retryable while the store is down."""

    async def write(self, versions: Sequence[Version]) -> set[str]:
        """Store each version whose predecessor (`revision` - 1) is the stored one, in one go.

        Returns the ids of those that are not stored, because another owner was first. A version,
        its transitions and its outbox are stored together or not at all. At most one an alarm.
        """
        ...

    async def forget(self, versions: Sequence[Version]) -> set[str]:
        """Like `write`, but of each alarm only its rule, subject, `seq` and `revision` are kept.

        So the next transition of an alarm that was forgotten has a number that nobody has seen.
        """
        ...

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """The alarms that there are, by id."""
        ...

    async def open(self, stream: str, partition: int, after: str, limit: int) -> list[Alarm]:
        """Open alarms of a partition of a topic, by id, those after `after`; at most `limit`."""
        ...

    async def rested(self, before: datetime, limit: int) -> list[Alarm]:
        """Alarms that are over, nobody having to do with them since `before` or longer."""
        ...

    async def page(self, wanted: Filter, limit: int, after: Place | None) -> Page:
        """The alarms that have been raised at least once, latest raised first."""
        ...

    async def transitions(self, id: str) -> list[Transition]:
        """The last transitions of an alarm, oldest first; none if there is no such alarm."""
        ...
