"""The contract of every way to ask: a right answer or a fault, and never another request's answer.

It runs on both ways of the adapter (our own path for registers, pymodbus for the rest), in both
framings; and on pymodbus's own client, for what it shows of itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import uvloop
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from tests.unit.collector.adapters.modbus.device import Device, Link, Trap, listening, until, well

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.registers import Register
from isthmus.collector.adapters.modbus.rtu import RtuWire
from isthmus.collector.adapters.modbus.wire import Refused, Unanswered, Wire
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.handlers.line import OpenLine

TIMEOUT_S = 0.2
UNIT = 7
BLOCK = Block([Register(name=f"r{n}", table="holding", address=n, type="uint16") for n in range(3)])


class Ours:
    """The adapter's wire, opened again when it is not usable any more."""

    def __init__(self, device: Device, kind: str) -> None:
        self.device = device
        self.kind = kind
        self.wire = self._wire()

    def _wire(self) -> Wire:
        wire = RtuWire if self.device.framing == "rtu" else Wire
        return wire("plc", TIMEOUT_S)

    async def ask(self) -> int:
        """The number that the device gave to this request."""
        if not self.wire.usable:
            await self.wire.close()
            self.wire = self._wire()
            await self.wire.connect("127.0.0.1", self.device.port, 1)
        bus = Bus(self.wire, OpenLine(), UNIT)
        if self.kind == "registers":
            answer = await bus.block(BLOCK)
            assert len(answer) == 8
            return int.from_bytes(answer[2:4])
        return int((await bus.identification(1))[1][1:])

    async def close(self) -> None:
        await self.wire.close()


class Library:
    """pymodbus's own client, opened again after every fault."""

    def __init__(self, device: Device, kind: str) -> None:
        self.device = device
        self.client: AsyncModbusTcpClient | None = None

    async def ask(self) -> int:
        if self.client is None:
            framer = FramerType.RTU if self.device.framing == "rtu" else FramerType.SOCKET
            self.client = AsyncModbusTcpClient(
                "127.0.0.1", port=self.device.port, framer=framer,
                timeout=TIMEOUT_S, retries=0, reconnect_delay=0,
            )  # fmt: skip
            await self.client.connect()
        try:
            answer: Any = await self.client.read_holding_registers(0, count=3, device_id=UNIT)
        except (ModbusException, IndexError, OSError) as error:
            await self.close()
            raise Unanswered(Outcome.GARBLED, str(error)) from error
        if answer.isError():
            raise Refused(answer.exception_code, "refused")
        number: int = answer.registers[0]
        return number

    async def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None


WAYS: dict[str, Callable[[Device], Ours | Library]] = {
    "registers": lambda device: Ours(device, "registers"),
    "identification": lambda device: Ours(device, "identification"),
    "pymodbus": lambda device: Library(device, "registers"),
}


@pytest.fixture(params=["mbap", "rtu"])
async def device(request: pytest.FixtureRequest) -> AsyncIterator[Device]:
    """A device in either framing."""
    async with listening(request.param) as device:
        yield device


@pytest.fixture(params=["registers", "identification"])
async def ours(request: pytest.FixtureRequest, device: Device) -> AsyncIterator[Ours]:
    """A way of the adapter."""
    way = Ours(device, request.param)
    yield way
    await way.close()


@pytest.fixture(params=WAYS)
async def way(request: pytest.FixtureRequest, device: Device) -> AsyncIterator[Ours | Library]:
    """A way to ask it."""
    way = WAYS[request.param](device)
    yield way
    await way.close()


def nothing(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    """Silence."""


def late(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    asyncio.get_running_loop().call_later(1.5 * TIMEOUT_S, link.put, transaction, unit, pdu)


def wrong_transaction(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction + 1, unit, pdu)


def wrong_unit(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction, unit + 1, pdu)


def wrong_function(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction, unit, b"\x04\x02\x00\x63" if pdu[0] != 4 else pdu)


def short(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    cut = bytes([pdu[0], pdu[1] - 2]) + pdu[2:-2] if pdu[0] == 3 else pdu[:-2]
    link.put(transaction, unit, cut)


def garbage(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def refused(code: int, link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction, unit, bytes([pdu[0] | 0x80, code]))


def closed_in_the_middle(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.transport.write(link.frames.put(transaction, unit, pdu)[:6])
    link.transport.close()


def oversize(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction, unit, bytes([pdu[0], 255]) + bytes(300))


def in_pieces(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    frame = link.frames.put(transaction, unit, pdu)
    loop = asyncio.get_running_loop()
    for n, octet in enumerate(frame):
        loop.call_later(n * 0.001, link.transport.write, bytes([octet]))


def twice(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.transport.write(2 * link.frames.put(transaction, unit, pdu))


def behind_another(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    stray = link.frames.put(transaction - 1, unit + 1, pdu)
    link.transport.write(stray + link.frames.put(transaction, unit, pdu))


ANSWERED: tuple[Trap, ...] = (well, in_pieces, twice, behind_another)
LOST = (Outcome.TIMEOUT, Outcome.GARBLED)
# What our ways say of each trap, with an MBAP header and in RTU frames.
TRAPS: dict[Trap, tuple[tuple[Outcome, ...], tuple[Outcome, ...]]] = {
    nothing: ((Outcome.TIMEOUT,), (Outcome.TIMEOUT,)),
    late: ((Outcome.TIMEOUT,), (Outcome.TIMEOUT,)),
    wrong_transaction: ((Outcome.TIMEOUT,), ()),  # RTU has no transactions
    wrong_unit: ((Outcome.GARBLED,), (Outcome.TIMEOUT,)),
    wrong_function: ((Outcome.GARBLED,), (Outcome.GARBLED,)),
    short: ((Outcome.GARBLED,), LOST),
    garbage: ((Outcome.GARBLED,), (Outcome.GARBLED,)),
    closed_in_the_middle: ((Outcome.UNREACHABLE,), (Outcome.UNREACHABLE,)),
    oversize: ((Outcome.GARBLED,), LOST),
    partial(refused, 2): ((Outcome.REFUSED,), (Outcome.REFUSED,)),
    partial(refused, 6): ((Outcome.REFUSED,), (Outcome.REFUSED,)),
}


def _name(trap: Any) -> str:
    return f"refused{trap.args[0]}" if isinstance(trap, partial) else str(trap.__name__)


@pytest.mark.parametrize("trap", ANSWERED, ids=_name)
async def test_an_answer_is_taken_however_it_comes(
    device: Device, way: Ours | Library, trap: Trap
) -> None:
    """Whole, octet by octet, two times in one packet, or behind another one's."""
    if isinstance(way, Library) and device.framing == "rtu" and trap is behind_another:
        pytest.skip("pymodbus reads one RTU frame and throws away what follows it")
    device.traps += [well, trap, well, well]
    assert [await way.ask() for _ in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("trap", TRAPS, ids=_name)
async def test_a_trap_is_a_fault_and_shifts_nothing(
    device: Device, way: Ours | Library, trap: Trap
) -> None:
    """The asked request fails, with its reason; every later one gets its own answer."""
    expected = TRAPS[trap][device.framing == "rtu"]
    if not expected:
        pytest.skip("this framing has no such thing")
    if isinstance(way, Library) and trap in (wrong_function, short):
        pytest.skip("pymodbus's client takes it for the answer")
    device.traps += [well, trap]
    assert await way.ask() == 1
    with pytest.raises(Fault) as fault:
        await way.ask()
    if isinstance(way, Ours):
        assert fault.value.outcome in expected
        assert fault.value.busy is (fault.value.outcome is Outcome.REFUSED and "0x06" in str(fault))
    for number in (3, 4, 5):
        assert await way.ask() == number
        await asyncio.sleep(0.4 * TIMEOUT_S)  # what comes late comes in between


async def test_a_cancelled_request_shifts_nothing(device: Device, ours: Ours) -> None:
    """The engine may cancel at any await; what comes afterwards is nobody's."""
    device.traps += [well, late]
    await ours.ask()
    asking = asyncio.ensure_future(ours.ask())
    await until(lambda: len(device.asked) == 2)
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    for number in (3, 4, 5):
        assert await ours.ask() == number
        await asyncio.sleep(0.6 * TIMEOUT_S)


@pytest.mark.parametrize("trap", [nothing, late, twice, partial(refused, 6)], ids=_name)
async def test_a_trap_costs_no_connection_that_need_not_be_lost(
    device: Device, ours: Ours, trap: Trap
) -> None:
    """With transactions never; without them when an answer is owed, or one came too many."""
    device.traps += [trap]
    for _ in range(3):
        try:
            await ours.ask()
        except Fault:
            pass
    lost = device.framing == "rtu" and not isinstance(trap, partial)
    assert len(device.links) == (2 if lost else 1)


@pytest.mark.parametrize("framing", ["mbap", "rtu"])
def test_the_traps_are_the_same_on_the_event_loop_of_production(framing: str) -> None:
    """uvloop's transports are its own: good, late, garbage, closed, and good again."""

    async def story() -> None:
        async with listening(framing) as device:
            way = Ours(device, "registers")
            device.traps += [well, late, garbage, closed_in_the_middle]
            assert await way.ask() == 1
            for outcome in (Outcome.TIMEOUT, Outcome.GARBLED, Outcome.UNREACHABLE):
                with pytest.raises(Fault) as fault:
                    await way.ask()
                assert fault.value.outcome is outcome
            assert await way.ask() == 5
            await way.close()
            assert not way.wire.up

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())
