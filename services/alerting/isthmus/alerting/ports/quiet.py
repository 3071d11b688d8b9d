"""The stores of what keeps alarms quiet, and of how loud they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from isthmus.alerting.domain.quiet.kpis import Slot
from isthmus.alerting.domain.quiet.maintenance import Window
from isthmus.runtime.codec import Outgoing

SlotKey: TypeAlias = tuple[str, datetime]
"""A site, and when ten minutes began there."""


class WindowStore(Protocol):
    """Maintenance windows; every method may raise Retryable while the store is down."""

    async def write(self, window: Window, outbox: tuple[Outgoing, ...]) -> bool:
        """Store `window` and what must be published with it, unless the stored version is not
        the one before it: then False."""
        ...

    async def all(self) -> list[Window]:
        """The newest version of each window, the deleted ones with them."""
        ...


@dataclass(frozen=True, slots=True)
class Bad:
    """One alarm that is still bad when its maintenance is over."""

    alarm_id: str
    rule: str
    subject: str
    site: str
    path: str
    priority: str
    state: str
    message: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner of alarms found when an occurrence of a window ended."""

    window: str
    site: str
    """That of the window."""
    start: datetime
    end: datetime
    owner: str
    """Topic and partition whose alarms it speaks of."""
    at: datetime
    still_bad: tuple[Bad, ...]
    count: int
    """How many are still bad, of which `still_bad` shows the first."""


class ReportStore(Protocol):
    """What was still bad after maintenance; methods may raise Retryable."""

    async def add(self, part: Part) -> bool:
        """Keep `part`, unless there is one of that owner and occurrence already: then False."""
        ...

    async def of(self, window: str, before: datetime | None, limit: int) -> list[Part]:
        """The parts of the latest `limit` occurrences that ended before `before`, latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """How far a slot is counted."""

    offsets: Mapping[int, int]
    """By partition of the transitions: the last one that is in it."""
    alarms: frozenset[str]
    """The alarms that it tells apart."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a slot grows by when some transitions of one partition are counted."""

    slot: Slot
    partition: int
    before: int | None
    """Last transition of that partition that the stored slot must have; None for none."""
    offset: int
    """Last one that it has then."""


class SlotStore(Protocol):
    """Counters by site and slot; every method may raise Retryable while the store is down."""

    async def read(self, keys: Collection[SlotKey]) -> dict[SlotKey, Counted]:
        """How far the slots are counted that there are."""
        ...

    async def add(self, gains: Sequence[Gain]) -> set[SlotKey]:
        """Let each slot grow that is counted as far as its gain says; the keys of the others.

        A slot grows by all of a gain or by nothing of it.
        """
        ...

    async def between(
        self, sites: frozenset[str] | None, since: datetime, until: datetime, limit: int
    ) -> list[Slot]:
        """The slots of these sites that began from `since` on and before `until`; None is every
        site. At most `limit`."""
        ...
