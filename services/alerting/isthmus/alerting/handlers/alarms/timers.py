"""Deadlines: delays that end and sources that fall silent, kept by the owner of their partition."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog

from isthmus.alerting.domain.alarms.events import Clock
from isthmus.alerting.domain.rules.blank import on_source
from isthmus.alerting.domain.rules.judge import silent
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
IDLE_S = 5.0
"""Longest sleep: a source that is new may be missed sooner than all that were waited for."""
OVERDUE_S = 0.25
"""How often what is due by the wall clock is looked at until the partition's own time agrees."""
MISSED_S = 1.0
"""The same for sources that are missed."""
RETRY_S = 1.0
UNRULED = timedelta(seconds=60)
"""How often a deadline of an alarm whose rule is not known here is looked at."""
BATCH_ALARMS = 500
"""Most alarms in one write: a site that falls silent must not be one operation that times out."""


class Timers:
    """Sleeps until the next deadline; what waits is in memory, the store is not asked."""

    def __init__(
        self, owned: Owned, ledger: Ledger, assets: Assets, rules: RuleBook, now: Now
    ) -> None:
        self._owned = owned
        self._ledger = ledger
        self._assets = assets
        self._rules = rules
        self._now = now

    async def run(self) -> None:
        """Keep the deadlines until cancelled; while the store is down, try again."""
        lost = False
        while True:
            self._owned.changed.clear()
            try:
                await self._owned.load_assigned()
                await self.fire()
                lost, delay_s = False, self.delay_s()
            except Retryable as error:
                if not lost:
                    log.warning("timers_blocked", reason=str(error))
                lost, delay_s = True, RETRY_S
            await self._sleep(delay_s)

    async def fire(self) -> None:
        """Apply what is due in the owned partitions; raises Retryable."""
        async with self._owned.lock:
            now = self._now()
            for partition in self._owned.loaded:
                await self._fire(partition, now)

    async def _fire(self, partition: Partition, now: datetime) -> None:
        due = [*self._ended(partition, now), *self._missed(partition, now)]
        for start in range(0, len(due), BATCH_ALARMS):
            entries = due[start : start + BATCH_ALARMS]
            try:
                await self._ledger.record(entries)
            except Retryable:
                for entry in due[start:]:
                    partition.wait_again(entry.alarm.subject, entry.alarm.rule)
                raise
            for entry in entries:
                partition.settle(entry.alarm.subject, entry.alarm.rule)

    def delay_s(self) -> float:
        """Seconds until something may be due."""
        now = self._now()
        delays = [IDLE_S]
        for partition in self._owned.loaded:
            if (first := partition.deadlines.first) is not None:
                delays.append(max((first - now).total_seconds(), OVERDUE_S))
            if partition.overdue or partition.waiting:
                at = now if partition.overdue else partition.waiting[0].at
                delays.append(max((at - now).total_seconds(), MISSED_S))
        return min(delays)

    def _ended(self, partition: Partition, now: datetime) -> Iterator[Entry]:
        """The alarms with a deadline that is over, of rules that there still are."""
        clock = partition.clock(now)
        for subject, name in partition.deadlines.take(clock):
            rule = self._rules.by_name.get(name)
            if rule is None:
                # Switched off, or not read yet: no delay of it ends, and nothing is forgotten.
                partition.deadlines.set((subject, name), now + UNRULED)
                continue
            alarm = partition.open[subject][name]
            yield Entry(partition, alarm, rule, Clock(clock), self._assets.place(subject))

    def _missed(self, partition: Partition, now: datetime) -> Iterator[Entry]:
        for source, rule, window in partition.missed(now, self._rules):
            sample = silent(rule, source.name, partition.last_at(source), window)
            place = self._assets.place(source.name)
            yield Entry(partition, on_source(source, rule), rule, sample, place)

    async def _sleep(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._owned.changed.wait()
        except TimeoutError:
            pass
