"""Calls the roll: notes the slots that came in, and says up to when all of them did."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from isthmus.inventory.domain.feed.completeness import (
    GIVEN_UP_MS,
    Heard,
    Wanted,
    Watermark,
    combined,
    earliest,
    watermarks,
)
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.assets.records import IMPORT, PARTS
from isthmus.inventory.ports.feed import Roll, RollStore, WatermarkGauge
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch, Handler
from isthmus.runtime.errors import IsthmusError
from isthmus.telemetry.v1 import report_pb2

log = structlog.get_logger()
LOOK_S = 5.0
OVERLAP = timedelta(minutes=1)  # clocks of replicas differ, and so do the times that they write
EPOCH = datetime.fromtimestamp(0, UTC)
Place = tuple[str, int]
"""A site, and a partition of the reports."""


class Completeness:
    """Notes each report in memory, and all of them together every five seconds in the store.

    A roll belongs to one partition, so that at most one replica writes it; where two do, because a
    partition has just moved, the second takes what the first has written and adds its own.
    """

    def __init__(
        self, store: RollStore, gauge: WatermarkGauge, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._store = store
        self._gauge = gauge
        self._now = now
        self._known: dict[Place, Roll] = {}
        self._new: dict[Place, dict[str, Heard]] = {}
        self._wanted: dict[str, Wanted] = {}
        self._wanted_since = EPOCH
        self._marks: dict[str, Watermark] = {}

    def after(self, handler: Handler[report_pb2.Report]) -> Handler[report_pb2.Report]:
        """`handler`, and then a note of what is in now."""

        async def both(batch: Batch[report_pb2.Report]) -> Iterable[Outgoing]:
            made = await handler(batch)
            self.note(batch.records)
            return made

        return both

    def note(self, records: Iterable[Record[report_pb2.Report]]) -> None:
        """These have been dealt with."""
        now_ms = _ms(self._now())
        for record in records:
            message = record.message
            if message is None or message.interval_s <= 0 or message.protocol == IMPORT:
                continue
            if message.relation.kind in PARTS:
                continue  # they are told of now and then, together with what they are parts of
            heard = _heard(message, now_ms)
            new = self._new.setdefault((message.site, record.partition), {})
            target = f"{message.site}/{message.target}"
            if target not in new or new[target].slot_ms <= heard.slot_ms:
                new[target] = heard

    def marks(self, sites: frozenset[str] | None) -> list[Watermark]:
        """The watermarks of these sites, by name."""
        return [m for site, m in self._marks.items() if sites is None or site in sites]

    def until(self, sites: frozenset[str] | None) -> datetime | None:
        """Up to when all is in of these sites together; None where nothing is polled."""
        return earliest(self.marks(sites))

    async def run(self) -> None:
        """Write and read what is heard, until cancelled."""
        lost = False
        while True:
            try:
                await self.look()
                lost = False
            except IsthmusError as error:
                if not lost:
                    log.warning("completeness_unknown", reason=str(error))
                lost = True
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Write what was noted, and see how far everybody is."""
        for place in list(self._new):
            await self._keep(place)
        wanted, last = await self._store.wanted(self._wanted_since)
        self._wanted.update(wanted)
        self._wanted_since = max(self._wanted_since, last - OVERLAP)
        rolls = await self._store.rolls(self._known.values())
        self._known = {roll.place: roll for roll in rolls}
        # A hundred thousand targets take a while, in which others want to be served.
        self._marks = await asyncio.to_thread(_marks, rolls, self._wanted, _ms(self._now()))
        self._gauge.show(self._marks.values())

    async def _keep(self, place: Place) -> None:
        """Write the roll of a partition; what another replica has written first is taken in."""
        known = self._known.get(place) or await self._store.roll(*place)
        new = self._new.pop(place)
        heard = {**known.heard, **_newer(new, known.heard)}
        current = _current(heard, _ms(self._now()))
        roll = replace(known, heard=current, revision=known.revision + 1)
        kept = False
        try:
            kept = await self._store.keep(roll)
        finally:
            if kept:
                self._known[place] = roll
            else:
                self._new[place] = {**new, **_newer(self._new.get(place, {}), new)}


def _marks(
    rolls: Iterable[Roll], wanted: Mapping[str, Wanted], now_ms: int
) -> dict[str, Watermark]:
    return watermarks(combined(roll.heard for roll in rolls), wanted, now_ms)


def _heard(message: report_pb2.Report, now_ms: int) -> Heard:
    at = message.slot_at if message.slot_at.seconds > 0 else message.observed_at
    slot_ms = at.seconds * 1000 + at.nanos // 1_000_000
    # A clock that is ahead must not make a target look read that is not.
    return Heard(min(slot_ms, now_ms), round(message.interval_s * 1000), message.collector)


def _newer(some: Mapping[str, Heard], than: Mapping[str, Heard]) -> dict[str, Heard]:
    return {
        target: heard
        for target, heard in some.items()
        if target not in than or than[target].slot_ms <= heard.slot_ms
    }


def _current(heard: Mapping[str, Heard], now_ms: int) -> dict[str, Heard]:
    return {t: each for t, each in heard.items() if now_ms - each.until_ms < GIVEN_UP_MS}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
