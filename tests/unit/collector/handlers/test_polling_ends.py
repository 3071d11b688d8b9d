"""The engine stops, hangs up and changes connections."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.collector.handlers.bench import PAUSED, READ, Bench, Gateway, now, origin, until
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import EngineLine
from isthmus.collector.ports import DeviceProfile, Line
from isthmus.telemetry.v1.touches_pb2 import POLL_STATE_STOPPED


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
