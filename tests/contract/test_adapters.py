"""A protocol is whole: adapter, union, simulator and tests under one name; and it can only read."""

import inspect
from pathlib import Path
from typing import Any, get_args

from isthmus.collector import adapters
from isthmus.collector.adapters.modbus import bus
from isthmus.collector.adapters.opcua import session
from isthmus.collector.adapters.snmp import agent

ROOT = Path(__file__).parents[2]
COLLECTOR = ROOT / "services/collector/isthmus/collector"
UNION = get_args(get_args(adapters.Endpoint)[0])
PROTOCOLS = [get_args(kind.model_fields["protocol"].annotation)[0] for kind in UNION]

# Everything that may leave towards a device. Sources: Modbus Application Protocol V1.1b3;
# RFC 3416 section 3; OPC 10000-4 (services).
MODBUS_CODES = {1, 2, 3, 4, 0x11, 0x2B}
SNMP_CALLS = {"get", "get_many", "getbulk", "getnext", "refresh"}
OPCUA_CALLS = {
    "browse",
    "browse_next",
    "connect",
    "disconnect",
    "disconnect_socket",
    "read_attributes",
    "translate_browsepaths_to_nodeids",
}


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


def test_only_reading_function_codes_leave_towards_a_modbus_device() -> None:
    """The frame itself is checked on its way out, whatever called for it."""
    assert bus.READ_ONLY == MODBUS_CODES


def test_only_getting_calls_are_made_of_the_snmp_library() -> None:
    """gufo-snmp has no SET; should it get one, it is not on this list."""
    assert called(agent, "session", "_live()") <= SNMP_CALLS


def test_only_reading_calls_are_made_of_the_opcua_library() -> None:
    """No write, no call, no method of a subscription that changes the server's configuration."""
    assert called(session, "_client", "uaclient") <= OPCUA_CALLS | {"uaclient"}


def called(module: Any, *holders: str) -> set[str]:
    """Names that are called on the library's object, found in the adapter's source."""
    found = set()
    for line in inspect.getsource(module).splitlines():
        for holder in holders:
            _, dot, rest = line.partition(f"{holder}.")
            name = rest.split("(")[0]
            if dot and "(" in rest and name.isidentifier():
                found.add(name)
    return found
