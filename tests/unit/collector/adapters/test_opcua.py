"""OPC UA against simulated servers: what they show, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from isthmus.collector.domain.reading import Outcome
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.ports import Source
from isthmus.simulators.devices import Library, OpcuaDevice, OpcuaMachine
from isthmus.simulators.opcua import Machine, OpcuaServer

MakeSource = Callable[..., Source]
MACHINES = {"Mill": "dmgmori-dmu65", "Arm": "kuka-kr210", "Press": "beckhoff-cx5130-tags"}


@pytest.fixture
async def cell(library: Library) -> AsyncIterator[OpcuaServer]:
    """An aggregating server with a machine tool, a robot and a controller."""
    machines = {}
    for name, model in MACHINES.items():
        file = library.read(f"opcua/{model}", OpcuaMachine)
        machines[name] = Machine(file, file.state({"serial": f"S-{name}"}, name))
    model_ = library.read("opcua/softing-edgeaggregator", OpcuaDevice)
    server = OpcuaServer("127.0.0.1", 0, model_, model_.state({}, "cell"), machines)
    await server.start()
    yield server
    await server.stop()


def endpoint(port: int, **more: Any) -> dict[str, Any]:
    """The fields of an endpoint on this machine."""
    url = f"opc.tcp://127.0.0.1:{port}"
    return {"protocol": "opcua", "url": url, "request_timeout_s": 0.5, **more}


async def test_an_aggregator_shows_itself_and_its_machines(
    cell: OpcuaServer, source: MakeSource
) -> None:
    """Nameplates by namespace, health, and the profile's values of each kind of machine."""
    opcua = source("opcua-aggregator", **endpoint(cell.port))
    reading = await opcua.read(OpenLine(), 0)
    devices = {device.path: device for device in reading.devices}
    assert set(devices) == {"", *MACHINES}
    assert devices[""].facts["ProductName"] == "edgeAggregator"
    assert devices[""].points == {"ServerState": (0.0, "1")}
    assert devices["Mill"].facts["SerialNumber"] == "S-Mill"
    assert devices["Mill"].facts["YearOfConstruction"] == "2021"
    assert devices["Mill"].points["DeviceHealth"] == (0.0, "1")
    assert devices["Mill"].points["power_on_duration"][1] == "h"
    assert devices["Arm"].facts["operational_mode"] == "automatic"
    assert devices["Press"].points["cpu_load"][1] == "%"
    await opcua.close()
    async with asyncio.timeout(2):
        while cell.record.connections:
            await asyncio.sleep(0.01)
    assert cell.record.writes == 0


async def test_one_call_reads_everything_once_the_model_is_known(
    cell: OpcuaServer, source: MakeSource
) -> None:
    """The first read browses; the next ones are one Read each, on the same connection."""
    opcua = source("opcua-aggregator", **endpoint(cell.port))
    await opcua.read(OpenLine(), 0)
    before = cell.record.requests.copy()
    for _ in range(3):
        assert (await opcua.read(OpenLine(), 0)).outcome is Outcome.OK
    assert cell.record.requests - before == {"Read": 3}
    assert cell.record.connections_most == 1
    await opcua.close()


async def test_a_silent_machine_is_its_own_outcome_only(
    cell: OpcuaServer, source: MakeSource
) -> None:
    """The server answers for it, with bad values; the others stay as they are."""
    opcua = source("opcua-aggregator", **endpoint(cell.port))
    await opcua.read(OpenLine(), 0)
    cell.states["Arm"].silent = True
    await cell.changed()
    reading = await opcua.read(OpenLine(), 0)
    outcomes = {device.path: device.outcome for device in reading.devices}
    assert outcomes.pop("Arm") is Outcome.UNREACHABLE
    assert set(outcomes.values()) == {Outcome.OK}
    await opcua.close()


async def test_a_server_that_is_its_one_device_has_one_reading(
    library: Library, source: MakeSource
) -> None:
    """The controller's own nameplate and its server's software are one device."""
    model = library.read("opcua/siemens-s7-1500", OpcuaDevice)
    server = OpcuaServer("127.0.0.1", 0, model, model.state({"serial": "E1"}, "plc"), {})
    await server.start()
    opcua = source("siemens-s7-1500", **endpoint(server.port))
    [device] = (await opcua.read(OpenLine(), 0)).devices
    assert device.facts["SerialNumber"] == "S C-E1"
    assert (device.facts["state"], device.facts["order_code"][:4]) == ("run", "6ES7")
    await opcua.close()
    await server.stop()


async def test_a_lost_session_is_opened_anew(cell: OpcuaServer, source: MakeSource) -> None:
    """While the server is away the read says so; afterwards it is as before."""
    opcua = source("opcua-aggregator", **endpoint(cell.port))
    assert (await opcua.read(OpenLine(), 0)).outcome is Outcome.OK
    cell.states[""].silent = True
    await cell.changed()
    assert (await opcua.read(OpenLine(), 0)).outcome in (Outcome.UNREACHABLE, Outcome.TIMEOUT)
    assert (await opcua.read(OpenLine(), 0)).outcome is Outcome.UNREACHABLE
    cell.states[""].silent = False
    await cell.changed()
    assert (await opcua.read(OpenLine(), 0)).outcome is Outcome.OK
    await opcua.close()


async def test_nothing_listening_is_unreachable(unused_port: int, source: MakeSource) -> None:
    """A refused connection is not a timeout."""
    reading = await source("opcua-aggregator", **endpoint(unused_port)).read(OpenLine(), 0)
    assert (reading.outcome, reading.devices) == (Outcome.UNREACHABLE, ())


async def test_silence_is_a_timeout(answering: Any, source: MakeSource) -> None:
    """A listener that never answers is given up."""
    reading = await source("opcua-aggregator", **endpoint(await answering(b""))).read(OpenLine(), 0)
    assert (reading.outcome, reading.devices) == (Outcome.TIMEOUT, ())


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 200])
async def test_garbage_is_no_answer(answering: Any, source: MakeSource, answer: bytes) -> None:
    """What is no OPC UA never looks like a device."""
    reading = await source("opcua-aggregator", **endpoint(await answering(answer))).read(
        OpenLine(), 0
    )
    assert reading.outcome in (Outcome.GARBLED, Outcome.UNREACHABLE, Outcome.TIMEOUT)
    assert reading.devices == ()
