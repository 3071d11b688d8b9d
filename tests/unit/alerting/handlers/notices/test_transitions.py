"""Batches of transitions become deliveries."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.notices import START, Memory, Watched, after, policies

from isthmus.alarms.v1.transition_pb2 import Transition
from isthmus.alerting.domain.notices.routing import Route, Step
from isthmus.alerting.handlers.notices.transitions import Plan, Transitions
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable

ROUTE = Route(to=("desk",), escalate=(Step(timedelta(minutes=15), ("chief",)),))
PLAN = Plan(ROUTE, policies("desk", "chief"), timedelta(hours=6))
ANNUNCIATED = ("raised", "reannunciated", "level_changed")


class Office:
    """One replica's handler on a store, at a time that is set."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self.watched = Watched()
        self.woken: list[str] = []
        self.second = 0.0
        self.handler = Transitions(
            self.memory, PLAN, self.watched, self.woken.extend, lambda: after(self.second)
        )

    async def hear(self, *steps: Transition | None) -> Batch[Transition]:
        records = [
            Record(step, "a1", "alerting.transitions.v1", 0, n, None)
            for n, step in enumerate(steps)
        ]
        batch = Batch(records)
        assert list(await self.handler.handle(batch)) == []
        return batch


def step(kind: str, seq: int, alarm: str = "a1", **fields: Any) -> Transition:
    annunciate = fields.pop("annunciate", kind in ANNUNCIATED)
    given = {"site": "hagen", "at": START, "annunciate": annunciate, **fields}
    return Transition(alarm_id=alarm, seq=seq, kind=f"TRANSITION_KIND_{kind.upper()}", **given)


@pytest.fixture
def office() -> Office:
    """One that nobody was told anything by."""
    return Office()


async def test_an_alarm_from_its_beginning_to_its_end(office: Office) -> None:
    """Told at once, escalated in time, told of the end."""
    await office.hear(step("raised", 1))
    assert office.memory.states() == {"a1:1:desk": "waiting", "a1:1:chief:1": "waiting"}
    office.second = 1000
    await office.hear(step("acknowledged", 2))
    await office.hear(step("cleared", 3))

    assert office.memory.states() == {
        "a1:1:desk": "waiting",
        "a1:1:chief:1": "cancelled",
        "a1:2:desk": "waiting",
        "a1:2:chief": "waiting",
        "a1:3:desk": "waiting",
        "a1:3:chief": "waiting",
    }
    assert office.memory.told == {}
    assert ("cancelled", 1) in office.watched.events


async def test_who_waits_for_a_receiver_is_woken(office: Office) -> None:
    """So that nobody looks into the store for work."""
    await office.hear(step("raised", 1))

    assert set(office.woken) == {"desk", "chief"}


async def test_what_is_raised_and_over_in_one_batch_is_told_in_order(office: Office) -> None:
    """The end knows of the beginning though neither is stored yet."""
    await office.hear(step("raised", 1), step("cleared", 2))

    assert office.memory.states() == {
        "a1:1:desk": "waiting",
        "a1:1:chief:1": "cancelled",
        "a1:2:desk": "waiting",
    }


async def test_what_cannot_be_read_is_refused_alone(office: Office) -> None:
    """A tombstone and a kind of tomorrow; the others go on."""
    strange = step("raised", 1, "a2")
    strange.kind = 999  # type: ignore[assignment]  # of a newer version

    batch = await office.hear(None, strange, step("raised", 1, "a3"))

    assert len(batch.rejected) == 2
    assert set(office.memory.told) == {"a3"}


async def test_while_the_store_is_down_nothing_counts_as_read(office: Office) -> None:
    """The batch comes again."""
    office.memory.down = True

    with pytest.raises(Retryable):
        await office.hear(step("raised", 1))

    assert office.watched.events == []


class Crashing(Memory):
    """A store after so many operations of which the process dies."""

    left = 0

    def _ask(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Retryable("crash")


HISTORY = st.lists(
    st.sampled_from(
        ["raised", "level_changed", "acknowledged", "commented", "shelved", "cleared", "stale"]
    ),
    min_size=1,
    max_size=12,
)


def told_of(kinds: Sequence[str]) -> list[Transition]:
    return [step(kind, seq) for seq, kind in enumerate(kinds, 1)]


@given(HISTORY, st.integers(0, 12), st.integers(0, 4))
async def test_a_crash_between_any_two_operations_loses_and_doubles_nothing(
    kinds: list[str], crash_at: int, operations: int
) -> None:
    """A replica dies anywhere in a batch, another one reads all of it again."""
    steps = told_of(kinds)
    once, crashed = Office(), Office(Crashing())
    assert isinstance(crashed.memory, Crashing)
    for each in steps:
        await once.hear(each)

    for number, each in enumerate(steps):
        crashed.memory.left = operations if number == crash_at else 10
        try:
            await crashed.hear(each)
        except Retryable:
            crashed.memory.left = 1000
            successor = Office(crashed.memory)
            await successor.hear(each)
            crashed = successor

    assert crashed.memory.states() == once.memory.states()
    assert crashed.memory.told == once.memory.told


@given(HISTORY)
async def test_reading_the_whole_log_again_tells_nobody_twice(kinds: list[str]) -> None:
    """Offsets were lost, or reset by hand."""
    office = Office()
    await office.hear(*told_of(kinds))
    first = office.memory.states()

    await office.hear(*told_of(kinds))

    assert set(office.memory.states()) == set(first)


@given(HISTORY)
async def test_every_alert_reaches_somebody_and_no_end_is_forgotten(kinds: list[str]) -> None:
    """Whoever was told of an alarm is told of its end, exactly once."""
    office = Office()
    await office.hear(*told_of(kinds))
    ids = set(office.memory.deliveries)
    open_ = False
    for seq, kind in enumerate(kinds, 1):
        alert = kind in ANNUNCIATED
        assert (f"a1:{seq}:desk" in ids) == (alert or open_)
        open_ = (open_ or alert) and kind != "cleared"

    waiting = [d for d in office.memory.deliveries.values() if d.step and d.state == "waiting"]
    assert bool(waiting) <= open_
