"""Modbus against simulated devices: what they say, and what goes wrong."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from isthmus.collector.adapters.modbus import Modbus
from isthmus.collector.adapters.modbus.registers import Profile
from isthmus.collector.adapters.modbus.wire import KINDS
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.ports import Source, Withheld
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit

MakeSource = Callable[..., Source]
T = TypeVar("T")


@dataclass
class Plant:
    """Modbus servers that end with the test."""

    library: Library
    servers: list[ModbusServer] = field(default_factory=list)

    async def serve(
        self, units: dict[int, str], *, gateway: bool = False, **options: Any
    ) -> ModbusServer:
        """Serve one device model for each unit."""
        built = {}
        for number, name in units.items():
            model = self.library.read(f"modbus/{name}", ModbusDevice)
            given: dict[str, Any] = {"serial": 7000 + number}
            wanted = given if "serial" in model.values else {}
            built[number] = Unit(model, model.state(wanted, name))
        server = ModbusServer("127.0.0.1", 0, built, gateway=gateway, **options)
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
        assert server.record.writes == 0


@dataclass
class Noted(OpenLine):
    """Lets out what there is time for, and knows what it was."""

    suspended: frozenset[str] = frozenset()
    left: int = 1000
    withholds: bool = False
    sends: Counter[Request] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await self.ask(kind, send)

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        if self.withholds:
            raise Withheld
        if self.left == 0:
            raise Fault(Outcome.TIMEOUT, "not asked: no time is left")
        self.left -= 1
        self.sends[kind] += 1
        self.paths[path] += 1
        return await send()


@dataclass
class Profiles:
    """A gateway's profile, and those of the units behind it."""

    units: dict[int, Profile]

    def load(self, name: str, kind: Any) -> Profile:
        if name == "gateway":
            return Profile(protocol="modbus", units={n: str(n) for n in self.units})
        return self.units[int(name)]


@pytest.fixture
def profiles() -> Profiles:
    """One harmless unit."""
    return Profiles({3: Profile(protocol="modbus")})


def endpoint(port: int, **fields: Any) -> dict[str, Any]:
    """The fields of an endpoint on this machine."""
    return {
        "protocol": "modbus", "host": "127.0.0.1", "port": port, "request_timeout_s": 0.2, **fields,
    }  # fmt: skip


async def test_a_controller_tells_who_it_is_and_how_it_is(plant: Plant, source: MakeSource) -> None:
    """Identification, a state in words, scaled numbers with their units."""
    server = await plant.serve({1: "schneider-m340"})
    reading = await source("schneider-m340", **endpoint(server.port)).read(OpenLine(), 0)
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
    reading = await source("schneider-m580", **endpoint(server.port)).read(OpenLine(), 0)
    assert reading.devices[0].facts["serial_number"] == "7001"
    assert reading.devices[0].facts["VendorUrl"] == "https://schneider.example"
    assert server.record.requests["fc2b"] > 1


async def test_identity_is_read_once_a_connection(plant: Plant, source: MakeSource) -> None:
    """Values are read each time; a lost connection makes the identity be read anew."""
    server = await plant.serve({1: "schneider-m340"})
    modbus = source("schneider-m340", **endpoint(server.port))
    for _ in range(3):
        assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.OK
    assert server.record.requests["fc2b"] == 1
    await server.stop()
    assert (await modbus.read(OpenLine(), 0)).outcome is not Outcome.OK
    await server.start()
    assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.OK
    assert server.record.requests["fc2b"] == 2
    assert server.record.connections_most == 1
    assert server.record.in_flight_most == 1


async def test_a_dead_unit_is_its_own_outcome_only(plant: Plant, source: MakeSource) -> None:
    """Exception 0x0B of one unit leaves the others as they are; it is known anew afterwards."""
    units = {3: "schneider-pm5320", 5: "danfoss-fc302", 6: "grundfos-cue"}
    server = await plant.serve(units, gateway=True)
    server.response_s = 0.001
    modbus = source("moxa-mgate-bus", **endpoint(server.port, units=[3, 5, 6]))
    await modbus.read(OpenLine(), 0)
    server.units[3].state.silent = True
    reading = await modbus.read(OpenLine(), 0)
    outcomes = {device.path: device.outcome for device in reading.devices}
    assert reading.outcome is Outcome.OK
    assert outcomes == {"unit-3": Outcome.REFUSED, "unit-5": Outcome.OK, "unit-6": Outcome.OK}
    assert "unit 3: exception 0x0B" in reading.devices[0].error
    server.units[3].state.silent = False
    server.units[3].state["serial"] = 9999
    swapped = (await modbus.read(OpenLine(), 0)).devices[0]
    assert swapped.facts["serial_number"] == "9999"


async def test_silent_units_do_not_take_the_time_of_the_others(
    plant: Plant, source: MakeSource
) -> None:
    """They are asked last; who was silent before has what time is left."""
    units = {1: "grundfos-cue", 2: "grundfos-cue", 9: "grundfos-cue"}
    server = await plant.serve(units, gateway=True)
    server.faults.slow_s = {1: 9.0, 2: 9.0}
    modbus = source("grundfos-cue", **endpoint(server.port, units=[1, 2, 9]))
    await modbus.read(OpenLine(), 0)
    line = Noted(left=2)
    reading = await modbus.read(line, 0)
    assert list(line.paths) == ["unit-9"]
    assert reading.outcome is Outcome.OK
    assert [d.path for d in reading.devices] == ["unit-1", "unit-2", "unit-9"]
    assert [d.outcome for d in reading.devices] == [Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.OK]
    await modbus.close()


async def test_all_that_leaves_goes_through_the_line(plant: Plant, source: MakeSource) -> None:
    """What the line was asked for is what the gateway has seen, by kind; for each unit by path."""
    units = {3: "schneider-pm5320", 5: "danfoss-fc302", 6: "grundfos-cue"}
    server = await plant.serve(units, gateway=True)
    modbus = source("moxa-mgate-bus", **endpoint(server.port, units=[3, 5, 6]))
    line = Noted()
    for slot in range(3):
        assert (await modbus.read(line, slot)).outcome is Outcome.OK
    assert line.sends.pop(Request.MODBUS_CONNECT) == 1
    seen = {KINDS[int(code[2:], 16)]: n for code, n in server.record.requests.items()}
    assert line.sends == seen
    assert line.paths.keys() == {"", "unit-3", "unit-5", "unit-6"}
    assert (server.record.connections_most, server.record.in_flight_most) == (1, 1)
    await modbus.close()


async def test_a_suspended_unit_is_neither_asked_nor_told_of(
    plant: Plant, source: MakeSource
) -> None:
    """The engine says of it what it said last; when all are, nothing is opened."""
    server = await plant.serve({3: "grundfos-cue", 6: "grundfos-cue"}, gateway=True)
    modbus = source("grundfos-cue", **endpoint(server.port, units=[3, 6]))
    reading = await modbus.read(Noted(suspended=frozenset({"unit-3", "unit-6"})), 0)
    assert (reading.devices, server.record.connections_most) == ((), 0)
    line = Noted(suspended=frozenset({"unit-3"}))
    reading = await modbus.read(line, 0)
    assert [device.path for device in reading.devices] == ["unit-6"]
    assert "unit-3" not in line.paths
    await modbus.close()


async def test_what_the_engine_withholds_passes_through(plant: Plant, source: MakeSource) -> None:
    """Nothing is closed, nothing is forgotten, nothing is said of the device."""
    server = await plant.serve({1: "schneider-m340"})
    modbus = source("schneider-m340", **endpoint(server.port))
    await modbus.read(OpenLine(), 0)
    with pytest.raises(Withheld):
        await modbus.read(Noted(withholds=True), 0)
    assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.OK
    assert server.record.requests["fc2b"] == 1
    assert server.record.connections == 1
    await modbus.close()


async def test_a_connection_that_is_given_back_after_each_read_costs_no_identity(
    plant: Plant, source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of the device holds for a while; not for ever."""
    server = await plant.serve({1: "schneider-m340"})
    modbus = source("schneider-m340", **endpoint(server.port))
    for _ in range(3):
        reading = await modbus.read(OpenLine(), 0)
        await modbus.close()
        assert reading.devices[0].facts["serial_number"] == "7001"
    assert server.record.requests["fc2b"] == 1
    monkeypatch.setattr("isthmus.collector.adapters.modbus.KEPT_S", 0.0)
    await modbus.read(OpenLine(), 0)
    await modbus.close()
    assert server.record.requests["fc2b"] == 2
    assert server.record.connections_most == 1


async def test_a_dead_unit_on_a_serial_line_costs_one_connection_a_read(
    plant: Plant, source: MakeSource
) -> None:
    """Without transactions its answer may still come: after the read, not within it."""
    server = await plant.serve({3: "grundfos-cue", 6: "grundfos-cue"}, gateway=True, framing="rtu")
    fields = endpoint(server.port, units=[3, 6], transport="rtu_over_tcp")
    modbus = source("grundfos-cue", **fields)
    line = Noted()
    assert (await modbus.read(line, 0)).outcome is Outcome.OK
    for _ in range(2):
        server.faults.late_s.append(0.25)
        first, second = (await modbus.read(line, 0)).devices
        assert {first.outcome, second.outcome} == {Outcome.OK, Outcome.TIMEOUT}
    for _ in range(2):
        devices = (await modbus.read(line, 0)).devices
        assert [d.outcome for d in devices] == [Outcome.OK, Outcome.OK]
        assert [d.facts["serial_number"] for d in devices] == ["7003", "7006"]
    assert line.sends[Request.MODBUS_CONNECT] == 3
    assert server.record.connections_most == 1
    await modbus.close()


async def test_a_device_with_room_for_one_connection_is_read_again(
    plant: Plant, source: MakeSource
) -> None:
    """An engineer connects, and ours is closed: the next read opens it again, once."""
    server = await plant.serve({1: "schneider-m340"})
    server.faults.connections_max = 1
    modbus = source("schneider-m340", **endpoint(server.port))
    await modbus.read(OpenLine(), 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.sleep(0.05)
    line = Noted()
    assert (await modbus.read(line, 0)).outcome is Outcome.OK
    assert line.sends[Request.MODBUS_CONNECT] == 1
    await modbus.close()


async def test_a_black_hole_is_a_timeout_and_a_fresh_connection_afterwards(
    plant: Plant, source: MakeSource
) -> None:
    """One request goes into it, not one for each block."""
    server = await plant.serve({1: "schneider-m340"})
    modbus = source("schneider-m340", **endpoint(server.port))
    await modbus.read(OpenLine(), 0)
    server.faults.deaf = True
    line = Noted()
    assert (await modbus.read(line, 0)).outcome is Outcome.TIMEOUT
    assert line.sends.total() == 1
    server.faults.deaf = False
    assert (await modbus.read(line, 0)).outcome is Outcome.OK
    assert line.sends[Request.MODBUS_CONNECT] == 1
    assert server.record.connections_most == 1
    await modbus.close()


async def test_a_read_that_was_cancelled_can_be_read_again(
    plant: Plant, source: MakeSource
) -> None:
    """In whatever await it was."""
    server = await plant.serve({1: "schneider-m340"})
    server.response_s = 0.01
    modbus = source("schneider-m340", **endpoint(server.port))
    for after_s in (0.0, 0.001, 0.015, 0.03):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(modbus.read(OpenLine(), 0), after_s)
    reading = await modbus.read(OpenLine(), 0)
    assert (reading.outcome, reading.devices[0].facts["serial_number"]) == (Outcome.OK, "7001")
    await modbus.close()


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({"transport": "tls"}, "transport tls, and no other, has a credential"),
        ({"credential": "plc"}, "transport tls, and no other, has a credential"),
        ({"transport": "serial"}, "'tcp', 'rtu_over_tcp' or 'tls'"),
        ({"units": [256]}, "less than or equal to 255"),
    ],
)
def test_a_wrong_endpoint_is_one_clear_sentence(fields: dict[str, Any], mistake: str) -> None:
    """Before anything is opened."""
    with pytest.raises(ValidationError, match=mistake):
        Modbus.model_validate(endpoint(502, **fields))


def test_a_gateway_with_a_safety_controller_behind_it_is_a_safety_controller(
    profiles: Profiles,
) -> None:
    """One unit that must not be asked is enough."""
    profiles.units[4] = Profile(protocol="modbus", safety=True)
    at = Modbus.model_validate(endpoint(502, units=[3, 4]))
    assert at.source("gateway", profiles, profiles).profile.safety  # type: ignore[arg-type]
    at = Modbus.model_validate(endpoint(502, units=[3]))
    assert not at.source("gateway", profiles, profiles).profile.safety  # type: ignore[arg-type]


async def test_a_wrong_address_is_refused_with_its_meaning(
    plant: Plant, source: MakeSource
) -> None:
    """A device that does not have a register says so; what it has is kept."""
    server = await plant.serve({1: "lufft-ws600"})
    reading = await source("schneider-m340", **endpoint(server.port)).read(OpenLine(), 0)
    assert reading.outcome is Outcome.REFUSED
    assert "exception 0x01, illegal function" in reading.error


async def test_silence_is_a_timeout(answering: Any, source: MakeSource) -> None:
    """A listener that never answers is given up after one request's timeout."""
    reading = await source("schneider-m340", **endpoint(await answering(b""))).read(OpenLine(), 0)
    assert (reading.outcome, reading.devices) == (Outcome.TIMEOUT, ())
    assert "no answer within 0.2 s" in reading.error


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 7, b"\xff" * 200])
async def test_garbage_is_garbled(answering: Any, source: MakeSource, answer: bytes) -> None:
    """What is no Modbus is said to be none."""
    reading = await source("schneider-m340", **endpoint(await answering(answer))).read(
        OpenLine(), 0
    )
    assert (reading.outcome, reading.devices) == (Outcome.GARBLED, ())


async def test_nothing_listening_is_unreachable(unused_port: int, source: MakeSource) -> None:
    """A refused connection is not a timeout."""
    modbus = source("schneider-m340", **endpoint(unused_port))
    assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.UNREACHABLE
    assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.UNREACHABLE


async def test_no_device_was_ever_written_to(plant: Plant, source: MakeSource) -> None:
    """The devices' own records know function codes that read, and no other."""
    for name in ("wago-pfc200", "abb-ac800m", "abb-terra-ac", "keba-p30", "alfen-eve"):
        server = await plant.serve({1: name})
        modbus = source(name, **endpoint(server.port))
        assert (await modbus.read(OpenLine(), 0)).outcome is Outcome.OK, name
        await modbus.close()
        assert server.record.writes == 0
        assert set(server.record.requests) <= {"fc01", "fc02", "fc03", "fc04", "fc11", "fc2b"}
