"""Deadlines: delays that end and sources that fall silent, kept by the owner of their partition."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import structlog

from isthmus.alerting.domain.alarm import Alarm, Clock
from isthmus.alerting.domain.rules import Rule, silent
from isthmus.alerting.handlers.assets import Assets
from isthmus.alerting.handlers.ledger import Entry, Ledger
from isthmus.alerting.handlers.owned import Owned
from isthmus.alerting.handlers.partitions import Now, Partition, RuleBook
from isthmus.alerting.handlers.reports import blank
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
IDLE_S = 5.0
"""Longest sleep: a source that is new may be missed sooner than all that were waited for."""
OVERDUE_S = 0.25
"""How often what is due by the wall clock is looked at until the partition's own time agrees."""
MISSED_S = 1.0
"""The same for sources that are missed."""
RETRY_S = 1.0
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
                due = [*self._ended(partition, now), *self._missed(partition, now)]
                for start in range(0, len(due), BATCH_ALARMS):
                    entries = due[start : start + BATCH_ALARMS]
                    await self._ledger.record(entries)
                    for entry in entries:
                        partition.settle(entry.alarm.subject, entry.rule.name)

    def delay_s(self) -> float:
        """Seconds until something may be due."""
        now = self._now()
        delays = [IDLE_S]
        for partition in self._owned.loaded:
            for _, _, deadline in self._running(partition):
                delays.append(max((deadline - now).total_seconds(), OVERDUE_S))
            if partition.overdue or partition.waiting:
                at = now if partition.overdue else partition.waiting[0].at
                delays.append(max((at - now).total_seconds(), MISSED_S))
        return min(delays)

    def _running(self, partition: Partition) -> Iterator[tuple[Alarm, Rule, datetime]]:
        """The delays that run, of rules that there still are."""
        for alarm in partition.deadlines():
            rule = self._rules.by_name.get(alarm.rule)
            if rule is not None and alarm.deadline is not None:
                yield alarm, rule, alarm.deadline

    def _ended(self, partition: Partition, now: datetime) -> Iterator[Entry]:
        clock = partition.clock(now)
        for alarm, rule, deadline in self._running(partition):
            if deadline <= clock:
                place = self._assets.place(alarm.subject)
                yield Entry(partition, alarm, rule, Clock(clock), place)

    def _missed(self, partition: Partition, now: datetime) -> Iterator[Entry]:
        for source, rule, window in partition.missed(now, self._rules):
            sample = silent(rule, source.name, partition.last_at(source), window)
            place = self._assets.place(source.name)
            yield Entry(partition, blank(source, rule), rule, sample, place)

    async def _sleep(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._owned.changed.wait()
        except TimeoutError:
            pass
