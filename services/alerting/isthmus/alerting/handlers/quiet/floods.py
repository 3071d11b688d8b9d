"""Counts how often people are called at each site, and keeps the alarm that says: too often."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog

from isthmus.alarms.v1 import transition_pb2 as transitions
from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.quiet.flood import FLOOD, PREFIX, Called, Rate
from isthmus.alerting.domain.quiet.parents import SETTLING
from isthmus.alerting.domain.rules.blank import GROUPS_PARTITION, on_group
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.runtime.codec import decode
from isthmus.runtime.errors import Rejected, Retryable

log = structlog.get_logger()
LOOK_S = 1.0
NEWS = frozenset(
    {
        transitions.TRANSITION_KIND_RAISED,
        transitions.TRANSITION_KIND_LEVEL_CHANGED,
        transitions.TRANSITION_KIND_REANNUNCIATED,
    }
)


class Floods:
    """Reads the last minutes of `alerting.transitions.v1`, which every replica follows whole.

    A site spans the partitions; the owner of one of them, the same for all sites, judges it. What
    it finds is an alarm as any other: told to people, seen by all replicas, and over by itself.
    """

    def __init__(self, owned: Owned, ledger: Ledger, now: Now) -> None:
        self._owned = owned
        self._ledger = ledger
        self._now = now
        self._rates: dict[str, Rate] = {}

    def handle(self, record: Any) -> None:
        """Take one raw record of the topic; whoever else reads it says when it is none."""
        try:
            step = decode(record, transitions.Transition, required=("alarm_id", "site")).message
        except Rejected:
            return
        if step is None or step.rule == FLOOD.name or not _calls(step):
            return
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        rate = self._rates.setdefault(step.site, Rate())
        rate.take(Called(at, step.alarm_id, f"{step.rule} on {step.subject}"))

    def first_out(self, site: str) -> str:
        """The alarm that began the flood at `site`; empty while there is none."""
        rate = self._rates.get(site)
        return rate.first.alarm_id if rate and rate.first else ""

    async def run(self) -> None:
        """Judge the sites until cancelled; while the store is down, try again."""
        while True:
            try:
                await self.judge()
            except Retryable as error:
                log.warning("floods_blocked", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def judge(self) -> None:
        """Judge the sites, if this process is the one that does; raises Retryable."""
        async with self._owned.lock:
            for partition in self._owned.loaded:
                if partition.number == GROUPS_PARTITION:
                    await self._ledger.record(list(self._judged(partition)))

    def _judged(self, partition: Partition) -> Iterator[Entry]:
        now = self._now()
        open = {name for name, of_site in partition.open.items() if FLOOD.name in of_site}
        for site in sorted(self._rates.keys() | open):
            sample = self._rates.setdefault(site, Rate()).sample(site, now)
            if sample.signal is Signal.BEYOND or site in open:
                yield Entry(partition, on_group(site, site, FLOOD), FLOOD, sample)
            elif sample.signal is Signal.CLEAR and not sample.value:
                del self._rates[site]


def _calls(step: transitions.Transition) -> bool:
    """Was a person called for something new, or would have been, but for the flood itself?"""
    if step.kind == transitions.TRANSITION_KIND_UNSUPPRESSED:
        return step.annunciate and step.comment == SETTLING
    if step.kind not in NEWS:
        return False
    return step.annunciate or list(step.suppressed) == [f"{PREFIX}{step.site}"]
