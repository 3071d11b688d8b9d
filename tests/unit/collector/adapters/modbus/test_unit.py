"""One unit: what it refuses is found and named, and the rest keeps coming."""

from typing import Any

import pytest

from isthmus.collector.domain.reading import DeviceReading, Outcome
from isthmus.collector.domain.requests import Request

HOLDING = Request.MODBUS_READ_HOLDING_REGISTERS
IDENTIFICATION = {"objects": {0: "Acme", 1: "P1", 2: "V1", 0x80: "S1"}}


async def read(source: Any, line: Any, slot: int = 1) -> DeviceReading:
    """What the one device of an endpoint says."""
    reading = await source.read(line, slot)
    [device] = reading.devices
    return device  # type: ignore[no-any-return]


async def test_a_register_that_is_not_there_is_found_and_the_others_keep_coming(
    workshop: Any, line: Any, maps: Any
) -> None:
    """Halved once a read until it stands alone; then it is not asked any more, and named."""
    there = [n for n in range(40) if n != 13]
    server = await workshop.serve(maps.having(there))
    source = workshop.source(server, maps.profile(maps.holding(range(40))))
    costs, given = [], []
    for _ in range(8):
        before = line.sends[HOLDING]
        given.append(len((await read(source, line)).points))
        costs.append(line.sends[HOLDING] - before)
    device = await read(source, line)
    assert device.outcome is Outcome.OK
    assert given == sorted(given)
    assert given[-1] == 39
    assert max(costs) <= 9
    assert costs[-1] == 2  # what stands before it, and what stands after it
    assert device.error == "r13: exception 0x02, illegal data address"
    assert set(device.points) == {f"r{n}" for n in there}


async def test_two_registers_that_are_not_there_are_both_found(
    workshop: Any, line: Any, maps: Any
) -> None:
    """One after the other."""
    there = [n for n in range(30) if n not in (4, 21)]
    server = await workshop.serve(maps.having(there))
    source = workshop.source(server, maps.profile(maps.holding(range(30))))
    for _ in range(14):
        before = line.sends[HOLDING]
        await source.read(line, 1)
        assert line.sends[HOLDING] - before <= 8
    before = line.sends[HOLDING]
    device = await read(source, line)
    assert set(device.points) == {f"r{n}" for n in there}
    assert device.error == "r4, r21: exception 0x02, illegal data address"
    assert line.sends[HOLDING] - before == 3


async def test_a_hole_between_registers_is_not_crossed_again(
    workshop: Any, line: Any, maps: Any
) -> None:
    """The gap that the profile allows to cross is not readable on this firmware."""
    server = await workshop.serve(maps.having([0, 1, 2, 8, 9]))
    source = workshop.source(server, maps.profile(maps.holding([0, 1, 2, 8, 9]), gap_max=16))
    device = await read(source, line)
    assert (len(device.points), device.error, line.sends[HOLDING]) == (5, "", 3)
    await read(source, line)
    assert line.sends[HOLDING] == 5


async def test_a_table_that_the_device_does_not_know_is_asked_once(
    workshop: Any, line: Any, maps: Any
) -> None:
    """Illegal function: no halves, no second request on this connection."""
    server = await workshop.serve(maps.having([0]))
    registers = [*maps.holding([0]), *maps.holding([5, 6], table="input")]
    registers[1]["name"], registers[2]["name"] = "i5", "i6"
    source = workshop.source(server, maps.profile(registers))
    server.answer = _no_input_registers(server.answer)
    await read(source, line)
    await read(source, line)
    device = await read(source, line)
    assert device.error == "i5, i6: exception 0x01, illegal function"
    assert line.sends[Request.MODBUS_READ_INPUT_REGISTERS] == 1


async def test_a_device_that_refuses_everything_is_refused_and_asked_anew(
    workshop: Any, line: Any, maps: Any
) -> None:
    """With the wrong profile nothing is learned: the next read is as the first."""
    server = await workshop.serve(maps.having([0]))
    source = workshop.source(server, maps.profile(maps.holding([100, 101])))
    for _ in range(2):
        reading = await source.read(line, 1)
        assert (reading.outcome, reading.devices) == (Outcome.REFUSED, ())
        assert reading.error == "r100, r101: exception 0x02, illegal data address"
    assert line.sends[HOLDING] == 6


async def test_what_is_slow_is_read_at_its_slots_and_after_a_connection(
    workshop: Any, line: Any, maps: Any
) -> None:
    """At every third slot, whoever owns the target."""
    server = await workshop.serve(maps.having([0, 1]))
    registers = [*maps.holding([0]), *maps.holding([1], slow=True)]
    source = workshop.source(server, maps.profile(registers, slow_every=3))
    seen = [sorted((await read(source, line, slot)).points) for slot in (1, 2, 3, 4)]
    assert seen == [["r0", "r1"], ["r0"], ["r0", "r1"], ["r0"]]
    await server.stop()
    await source.read(line, 5)
    await server.start()
    assert sorted((await read(source, line, 7)).points) == ["r0", "r1"]


async def test_a_device_without_values_is_asked_who_it_is_at_each_slot(
    workshop: Any, line: Any, maps: Any
) -> None:
    """Otherwise it would look alive for ever, and a swapped one like the one before."""
    server = await workshop.serve(maps.having([0], identification=IDENTIFICATION))
    source = workshop.source(server, maps.profile([], identification="basic"))
    kind = Request.MODBUS_READ_DEVICE_IDENTIFICATION
    sent = []
    for slot in range(3):
        assert (await read(source, line, slot)).facts["VendorName"] == "Acme"
        sent.append(line.sends[kind])
    assert sent == [1, 2, 3]


async def test_an_identification_that_is_refused_is_not_asked_again(
    workshop: Any, line: Any, maps: Any
) -> None:
    """Nor is the server id; the values come all the same."""
    server = await workshop.serve(maps.having([0]))
    profile = maps.profile(maps.holding([0]), identification="extended", server_id=True)
    source = workshop.source(server, profile)
    await read(source, line)
    await read(source, line)
    device = await read(source, line)
    assert device.points == {"r0": (0.0, "1")}
    assert device.error == "identification, server_id: exception 0x01, illegal function"
    assert server.record.requests["fc2b"] == server.record.requests["fc11"] == 1


async def test_no_request_is_larger_than_the_envelope_allows(
    workshop: Any, line: Any, maps: Any
) -> None:
    """And a value that does not fit into one is named."""
    line.items_max = 4
    server = await workshop.serve(maps.having(range(20)))
    serial = {"name": "serial", "table": "holding", "address": 10, "type": "string", "length": 5}
    source = workshop.source(server, maps.profile([*maps.holding(range(10)), serial]))
    device = await read(source, line)
    assert line.sends[HOLDING] == 3
    assert device.error == "serial: one request may not have 5 registers"
    line.items_max = None
    device = await read(source, line)
    assert (device.error, line.sends[HOLDING]) == ("", 4)


async def test_a_read_without_time_goes_on_where_it_was(
    workshop: Any, line: Any, maps: Any
) -> None:
    """What a slow line has already fetched of the identity is not fetched again."""
    unit = maps.having(range(8), identification={**IDENTIFICATION, "max_object_bytes": 12})
    server = await workshop.serve(unit)
    texts = [
        {"name": f"t{a}", "table": "holding", "address": a, "type": "string", "length": 1}
        for a in (2, 4, 6)
    ]
    profile = maps.profile([*maps.holding([0]), *texts], identification="extended")
    source = workshop.source(server, profile)
    for _ in range(3):
        line.left = 2
        assert (await source.read(line, 1)).outcome is Outcome.TIMEOUT
    line.left = 2
    device = await read(source, line)
    assert device.outcome is Outcome.OK
    assert device.facts.keys() >= {"VendorName", "object_0x80"}
    assert server.record.connections_most == 1
    assert line.sends[Request.MODBUS_CONNECT] == 1


async def test_a_busy_device_keeps_its_identity(workshop: Any, line: Any, maps: Any) -> None:
    """It is the same device: only slow down."""
    server = await workshop.serve(maps.having([0], identification=IDENTIFICATION))
    source = workshop.source(server, maps.profile(maps.holding([0]), identification="basic"))
    await source.read(line, 1)
    server.faults.busy = 1
    busy = await source.read(line, 1)
    assert (busy.outcome, "server device busy" in busy.error) == (Outcome.REFUSED, True)
    assert (await read(source, line)).facts["VendorName"] == "Acme"
    assert server.record.requests["fc2b"] == 1


@pytest.mark.parametrize("names", [5, 9])
async def test_a_long_list_of_refusals_stays_one_sentence(
    workshop: Any, line: Any, maps: Any, names: int
) -> None:
    """Five names, and how many more."""
    server = await workshop.serve(maps.having([50]))
    source = workshop.source(server, maps.profile(maps.holding([*range(0, 3 * names, 3), 50])))
    device = await read(source, line)
    rest = " and 4 more" if names == 9 else ""
    assert device.error == f"r0, r3, r6, r9, r12{rest}: exception 0x02, illegal data address"


def _no_input_registers(answer: Any) -> Any:
    def refuse(number: int, pdu: bytes) -> bytes:
        return b"\x84\x01" if pdu[0] == 4 else bytes(answer(number, pdu))

    return refuse
