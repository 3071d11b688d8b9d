"""The endpoints that a target may name."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from isthmus.collector.adapters import Endpoint, endpoint


def test_every_protocol_makes_its_endpoint() -> None:
    """Numbers come from JSON as floats; the address is what two targets may share."""
    modbus = endpoint({"protocol": "modbus", "host": "10.0.0.1", "port": 15020.0, "units": [1.0]})
    opcua = endpoint({"protocol": "opcua", "url": "opc.tcp://10.0.0.1/path"})
    snmp = endpoint({"protocol": "snmp", "host": "10.0.0.1", "credential": "ro"})
    assert (modbus.protocol, modbus.address) == ("modbus", "10.0.0.1:15020")
    assert (opcua.protocol, opcua.address) == ("opcua", "10.0.0.1:4840")
    assert (snmp.protocol, snmp.address) == ("snmp", "10.0.0.1:161")


@pytest.mark.parametrize(
    "fields",
    [
        {"protocol": "telepathy"},
        {"protocol": "modbus"},
        {"protocol": "modbus", "host": "a", "unit": 3},
        {"protocol": "modbus", "host": "a", "units": [300]},
        {"protocol": "snmp", "host": "a", "credential": "ro", "community": "public"},
        {"protocol": "opcua", "url": "opc.tcp://user:password@10.0.0.1:4840"},
        {"protocol": "opcua", "url": "http://10.0.0.1"},
    ],
)
def test_a_wrong_endpoint_is_refused(fields: dict[str, Any]) -> None:
    """Unknown fields, impossible values, and anything that holds a secret."""
    with pytest.raises(ValidationError):
        endpoint(fields)


def test_adapters_are_sorted() -> None:
    """A new one has one place to go."""
    names = [kind.__name__ for kind in get_args(get_args(Endpoint)[0])]
    assert names == sorted(names)
