"""Adapters: one client library each. A new protocol is one file here and one line below."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from isthmus.collector.adapters.modbus import Modbus
from isthmus.collector.adapters.modbus.registers import Profile as ModbusProfile
from isthmus.collector.adapters.opcua import OpcUa
from isthmus.collector.adapters.opcua.model import Profile as OpcUaProfile
from isthmus.collector.adapters.snmp import Profile as SnmpProfile
from isthmus.collector.adapters.snmp import Snmp
from isthmus.collector.ports import DeviceProfile

Endpoint = Annotated[
    Modbus | OpcUa | Snmp,
    Field(discriminator="protocol"),
]
Profile = Annotated[
    ModbusProfile | OpcUaProfile | SnmpProfile,
    Field(discriminator="protocol"),
]
PROFILES: Mapping[str, type[DeviceProfile]] = {
    "modbus": ModbusProfile,
    "opcua": OpcUaProfile,
    "snmp": SnmpProfile,
}
_ENDPOINT: TypeAdapter[Endpoint] = TypeAdapter(Endpoint)


def endpoint(fields: Mapping[str, Any]) -> Endpoint:
    """The checked endpoint of a target; raises pydantic's ValidationError."""
    return _ENDPOINT.validate_python(fields)
