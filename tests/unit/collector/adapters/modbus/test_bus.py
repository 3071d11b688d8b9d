"""One unit through the line: each request is asked for, and nothing of it writes."""

from typing import Any

import pytest
from tests.unit.collector.adapters.modbus.device import Link, listening

from isthmus.collector.adapters.modbus.blocks import Block
from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.registers import Register
from isthmus.collector.adapters.modbus.wire import KINDS, READ_ONLY, Unanswered, Wire
from isthmus.collector.domain.requests import Request

TABLES = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}


def test_nothing_of_a_bus_writes() -> None:
    """Its public names are the whole of what a source can do."""
    names = {name for name in dir(Bus) if not name.startswith("_")}
    assert names == {
        "block", "identification", "line", "page", "path", "server_id", "unit", "wire", "words",
    }  # fmt: skip


def test_every_function_code_has_its_name_in_the_ledger() -> None:
    """And every name of Modbus is a function code, or the connection."""
    named = {kind for kind in Request if kind.startswith("modbus.")}
    assert set(KINDS.values()) | {Request.MODBUS_CONNECT} == named
    assert set(KINDS) == READ_ONLY


async def test_each_request_is_asked_of_the_line_for_its_unit(line: Any) -> None:
    """By kind and path; as many as the device has seen."""
    async with listening("mbap") as device:
        wire = Wire("plc", 0.5)
        await wire.connect("127.0.0.1", device.port, 1)
        bus = Bus(wire, line, 3, "unit-3")
        device.traps.extend([_bits] * 2)
        for table, function in TABLES.items():
            kind = "bool" if function < 3 else "uint16"
            one = Register.model_validate({"name": "a", "table": table, "address": 0, "type": kind})
            assert (await bus.block(Block([one])))[0] == function
        await bus.identification(1)
        device.traps.append(lambda link, t, u, pdu: link.put(t, u, b"\x11\x03PM\xff"))
        assert await bus.server_id() == b"PM"
        await wire.close()
    assert [pdu[0] for pdu in device.asked] == [1, 2, 3, 4, 0x2B, 0x11]
    assert line.sends == dict.fromkeys(KINDS.values(), 1)
    assert line.paths == {"unit-3": 6}


async def test_words_come_in_requests_of_the_size_that_the_envelope_allows(line: Any) -> None:
    """A model of SunSpec may be longer than one request."""
    line.items_max = 50
    async with listening("mbap") as device:
        wire = Wire("plc", 0.5)
        await wire.connect("127.0.0.1", device.port, 1)
        assert len(await Bus(wire, line, 1).words(40000, 120)) == 240
        await wire.close()
    asked = [(int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])) for pdu in device.asked]
    assert asked == [(40000, 50), (40050, 50), (40100, 20)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\x2b\x0e\x01\x81\xff\x00\x01\x00\x04Acme", "its identification never ends"),
        (b"\x2b\x0e\x01\x81\x00\x00\x02\x00\x04Acme", "no whole answer to function 0x2B"),
        (b"\x2b\x0d\x01\x81\x00\x00\x00", "no whole answer to function 0x2B"),
        (b"\x2b", "no whole answer to function 0x2B"),
    ],
)
async def test_an_identification_that_makes_no_sense_is_garbled(
    line: Any, answer: bytes, reason: str
) -> None:
    """More follows from the same object, fewer objects than said, another type of interface."""
    async with listening("mbap") as device:
        device.traps.append(lambda link, t, u, pdu: link.put(t, u, answer))
        wire = Wire("plc", 0.2)
        await wire.connect("127.0.0.1", device.port, 1)
        with pytest.raises(Unanswered, match=f"plc unit 1: ({reason}|what it sends)"):
            await Bus(wire, line, 1).identification(3)
        await wire.close()


def _bits(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    link.put(transaction, unit, bytes([pdu[0], 1, 1]))
