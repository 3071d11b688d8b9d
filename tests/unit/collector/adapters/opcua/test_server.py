"""What is read when, against simulated servers that change, limit, hang and restart."""

import asyncio
from typing import Any

from asyncua import ua

from isthmus.collector.domain.reading import Outcome, Reading
from isthmus.collector.ports import Withheld


def facts(reading: Reading, path: str) -> Any:
    """Facts of one device."""
    assert reading.outcome is Outcome.OK, reading.error
    return next(found.facts for found in reading.devices if found.path == path)


async def test_nameplates_are_read_once_and_when_a_machine_is_another(
    serve: Any, opcua: Any, line: Any
) -> None:
    """Another serial number at the same place: its whole nameplate is read in the same slot."""
    server = await serve({"Mill": "dmgmori-dmu65"})
    source = opcua(server)
    first = await source.read(line, 1)
    before = server.record.requests["Read"]
    await source.read(line, 2)
    assert server.record.requests["Read"] == before + 1

    server.states["Mill"]["serial"] = "OTHER"
    await server.changed()
    swapped = await source.read(line, 3)

    assert server.record.requests["Read"] == before + 3
    assert (facts(first, "Mill")["SerialNumber"], facts(swapped, "Mill")["SerialNumber"]) == (
        "S-Mill",
        "OTHER",
    )


async def test_a_server_that_started_again_is_explored_again(
    serve: Any, opcua: Any, line: Any
) -> None:
    """StartTime tells, though the session may have outlived it (OPC 10000-5, 12.10)."""
    server = await serve({"Mill": "dmgmori-dmu65"})
    source = opcua(server)
    await source.read(line, 1)
    before = server.record.requests["Browse"]

    now = ua.DataValue(ua.Variant(ua.DateTime(2031, 1, 1), ua.VariantType.DateTime))
    await server._server.write_attribute_value(ua.NodeId(ua.Int32(2257)), now)
    reading = await source.read(line, 2)

    assert server.record.requests["Browse"] > before
    assert facts(reading, "")["StartTime"] == "2031-01-01T00:00:00Z"
    assert facts(reading, "Mill")["SerialNumber"] == "S-Mill"


async def test_another_namespace_array_is_seen_at_a_slow_slot(
    serve: Any, opcua: Any, line: Any
) -> None:
    """Nodes may mean something else: everything is found again before it is read."""
    server = await serve({"Mill": "dmgmori-dmu65"})
    source = opcua(server)
    await source.read(line, 1)
    await server._server.register_namespace("urn:new")
    before = server.record.requests["Browse"]
    await source.read(line, 2)
    assert server.record.requests["Browse"] == before
    await source.read(line, 10)
    assert server.record.requests["Browse"] > before


async def test_a_call_that_is_too_large_is_halved_and_remembered(
    serve: Any, opcua: Any, line: Any
) -> None:
    """A server that takes less than it says; the next session remembers it, too."""
    server = await serve()
    server.temper.nodes_max = 12
    source = opcua(server)
    first = await source.read(line, 1)
    assert first.outcome is Outcome.OK
    await source.close()
    refused = server.record.requests["Read"]
    assert (await source.read(line, 2)).outcome is Outcome.OK
    again = server.record.requests["Read"] - refused
    assert again < refused


async def test_a_full_server_is_busy_and_gets_no_second_session(
    serve: Any, opcua: Any, line: Any
) -> None:
    """BadTooManySessions is the server's word; a slot tries once."""
    server = await serve({})
    server.temper.sessions_max = 0
    source = opcua(server)
    reading = await source.read(line, 1)
    assert reading.outcome is Outcome.REFUSED
    assert "BadTooManySessions" in reading.error
    assert server.record.requests["CreateSession"] == 1
    server.temper.sessions_max = 1
    assert (await source.read(line, 2)).outcome is Outcome.OK


async def test_a_server_that_stops_answering_is_a_timeout(
    serve: Any, opcua: Any, line: Any
) -> None:
    """It takes the request and says nothing; the next read finds it well."""
    server = await serve({})
    source = opcua(server, request_timeout_s=0.3)
    await source.read(line, 1)
    server.temper.hung = True
    async with asyncio.timeout(3):
        reading = await source.read(line, 2)
    assert reading.outcome is Outcome.TIMEOUT
    server.temper.hung = False
    assert (await source.read(line, 3)).outcome is Outcome.OK


async def test_what_is_suspended_is_not_asked_for(serve: Any, opcua: Any, line: Any) -> None:
    """One device behind an aggregator rests; the others are read."""
    source = opcua(await serve())
    await source.read(line, 1)
    line.suspended = frozenset({"Arm"})
    reading = await source.read(line, 2)
    assert {found.path for found in reading.devices} == {"", "Mill", "Press"}


async def test_a_withheld_request_closes_nothing(serve: Any, opcua: Any, line: Any) -> None:
    """The engine's word passes through; the session is used again."""
    server = await serve({})
    source = opcua(server)
    await source.read(line, 1)
    ask = line.ask

    async def withhold(*_: Any, **__: Any) -> None:
        raise Withheld

    line.ask = withhold
    try:
        await source.read(line, 2)
    except Withheld:
        withheld = True
    else:
        withheld = False
    line.ask = ask
    assert withheld
    assert (await source.read(line, 3)).outcome is Outcome.OK
    assert server.record.requests["CreateSession"] == 1


async def test_many_machines_are_found_over_several_slots(
    serve: Any, opcua: Any, line: Any
) -> None:
    """Exploring leaves time to read; what has not been looked at waits."""
    server = await serve({f"Press{n}": "beckhoff-cx5130-tags" for n in range(6)})
    source = opcua(server, timeout_s=0.4)
    ask = line.ask

    async def slowly(*arguments: Any, **more: Any) -> Any:
        await asyncio.sleep(0.1)
        return await ask(*arguments, **more)

    line.ask = slowly
    line.items_max = 50
    found = [len((await source.read(line, slot)).devices) for slot in range(1, 8)]
    assert found[0] < found[-1] == 7
    assert found == sorted(found)


async def test_each_kind_of_request_goes_through_the_line(
    serve: Any, opcua: Any, line: Any
) -> None:
    """What the server counted is what the line counted, beside the parts of a connection."""
    server = await serve()
    source = opcua(server)
    for slot in range(3):
        await source.read(line, slot)
    await source.close()
    asked = dict(server.record.requests)
    for service in ("CreateSession", "ActivateSession", "CloseSession", "CloseSecureChannel"):
        asked.pop(service, None)
    assert asked == {
        "Browse": line.kinds["opcua.browse"],
        "Read": line.kinds["opcua.read"],
        "TranslateBrowsePathsToNodeIds": line.kinds["opcua.translate_browse_paths"],
    }
    assert line.kinds["opcua.connect"] == 1


async def test_a_target_with_long_slots_loses_none_of_them(
    serve: Any, opcua: Any, line: Any
) -> None:
    """A session that has ended by itself is opened again within the slot."""
    server = await serve({})
    source = opcua(server)
    await source.read(line, 1)
    source._session._used_at -= 60
    assert (await source.read(line, 2)).outcome is Outcome.OK
    assert server.record.requests["CreateSession"] == 2
    assert server.record.connections_most == 1
