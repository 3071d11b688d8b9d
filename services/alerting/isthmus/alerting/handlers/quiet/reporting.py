"""When maintenance is over: what is still bad, said once for each occurrence of a window."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from isthmus.alerting.domain.alarms.alarm import REPORTS, Alarm
from isthmus.alerting.domain.quiet.maintenance import Plan, Span, Tags, Window
from isthmus.alerting.domain.rules.blank import GROUPS_PARTITION
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.ports.quiet import Bad, Part, ReportStore
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
LOOK_S = 1.0
BACK = timedelta(hours=1)
"""So late an end is still reported, by who owns the alarms then."""
SHOWN_MAX = 200
"""Alarms that one owner shows; the others are counted."""
Ended: TypeAlias = tuple[str, datetime]


class Reporting:
    """Each owner of a partition reports on its own alarms; nobody waits for the others."""

    def __init__(
        self,
        owned: Iterable[tuple[str, Owned]],
        plan: Plan,
        assets: Assets,
        store: ReportStore,
        now: Now,
    ) -> None:
        self._owned = tuple(owned)
        self._plan = plan
        self._assets = assets
        self._store = store
        self._now = now
        self._reported: dict[str, tuple[Partition, set[Ended]]] = {}

    async def run(self) -> None:
        """Report until cancelled; while the store is down, try again."""
        while True:
            try:
                await self.report()
            except Retryable as error:
                log.warning("maintenance_not_reported", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def report(self) -> None:
        """Report on what ended and is not reported yet; raises Retryable."""
        now = self._now()
        ended = list(self._plan.ended(now - BACK, now))
        if not ended:
            return
        for stream, owned in self._owned:
            for partition in owned.loaded:
                await self._report(f"{stream}/{partition.number}", partition, ended)

    async def _report(
        self, owner: str, partition: Partition, ended: Collection[tuple[Window, Span]]
    ) -> None:
        known, done = self._reported.get(owner, (partition, set()))
        if known is not partition:
            done = set()
        for window, span in ended:
            if (window.id, span.end) in done:
                continue
            part = self._part(owner, partition, window, span)
            # One owner speaks even if all is well: so that it is seen that somebody has looked.
            speaks = part.count or owner == f"{REPORTS}/{GROUPS_PARTITION}"
            if speaks and await self._store.add(part):
                log.info("maintenance_ended", window=window.id, still_bad=part.count)
            done.add((window.id, span.end))
        self._reported[owner] = partition, done & {(w.id, span.end) for w, span in ended}

    def _part(self, owner: str, partition: Partition, window: Window, span: Span) -> Part:
        bad = list(self._bad(partition, window))
        shown = tuple(bad[:SHOWN_MAX])
        at = self._now()
        return Part(window.id, window.site, span.start, span.end, owner, at, shown, len(bad))

    def _bad(self, partition: Partition, window: Window) -> Iterator[Bad]:
        for of_subject in list(partition.open.values()):
            for alarm in of_subject.values():
                if alarm.in_alarm and window.concerns(alarm, self._tags(alarm)):
                    yield _bad(alarm)

    def _tags(self, alarm: Alarm) -> Tags:
        return lambda: self._assets.tags(alarm.subject)


def _bad(alarm: Alarm) -> Bad:
    assert alarm.raised_at is not None, "an alarm that is in alarm was raised"
    return Bad(
        alarm.id,
        alarm.rule,
        alarm.subject,
        alarm.site,
        alarm.path,
        alarm.priority,
        alarm.state.value,
        alarm.message,
        alarm.raised_at,
    )
