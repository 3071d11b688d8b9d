"""The one place that moves alarms: events in, compare-and-set versions and their records out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from isthmus.alerting.domain.alarm import (
    Acknowledge,
    Alarm,
    Event,
    Place,
    Sample,
    Signal,
    Transition,
    alarm_id,
    changed,
    step,
)
from isthmus.alerting.domain.rules import Rule
from isthmus.alerting.domain.source import Source
from isthmus.alerting.handlers.partitions import Partition
from isthmus.alerting.handlers.records import outbox
from isthmus.alerting.ports import AlarmStore, Version
from isthmus.runtime.errors import Retryable

RACES_MAX = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of one alarm, with what a new alarm would be made of."""

    partition: Partition
    source: Source
    place: Place | None
    rule: Rule
    event: Event
    traceparent: bytes | None = None

    @property
    def open(self) -> Alarm | None:
        """The alarm, if its condition is not normal."""
        return self.partition.open.get(self.source.name, {}).get(self.rule.name)

    @property
    def raises(self) -> bool:
        """Whether the event can bring an alarm out of normal."""
        return isinstance(self.event, Sample) and self.event.signal is Signal.BEYOND


@dataclass
class Draft:
    """An alarm while the events of one batch are applied to it."""

    partition: Partition
    stored: Alarm
    alarm: Alarm
    transitions: tuple[Transition, ...] = ()
    traceparent: bytes | None = None

    def apply(self, entry: Entry) -> None:
        """Move the alarm by one event."""
        self.alarm, steps = step(self.alarm, entry.event, entry.rule.delays)
        self.transitions += steps
        self.traceparent = entry.traceparent if steps else self.traceparent

    def version(self) -> Version:
        """What to store."""
        alarm = replace(self.alarm, revision=self.stored.revision + 1)
        records = outbox(alarm, self.transitions, self.traceparent)
        return Version(alarm, self.transitions, tuple(records))


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

        Raises Retryable; then nothing is remembered, and the same entries may be recorded again.
        """
        raised = {(e.source.name, e.rule.name) for e in entries if e.raises}
        entries = [e for e in entries if e.open or (e.source.name, e.rule.name) in raised]
        unknown = {_id(e) for e in entries if not e.open}
        stored = await self._store.find(unknown)
        for _ in range(RACES_MAX):
            if not entries:
                return
            drafts = _drafts(entries, stored)
            lost = await self._write(drafts.values())
            # Another owner, or a person, was first: judge again from what is stored now.
            stored = await self._store.find(lost)
            entries = [e for e in entries if _id(e) in lost]
        raise Retryable("store: others keep changing the same alarms")

    async def acknowledge(self, id: str, act: Acknowledge) -> Alarm | None:
        """The alarm after a person's act: its `seq` is the act's plus one, if there was something
        to acknowledge at that `seq`; None if there is no such alarm."""
        for _ in range(RACES_MAX):
            stored = (await self._store.find([id])).get(id)
            if stored is None:
                return None
            alarm, steps = step(stored, act, NO_DELAYS)
            if not steps:
                return stored
            draft = Draft(Partition(stored.partition, act.at), stored, alarm, steps)
            if not await self._write([draft]):
                return alarm
        raise Retryable("store: others keep changing the same alarm")

    async def _write(self, drafts: Iterable[Draft]) -> set[str]:
        drafts = list(drafts)
        moved = [draft for draft in drafts if changed(draft.stored, draft.alarm)]
        versions = {draft.alarm.id: draft.version() for draft in moved}
        lost = await self._store.write(list(versions.values()))
        if versions:
            self._written()
        for draft in drafts:
            version = versions.get(draft.alarm.id)
            if draft.alarm.id not in lost:
                draft.partition.keep(version.alarm if version else draft.alarm)
                for transition in draft.transitions:
                    self._transitioned(draft.alarm, transition)
        return lost
