"""The engine, against fake devices in virtual time."""

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.collector.handlers.bench import (
    FRIDAY_NOON,
    GONE,
    PAUSED,
    Bench,
    Gateway,
    now,
    origin,
    until,
)
from tests.virtual_time import virtual_time

from isthmus.collector.domain.circuit import CircuitState
from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.domain.reading import Reading
from isthmus.collector.domain.touches import PollState
from isthmus.collector.ports import Line
from isthmus.telemetry.v1 import observation_pb2 as pb


@virtual_time
async def test_every_slot_is_read_once(bench: Bench, fakes: Any) -> None:
    """Each Observation has a slot of its own, one interval after the last."""
    async with bench.running() as engine:
        engine.start(origin("a"), fakes.source(), 1)
        await asyncio.sleep(100)
    slots = [o.slot_at.ToMilliseconds() for o in bench.observations]
    assert len(slots) in (99, 100)
    assert {b - a for a, b in pairwise(slots)} == {1000}
    assert len({o.id for o in bench.observations}) == len(slots)


@virtual_time
async def test_two_targets_of_one_endpoint_are_never_read_together(
    bench: Bench, fakes: Any
) -> None:
    """They wait for each other, and the connection is given back between them."""
    shared = [0, 0]
    sources = [fakes.source(takes_s=0.2, shared=shared) for _ in range(4)]
    async with bench.running() as engine:
        for number, source in enumerate(sources):
            engine.start(origin(f"t{number}", "10.0.0.1:502"), source, 1)
        await asyncio.sleep(20)
    assert all(source.reads >= 18 for source in sources)
    assert shared[1] == 1
    assert all(source.closes >= source.reads - 1 for source in sources)


@virtual_time
async def test_a_connection_is_kept_or_given_back_as_the_envelope_says(
    bench: Bench, fakes: Any
) -> None:
    """`per_read` leaves it to others between two slots; two targets may have two where allowed."""
    kept, given_back, twins = fakes.source(), fakes.source(), [fakes.source(), fakes.source()]
    two = Envelope(connections_max=2)
    async with bench.running() as engine:
        engine.start(origin("kept"), kept, 1)
        engine.start(origin("given-back"), given_back, 1, Envelope(connection="per_read"))
        for number, twin in enumerate(twins):
            engine.start(origin(f"twin-{number}", "10.0.0.1:502"), twin, 1, two)
        await asyncio.sleep(10)
        assert kept.closes == 0
        assert given_back.closes == given_back.reads > 8
        assert [twin.closes for twin in twins] == [0, 0]


@virtual_time
async def test_a_slow_read_leaves_slots_out_and_is_not_caught_up(bench: Bench, fakes: Any) -> None:
    """A read longer than the interval costs the slots it covers; no burst follows."""
    source = fakes.source(takes_s=2.5)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 4)
        await asyncio.sleep(30)
    assert 9 <= source.reads <= 10


@virtual_time
async def test_a_silent_device_is_an_observation_and_does_not_delay_another(
    bench: Bench, fakes: Any
) -> None:
    """The read is given up at its timeout, said so, and the connection closed."""
    silent, fine = fakes.source(takes_s=1e6), fakes.source()
    async with bench.running() as engine:
        engine.start(origin("silent"), silent, 5)
        engine.start(origin("fine"), fine, 1)
        await asyncio.sleep(60)
    said = bench.of("silent")
    assert said[0].outcome == pb.OUTCOME_TIMEOUT
    assert said[0].error == "silent:502: no whole answer within 5 s"
    assert silent.closes >= 1
    assert fine.reads >= 59


@virtual_time
async def test_a_source_that_hangs_beside_its_line_is_ended(bench: Bench, fakes: Any) -> None:
    """A library that waits for something of its own costs a read, never the engine."""
    source = fakes.source()

    async def hang(line: Line, slot: int) -> Reading:
        await asyncio.sleep(1e9)
        return Reading()

    source.read = hang
    async with bench.running() as engine:
        engine.start(origin("a"), source, 3)
        await asyncio.sleep(10)
        async with asyncio.timeout(5):
            await engine.stop(["s/a"])
    assert bench.observations[0].outcome == pb.OUTCOME_TIMEOUT
    assert bench.observations[0].error == "a:502: no whole answer within 3 s"


@virtual_time
async def test_a_failing_target_rests_longer_and_longer(bench: Bench, fakes: Any) -> None:
    """After three failures in a row its circuit opens; one success closes it for good."""
    dead = fakes.source(reading=GONE)
    async with bench.running() as engine:
        engine.start(origin("dead"), dead, 1)
        await asyncio.sleep(3600)
        asked = [o for o in bench.observations if not o.error.startswith("not asked until")]
        slots = [o.slot_at.ToSeconds() for o in asked]
        rests = [b - a for a, b in pairwise(slots)]
        assert rests[:2] == [1, 1]
        assert rests[2:8] == pytest.approx([5, 10, 20, 40, 80, 160], abs=1.1)
        assert max(rests) <= 902
        status = engine.status("s/dead")
        assert status is not None
        assert status.circuit is CircuitState.OPEN
        assert status.rests_until is not None
        dead.reading = Reading()
        reads = dead.reads
        await until(lambda: dead.reads > reads)
        reads = dead.reads
        await asyncio.sleep(10)
        assert dead.reads - reads == 10
    assert bench.measured.states[PollState.CIRCUIT_OPEN] == 0


@virtual_time
async def test_a_slot_that_is_left_out_says_how_the_last_read_failed(
    bench: Bench, fakes: Any
) -> None:
    """Silence on the topic would mean that the collector is gone."""
    dead = fakes.source(reading=GONE)
    async with bench.running() as engine:
        engine.start(origin("dead"), dead, 1)
        await asyncio.sleep(100)
    slots = [o.slot_at.ToSeconds() for o in bench.observations]
    rested = [o for o in bench.observations if o.error.startswith("not asked until")]
    assert slots == list(range(slots[0], slots[0] + len(slots)))
    assert len(rested) == len(slots) - dead.reads > 50
    assert {(o.outcome, o.error.split("; ")[1]) for o in rested} == {
        (pb.OUTCOME_UNREACHABLE, "gone")
    }


@virtual_time
async def test_devices_that_fail_together_do_not_come_back_together(
    gate: Any, measured: Any, fakes: Any
) -> None:
    """Fifty devices behind a switch that reboots: their next reads are spread."""
    bench, sources = Bench(gate, measured), [fakes.source(reading=GONE) for _ in range(50)]
    numbers = iter(range(10**6))
    bench.engine._jitter = lambda: next(numbers) * 0.618 % 1
    async with bench.running() as engine:
        for number, source in enumerate(sources):
            engine.start(origin(f"t{number}", f"10.0.{number}.1:502", 2), source, 1)
        await asyncio.sleep(120)
        for source in sources:
            source.reading = Reading()
        await asyncio.sleep(400)
    back: dict[str, int] = {}
    for observation in bench.observations:
        if not observation.error:
            back.setdefault(observation.target, observation.slot_at.ToSeconds())
    assert len(back) == 50
    assert len(set(back.values())) > 25
    assert max(Counter(back.values()).values()) <= 5


@virtual_time
async def test_a_bug_in_an_adapter_is_an_observation_too(bench: Bench, fakes: Any) -> None:
    """The engine goes on, whatever one source raises."""
    async with bench.running() as engine:
        engine.start(origin("a"), fakes.source(error=KeyError("x")), 1)
        await asyncio.sleep(2)
    assert bench.observations[0].outcome == pb.OUTCOME_GARBLED
    assert "unexpected KeyError" in bench.observations[0].error


@virtual_time
async def test_nothing_is_read_behind_a_closed_fence(
    bench: Bench, gate: Any, measured: Any, fakes: Any
) -> None:
    """Slots are left out and counted until the fence opens; none is caught up, none is claimed."""
    gate.is_open = False
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await asyncio.sleep(10)
        assert source.reads == 0
        assert measured.skips >= 9
        assert not bench.observations, "another collector may read these slots"
        gate.is_open = True
        await asyncio.sleep(5)
        assert 4 <= source.reads <= 5
        gate.is_open = False
        closes = source.closes
        await asyncio.sleep(2)
        assert source.closes > closes, "a connection may not outlive the right to it"


@virtual_time
async def test_requests_at_the_same_time_are_bounded(gate: Any, measured: Any, fakes: Any) -> None:
    """More targets than allowed requests take turns."""
    bench, shared = Bench(gate, measured, polls_max=3), [0, 0]
    async with bench.running() as engine:
        for number in range(20):
            engine.start(origin(f"t{number}"), fakes.source(takes_s=0.1, shared=shared), 1)
        await asyncio.sleep(10)
    assert shared[1] == 3
    assert len(Counter(o.target for o in bench.observations)) == 20


@virtual_time
async def test_a_dead_unit_rests_and_the_others_keep_their_pace(bench: Bench) -> None:
    """It is still heard of, with what it last said and until when it is left alone."""
    gateway = Gateway(dead={"unit-2"})
    async with bench.running() as engine:
        engine.start(origin("bus", interval_s=2), gateway, 5)
        await asyncio.sleep(600)
        assert gateway.asked["unit-1"] == gateway.asked["unit-3"] >= 299
        assert gateway.asked["unit-2"] <= 11
        units = {device.path: device for device in bench.observations[-1].devices}
        assert units["unit-1"].outcome == pb.OUTCOME_OK
        assert units["unit-2"].outcome == pb.OUTCOME_TIMEOUT
        assert units["unit-2"].error.startswith("unit-2: not asked until 12:")
        assert units["unit-2"].error.endswith("UTC; last: unit-2: no answer")
        status = engine.status("s/bus")
        assert status is not None
        assert status.resting_devices == ("unit-2",)
        assert status.state is PollState.POLLING
        gateway.dead.clear()
        await asyncio.sleep(900)
        assert all(device.outcome == pb.OUTCOME_OK for device in bench.observations[-1].devices)


@virtual_time
async def test_everything_that_was_sent_stands_in_the_ledger(bench: Bench) -> None:
    """Each request once, in one record an interval, whatever else happened."""
    gateway = Gateway()
    async with bench.running() as engine:
        engine.start(origin("bus", interval_s=5), gateway, 5, Envelope(gap_s=0.1))
        await asyncio.sleep(300)
        engine.govern([Zone("", PAUSED)])
        await asyncio.sleep(120)
        await engine.stop(["s/bus"])
    counted = sum(sum(record.count) for record in bench.touches)
    assert counted == gateway.asked.total() > 150
    assert len(bench.touches) <= 9
    assert min(r.gap_s_least for r in bench.touches if r.kind) == pytest.approx(0.1)
    assert all(a.until_at == b.from_at for a, b in pairwise(bench.touches) if b.kind)


def test_what_is_not_polled_here_has_no_status(bench: Bench) -> None:
    """Another collector may own it."""
    assert bench.engine.status("s/other") is None
    assert list(bench.engine.statuses()) == []


@pytest.mark.parametrize("back_s", [300, 86_400 * 365])
@virtual_time
async def test_a_clock_that_is_set_back_silences_nobody_for_long(
    bench: Bench, fakes: Any, back_s: float
) -> None:
    """Within minutes no slot is read twice; beyond that reading goes on at once."""
    source, dead = fakes.source(), fakes.source(reading=GONE)
    wrong_s = [0.0]
    bench.engine._clock = lambda: FRIDAY_NOON + now() + wrong_s[0]
    bench.engine.ledger.clock = bench.engine._clock
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        engine.start(origin("dead"), dead, 1, Envelope(backoff_max_s=60))
        await asyncio.sleep(100)
        wrong_s[0] = -back_s
        await asyncio.sleep(1000)
        assert source.reads >= 690
        dead.reading = Reading()
        await asyncio.sleep(400)
        assert bench.of("dead")[-1].outcome == pb.OUTCOME_OK
        slots = [o.slot_at.ToMilliseconds() for o in bench.of("a")]
        assert len(slots) == len(set(slots))
        assert bench.touches[-1].from_at.ToSeconds() <= bench.touches[-1].until_at.ToSeconds()
        assert now() + FRIDAY_NOON - back_s - bench.touches[-1].until_at.ToSeconds() < 130
