"""A protocol is whole: adapter, union, simulator and tests under one name; and it can only read."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient
from asyncua.common.node import Node
from asyncua.common.subscription import Subscription
from gufo.snmp.aio import SnmpSession

from isthmus.collector import adapters
from isthmus.collector.adapters.modbus.wire import Wire
from isthmus.collector.adapters.opcua.channel import SERVICES, Channel
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import OpenLine

ROOT = Path(__file__).parents[2]
COLLECTOR = ROOT / "services/collector/isthmus/collector"
UNION = get_args(get_args(adapters.Endpoint)[0])
PROTOCOLS = [get_args(kind.model_fields["protocol"].annotation)[0] for kind in UNION]

# Everything that may leave towards a device, written out a second time from the specifications:
# Modbus Application Protocol V1.1b3, section 6 (none of 05, 06, 0F, 10, 15, 16, 17);
# RFC 3416, section 4.2 (not 4.2.5, SetRequest); RFC 3414, section 4 (discovery of the engine);
# OPC 10000-4, section 5 (no Write, Call, HistoryUpdate, AddNodes, DeleteNodes, SetMonitoringMode).
ALLOWED = {
    "modbus.connect": "TCP or TLS connection",
    "modbus.read_coils": "6.1, function code 01",
    "modbus.read_device_identification": "6.21, function code 2B / 0E",
    "modbus.read_discrete_inputs": "6.2, function code 02",
    "modbus.read_holding_registers": "6.3, function code 03",
    "modbus.read_input_registers": "6.4, function code 04",
    "modbus.report_server_id": "6.13, function code 11",
    "opcua.browse": "5.9.2 Browse, 5.9.3 BrowseNext",
    "opcua.connect": "5.6 SecureChannel, 5.7 Session",
    "opcua.create_monitored_items": "5.13.2",
    "opcua.create_subscription": "5.14.2",
    "opcua.delete_subscriptions": "5.14.8",
    "opcua.get_endpoints": "5.5.4",
    "opcua.open_secure_channel": "5.6.2, renewal of the keys",
    "opcua.publish": "5.14.5",
    "opcua.read": "5.11.2",
    "opcua.translate_browse_paths": "5.9.4",
    "snmp.discover_engine": "RFC 3414, section 4",
    "snmp.get": "RFC 3416, 4.2.1",
    "snmp.get_bulk": "RFC 3416, 4.2.3",
    "snmp.get_next": "RFC 3416, 4.2.2",
}
MODBUS_CODES = {0x01, 0x02, 0x03, 0x04, 0x11, 0x2B}
OPCUA_SERVICES = {
    "Browse",
    "BrowseNext",
    "CreateMonitoredItems",
    "CreateSubscription",
    "DeleteSubscriptions",
    "GetEndpoints",
    "Publish",
    "Read",
    "TranslateBrowsePathsToNodeIds",
}
# What is called of the objects with which a library talks to a device.
CALLS = {
    "opcua": {
        "activate_session",
        "close_secure_channel",
        "close_session",
        "connect_sessionless",
        "create_session",
        "disconnect_socket",
        "open_secure_channel",
        "revolve_security_token",
        "send_request",
        "server_policy",
        "set_security",
    },
    "snmp": {"get_engine_id", "get_many", "getbulk", "getnext", "refresh"},
}
# Names that an adapter of ours has as well: what they call is its own.
OWN = {"browse", "connect", "create", "delete", "find", "get", "publish", "read", "subscribe"}
# What is taken from libraries that could do more than read.
IMPORTS = {
    "modbus": {
        "DecodePDU",
        "FramerRTU",
        "ModbusPDU",
        "ReadDeviceInformationRequest",
        "ReadDeviceInformationResponse",
        "ReportDeviceIdRequest",
        "ReportDeviceIdResponse",
    },
    "snmp": {
        "SNMPv3Message",
        "UsmSecurityParameters",
        "config",
        "decode_message_version",
        "engine",
        "ntfrcv",
        "rfc1902",
        "udp",
        "udp6",
    },
}
LIBRARIES = {"modbus": "pymodbus", "snmp": "pysnmp"}
SENDING = {"send", "sendall", "sendmsg", "sendto", "write", "writelines"}


def test_the_union_is_sorted_and_named_as_the_protocols_are() -> None:
    """A new protocol is one sorted line."""
    assert sorted(PROTOCOLS) == PROTOCOLS == ["modbus", "opcua", "snmp"]


def test_each_protocol_has_its_adapter_simulator_profiles_and_tests() -> None:
    """One name finds all of it."""
    for protocol in PROTOCOLS:
        assert (COLLECTOR / "adapters" / protocol).exists()
        assert (ROOT / f"simulators/isthmus/simulators/{protocol}.py").exists()
        assert any((ROOT / "simulators/devices" / protocol).glob("*.yaml"))
        assert any((ROOT / "tests/unit/collector/adapters").rglob(f"*{protocol}*"))
        assert (ROOT / f"tests/unit/simulators/test_{protocol}.py").exists()


def test_each_kind_of_request_is_one_that_a_specification_calls_a_read() -> None:
    """The list of the collector and the list of this test are the same."""
    assert {kind.value for kind in Request} == set(ALLOWED)
    assert {kind.split(".")[0] for kind in ALLOWED} == set(PROTOCOLS)


async def test_no_other_modbus_function_code_reaches_the_wire() -> None:
    """All 256 of them are tried: the frame itself is refused, whatever called for it."""
    sent: list[bytes] = []
    server = await asyncio.start_server(lambda r, w: _drain(r, sent), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = Wire("device", 1.0)
    await wire.connect("127.0.0.1", port, 1.0)
    for function in set(range(256)) - MODBUS_CODES:
        with pytest.raises(PermissionError):
            await wire.exchange(1, bytes([function, 0, 0, 0, 1]))
    await wire.close()
    server.close()

    assert sent == []


async def _drain(reader: asyncio.StreamReader, sent: list[bytes]) -> None:
    while octets := await reader.read(1024):
        sent.append(octets)


async def test_no_other_opc_ua_service_reaches_the_channel() -> None:
    """Only what is listed is ever encoded; a Write does not get that far."""
    assert {kind.__name__.removesuffix("Request") for kind in SERVICES} == OPCUA_SERVICES
    for service in (ua.WriteRequest, ua.CallRequest, ua.HistoryUpdateRequest, ua.AddNodesRequest):
        with pytest.raises(KeyError):
            await Channel("opc.tcp://127.0.0.1:4840", 1.0).ask(OpenLine(), service())


def test_only_reading_calls_are_made_of_the_libraries() -> None:
    """Every method by which asyncua or gufo-snmp could do more, minus those that are called."""
    offered = {
        "opcua": _public(Client, UaClient, Node, Subscription) | {"send_request"},
        "snmp": _public(SnmpSession),
    }
    for protocol, methods in offered.items():
        called = {call for _, call in _calls(protocol)} & methods
        assert called - OWN - CALLS[protocol] == set()
        assert not {call for call in CALLS[protocol] if "write" in call}


def test_only_what_reads_is_imported_from_libraries_that_could_write() -> None:
    """pymodbus encodes two requests for us; pysnmp receives."""
    for protocol, library in LIBRARIES.items():
        assert set(_imported(protocol, library)) <= IMPORTS[protocol]


def test_gufo_snmp_has_no_set() -> None:
    """Should it get one, this test asks for a decision."""
    assert not {name for name in _public(SnmpSession) if name.startswith("set")}


def test_octets_leave_towards_modbus_devices_in_one_place() -> None:
    """The one that looks at the function code; no other module has a socket to write to."""
    places = [place for place, call in _calls("modbus") if call in SENDING]

    assert places == ["wire.py"]
    assert [place for place, call in _calls("snmp") if call in SENDING] == []
    assert [place for place, call in _calls("opcua") if call in SENDING] == []


def _modules(protocol: str) -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((COLLECTOR / "adapters" / protocol).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield path.name, node


def _calls(protocol: str) -> Iterator[tuple[str, str]]:
    """File and name of each method that is called."""
    for name, node in _modules(protocol):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield name, node.func.attr


def _imported(protocol: str, library: str) -> Iterator[str]:
    for _, node in _modules(protocol):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(library):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(library))


def _public(*kinds: type) -> set[str]:
    return {name for kind in kinds for name in vars(kind) if not name.startswith("_")}
