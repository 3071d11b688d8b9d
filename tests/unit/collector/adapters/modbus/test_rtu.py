"""RTU frames over TCP: where one ends, and whether it is whole."""

import pytest
from tests.unit.collector.adapters.modbus.device import Link, listening, well

from isthmus.collector.adapters.modbus.rtu import RtuWire
from isthmus.collector.adapters.modbus.wire import Unanswered
from isthmus.collector.domain.reading import Outcome

REQUEST = bytes.fromhex("03 0000 0003")


def wrong_checksum(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    """One bit turned on the line."""
    frame = link.frames.put(transaction, unit, pdu)
    link.transport.write(frame[:4] + bytes([frame[4] ^ 1]) + frame[5:])


async def test_a_wrong_checksum_is_garbled_and_ends_the_connection() -> None:
    """Where frames begin is lost with it."""
    async with listening("rtu") as device:
        device.traps += [wrong_checksum]
        wire = RtuWire("bus", 0.2)
        await wire.connect("127.0.0.1", device.port, 1)
        with pytest.raises(Unanswered, match="the checksum of its answer is wrong") as fault:
            await wire.exchange(4, REQUEST, 6)
        assert fault.value.outcome is Outcome.GARBLED
        assert (wire.up, wire.usable) == (False, False)
        await wire.close()


async def test_another_unit_is_asked_on_while_one_owes_its_answer() -> None:
    """The late answer carries its unit; the connection is given up after the read only."""
    kept = []

    def keep(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
        kept.append(link.frames.put(transaction, unit, pdu))

    def behind(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
        link.transport.write(kept[0] + link.frames.put(transaction, unit, pdu))

    async with listening("rtu") as device:
        device.traps += [keep, behind, well]
        wire = RtuWire("bus", 0.3)
        await wire.connect("127.0.0.1", device.port, 1)
        with pytest.raises(Unanswered):
            await wire.exchange(4, REQUEST, 6)
        assert (wire.up, wire.usable) == (True, False)
        assert (await wire.exchange(5, REQUEST, 6))[2:4] == b"\0\2"
        assert (await wire.exchange(6, REQUEST, 6))[2:4] == b"\0\3"
        await wire.close()


async def test_what_nobody_asked_for_makes_the_connection_unusable() -> None:
    """Octets between two reads: nobody knows whose they are."""
    async with listening("rtu") as device:
        wire = RtuWire("bus", 0.2)
        await wire.connect("127.0.0.1", device.port, 1)
        await wire.exchange(4, REQUEST, 6)
        assert wire.usable
        wire.data_received(b"\x04\x03")
        assert not wire.usable
        await wire.close()
