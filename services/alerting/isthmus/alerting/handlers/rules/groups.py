"""Alarms become samples of alarms on the groups in which they stand."""

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from isthmus.alarms.v1 import alarm_pb2
from isthmus.alerting.domain.rules.blank import GROUPS_PARTITION, on_group
from isthmus.alerting.domain.rules.groups import Groups, Standing
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.runtime.codec import decode
from isthmus.runtime.errors import Rejected, Retryable

log = structlog.get_logger()
LOOK_S = 1.0
RAISED = frozenset(
    {
        alarm_pb2.CONDITION_PHASE_ACTIVE,
        alarm_pb2.CONDITION_PHASE_PENDING_OFF,
        alarm_pb2.CONDITION_PHASE_LATCHED,
    }
)


class GroupAlarms:
    """Counts the alarms of `alerting.alarms.v1`, which every replica reads whole.

    A group spans the partitions; the owner of one of them, the same for all groups, judges them.
    """

    def __init__(
        self, owned: Owned, ledger: Ledger, assets: Assets, rules: RuleBook, now: Now
    ) -> None:
        self.complete = asyncio.Event()
        self._owned = owned
        self._ledger = ledger
        self._assets = assets
        self._rules = rules
        self._now = now
        self._groups = Groups()

    def handle(self, record: Any) -> None:
        """Take one raw record of the alarms topic; one that is none is logged and left out."""
        try:
            read = decode(record, alarm_pb2.Alarm, required=("id", "rule", "subject", "site"))
        except Rejected as error:
            log.warning("alarm_rejected", offset=record.offset, reason=str(error))
            return
        alarm = read.message
        raised = alarm is not None and alarm.phase in RAISED
        self._groups.put(read.key, self._standing(alarm) if alarm and raised else None)

    def completed(self) -> None:
        """Say that the topic was read to the end it had at start."""
        self.complete.set()

    async def run(self) -> None:
        """Judge the groups until cancelled; while the store is down, try again."""
        await self.complete.wait()
        await self._assets.complete.wait()
        while True:
            try:
                await self.judge()
            except Retryable as error:
                log.warning("groups_blocked", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def judge(self) -> None:
        """Judge the groups, if this process is the one that does; raises Retryable."""
        async with self._owned.lock:
            owned = [p for p in self._owned.loaded if p.number == GROUPS_PARTITION]
            for partition in owned:
                await self._ledger.record(list(self._judged(partition)))

    def _judged(self, partition: Partition) -> Iterator[Entry]:
        now = self._now()
        for rule, count in self._rules.counts:
            open = {name for name, of_group in partition.open.items() if rule.name in of_group}
            sources = self._assets.sources
            for name, sample in self._groups.judge(rule, count, open, sources, now):
                alarm = on_group(name, self._groups.site(count.by, name), rule)
                yield Entry(partition, alarm, rule, sample)

    def _standing(self, alarm: alarm_pb2.Alarm) -> Standing:
        asset = self._assets.behind(alarm.subject)
        zone = asset.text("zone") if asset else ""
        return Standing(alarm.rule, alarm.subject, alarm.site, zone, alarm.path)
