"""Counts what the alarm system asks of people, each transition once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from isthmus.alarms.v1.alarm_pb2 import Priority
from isthmus.alarms.v1.transition_pb2 import Transition, TransitionKind
from isthmus.alerting.domain.quiet.kpis import Slot, Step, slot_of
from isthmus.alerting.ports.quiet import Counted, Gain, SlotKey, SlotStore
from isthmus.runtime.codec import Outgoing, Record, from_timestamp
from isthmus.runtime.consume import Batch, Handler
from isthmus.runtime.errors import Rejected, Retryable

REQUIRED = ("alarm_id", "seq", "kind", "at", "site")
RACES_MAX = 5
NOTHING = Counted({}, frozenset())


@dataclass
class _Read:
    """The transitions of one partition that fall into one slot."""

    partition: int
    steps: list[tuple[int, Step]] = field(default_factory=list)


async def nobody(batch: Batch[Transition]) -> Iterable[Outgoing]:
    """Stands where no receiver is configured: nobody is told."""
    return ()


class Counting:
    """Adds up `alerting.transitions.v1` by site and slot of ten minutes."""

    def __init__(self, store: SlotStore) -> None:
        self._store = store

    def after(self, told: Handler[Transition]) -> Handler[Transition]:
        """First `told`, as people wait for that; then what it has dealt with is counted."""

        async def handle(batch: Batch[Transition]) -> Iterable[Outgoing]:
            made = await told(batch)
            await self.handle(batch)
            return made

        return handle

    async def handle(self, batch: Batch[Transition]) -> Iterable[Outgoing]:
        """See Handler: a slot says how far it is counted, so that nothing is counted twice."""
        waiting = self._read(batch)
        for _ in range(RACES_MAX):
            if not waiting:
                return ()
            counted = await self._store.read({key for key, _ in waiting})
            gains = list(self._gains(waiting, counted))
            lost = await self._store.add(gains)
            waiting = {each: read for each, read in waiting.items() if each[0] in lost}
        raise Retryable("store: others keep counting the same transitions")

    def _read(self, batch: Batch[Transition]) -> dict[tuple[SlotKey, int], _Read]:
        found: dict[tuple[SlotKey, int], _Read] = {}
        for record in batch.records:
            try:
                step = _step(record)
            except Rejected as error:
                batch.reject(record, error)
                continue
            place = ((step.site, slot_of(step.at)), record.partition)
            found.setdefault(place, _Read(record.partition)).steps.append((record.offset, step))
        return found

    def _gains(
        self, waiting: dict[tuple[SlotKey, int], _Read], counted: dict[SlotKey, Counted]
    ) -> Iterator[Gain]:
        for (key, partition), read in waiting.items():
            known = counted.get(key, NOTHING)
            before = known.offsets.get(partition)
            fresh = [each for each in read.steps if before is None or each[0] > before]
            if not fresh:
                continue
            slot = Slot(*key)
            for _, step in fresh:
                slot.add(step, known.alarms)
            yield Gain(slot, partition, before, fresh[-1][0])


def _step(record: Record[Transition]) -> Step:
    said = record.message
    if said is None:
        raise Rejected("value: empty, expected a Transition")
    if said.kind not in TransitionKind.values():
        raise Rejected(f"isthmus.alarms.v1.Transition.kind: {said.kind}, expected a known kind")
    kind = TransitionKind.Name(said.kind)
    priority = Priority.Name(said.priority) if said.priority in Priority.values() else ""
    return Step(
        site=said.site,
        at=from_timestamp(said.at),
        kind=kind.removeprefix("TRANSITION_KIND_").lower(),
        alarm_id=said.alarm_id,
        priority=priority.removeprefix("PRIORITY_").lower(),
        annunciate=said.annunciate,
        chattering=said.chattering,
        held=bool(said.suppressed),
        raised_at=from_timestamp(said.raised_at) if said.HasField("raised_at") else None,
    )
