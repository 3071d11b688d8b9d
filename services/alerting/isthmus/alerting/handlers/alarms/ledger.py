"""The one place that moves alarms: events in, compare-and-set versions and their records out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from isthmus.alerting.domain.alarms.acts import Refusal, refusal
from isthmus.alerting.domain.alarms.alarm import AT_ONCE, Alarm, Behaviour, Place, Suppression
from isthmus.alerting.domain.alarms.events import Act, Event, Sample, Signal, Suppress
from isthmus.alerting.domain.alarms.machine import changed, step
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.partitions import Partition
from isthmus.alerting.handlers.alarms.records import outbox
from isthmus.alerting.ports.alarms import AlarmStore, Version
from isthmus.runtime.errors import Retryable

RACES_MAX = 5

Holds = Callable[[Alarm, datetime], Iterable[Suppression]]
"""What the plant's own logic holds a new alarm back by, at that time."""
Permit = Callable[[Alarm], Refusal | None]
"""Why somebody may not act on an alarm at all; None if they may."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one alarm."""

    partition: Partition
    alarm: Alarm
    """The alarm that it concerns, and what it starts from if there is none yet."""
    rule: Rule
    event: Event
    place: Place | None = None
    traceparent: bytes | None = None

    @property
    def open(self) -> Alarm | None:
        """The alarm as this process knows it, if it is open."""
        return self.partition.open.get(self.alarm.subject, {}).get(self.alarm.rule)

    @property
    def raises(self) -> bool:
        """Whether the event can bring an alarm out of normal."""
        return isinstance(self.event, Sample) and self.event.signal is Signal.BEYOND


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of a person's act."""

    alarm: Alarm
    """As it is after the act, or as it is without it."""
    refused: Refusal | None = None


@dataclass
class Draft:
    """An alarm while the events of one batch are applied to it."""

    stored: Alarm
    alarm: Alarm
    transitions: tuple[Transition, ...] = ()
    traceparent: bytes | None = None

    def apply(self, entry: Entry, holds: Holds) -> None:
        """Move the alarm by one event, and to its asset if that became known."""
        if (began_at := self._begun(entry)) is not None:
            self.alarm = self.alarm.under(entry.alarm)
        if entry.place is not None:
            self.alarm = self.alarm.at(entry.place)
        if began_at is not None:
            for held in holds(self.alarm, began_at):
                self._step(Suppress(began_at, held), entry)
        self._step(entry.event, entry)

    def version(self) -> Version | None:
        """What to store; None if nothing changed that is worth a write."""
        if not changed(self.stored, self.alarm):
            return None
        self.alarm = replace(self.alarm, revision=self.stored.revision + 1)
        records = outbox(self.alarm, self.transitions, self.traceparent)
        return Version(self.alarm, self.transitions, tuple(records))

    def _begun(self, entry: Entry) -> datetime | None:
        """When a crossing meets an alarm that is not open: nobody has kept it up to date."""
        event, applied_at = entry.event, self.alarm.applied_at
        if self.alarm.open or not isinstance(event, Sample) or event.signal is not Signal.BEYOND:
            return None
        return event.at if applied_at is None or applied_at < event.at else None

    def _step(self, event: Event, entry: Entry) -> None:
        rule = entry.rule
        self.alarm, steps = step(self.alarm, event, rule.behaviour, rule.levels)
        if steps:
            self.transitions += steps
            self.traceparent = entry.traceparent


class Ledger:
    """Applies events to alarms so that no two owners both make the next version."""

    def __init__(
        self,
        store: AlarmStore,
        *,
        rules: Callable[[str], Rule | None],
        written: Callable[[], None],
        transitioned: Callable[[Alarm, Transition], None],
        holds: Holds = lambda alarm, at: (),
    ) -> None:
        self._store = store
        self._rules = rules
        self._written = written
        self._transitioned = transitioned
        self._holds = holds

    async def record(self, entries: Sequence[Entry]) -> None:
        """Apply `entries` in order; what concerns no open alarm and raises none costs nothing.

        Raises Retryable; then nothing more is remembered, and the same entries may come again.
        """
        raised = {e.alarm.id for e in entries if e.raises}
        entries = [e for e in entries if e.open or e.alarm.id in raised]
        known = {e.alarm.id: e.open for e in entries if e.open}
        known |= await self._store.find({e.alarm.id for e in entries} - known.keys())
        for _ in range(RACES_MAX):
            if not entries:
                return
            drafts = self._drafts(entries, known)
            lost = await self._store_versions(drafts.values())
            for entry in entries:
                if entry.alarm.id not in lost:
                    entry.partition.keep(drafts[entry.alarm.id].alarm)
            # Another owner, or a person, was first: judge again from what is stored now.
            entries = [e for e in entries if e.alarm.id in lost]
            known = await self._store.find(lost)
        raise Retryable("store: others keep changing the same alarms")

    async def act(self, acts: Mapping[str, Act], permit: Permit) -> dict[str, Acted]:
        """Do what a person wants to alarms, by id, each as they saw it.

        One that there is not is missing from the answer. The owner of an alarm's partition, which
        may be another process, hears of the act by its transition. Raises Retryable.
        """
        acted: dict[str, Acted] = {}
        waiting = set(acts)
        for _ in range(RACES_MAX):
            drafts = {}
            for id, stored in (await self._store.find(waiting)).items():
                if stored.raised_at is None:
                    continue  # it was never one, or is forgotten
                if (refused := self._refused(stored, acts[id], permit)) is not None:
                    acted[id] = Acted(stored, refused)
                else:
                    drafts[id] = Draft(stored, *step(stored, acts[id], self._behaviour(stored)))
            waiting = await self._store_versions(drafts.values())
            acted |= {id: Acted(drafts[id].alarm) for id in drafts.keys() - waiting}
            if not waiting:
                return acted
        raise Retryable("store: others keep changing the same alarms")

    def _refused(self, alarm: Alarm, act: Act, permit: Permit) -> Refusal | None:
        return permit(alarm) or refusal(alarm, act, self._behaviour(alarm))

    def _behaviour(self, alarm: Alarm) -> Behaviour:
        rule = self._rules(alarm.rule)
        return rule.behaviour if rule else AT_ONCE

    def _drafts(self, entries: Iterable[Entry], known: Mapping[str, Alarm]) -> dict[str, Draft]:
        drafts: dict[str, Draft] = {}
        for entry in entries:
            id = entry.alarm.id
            if id not in drafts:
                alarm = known.get(id, entry.alarm)
                drafts[id] = Draft(alarm, alarm)
            drafts[id].apply(entry, self._holds)
        return drafts

    async def _store_versions(self, drafts: Iterable[Draft]) -> set[str]:
        made = [(draft, version) for draft in drafts if (version := draft.version())]
        if not made:
            return set()
        lost = await self._store.write([version for _, version in made])
        self._written()
        for draft, _ in made:
            if draft.alarm.id not in lost:
                for transition in draft.transitions:
                    self._transitioned(draft.alarm, transition)
        return lost
