"""The connection that can only read, and takes no answer but its own."""

import asyncio
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.collector.adapters.modbus.device import answer, listening, until

from isthmus.collector.adapters.modbus.rtu import RtuWire
from isthmus.collector.adapters.modbus.wire import BUSY, READ_ONLY, Refused, Unanswered, Wire
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.simulators.modbus_frames import MbapFrames, RtuFrames

REQUEST = bytes.fromhex("03 0000 0001")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["well", "late", "silent", "twice", "behind", "wrong unit"]),
        st.integers(1, 9),
        st.integers(1, 3),
    ),
    max_size=12,
)


@pytest.mark.parametrize("kind", [Wire, RtuWire])
async def test_no_other_function_code_leaves(kind: type[Wire]) -> None:
    """Whatever asks for it: writing, diagnostics, files."""
    async with listening("rtu" if kind is RtuWire else "mbap") as device:
        wire = kind("plc", 0.5)
        await wire.connect("127.0.0.1", device.port, 1)
        for code in set(range(0x100)) - READ_ONLY:
            with pytest.raises(PermissionError, match="is not a read"):
                await wire.exchange(1, bytes([code, 0, 0, 0, 1]))
        assert int.from_bytes((await wire.exchange(1, REQUEST))[2:4]) == 1
        await wire.close()
    assert device.asked == [REQUEST]


@pytest.mark.parametrize("code", range(1, 12))
async def test_an_exception_says_its_meaning_and_whether_the_device_is_busy(code: int) -> None:
    """Modbus Application Protocol V1.1b3, section 7."""
    async with listening("mbap") as device:
        device.traps.append(lambda link, t, u, pdu: link.put(t, u, bytes([0x83, code])))
        wire = Wire("plc", 0.5)
        await wire.connect("127.0.0.1", device.port, 1)
        with pytest.raises(Refused, match=f"plc unit 9: exception 0x0?{code:X}, ") as refused:
            await wire.exchange(9, REQUEST)
        assert refused.value.busy is (code in BUSY) is (code in (5, 6))
        assert wire.usable
        await wire.close()


async def test_a_refused_connection_and_one_that_nobody_answers_are_told_apart(
    unused_port: int, deaf_port: int
) -> None:
    """Unreachable, or a timeout; neither leaves a connection."""
    wire = Wire("plc", 0.1)
    with pytest.raises(Unanswered, match="plc: no connection") as refused:
        await wire.connect("127.0.0.1", unused_port, 1)
    assert refused.value.outcome is Outcome.UNREACHABLE
    await wire.close()
    with pytest.raises(Unanswered, match=r"no connection within 0\.05 s") as silent:
        await wire.connect("127.0.0.1", deaf_port, 0.05)
    assert silent.value.outcome is Outcome.TIMEOUT
    assert not wire.usable


async def test_close_returns_when_the_device_has_its_connection_back() -> None:
    """And may be called again; what is asked afterwards fails at once."""
    async with listening("mbap") as device:
        wire = Wire("plc", 5)
        await wire.connect("127.0.0.1", device.port, 1)
        asking = asyncio.ensure_future(wire.exchange(1, REQUEST))
        device.traps.append(lambda *_: None)
        await until(lambda: len(device.asked) == 1)
        await wire.close()
        await wire.close()
        with pytest.raises(Unanswered, match="the connection was closed"):
            await asking
        with pytest.raises(Unanswered, match="the connection was closed"):
            await wire.exchange(1, REQUEST)
        await until(lambda: bool(device.links[0].transport.is_closing()))


class Loopback(asyncio.Transport):
    """A transport in memory: what is written lies in `asked`."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.frames = RtuFrames() if isinstance(wire, RtuWire) else MbapFrames()
        self.asked: deque[tuple[int, int, bytes]] = deque()
        self.closing = False

    def write(self, data: Any) -> None:
        self.asked += self.frames.take(data)

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    close = abort


class Story:
    """A device that answers well, late, never, twice, for another unit, or behind a late one."""

    def __init__(self, kind: type[Wire]) -> None:
        self.kind = kind
        self.number = 0
        self.connect()

    def connect(self) -> None:
        self.wire = self.kind("plc", 60)
        self.link = Loopback(self.wire)
        self.late: list[bytes] = []
        self.unanswered: set[int] = set()
        self.wire.connection_made(self.link)

    async def step(self, what: str, piece: int, unit: int) -> None:
        # Other units are still asked in a read in which one left an answer owing.
        if not self.wire.up or (not self.wire.usable and unit in self.unanswered):
            self.connect()
        self.number += 1
        asking = asyncio.ensure_future(self.wire.exchange(unit, REQUEST, 2))
        await asyncio.sleep(0)
        self.feed(what, piece, *self.link.asked.popleft())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not asking.done():
            asking.cancel()
        try:
            assert int.from_bytes((await asking)[2:4]) == self.number
        except (Fault, asyncio.CancelledError):
            self.unanswered.add(unit)

    def feed(self, what: str, piece: int, transaction: int, unit: int, pdu: bytes) -> None:
        good = self.link.frames.put(transaction, unit, answer(pdu, self.number))
        other = self.link.frames.put(transaction, unit + 1, answer(pdu, 999))
        data = {"well": good, "twice": 2 * good, "wrong unit": other}.get(what, b"")
        if what == "late":
            self.late.append(good)
        if what == "behind":
            data = b"".join(self.late) + good
            self.late.clear()
        for start in range(0, len(data), piece):
            if self.wire.up:
                self.wire.data_received(data[start : start + piece])


@pytest.mark.parametrize("kind", [Wire, RtuWire])
@given(steps=STEPS)
@settings(max_examples=150, deadline=None)
def test_one_late_answer_never_shifts_later_ones(
    kind: type[Wire], steps: list[tuple[str, int, int]]
) -> None:
    """Whatever comes in whatever order: a request gets the answer to itself, or none."""

    async def run() -> None:
        story = Story(kind)
        for what, piece, unit in steps:
            await story.step(what, piece, unit)

    asyncio.run(run())
