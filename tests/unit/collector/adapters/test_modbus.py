"""Modbus against simulated devices: what they say, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from isthmus.collector.domain import Outcome
from isthmus.collector.ports import Source
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit

MakeSource = Callable[..., Source]


@dataclass
class Plant:
    """Modbus servers that end with the test."""

    library: Library
    servers: list[ModbusServer] = field(default_factory=list)

    async def serve(self, units: dict[int, str], *, gateway: bool = False) -> ModbusServer:
        """Serve one device model for each unit."""
        built = {}
        for number, name in units.items():
            model = self.library.read(f"modbus/{name}", ModbusDevice)
            given: dict[str, Any] = {"serial": 7000 + number}
            wanted = given if "serial" in model.values else {}
            built[number] = Unit(model, model.state(wanted, name))
        server = ModbusServer("127.0.0.1", 0, built, gateway=gateway)
        server.response_s = 0.001
        await server.start()
        self.servers.append(server)
        return server


@pytest.fixture
async def plant(library: Library) -> AsyncIterator[Plant]:
    """A plant."""
    plant = Plant(library)
    yield plant
    for server in plant.servers:
        await server.stop()


def endpoint(port: int, **fields: Any) -> dict[str, Any]:
    """The fields of an endpoint on this machine."""
    return {
        "protocol": "modbus", "host": "127.0.0.1", "port": port, "request_timeout_s": 0.2, **fields,
    }  # fmt: skip


async def test_a_controller_tells_who_it_is_and_how_it_is(plant: Plant, source: MakeSource) -> None:
    """Identification, a state in words, scaled numbers with their units."""
    server = await plant.serve({1: "schneider-m340"})
    reading = await source("schneider-m340", **endpoint(server.port)).read()
    [device] = reading.devices
    assert (reading.outcome, device.path) == (Outcome.OK, "")
    assert device.facts["VendorName"] == "Schneider Electric"
    assert device.facts["serial_number"] == "7001"
    assert device.facts["state"] == "run"
    temperature, unit = device.points["temperature"]
    assert unit == "Cel"
    assert 40.9 <= temperature <= 47.1
    assert 481200 <= device.points["strokes"][0] <= 481202


async def test_identification_that_comes_in_pages_is_whole(
    plant: Plant, source: MakeSource
) -> None:
    """`More follows` is followed to the last, private object."""
    server = await plant.serve({1: "schneider-m580"})
    reading = await source("schneider-m580", **endpoint(server.port)).read()
    assert reading.devices[0].facts["serial_number"] == "7001"
    assert reading.devices[0].facts["VendorUrl"] == "https://schneider.example"
    assert server.record.requests["fc2b"] > 1


async def test_identity_is_read_once_a_connection(plant: Plant, source: MakeSource) -> None:
    """Values are read each time; a lost connection makes the identity be read anew."""
    server = await plant.serve({1: "schneider-m340"})
    modbus = source("schneider-m340", **endpoint(server.port))
    for _ in range(3):
        assert (await modbus.read()).outcome is Outcome.OK
    assert server.record.requests["fc2b"] == 1
    await server.stop()
    assert (await modbus.read()).outcome is not Outcome.OK
    await server.start()
    assert (await modbus.read()).outcome is Outcome.OK
    assert server.record.requests["fc2b"] == 2
    assert server.record.connections_most == 1
    assert server.record.in_flight_most == 1


async def test_a_dead_unit_is_its_own_outcome_only(plant: Plant, source: MakeSource) -> None:
    """Exception 0x0B of one unit leaves the others as they are; it is known anew afterwards."""
    units = {3: "schneider-pm5320", 5: "danfoss-fc302", 6: "grundfos-cue"}
    server = await plant.serve(units, gateway=True)
    server.response_s = 0.001
    modbus = source("moxa-mgate-bus", **endpoint(server.port, units=[3, 5, 6]))
    await modbus.read()
    server.units[3].state.silent = True
    reading = await modbus.read()
    outcomes = {device.path: device.outcome for device in reading.devices}
    assert reading.outcome is Outcome.OK
    assert outcomes == {"unit-3": Outcome.REFUSED, "unit-5": Outcome.OK, "unit-6": Outcome.OK}
    assert "unit 3: exception 0x0B" in reading.devices[0].error
    server.units[3].state.silent = False
    server.units[3].state["serial"] = 9999
    swapped = (await modbus.read()).devices[0]
    assert swapped.facts["serial_number"] == "9999"


async def test_silent_units_do_not_take_the_time_of_the_others(source: MakeSource) -> None:
    """They are asked last, and only while there is time; the units that answer are read."""
    asked: list[int] = []
    writers: list[asyncio.StreamWriter] = []

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while request := await reader.read(260):
            asked.append(request[6])
            if request[6] == 9:  # illegal function
                writer.write(request[:4] + bytes([0, 3, 9, request[7] | 0x80, 1]))
        writer.close()

    server = await asyncio.start_server(line, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fields = endpoint(port, units=[1, 2, 3, 4, 5, 9], request_timeout_s=0.1, timeout_s=0.6)
    modbus = source("grundfos-cue", **fields)
    for _ in range(2):
        await modbus.read()
    asked.clear()
    reading = await modbus.read()
    await modbus.close()
    server.close()
    while writers:
        await writers.pop().wait_closed()
    assert asked[0] == 9
    assert reading.outcome is Outcome.OK
    assert [d.outcome for d in reading.devices] == [Outcome.TIMEOUT] * 5 + [Outcome.REFUSED]
    assert "not asked" in reading.devices[4].error


async def test_a_wrong_address_is_refused_with_its_meaning(
    plant: Plant, source: MakeSource
) -> None:
    """A device that does not have a register says so; what it has is kept."""
    server = await plant.serve({1: "lufft-ws600"})
    reading = await source("schneider-m340", **endpoint(server.port)).read()
    assert reading.outcome is Outcome.REFUSED
    assert "exception 0x01, illegal function" in reading.error


async def test_silence_is_a_timeout(answering: Any, source: MakeSource) -> None:
    """A listener that never answers is given up after one request's timeout."""
    reading = await source("schneider-m340", **endpoint(await answering(b""))).read()
    assert (reading.outcome, reading.devices) == (Outcome.TIMEOUT, ())
    assert "no answer within 0.2 s" in reading.error


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 7, b"\xff" * 200])
async def test_garbage_is_garbled(answering: Any, source: MakeSource, answer: bytes) -> None:
    """What is no Modbus is said to be none."""
    reading = await source("schneider-m340", **endpoint(await answering(answer))).read()
    assert (reading.outcome, reading.devices) == (Outcome.GARBLED, ())


async def test_nothing_listening_is_unreachable(unused_port: int, source: MakeSource) -> None:
    """A refused connection is not a timeout."""
    modbus = source("schneider-m340", **endpoint(unused_port))
    assert (await modbus.read()).outcome is Outcome.UNREACHABLE
    assert (await modbus.read()).outcome is Outcome.UNREACHABLE


async def test_no_device_was_ever_written_to(plant: Plant, source: MakeSource) -> None:
    """The devices' own records know function codes that read, and no other."""
    for name in ("wago-pfc200", "abb-ac800m", "abb-terra-ac", "keba-p30", "alfen-eve"):
        server = await plant.serve({1: name})
        modbus = source(name, **endpoint(server.port))
        assert (await modbus.read()).outcome is Outcome.OK, name
        await modbus.close()
        assert server.record.writes == 0
        assert set(server.record.requests) <= {"fc01", "fc02", "fc03", "fc04", "fc11", "fc2b"}
