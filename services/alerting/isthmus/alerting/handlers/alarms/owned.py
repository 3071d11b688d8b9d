"""The partitions that this process owns, loaded before anything of them is judged."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any

from isthmus.alerting.domain.alarms.alarm import REPORTS
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.ports.alarms import AlarmStore
from isthmus.alerting.ports.rules import SourceStore

PAGE_ALARMS = 1000
"""Open alarms in one answer of the store: a partition with many is loaded in parts."""


class Owned:
    """Owning a partition of `stream` is the duty to keep the deadlines of its alarms.

    Hears of rebalances from Kafka's consumer. What a former owner left is loaded at once, not
    with the first report: a delay that runs ends even if nothing more is heard.
    """

    def __init__(
        self, alarms: AlarmStore, sources: SourceStore, now: Now, stream: str = REPORTS
    ) -> None:
        self.changed = asyncio.Event()
        """Set when the next deadline may be earlier than it was."""
        self.lock = asyncio.Lock()
        """Held while alarms move: reports and deadlines do not judge the same alarm at once."""
        self._alarms = alarms
        self._sources = sources
        self._now = now
        self._stream = stream
        self._assigned: set[int] = set()
        self._loaded: dict[int, Partition] = {}
        self._loading = asyncio.Lock()

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        """Called by the consumer after a rebalance; loading is left to the timers' task, which
        tries again."""
        self._assigned = {each.partition for each in assigned}
        self.changed.set()

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        """Called by the consumer before a rebalance."""
        for each in revoked:
            self._assigned.discard(each.partition)
            self._loaded.pop(each.partition, None)

    @property
    def loaded(self) -> Collection[Partition]:
        """The partitions that can be judged now."""
        return list(self._loaded.values())

    async def load_assigned(self) -> None:
        """Load what was assigned and is not loaded yet; raises Retryable."""
        await self.partitions(self._assigned - self._loaded.keys())

    async def partitions(self, numbers: Iterable[int]) -> dict[int, Partition]:
        """These partitions, loaded; raises Retryable.

        One that was revoked meanwhile is not kept: its records come again, to its new owner.
        """
        async with self._loading:
            found = {}
            for number in sorted(numbers):
                partition = self._loaded.get(number) or await self._load(number)
                if number in self._assigned:
                    self._loaded[number] = partition
                found[number] = partition
        return found

    async def learn(self, ids: Collection[str]) -> None:
        """Read these alarms again, which others have changed; raises Retryable."""
        async with self.lock:
            for alarm in (await self._alarms.find(ids)).values():
                partition = self._loaded.get(alarm.partition)
                if partition is not None and alarm.stream == self._stream:
                    partition.keep(alarm)
        self.changed.set()

    async def _load(self, number: int) -> Partition:
        partition = Partition(number, heard_at=self._now())
        after, full = "", True
        while full:
            page = await self._alarms.open(self._stream, number, after, PAGE_ALARMS)
            for alarm in page:
                partition.keep(alarm)
            full = len(page) == PAGE_ALARMS
            after = page[-1].id if page else ""
        partition.sources = {each.name: each for each in await self._sources.load(number)}
        self.changed.set()
        return partition
