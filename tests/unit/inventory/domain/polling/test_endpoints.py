"""Where an endpoint is."""

from typing import Any

import pytest

from isthmus.inventory.domain.polling.endpoints import address, joined, split


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ({"protocol": "modbus", "host": "127.21.0.11", "port": 15020}, "127.21.0.11:15020"),
        ({"protocol": "modbus", "host": "127.21.0.11"}, "127.21.0.11:502"),
        ({"protocol": "modbus", "host": "127.21.0.11", "port": 502.0}, "127.21.0.11:502"),
        ({"protocol": "snmp", "host": "PLC-7.Plant.Example."}, "plc-7.plant.example:161"),
        ({"protocol": "snmp", "host": "2001:DB8:0::1"}, "[2001:db8::1]:161"),
        ({"protocol": "opcua", "url": "opc.tcp://127.21.0.12:4841/UA/Server"}, "127.21.0.12:4841"),
        ({"protocol": "opcua", "url": "opc.tcp://[2001:db8::2]"}, "[2001:db8::2]:4840"),
        ({"protocol": "opcua", "url": "opc.tcp://a:b:c"}, None),
        ({"protocol": "opcua", "url": "opc.tcp://h:99999"}, None),
        ({"protocol": "mqtt", "host": "broker"}, None),
        ({"protocol": "modbus", "host": "a", "port": "502"}, None),
        ({"protocol": "modbus"}, None),
    ],
)
def test_one_place_has_one_name(endpoint: dict[str, Any], place: str | None) -> None:
    """However it is written; what names no place is not compared."""
    assert address(endpoint) == place


@pytest.mark.parametrize("host", ["127.0.0.1", "2001:db8::1", "plc.example"])
def test_host_and_port_come_apart_again(host: str) -> None:
    """Brackets are part of the text, not of the host."""
    assert split(joined(host, 502)) == (host, 502)
