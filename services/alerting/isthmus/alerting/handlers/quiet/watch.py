"""Sees that open alarms are held back by what holds them back now, and by nothing else."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from isthmus.alerting.domain.alarms.alarm import Alarm, Condition, Suppression, SuppressionKind
from isthmus.alerting.domain.alarms.events import Event, FirstOut, Release, Suppress
from isthmus.alerting.domain.quiet import flood, maintenance, parents
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.quiet.holding import Holding
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
LOOK_S = 1.0
REST = 9
"""So many times as long as a look took it rests: it needs at most a tenth of the processor."""
BATCH_ALARMS = 500
DARK_MAX = timedelta(minutes=5)
"""So long a site of which nothing is heard may keep its alarms back until it is said to be down."""
Place: TypeAlias = tuple[int, int]


class Watch:
    """Compares the open alarms of the owned partitions with what holds them back.

    It looks at alarms as they are, not at what changed: what began or ended while nobody owned a
    partition is found by who owns it next. While nothing changed it looks at nothing.
    """

    def __init__(
        self,
        owned: Iterable[Owned],
        ledger: Ledger,
        holding: Holding,
        rules: RuleBook,
        first_out: Callable[[str], str],
        now: Now,
    ) -> None:
        """`first_out` says which alarm began the flood at a site."""
        self._owned = tuple(owned)
        self._first_out = first_out
        self._ledger = ledger
        self._holding = holding
        self._rules = rules
        self._now = now
        self._looked: dict[Place, tuple[Partition, int, int, int]] = {}
        self._unsettled: set[Place] = set()
        """Where alarms wait until it is known whether their site is heard."""

    async def run(self) -> None:
        """Look until cancelled; while the store is down, try again."""
        await self._holding.standing.complete.wait()
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except Retryable as error:
                log.warning("holding_blocked", reason=str(error))
            await asyncio.sleep(max(LOOK_S, REST * (time.monotonic() - began)))

    async def look(self) -> None:
        """Look wherever something may have changed; raises Retryable."""
        plan, standing = self._holding.windows.plan, self._holding.standing
        plan.advance(self._now())
        for number, owned in enumerate(self._owned):
            for partition in owned.loaded:
                place = (number, partition.number)
                done = (partition, plan.generation, standing.version, self._rules.generation)
                if self._looked.get(place) != done or place in self._unsettled:
                    await self._look(place, owned, partition)
                    self._looked[place] = done

    async def _look(self, place: Place, owned: Owned, partition: Partition) -> None:
        self._unsettled.discard(place)
        heard = _Heard(self._owned)
        names = [(s, r) for s, of_subject in partition.open.items() for r in of_subject]
        for first in range(0, len(names), BATCH_ALARMS):
            async with owned.lock:
                some = names[first : first + BATCH_ALARMS]
                entries = [e for each in some for e in self._entries(place, partition, each, heard)]
                await self._ledger.record(entries)
                if entries:
                    owned.changed.set()
            await asyncio.sleep(0)

    def _entries(
        self, place: Place, partition: Partition, name: tuple[str, str], heard: "_Heard"
    ) -> Iterator[Entry]:
        alarm = partition.open.get(name[0], {}).get(name[1])
        rule = self._rules.by_name.get(name[1])
        if alarm is not None and rule is not None:
            for event in self._events(place, alarm, rule, heard):
                yield Entry(partition, alarm, rule, event)

    def _events(self, place: Place, alarm: Alarm, rule: Rule, heard: "_Heard") -> Iterator[Event]:
        now = self._now()
        held = {e.source: e for e in alarm.suppressed_by if e.kind is SuppressionKind.DESIGN}
        yield from self._maintenance(alarm, held, now)
        if alarm.watches in parents.COMMUNICATION:
            names = self._holding.parents(alarm)
            yield from self._parents(alarm, names, held, now)
            if alarm.watches == "silence" and not names:
                yield from self._dark(place, alarm, held, heard)
        yield from self._flood(alarm, held, now)

    def _maintenance(
        self, alarm: Alarm, held: dict[str, Suppression], now: datetime
    ) -> Iterator[Event]:
        wanted = {each.source: each for each in self._holding.maintenance(alarm, now)}
        for source, suppression in wanted.items():
            if source not in held or held[source].until != suppression.until:
                yield Suppress(now, suppression)
        for source, suppression in held.items():
            id = source.removeprefix(maintenance.PREFIX)
            if source in wanted or id == source or not self._holding.windows.known(id):
                continue  # what is not known here yet is left to who knows it
            if suppression.until is None or suppression.until > now:
                yield Release(now, SuppressionKind.DESIGN, source)

    def _parents(
        self, alarm: Alarm, names: list[str], held: dict[str, Suppression], now: datetime
    ) -> Iterator[Event]:
        wanted = [self._holding.parent(name, now) for name in names]
        sources = {each.source for each in wanted}
        before = [each for each in held.values() if each.source.startswith(parents.PREFIX)]
        # Who explains it already goes on to do so: a further parent that is down is no news.
        kept = next((each for each in before if each.source in sources), None)
        if kept is not None and kept.until is not None:
            yield Suppress(now, replace(kept, until=None))
        # Of what a person was told already, they would only be told again when the parent is back.
        untold = alarm.suppressed_by or alarm.condition is Condition.PENDING_ON
        if kept is None and wanted and untold:
            yield Suppress(now, wanted[0])
        for each in before:
            if each is kept or each.until is not None:
                continue
            if wanted:
                yield Release(now, SuppressionKind.DESIGN, each.source)
            else:
                yield Suppress(now, self._holding.released(each))

    def _dark(
        self, place: Place, alarm: Alarm, held: dict[str, Suppression], heard: "_Heard"
    ) -> Iterator[Event]:
        """A source is silent: is it alone, or is nothing of its site heard any more?"""
        parent = f"{parents.PREFIX}{alarm.site}"
        since = alarm.since or alarm.raised_at
        if since is None or (parents.SETTLING not in held and parent not in held):
            return
        waits_until = since + DARK_MAX
        if parent in held and held[parent].until != waits_until:
            return  # it was said that the site is down
        last_at, now = heard.last_at(alarm.site, alarm.subject), self._now()
        self._unsettled.add(place)
        if parent in held:
            if last_at is not None and last_at > since:
                yield Release(now, SuppressionKind.DESIGN, parent)
        elif last_at is not None and last_at <= since and now < waits_until:
            yield Suppress(now, self._holding.parent(alarm.site, now, waits_until))

    def _flood(self, alarm: Alarm, held: dict[str, Suppression], now: datetime) -> Iterator[Event]:
        source = f"{flood.PREFIX}{alarm.site}"
        lasts = self._holding.standing.stands(flood.FLOOD.name, alarm.site)
        if source in held and not lasts:
            yield Release(now, SuppressionKind.DESIGN, source)
        if alarm.condition is Condition.PENDING_ON and source not in held:
            yield from (Suppress(now, each) for each in self._holding.flood(alarm, now))
        if lasts and self._first_out(alarm.site) == alarm.id and alarm.first_out != source:
            yield FirstOut(source)


class _Heard:
    """When something of a site was last heard, in all that this replica owns; worked out once."""

    def __init__(self, owned: Iterable[Owned]) -> None:
        self._owned = owned
        self._last: dict[str, list[tuple[datetime, str]]] | None = None

    def last_at(self, site: str, without: str) -> datetime | None:
        """The last report of another source of `site`; None when no other one is known here."""
        if self._last is None:
            self._last = self._worked_out()
        others = [at for at, name in self._last.get(site, ()) if name != without]
        return max(others, default=None)

    def _worked_out(self) -> dict[str, list[tuple[datetime, str]]]:
        """The two sources of each site that were last heard."""
        last: dict[str, list[tuple[datetime, str]]] = {}
        for owned in self._owned:
            for partition in owned.loaded:
                for source in partition.sources.values():
                    newest = [*last.get(source.site, ()), (source.last_at, source.name)]
                    last[source.site] = sorted(newest)[-2:]
        return last
