"""What each protocol is asked, on simulated devices, and the target that would read it."""

from typing import Any

import pytest

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.identification import Identifier
from isthmus.collector.domain.discovery import Probe
from isthmus.collector.handlers.line import OpenLine
from isthmus.runtime.errors import Unauthorized
from isthmus.simulators.devices import Library, ModbusDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

HOST = "127.0.0.1"


@pytest.fixture
def identify(credentials: CredentialsFile) -> Identifier:
    """Identification with the credentials that the simulated devices want."""
    return Identifier(credentials)


async def test_a_modbus_server_says_what_it_is(identify: Identifier, library: Library) -> None:
    """One connection, one request, and the connection is given back."""
    model = library.read("modbus/abb-ac800m", ModbusDevice)
    server = ModbusServer(HOST, 0, {1: Unit(model, model.state({"serial": "S1"}, "test"))})
    await server.start()

    found = await identify(OpenLine(), Probe("modbus", server.port), HOST, 1)

    assert found.facts["VendorName"] == "ABB AB"
    assert endpoint(found.endpoint).address == f"{HOST}:{server.port}"
    assert dict(server.record.requests) == {"fc2b": 1}
    await server.stop()


async def test_an_snmp_agent_says_what_it_is(identify: Identifier, library: Library) -> None:
    """With the community of the credential; the target that reads it names the credential."""
    model = library.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "engine_id": "80001f8804abcdef"}
    agent = SnmpAgent(model, model.state(given, "n1"), "public")
    host = SnmpSocket(HOST, 0, [agent])
    await host.start()

    found = await identify(OpenLine(), Probe("snmp", host.port, "ro"), HOST, 1)

    assert found.facts["sysName"] == "n1"
    assert found.endpoint == {
        "protocol": "snmp", "host": HOST, "port": host.port, "version": "2c", "credential": "ro",
    }  # fmt: skip
    assert dict(agent.record.requests) == {"Get": 1}
    await host.stop()


@pytest.mark.parametrize(
    ("probe", "host", "fields"),
    [
        (Probe("opcua", 4840), "127.0.0.1", {"url": "opc.tcp://127.0.0.1:4840"}),
        (Probe("snmp", 161, "v3"), "127.0.0.1", {"version": "3", "credential": "v3"}),
        (Probe("modbus", 502), "::1", {"host": "::1", "port": 502}),
        (Probe("modbus", 802, "tls"), "127.0.0.1", {"transport": "tls", "credential": "tls"}),
    ],
)
def test_what_was_found_can_be_read(
    identify: Identifier, probe: Probe, host: str, fields: dict[str, Any]
) -> None:
    """The endpoint that a target needs is one that the adapter takes."""
    made = identify.endpoint(probe, host)

    assert fields.items() <= made.items()
    assert endpoint(made).protocol == probe.protocol


def test_a_credential_that_is_not_there_is_for_a_person(identify: Identifier) -> None:
    """The name is said, and where it was looked for."""
    with pytest.raises(Unauthorized, match="credential 'x'"):
        identify.endpoint(Probe("snmp", 161, "x"), HOST)
