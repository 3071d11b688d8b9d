"""The engine, against fake devices and the real clock."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from isthmus.collector.domain import Fault, Identity, Outcome, Reading
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1.observation_pb2 import OUTCOME_GARBLED, OUTCOME_TIMEOUT, Observation

INTERVAL_S = 0.1


def origin(target: str, address: str = "", interval_s: float = INTERVAL_S) -> Origin:
    """What a target says of itself."""
    address = address or f"{target}:502"
    return Origin(Identity("s", target), "e/s", "modbus", "p", address, interval_s, "me")


class Bench:
    """An engine and what it published."""

    def __init__(self, gate: Any, measured: Any, polls_max: int = 50) -> None:
        self.records: list[Outgoing] = []
        self.engine = Engine(self.records.append, gate, measured, polls_max=polls_max)

    @property
    def observations(self) -> list[Observation]:
        return [Observation.FromString(record.value or b"") for record in self.records]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        task = asyncio.create_task(self.engine.run())
        yield self.engine
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
def bench(gate: Any, measured: Any) -> Bench:
    """An engine that nobody has started."""
    return Bench(gate, measured)


async def test_every_slot_is_read_once(bench: Bench, fakes: Any) -> None:
    """Each Observation has a slot of its own, whole intervals after the last."""
    async with bench.running() as engine:
        engine.start(origin("a"), fakes.source(), 1)
        await asyncio.sleep(0.75)
    slots = [o.slot_at.ToMilliseconds() for o in bench.observations]
    assert len(slots) >= 3
    assert all(b > a and (b - a) % 100 == 0 for a, b in pairwise(slots))
    assert len({o.id for o in bench.observations}) == len(slots)


async def test_two_targets_of_one_endpoint_are_never_read_together(
    bench: Bench, fakes: Any
) -> None:
    """They wait for each other, and the connection is given back between them."""
    shared = [0, 0]
    sources = [fakes.source(takes_s=0.03, shared=shared) for _ in range(4)]
    async with bench.running() as engine:
        for number, source in enumerate(sources):
            engine.start(origin(f"t{number}", "10.0.0.1:502"), source, 1)
        await asyncio.sleep(0.8)
    assert all(source.reads >= 2 for source in sources)
    assert shared[1] == 1
    assert all(source.closes >= source.reads - 1 for source in sources)


async def test_a_slow_read_leaves_slots_out_and_is_not_caught_up(bench: Bench, fakes: Any) -> None:
    """A read longer than the interval costs the slots it covers; no burst follows."""
    source = fakes.source(takes_s=0.25)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await asyncio.sleep(1)
    assert 2 <= source.reads <= 4


async def test_a_silent_device_is_an_observation_and_does_not_delay_another(
    bench: Bench, fakes: Any
) -> None:
    """The read is given up at its timeout, said so, and the connection closed."""
    silent, fine = fakes.source(takes_s=60), fakes.source()
    async with bench.running() as engine:
        engine.start(origin("silent"), silent, 0.15)
        engine.start(origin("fine"), fine, 1)
        await asyncio.sleep(0.6)
    said = [o for o in bench.observations if o.target == "silent"]
    assert said[0].outcome == OUTCOME_TIMEOUT
    assert said[0].error == "silent:502: no whole answer within 0.15 s"
    assert silent.closes >= 1
    assert fine.reads >= 3


async def test_a_failing_target_is_read_less_and_less(bench: Bench, fakes: Any) -> None:
    """Failures in a row stretch the distance; the first success ends that."""
    dead = fakes.source(reading=Reading.failed(Fault(Outcome.UNREACHABLE, "gone")))
    async with bench.running() as engine:
        engine.start(origin("dead", interval_s=0.02), dead, 1)
        await asyncio.sleep(1.2)
        failed = dead.reads
        dead.reading = Reading()
        while bench.observations[-1].error:
            await asyncio.sleep(0.05)
        recovered = dead.reads
        await asyncio.sleep(0.3)
    assert failed < 30
    assert dead.reads - recovered >= 8


async def test_a_bug_in_an_adapter_is_an_observation_too(bench: Bench, fakes: Any) -> None:
    """The engine goes on, whatever one source raises."""
    async with bench.running() as engine:
        engine.start(origin("a"), fakes.source(error=KeyError("x")), 1)
        await asyncio.sleep(0.4)
    assert bench.observations[0].outcome == OUTCOME_GARBLED
    assert "unexpected KeyError" in bench.observations[0].error


async def test_nothing_is_read_behind_a_closed_fence(
    bench: Bench, gate: Any, measured: Any, fakes: Any
) -> None:
    """Slots are left out and counted until the fence opens; none of them is caught up."""
    gate.is_open = False
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await asyncio.sleep(0.5)
        assert source.reads == 0
        assert measured.skips >= 2
        gate.is_open = True
        await asyncio.sleep(0.25)
    assert 1 <= source.reads <= 3


async def test_a_stop_waits_for_the_read_in_flight_and_closes(bench: Bench, fakes: Any) -> None:
    """What was begun is published; after the stop nothing is read again."""
    source = fakes.source(takes_s=0.2)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        while source.reads == 0:
            await asyncio.sleep(0.01)
        await engine.stop(["s/a"])
        assert len(bench.records) == 1
        assert source.closes == 1
        await asyncio.sleep(0.3)
    assert source.reads == 1


async def test_a_stop_does_not_wait_for_ever(bench: Bench, fakes: Any) -> None:
    """A device that hangs holds up a hand-over for its timeout at most."""
    source = fakes.source(takes_s=60)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 0.3)
        while source.reads == 0:
            await asyncio.sleep(0.01)
        async with asyncio.timeout(1):
            await engine.stop(["s/a"])


async def test_reads_at_the_same_time_are_bounded(gate: Any, measured: Any, fakes: Any) -> None:
    """More targets than allowed reads take turns."""
    bench, shared = Bench(gate, measured, polls_max=3), [0, 0]
    async with bench.running() as engine:
        for number in range(20):
            engine.start(origin(f"t{number}"), fakes.source(takes_s=0.05, shared=shared), 1)
        await asyncio.sleep(0.7)
    assert shared[1] == 3
    assert len(Counter(o.target for o in bench.observations)) == 20
