"""The engine, against fake devices in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from tests.virtual_time import virtual_time

from isthmus.collector.domain.circuit import CircuitState
from isthmus.collector.domain.envelope import Envelope, Window, Zone
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import EngineLine
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import DeviceProfile, Line
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1 import observation_pb2 as pb
from isthmus.telemetry.v1.touches_pb2 import POLL_STATE_STOPPED, Touches

INTERVAL_S = 1.0
FRIDAY_NOON = 1_767_355_200.0  # 2026-01-02 12:00 UTC
READ = Request.MODBUS_READ_HOLDING_REGISTERS
PAUSED = Envelope(paused=True, reason="maintenance")
GONE = Reading.failed(Fault(Outcome.UNREACHABLE, "gone"))


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


def origin(
    target: str, address: str = "", interval_s: float = INTERVAL_S, path: str = "e/s/a"
) -> Origin:
    """What a target says of itself."""
    address = address or f"{target}:502"
    return Origin(Identity("s", target), path, "modbus", "p", address, interval_s, "me")


@dataclass
class Bench:
    """An engine and what it published."""

    gate: Any
    measured: Any
    jitter: float = 1.0
    polls_max: int = 50
    records: list[Outgoing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = Engine(
            self.records.append,
            self.gate,
            self.measured,
            polls_max=self.polls_max,
            clock=lambda: FRIDAY_NOON + now(),
            steady=now,
            jitter=lambda: self.jitter,
        )

    @property
    def observations(self) -> list[pb.Observation]:
        topic = "collector.observations.v1"
        return [pb.Observation.FromString(r.value or b"") for r in self.records if r.topic == topic]

    @property
    def touches(self) -> list[Touches]:
        topic = "collector.touches.v1"
        return [Touches.FromString(r.value or b"") for r in self.records if r.topic == topic]

    def of(self, target: str) -> list[pb.Observation]:
        return [o for o in self.observations if o.target == target]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        tasks = [asyncio.create_task(t) for t in (self.engine.run(), self.engine.ledger.run())]
        yield self.engine
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture
def bench(gate: Any, measured: Any) -> Bench:
    """An engine that nobody has started."""
    return Bench(gate, measured)


@dataclass
class Gateway:
    """A gateway with units; the dead ones take a second each."""

    dead: set[str] = field(default_factory=set)
    units: tuple[str, ...] = ("unit-1", "unit-2", "unit-3")
    asked: Counter[str] = field(default_factory=Counter)
    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def read(self, line: Line, slot: int) -> Reading:
        units = [unit for unit in self.units if unit not in line.suspended]
        return Reading(devices=tuple([await self._unit(line, unit) for unit in units]))

    async def _unit(self, line: Line, unit: str) -> DeviceReading:
        try:
            await line.ask(READ, lambda: self._answer(unit), path=unit)
        except Fault as fault:
            return DeviceReading(unit, fault.outcome, str(fault))
        return DeviceReading(unit, points={"power": (1.0, "kW")})

    async def _answer(self, unit: str) -> None:
        self.asked[unit] += 1
        await asyncio.sleep(1 if unit in self.dead else 0.01)
        if unit in self.dead:
            raise Fault(Outcome.TIMEOUT, f"{unit}: no answer")

    async def close(self) -> None:
        pass


async def until(true: Callable[[], object]) -> None:
    """Wait, by the tenth of a virtual second."""
    while not true():
        await asyncio.sleep(0.1)


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
async def test_a_stop_waits_for_the_request_in_flight_and_closes(bench: Bench, fakes: Any) -> None:
    """What was begun is published; after the stop nothing is read again."""
    source = fakes.source(takes_s=0.5)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await until(lambda: source.reads)
        await engine.stop(["s/a"])
        assert len(bench.observations) == 1
        assert source.closes == 1
        await asyncio.sleep(5)
    assert source.reads == 1
    assert bench.touches[-1].state == POLL_STATE_STOPPED


@virtual_time
async def test_a_stop_lets_no_further_request_of_a_read_out(bench: Bench) -> None:
    """A read of many requests ends with the one that is in flight."""
    gateway = Gateway(units=tuple(f"unit-{n}" for n in range(50)))
    async with bench.running() as engine:
        engine.start(origin("a"), gateway, 100, Envelope(gap_s=0.5))
        await until(lambda: gateway.asked.total() == 3)
        before = now()
        await engine.stop(["s/a"])
        assert now() - before < 0.1
        await asyncio.sleep(60)
    assert gateway.asked.total() == 3


@virtual_time
async def test_a_stop_does_not_wait_for_ever(bench: Bench, fakes: Any) -> None:
    """A device that hangs holds up a hand-over for its timeout at most."""
    source = fakes.source(takes_s=1e6)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 3)
        await until(lambda: source.reads)
        async with asyncio.timeout(4):
            await engine.stop(["s/a"])


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
@pytest.mark.parametrize("level", ["", "e/s", "e/s/a"])
async def test_a_pause_closes_within_seconds_and_ends_as_quickly(
    bench: Bench, fakes: Any, level: str
) -> None:
    """Of a site or a zone: what is below it hangs up; each slot says that nobody asked."""
    held, other = fakes.source(), fakes.source()
    async with bench.running() as engine:
        engine.start(origin("held"), held, 1)
        engine.start(origin("other", path="e/t/b"), other, 1)
        await asyncio.sleep(5)
        engine.govern([Zone(level, PAUSED)])
        await asyncio.sleep(0.5)
        assert held.closes == 1
        reads = held.reads
        await asyncio.sleep(10)
        assert held.reads == reads
        assert (other.closes == 0) == bool(level)
        said = bench.of("held")[-1]
        assert said.outcome == pb.OUTCOME_NOT_ASKED
        assert said.error == f"{f'zone {level}' if level else 'site'}: maintenance"
        engine.govern([])
        await asyncio.sleep(2)
        assert held.reads > reads
        assert bench.of("held")[-1].outcome == pb.OUTCOME_OK


@virtual_time
async def test_a_pause_ends_a_read_that_hangs(bench: Bench, fakes: Any) -> None:
    """A request in flight may end, but the pause is whole within five seconds."""
    source = fakes.source(takes_s=1e6)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 60)
        await until(lambda: source.reads)
        engine.govern([Zone("", PAUSED)])
        await asyncio.sleep(4.5)
        assert source.shared[0] == 0
        assert source.closes >= 1


@virtual_time
async def test_another_envelope_does_not_reconnect(bench: Bench, fakes: Any) -> None:
    """It holds from the next request on; a pause by it closes as any other."""
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await asyncio.sleep(5)
        engine.bound("s/a", Envelope(gap_s=2.5))
        await asyncio.sleep(10)
        assert source.closes == 0
        status = engine.status("s/a")
        assert status is not None
        limits = {limit.name: (limit.value, limit.level) for limit in status.limits}
        assert limits["gap_s"] == (2.5, "target")
        engine.bound("s/a", PAUSED)
        await asyncio.sleep(1)
        assert source.closes == 1


@virtual_time
async def test_what_is_on_the_do_not_poll_list_is_never_touched(bench: Bench, fakes: Any) -> None:
    """By host, by network, by name, in whatever zone it stands below."""
    zone = Zone("e/s", do_not_poll=("10.1.0.0/16", "plc.hagen", "forbidden"))
    sources = {name: fakes.source() for name in ("network", "host", "forbidden", "free")}
    addresses = {"network": "10.1.2.3:502", "host": "plc.hagen:502", "free": "10.2.0.1:502"}
    async with bench.running() as engine:
        engine.govern([zone])
        for name, source in sources.items():
            engine.start(origin(name, addresses.get(name, "")), source, 1)
        await asyncio.sleep(10)
    assert {name for name, source in sources.items() if source.reads} == {"free"}
    assert "10.1.0.0/16 is on the do-not-poll list" in bench.of("network")[0].error


@virtual_time
async def test_a_safety_controller_is_polled_only_by_name(bench: Bench, fakes: Any) -> None:
    """Also one that is recognised as such by a read: it is the last one."""
    plain, safety = (DeviceProfile(protocol="fake", safety=flag) for flag in (False, True))
    sis, named, found = (fakes.source(profile=each) for each in (safety, safety, plain))
    async with bench.running() as engine:
        engine.govern([Zone("e", safety_controllers=("named",))])
        for name, source in (("sis", sis), ("named", named), ("found", found)):
            engine.start(origin(name), source, 1)
        await asyncio.sleep(5)
        assert (sis.reads, named.reads > 3) == (0, True)
        found.profile = safety
        await asyncio.sleep(5)
        reads = found.reads
        await asyncio.sleep(5)
        assert found.reads == reads
        assert found.closes >= 1


@virtual_time
async def test_a_window_that_closes_hangs_up(bench: Bench, fakes: Any) -> None:
    """Within seconds, although its next slot is far away; and it opens again by itself."""
    window = Window(("fri",), "11:00", "12:05", "UTC")
    later = Window(("fri",), "12:20", "13:00", "UTC")
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a", interval_s=240), source, 1, Envelope(windows=(window, later)))
        await asyncio.sleep(299)
        assert (source.reads, source.closes) == (1, 0)
        await asyncio.sleep(4)
        assert source.closes == 1
        await asyncio.sleep(900)
        assert source.reads == 1
        assert bench.observations[-1].outcome == pb.OUTCOME_NOT_ASKED
        await asyncio.sleep(600)
        assert source.reads > 2


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


@dataclass
class Socket:
    """A device's one connection, as the device sees it; opening and closing take their time."""

    open: int = 0
    most: int = 0


@dataclass
class Connected:
    """A source that keeps a connection, and counts it at the device."""

    socket: Socket
    takes_s: float = 0.01
    closing_s: float = 0.0
    unwinding_s: float = 0.0
    is_open: bool = False
    in_close: int = 0
    reads: int = 0
    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def read(self, line: Line, slot: int) -> Reading:
        self.reads += 1
        if not self.is_open:
            await line.connect(Request.MODBUS_CONNECT, self._open)
        try:
            await line.ask(READ, lambda: asyncio.sleep(self.takes_s))
        finally:
            if self.unwinding_s:
                await asyncio.sleep(self.unwinding_s)
        return Reading()

    async def _open(self) -> None:
        self.is_open = True
        self.socket.open += 1
        self.socket.most = max(self.socket.most, self.socket.open)

    async def close(self) -> None:
        was_open, self.is_open = self.is_open, False
        assert not self.in_close, "it is called again while it closes"
        self.in_close += 1
        try:
            await asyncio.sleep(self.closing_s)
            self.socket.open -= was_open
        finally:
            self.in_close -= 1


@virtual_time
async def test_a_second_target_of_an_endpoint_makes_no_second_connection(bench: Bench) -> None:
    """The first one's is given back before, however long its next slot is away."""
    socket = Socket()
    early, late = Connected(socket), Connected(socket)
    async with bench.running() as engine:
        engine.start(origin("early", "10.0.0.1:502", 3600), early, 1)
        await until(lambda: early.reads)
        engine.start(origin("late", "10.0.0.1:502"), late, 1)
        await asyncio.sleep(10)
    assert late.reads > 8
    assert (socket.open, socket.most) == (1, 1)


@virtual_time
async def test_a_stricter_number_of_connections_holds_from_the_next_read_on(bench: Bench) -> None:
    """What is open beyond it is given back."""
    socket = Socket()
    async with bench.running() as engine:
        for name in ("a", "b", "c"):
            two = Envelope(connections_max=2)
            engine.start(origin(name, "10.0.0.1:502"), Connected(socket), 1, two)
        await asyncio.sleep(10)
        assert socket.most == 2
        engine.govern([Zone("", Envelope(connections_max=1))])
        await asyncio.sleep(2)
        socket.most = 0
        await asyncio.sleep(10)
        assert socket.most == 1


@virtual_time
async def test_a_source_that_is_slow_to_give_up_stops_nobody_else(bench: Bench, fakes: Any) -> None:
    """It is ended once, and may take seconds over it: the engine looks on meanwhile."""
    source, fine = fakes.source(), fakes.source()

    async def hang(line: Line, slot: int) -> Reading:
        try:
            await asyncio.sleep(1e9)
        finally:
            await asyncio.sleep(5)
        return Reading()

    source.read = hang
    async with bench.running() as engine:
        engine.start(origin("a"), source, 3)
        engine.start(origin("fine"), fine, 1)
        await asyncio.sleep(30)
        assert fine.reads > 28
        assert bench.of("a")[0].error == "a:502: no whole answer within 3 s"


@virtual_time
async def test_a_source_that_fails_late_and_closes_slowly_stops_nobody_else(
    bench: Bench, fakes: Any
) -> None:
    """What is no longer read is not ended as stuck."""
    source, fine = fakes.source(), fakes.source()

    async def fail(line: Line, slot: int) -> Reading:
        await asyncio.sleep(0.9)
        raise KeyError("a bug")

    source.read = fail
    source.close = lambda: asyncio.sleep(1.2)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 0.5)
        engine.start(origin("fine"), fine, 1)
        await asyncio.sleep(10)
        assert fine.reads > 8


@virtual_time
async def test_a_close_that_raises_is_logged_and_no_more(bench: Bench, fakes: Any) -> None:
    """A stop waits for every other target all the same, and each one is let go of."""
    bad, slow = fakes.source(), fakes.source(takes_s=0.8)

    async def broken() -> None:
        raise RuntimeError("a bug")

    bad.close = broken
    async with bench.running() as engine:
        engine.start(origin("bad"), bad, 1, Envelope(connection="per_read"))
        engine.start(origin("slow"), slow, 1)
        await until(lambda: slow.shared[0])
        await engine.stop(["s/bad", "s/slow"])
        assert slow.shared[0] == 0
        assert slow.closes == 1
    assert bench.measured.targets == 0
    assert len(bench.of("bad")) >= 1


@virtual_time
async def test_a_source_has_a_second_to_close(bench: Bench) -> None:
    """It aborts after that by itself: cut off sooner, its socket would stay."""
    socket = Socket()
    async with bench.running() as engine:
        engine.start(origin("a"), Connected(socket, closing_s=1.0), 1)
        await asyncio.sleep(3)
        await engine.stop(["s/a"])
    assert socket.open == 0


@virtual_time
async def test_a_stop_waits_for_a_connection_that_is_being_closed(bench: Bench) -> None:
    """By a pause a moment before: what is stopped is closed."""
    socket = Socket()
    async with bench.running() as engine:
        engine.start(origin("a"), Connected(socket, closing_s=0.8), 1)
        await asyncio.sleep(3)
        engine.govern([Zone("", PAUSED)])
        await asyncio.sleep(0.1)
        await engine.stop(["s/a"])
        assert socket.open == 0


@virtual_time
async def test_a_stop_waits_for_a_read_that_it_has_ended(bench: Bench) -> None:
    """What a source cleans up is no business of the next owner's."""
    socket = Socket()
    source = Connected(socket, takes_s=1e6, unwinding_s=0.5)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 2)
        await until(lambda: socket.open)
        await asyncio.sleep(0.5)
        await engine.stop(["s/a"])
        assert socket.open == 0
        assert not [t for t in asyncio.all_tasks() if "_poll" in repr(t.get_coro())]


@virtual_time
async def test_a_stop_that_is_cancelled_goes_on_and_can_be_waited_for(bench: Bench) -> None:
    """The end of a process may come in the middle of a change of one target."""
    socket = Socket()
    source = Connected(socket, takes_s=0.9, closing_s=0.3)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 2)
        await until(lambda: socket.open)
        stopping = asyncio.create_task(engine.stop(["s/a"]))
        await asyncio.sleep(0.1)
        stopping.cancel()
        await asyncio.wait([stopping])
        await engine.stop(["s/a"])
        assert socket.open == 0
    assert bench.measured.targets == 0


@virtual_time
async def test_one_hang_up_at_a_time_is_enough(bench: Bench, gate: Any) -> None:
    """A fence that stays closed does not interrupt what is being closed."""
    socket = Socket()
    source = Connected(socket, takes_s=1e6, unwinding_s=1.5)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 60)
        await until(lambda: socket.open)
        gate.is_open = False
        tasks = len(asyncio.all_tasks())
        await asyncio.sleep(2.5)
        assert len(asyncio.all_tasks()) <= tasks + 2
        await asyncio.sleep(5)
        assert socket.open == 0


@virtual_time
async def test_what_was_stopped_is_not_kept_until_its_next_slot(bench: Bench, fakes: Any) -> None:
    """A target of one read a day that is changed every minute costs no more than another."""
    async with bench.running() as engine:
        for _ in range(1000):
            engine.start(origin("a", interval_s=86_400), fakes.source(), 1)
            await engine.stop(["s/a"])
    assert len(engine._due) < 150


@virtual_time
async def test_a_target_that_is_changed_keeps_its_rate(bench: Bench) -> None:
    """Also when it is stopped and started ten times in a row: the device is the same."""
    asked: list[float] = []

    @dataclass
    class Eager(Gateway):
        async def _answer(self, unit: str) -> None:
            asked.append(now())

    async with bench.running() as engine:
        for n in range(40):
            limits = Envelope(endpoint_requests_per_s=0.5)
            engine.start(origin("a", interval_s=0.5 + n / 100), Eager(), 5, limits)
            await asyncio.sleep(1)
            await engine.stop(["s/a"])
    assert len(asked) <= 4 + 0.5 * now()


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


@virtual_time
async def test_a_labouring_device_is_counted_as_long_as_it_is_a_target(
    bench: Bench, measured: Any
) -> None:
    """And is asked as slowly as before when it comes back, from a hand-over for example."""
    source = Connected(Socket())
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await until(lambda: source.reads)
        channel = engine.site.channel("a:502")
        line = EngineLine(engine.site, channel)
        line.begin(1)
        with pytest.raises(Fault):
            await line.ask(READ, busy)
        del line
        assert measured.slow == 1
        await engine.stop(["s/a"])
        assert measured.slow == 0
        await asyncio.sleep(30)
        engine.start(origin("a"), Connected(Socket()), 1)
        assert (measured.slow, channel.adaptive.factor) == (1, 2)


async def busy() -> None:
    """A device that is asked too much."""
    raise Fault(Outcome.REFUSED, "0x06", busy=True)
