"""The one place that moves alarms: events in, compare-and-set versions and their records out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.alerting.domain.alarm import (
    NO_DELAY,
    Acknowledge,
    Alarm,
    Event,
    Place,
    Sample,
    Signal,
    Transition,
    changed,
    step,
)
from isthmus.alerting.domain.rules import Rule
from isthmus.alerting.handlers.partitions import Partition
from isthmus.alerting.handlers.records import outbox
from isthmus.alerting.ports import AlarmStore, Version
from isthmus.runtime.errors import Retryable

RACES_MAX = 5


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
        """The alarm as this process knows it, if its condition is not normal."""
        return self.partition.open.get(self.alarm.subject, {}).get(self.alarm.rule)

    @property
    def raises(self) -> bool:
        """Whether the event can bring an alarm out of normal."""
        return isinstance(self.event, Sample) and self.event.signal is Signal.BEYOND


@dataclass
class Draft:
    """An alarm while the events of one batch are applied to it."""

    stored: Alarm
    alarm: Alarm
    transitions: tuple[Transition, ...] = ()
    traceparent: bytes | None = None

    def apply(self, entry: Entry) -> None:
        """Move the alarm by one event, and to its asset if that became known."""
        if entry.place is not None:
            self.alarm, _ = step(self.alarm, entry.place, NO_DELAY)
        self.alarm, steps = step(self.alarm, entry.event, entry.rule.delays)
        if steps:
            self.transitions += steps
            self.traceparent = entry.traceparent

    def version(self) -> Version | None:
        """What to store; None if nothing changed that is worth a write."""
        if not changed(self.stored, self.alarm):
            return None
        self.alarm = replace(self.alarm, revision=self.stored.revision + 1)
        records = outbox(self.alarm, self.transitions, self.traceparent)
        return Version(self.alarm, self.transitions, tuple(records))


class Ledger:
    """Applies events to alarms so that no two owners both make the next version."""

    def __init__(
        self,
        store: AlarmStore,
        *,
        written: Callable[[], None],
        transitioned: Callable[[Alarm, Transition], None],
    ) -> None:
        self._store = store
        self._written = written
        self._transitioned = transitioned

    async def record(self, entries: Sequence[Entry]) -> None:
        """Apply `entries` in order; a normal sample of an alarm that is not open costs nothing.

        Raises Retryable; then nothing more is remembered, and the same entries may come again.
        """
        raised = {e.alarm.id for e in entries if e.raises}
        entries = [e for e in entries if e.open or e.alarm.id in raised]
        known = {e.alarm.id: e.open for e in entries if e.open}
        known |= await self._store.find({e.alarm.id for e in entries} - known.keys())
        for _ in range(RACES_MAX):
            if not entries:
                return
            drafts = _drafts(entries, known)
            lost = await self._store_versions(drafts.values())
            for entry in entries:
                if entry.alarm.id not in lost:
                    entry.partition.keep(drafts[entry.alarm.id].alarm)
            # Another owner, or a person, was first: judge again from what is stored now.
            entries = [e for e in entries if e.alarm.id in lost]
            known = await self._store.find(lost)
        raise Retryable("store: others keep changing the same alarms")

    async def acknowledge(self, id: str, act: Acknowledge) -> tuple[Alarm, bool] | None:
        """The alarm after a person's act, and whether there was something to acknowledge at its
        `seq`; None if there is no such alarm. Raises Retryable."""
        for _ in range(RACES_MAX):
            stored = (await self._store.find([id])).get(id)
            if stored is None:
                return None
            alarm, steps = step(stored, act, NO_DELAY)
            if not steps:
                return stored, False
            draft = Draft(stored, alarm, steps)
            if not await self._store_versions([draft]):
                return draft.alarm, True
        raise Retryable("store: others keep changing the same alarm")

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


def _drafts(entries: Iterable[Entry], known: Mapping[str, Alarm]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    for entry in entries:
        id = entry.alarm.id
        if id not in drafts:
            alarm = known.get(id, entry.alarm)
            drafts[id] = Draft(alarm, alarm)
        drafts[id].apply(entry)
    return drafts
