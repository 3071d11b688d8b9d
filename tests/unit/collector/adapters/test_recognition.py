"""The shipped profiles and the simulated devices: who says what it is, is recognised."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.reading import Outcome
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.handlers.recognition import Recognition
from isthmus.simulators.devices import Library, ModbusDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

MODBUS = {
    "abb-ac800m": "abb-ac800m",
    "abb-terra-ac": "abb-terra-ac",
    "grundfos-cue": "grundfos-cue",
    "lufft-ws600": "lufft-ws600",
    "schneider-m340": "schneider-m340",
    "schneider-m580": "schneider-m580",
    "schneider-pm5320": "schneider-pm5320",
    "wago-pfc200": "wago-pfc200",
}
SNMP = {
    "advantech-utk520": "kiosk",
    "apc-srt3000": "apc-smart-ups",
    "cisco-c1111": "cisco-ios",
    "cisco-c9300": "cisco-ios",
    "cisco-ie4000": "cisco-ios",
    "diebold-dn200": "atm",
    "eaton-9px": "ups",
    "econolite-cobalt": "ntcip-asc",
    "fortinet-fgt100f": "fortinet-fortigate",
    "hirschmann-brs40": "hirschmann-hios",
    "hp-m608": "printer",
    "lexmark-ms622": "printer",
    "moxa-eds510e": "network",
    "moxa-mgate-mb3170": "moxa-mgate",
    "ncr-selfserv84": "atm",
    "net-snmp-linux": "host",
    "qfree-maxtime": "ntcip-asc",
    "vaisala-rws200": "ntcip-ess",
    "windows-server": "host",
}
VERSION_1 = ("econolite-cobalt", "qfree-maxtime", "vaisala-rws200")
SILENT = ["alfen-eve", "danfoss-fc302", "keba-p30"]
GIVEN = {
    "name": "n1",
    "mac": "00:1b:0c:3a:10:01",
    "serial": "7001",
    "engine_id": "80001f8804abcdef",
}


@dataclass
class Plant:
    """Simulated devices that end with the test."""

    library: Library
    credentials: CredentialsFile
    servers: list[Any] = field(default_factory=list)

    async def modbus(self, name: str) -> Recognition:
        """A controller, and who finds out what it is."""
        model = self.library.read(f"modbus/{name}", ModbusDevice)
        server = ModbusServer("127.0.0.1", 0, {1: Unit(model, model.state(given(model), name))})
        server.response_s = 0.001
        await server.start()
        self.servers.append(server)
        return self.recognition(protocol="modbus", host="127.0.0.1", port=server.port)

    async def snmp(self, name: str) -> Recognition:
        """An agent, and who finds out what it is."""
        model = self.library.read(f"snmp/{name}", SnmpDevice)
        agent = SnmpAgent(model, model.state(given(model), name), "public")
        socket = SnmpSocket("127.0.0.1", 0, [agent])
        await socket.start()
        self.servers.append(socket)
        at = {"protocol": "snmp", "host": "127.0.0.1", "port": socket.port, "credential": "ro"}
        return self.recognition(**at, version="1" if name in VERSION_1 else "2c")

    def recognition(self, **fields: Any) -> Recognition:
        return Recognition(endpoint(fields), ProfileFolder(), self.credentials)


def given(model: Any) -> dict[str, Any]:
    """What the device file leaves open."""
    return {name: value for name, value in GIVEN.items() if name in model.values}


@pytest.fixture
async def plant(library: Library, credentials: CredentialsFile) -> AsyncIterator[Plant]:
    """A plant."""
    plant = Plant(library, credentials)
    yield plant
    for server in plant.servers:
        await server.stop()


Serve = Callable[[Plant, str], Any]


@pytest.mark.parametrize(
    ("serve", "name", "profile"),
    [
        *((Plant.modbus, name, profile) for name, profile in MODBUS.items()),
        *((Plant.snmp, name, profile) for name, profile in SNMP.items()),
    ],
    ids=[*MODBUS, *SNMP],
)
async def test_a_device_that_says_who_it_is_gets_its_profile(
    plant: Plant, serve: Serve, name: str, profile: str
) -> None:
    """At the first read; the second one is by it, and doubts nothing."""
    found: Recognition = await serve(plant, name)
    first = await found.read(OpenLine(), 0)
    second = await found.read(OpenLine(), 1)
    assert (found.name, first.error) == (profile, "")
    assert second.outcome is Outcome.OK
    await found.close()


@pytest.mark.parametrize("name", SILENT)
async def test_a_device_without_identification_says_that_it_needs_a_profile(
    plant: Plant, name: str
) -> None:
    """Nothing of an unknown map is read."""
    found = await plant.modbus(name)
    reading = await found.read(OpenLine(), 0)
    assert found.name == "modbus-any"
    assert "does not say what it is" in reading.error
    await found.close()
