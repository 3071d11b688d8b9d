"""Modbus servers, asked by pymodbus over real sockets."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.state import State

PRESS = {"serial": "21213607"}


def _unit(library: Library, name: str, **given: str | int) -> Unit:
    device = library.read(f"modbus/{name}", ModbusDevice)
    return Unit(device, device.state(given, "test"))


@asynccontextmanager
async def _serve(server: ModbusServer) -> AsyncIterator[AsyncModbusTcpClient]:
    await server.start()
    client = AsyncModbusTcpClient(
        server.address, port=server.port, timeout=0.5, retries=0, reconnect_delay=0
    )
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
        await server.stop()


@pytest.fixture
def press(library: Library) -> ModbusServer:
    return ModbusServer("127.0.0.1", 0, {1: _unit(library, "schneider-m340", **PRESS)})


@pytest.fixture
def bus(library: Library) -> ModbusServer:
    units = {
        3: _unit(library, "schneider-pm5320", serial=2140031177),
        5: _unit(library, "danfoss-fc302", serial="022305G118"),
    }
    return ModbusServer("127.0.0.1", 0, units, gateway=True)


async def _identity(client: AsyncModbusTcpClient, code: int, start: int = 0) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while True:
        answer: Any = await client.read_device_information(read_code=code, object_id=start)
        assert not answer.isError()
        found |= answer.information
        if not answer.more_follows:
            return found
        start = answer.next_object_id


async def test_identification_tells_the_private_serial(press: ModbusServer) -> None:
    """Read code 3 gives all objects, code 1 the basic three, code 4 one alone."""
    async with _serve(press) as client:
        extended = await _identity(client, 3)
        assert extended[0x00] == b"Schneider Electric"
        assert extended[0x02] == b"V3.20"
        assert extended[0x80] == b"21213607"
        assert (await _identity(client, 1)).keys() == {0, 1, 2}
        assert await _identity(client, 4, 0x80) == {0x80: b"21213607"}


async def test_a_long_identification_comes_in_pages(library: Library) -> None:
    """The M580 has room for 48 bytes, so its objects take several requests."""
    unit = _unit(library, "schneider-m580", serial="21190844115")
    server = ModbusServer("127.0.0.1", 0, {1: unit})
    async with _serve(server) as client:
        found = await _identity(client, 3)
    assert found.keys() == {0, 1, 2, 3, 4, 5, 6, 0x80}
    assert server.record.requests["fc2b"] > 2


async def test_registers_have_type_scale_and_word_order(press: ModbusServer) -> None:
    """A scaled int16 and a uint32 with its low word first read back."""
    state = press.states[""]
    state["temperature"], state["strokes"] = -4.2, 0x00012345
    async with _serve(press) as client:
        words = (await client.read_holding_registers(10, count=4)).registers
        coil = (await client.read_coils(0, count=1)).bits[0]
    assert struct.unpack(">h", struct.pack(">H", words[0])) == (-42,)
    assert words[2:] == [0x2345, 0x0001]
    assert coil is True


async def test_strings_and_large_counters_are_exact(bus: ModbusServer) -> None:
    """A serial in ASCII and a 64 bit energy that no float could hold."""
    bus.states["unit-3"]["energy"] = 2**60 + 1
    async with _serve(bus) as client:
        serial = (await client.read_holding_registers(15509, count=5, device_id=5)).registers
        energy = (await client.read_holding_registers(3203, count=4, device_id=3)).registers
    assert struct.pack(">5H", *serial) == b"022305G118"
    assert struct.unpack(">Q", struct.pack(">4H", *energy)) == (2**60 + 1,)


async def test_the_server_id_says_the_model(press: ModbusServer) -> None:
    """Function code 0x11 answers the model and that it runs."""
    async with _serve(press) as client:
        answer: Any = await client.report_device_id()
    assert answer.identifier.startswith(b"BMX P34 2020")


@pytest.mark.parametrize(
    ("address", "count", "code"), [(500, 1, 2), (12, 3, 2)], ids=["absent", "beyond the last"]
)
async def test_an_address_that_is_not_there_is_illegal(
    press: ModbusServer, address: int, count: int, code: int
) -> None:
    """Registers that the device file does not have are exception 02."""
    async with _serve(press) as client:
        answer = await client.read_holding_registers(address, count=count)
    assert answer.exception_code == code


async def test_too_many_registers_are_an_illegal_value(press: ModbusServer) -> None:
    """126 registers do not fit an answer: exception 03."""
    assert press.answer(1, struct.pack(">BHH", 3, 0, 126)) == b"\x83\x03"


async def test_a_write_is_refused_and_counted(press: ModbusServer) -> None:
    """Every write function code gets exception 01 and stands in the record."""
    async with _serve(press) as client:
        answers = [
            await client.write_coil(0, True),
            await client.write_register(10, 1),
            await client.write_registers(10, [1, 2]),
            await client.mask_write_register(address=10, and_mask=1, or_mask=2),
            await client.readwrite_registers(read_address=10, read_count=1, values=[1]),
        ]
    assert [answer.exception_code for answer in answers] == [1] * 5
    assert press.record.writes == 5


async def test_a_silent_or_absent_unit_is_exception_0b(bus: ModbusServer) -> None:
    """The gateway answers for a unit that does not, and the next unit stays well."""
    async with _serve(bus) as client:
        bus.states["unit-5"].silent = True
        await bus.changed()
        silent = await client.read_holding_registers(2909, device_id=5)
        absent = await client.read_holding_registers(0, device_id=99)
        well = await client.read_holding_registers(129, count=2, device_id=3)
    assert (silent.exception_code, absent.exception_code) == (0x0B, 0x0B)
    assert not well.isError()


async def test_a_silent_device_drops_and_refuses_connections(press: ModbusServer) -> None:
    """Silence closes what is open; speech opens the same port again."""
    async with _serve(press) as client:
        port = press.port
        press.states[""].silent = True
        await press.changed()
        with pytest.raises(ModbusException):
            await client.read_holding_registers(0)
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(press.address, port)
        press.states[""].silent = False
        await press.changed()
        assert await client.connect()
        assert not (await client.read_holding_registers(0)).isError()


async def test_the_record_counts_connections_and_requests(press: ModbusServer) -> None:
    """Two clients at once, one request each; both gone at the end."""
    async with _serve(press) as client:
        second = AsyncModbusTcpClient(press.address, port=press.port, reconnect_delay=0)
        assert await second.connect()
        await asyncio.gather(client.read_holding_registers(0), second.read_holding_registers(0))
        assert press.record.connections == 2
        second.close()
    await asyncio.sleep(0.05)
    assert press.record.as_dict() == {
        "connections": 0,
        "connections_most": 2,
        "requests": {"fc03": 2},
        "requests_per_s_most": 2,
        "in_flight_most": 2,
        "writes": 0,
    }


async def test_what_is_no_modbus_is_hung_up_on(press: ModbusServer) -> None:
    """A wrong protocol number in the header ends the connection."""
    async with _serve(press):
        reader, writer = await asyncio.open_connection(press.address, press.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_frame_may_come_in_pieces(press: ModbusServer) -> None:
    """A request that arrives octet by octet is one request."""
    async with _serve(press):
        reader, writer = await asyncio.open_connection(press.address, press.port)
        for octet in bytes.fromhex("000700000006010300000001"):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0)
        assert await reader.readexactly(11) == bytes.fromhex("0007000000050103020001")
        writer.close()


async def test_a_serial_line_over_tcp_is_framed_as_rtu(library: Library) -> None:
    """The same device, asked in RTU frames."""
    unit = _unit(library, "schneider-m340", **PRESS)
    server = ModbusServer("127.0.0.1", 0, {1: unit}, framing="rtu")
    await server.start()
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=server.port, framer=FramerType.RTU, timeout=0.5, retries=0
    )
    assert await client.connect()
    assert (await client.read_holding_registers(0, count=1)).registers == [1]
    assert (await client.write_register(0, 1)).isError()
    client.close()
    await server.stop()
    assert server.record.writes == 1


async def test_one_connection_too_many_closes_the_oldest(press: ModbusServer) -> None:
    """As small controllers do: whoever came first is the one that goes."""
    press.faults.connections_max = 1
    async with _serve(press) as first:
        second = AsyncModbusTcpClient(press.address, port=press.port, reconnect_delay=0)
        assert await second.connect()
        assert not (await second.read_holding_registers(0)).isError()
        with pytest.raises(ModbusException):
            await first.read_holding_registers(0)
        second.close()


async def test_a_busy_or_a_deaf_device_is_there_all_the_same(press: ModbusServer) -> None:
    """Exception 0x06, or no answer on a connection that stays open; both stand in the record."""
    async with _serve(press) as client:
        press.faults.busy = 1
        assert (await client.read_holding_registers(0)).exception_code == 6
        press.faults.deaf = True
        with pytest.raises(ModbusException):
            await client.read_holding_registers(0)
        press.faults.deaf = False
        assert not (await client.read_holding_registers(0)).isError()
    assert press.record.requests["fc03"] == 3


async def test_a_function_that_the_device_does_not_know_is_illegal() -> None:
    """A device without identification answers exception 01 to function 0x2B."""
    server = ModbusServer("127.0.0.1", 0, {1: Unit(ModbusDevice(source="test"), State({}))})
    assert server.answer(1, b"\x2b\x0e\x01\x00") == b"\xab\x01"
