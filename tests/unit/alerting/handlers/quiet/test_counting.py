"""Each transition is counted once, however often it is read."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.alerting.conftest import START

from isthmus.alarms.v1 import transition_pb2 as transitions
from isthmus.alerting.domain.quiet.kpis import Slot
from isthmus.alerting.handlers.quiet.counting import Counting, nobody
from isthmus.alerting.ports.quiet import Counted, Gain, SlotKey
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable

RAISED = transitions.TRANSITION_KIND_RAISED


class Slots:
    """Counters as the store keeps them; loses what it is told to."""

    def __init__(self) -> None:
        self.slots: dict[SlotKey, Slot] = {}
        self.offsets: dict[SlotKey, dict[int, int]] = {}
        self.losing = 0

    async def read(self, keys: Collection[SlotKey]) -> dict[SlotKey, Counted]:
        return {
            key: Counted(dict(self.offsets[key]), frozenset(self.slots[key].alarms))
            for key in keys
            if key in self.slots
        }

    async def add(self, gains: Sequence[Gain]) -> set[SlotKey]:
        lost = set()
        for gain in gains:
            key = (gain.slot.site, gain.slot.start)
            offsets = self.offsets.setdefault(key, {})
            if offsets.get(gain.partition) != gain.before or self.losing:
                self.losing = max(0, self.losing - 1)
                lost.add(key)
                continue
            offsets[gain.partition] = gain.offset
            slot = self.slots.setdefault(key, Slot(*key))
            slot.annunciated += gain.slot.annunciated
            slot.alarms.update(gain.slot.alarms)
        return lost

    async def between(self, *_: Any) -> list[Slot]:
        return list(self.slots.values())

    @property
    def annunciated(self) -> int:
        return sum(slot.annunciated for slot in self.slots.values())


def a_record(offset: int, partition: int = 0, minute: float = 0, **fields: Any) -> Any:
    given = {"alarm_id": f"a{offset % 3}", "seq": 1, "kind": RAISED, "site": "hagen"}
    step = transitions.Transition(**{**given, "annunciate": True, **fields})
    step.at.FromDatetime(START + timedelta(minutes=minute))
    step.raised_at.FromDatetime(START)
    return Record(step, step.alarm_id, "alerting.transitions.v1", partition, offset, None)


async def test_transitions_are_counted_by_site_and_ten_minutes() -> None:
    """Whatever batch they come in."""
    store = Slots()
    await Counting(store).handle(
        Batch(
            [a_record(0), a_record(1, minute=9.9), a_record(2, minute=10), a_record(3, site="lyon")]
        )
    )

    counted = {key: slot.annunciated for key, slot in store.slots.items()}
    later = START + timedelta(minutes=10)
    assert counted == {("hagen", START): 2, ("hagen", later): 1, ("lyon", START): 1}


@given(
    cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 31)), max_size=8),
    partitions=st.integers(1, 3),
)
async def test_what_is_read_again_is_not_counted_again(
    cuts: list[tuple[int, int]], partitions: int
) -> None:
    """After any number of crashes, with batches cut as they come."""
    store = Slots()
    records = [a_record(n, n % partitions, n) for n in range(31)]
    reached = 0
    for begin, length in cuts:
        first = min(begin, reached)
        await Counting(store).handle(Batch(records[first : first + length]))
        reached = max(reached, first + length)
    await Counting(store).handle(Batch(records[min(reached, 31) :]))

    assert store.annunciated == 31


async def test_who_was_not_first_looks_again() -> None:
    """Another owner, or another partition of the same ten minutes."""
    store = Slots()
    store.losing = 2
    await Counting(store).handle(Batch([a_record(0), a_record(1, partition=1)]))
    assert store.annunciated == 2
    store.losing = 1000
    with pytest.raises(Retryable, match="others keep counting"):
        await Counting(store).handle(Batch([a_record(5)]))


async def test_people_are_told_before_anything_is_counted() -> None:
    """What could not be told comes again, and is counted then."""
    store, told = Slots(), []

    async def tell(batch: Batch[transitions.Transition]) -> list[Any]:
        told.append(store.annunciated)
        if len(told) == 1:
            raise Retryable("store: down")
        return []

    handle = Counting(store).after(tell)
    with pytest.raises(Retryable):
        await handle(Batch([a_record(0)]))
    await handle(Batch([a_record(0)]))
    await Counting(store).after(nobody)(Batch([a_record(1)]))

    assert (told, store.annunciated) == ([0, 0], 2)


async def test_what_is_no_transition_is_refused_and_the_others_are_counted() -> None:
    """Nothing is dropped in silence."""
    store = Slots()
    empty = Record(None, "a", "alerting.transitions.v1", 0, 1, None)
    batch = Batch([a_record(0), empty, a_record(2, kind=99), a_record(3)])
    await Counting(store).handle(batch)

    assert store.annunciated == 2
    assert [offset for _, _, offset in batch.rejected] == [1, 2]
