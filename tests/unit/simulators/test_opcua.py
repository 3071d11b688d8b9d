"""OPC UA servers, asked by asyncua's client over real sockets: one for all tests, it is slow."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaStatusCodeError

from isthmus.simulators.devices import Library, OpcuaDevice, OpcuaMachine
from isthmus.simulators.opcua import DI, MACHINERY, Machine, OpcuaServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cell(library: Library) -> AsyncIterator[OpcuaServer]:
    server = library.read("opcua/softing-edgeaggregator", OpcuaDevice)
    machines = {}
    for name, file in (("Mill-1", "dmgmori-dmu65"), ("Robot-1", "kuka-kr210")):
        machine = library.read(f"opcua/{file}", OpcuaMachine)
        machines[name] = Machine(machine, machine.state({"serial": f"S-{name}"}, "test"))
    cell = OpcuaServer("127.0.0.1", 0, server, server.state({}, "test"), machines)
    await cell.start()
    yield cell
    await cell.stop()


def _ask(cell: OpcuaServer) -> Client:
    return Client(f"opc.tcp://{cell.address}:{cell.port}", timeout=2, watchdog_intervall=60)


async def _read(client: Client, *path: str) -> Any:
    node = await client.nodes.objects.get_child(list(path))
    return await node.read_data_value(raise_on_bad_status=False)


async def test_the_server_says_who_made_it(cell: OpcuaServer) -> None:
    """BuildInfo and the application URI are the server software's."""
    async with _ask(cell) as client:
        assert await client.get_node("i=2263").read_value() == "Softing Industrial Automation GmbH"
        assert await client.get_node("i=2264").read_value() == "3.60.0"
        assert (await client.get_node("i=2254").read_value())[0].endswith(":edgeaggregator")
        (endpoint, *_) = await client.get_endpoints()
    assert endpoint.Server.ApplicationUri.endswith(":edgeaggregator")


async def test_machines_stand_where_the_companion_specifications_say(cell: OpcuaServer) -> None:
    """A machine tool below Machines with its Identification, a robot below DeviceSet."""
    async with _ask(cell) as client:
        di, machinery = [await client.get_namespace_index(uri) for uri in (DI, MACHINERY)]
        machines = client.get_node(f"ns={machinery};i=1001")
        (mill,) = await machines.get_children()
        assert (await mill.read_browse_name()).Name == "Mill-1"
        serial = await _read(
            client,
            f"{machinery}:Machines",
            "6:Mill-1",
            f"{di}:Identification",
            f"{di}:SerialNumber",
        )
        maker = await _read(client, f"{di}:DeviceSet", "6:Robot-1", f"{di}:Manufacturer")
    assert serial.Value.Value == "S-Mill-1"
    assert maker.Value.Value.Text == "KUKA Deutschland GmbH"


async def test_a_changed_value_shows_at_once(cell: OpcuaServer) -> None:
    """Health is the machine's own DeviceHealth."""
    async with _ask(cell) as client:
        cell.states["Robot-1"]["health"] = 4
        await cell.changed()
        health = await _read(client, "2:DeviceSet", "6:Robot-1", "2:DeviceHealth")
    assert health.Value == ua.Variant(4, ua.VariantType.Int32)


async def test_the_nodes_of_a_silent_machine_turn_bad(cell: OpcuaServer) -> None:
    """Only its own: the machine beside it stays good."""
    cell.states["Robot-1"].silent = True
    await cell.changed()
    async with _ask(cell) as client:
        silent = await _read(client, "2:DeviceSet", "6:Robot-1", "2:SerialNumber")
        well = await _read(client, "3:Machines", "6:Mill-1", "2:DeviceHealth")
    cell.states["Robot-1"].silent = False
    await cell.changed()
    assert silent.StatusCode.name == "BadNoCommunication"
    assert well.StatusCode.is_good()


async def test_writes_and_calls_are_refused_and_counted(cell: OpcuaServer) -> None:
    """The service as a whole is denied, the connection lives on."""
    before = cell.record.writes
    async with _ask(cell) as client:
        node = await client.nodes.objects.get_child(["2:DeviceSet", "6:Robot-1", "2:SerialNumber"])
        with pytest.raises(UaStatusCodeError):
            await node.write_value("stolen")
        with pytest.raises(UaStatusCodeError):
            await client.nodes.server.call_method(ua.NodeId(ua.Int32(11492)))
        assert await node.read_value() == "S-Robot-1"
    assert cell.record.writes == before + 2
    assert cell.record.requests["Write"] == 1


async def test_the_record_counts_channels_and_services(cell: OpcuaServer) -> None:
    """A session more is one CreateSession more; two channels at once are the most."""
    before = cell.record.requests["CreateSession"]
    async with _ask(cell), _ask(cell):
        assert cell.record.connections == 2
    assert cell.record.requests["CreateSession"] == before + 2
    assert cell.record.connections_most >= 2
    assert cell.record.in_flight == 0


async def test_a_silent_server_drops_and_refuses_connections(cell: OpcuaServer) -> None:
    """It comes back on the same port."""
    cell.states[""].silent = True
    await cell.changed()
    with pytest.raises(OSError, match="Connect call failed"):
        await _ask(cell).connect()
    cell.states[""].silent = False
    await cell.changed()
    async with _ask(cell) as client:
        assert await client.get_node("i=2259").read_value() == 0


async def test_a_server_may_be_full_small_or_deaf(cell: OpcuaServer) -> None:
    """It refuses sessions, large reads and services as it is told to."""
    cell.temper.sessions_max = 1
    async with _ask(cell) as client:
        with pytest.raises(UaStatusCodeError):
            await _ask(cell).connect()
        cell.temper.nodes_max = 1
        nodes = [client.get_node("i=2259"), client.get_node("i=2257")]
        with pytest.raises(UaStatusCodeError):
            await client.read_values(nodes)
        cell.temper.nodes_max = None
        cell.temper.refuses = {"Browse": 0x800B0000}  # BadServiceUnsupported
        with pytest.raises(UaStatusCodeError):
            await client.nodes.objects.get_children()
        cell.temper.refuses = {}
    cell.temper.sessions_max = None


async def test_a_restart_ends_every_session(cell: OpcuaServer) -> None:
    """StartTime is a later one, on the same port."""
    client = _ask(cell)
    await client.connect()
    before = await client.get_node("i=2257").read_value()
    await cell.restart()
    with pytest.raises((ConnectionError, UaStatusCodeError)):
        await client.get_node("i=2257").read_value()
    async with _ask(cell) as again:
        assert await again.get_node("i=2257").read_value() > before
