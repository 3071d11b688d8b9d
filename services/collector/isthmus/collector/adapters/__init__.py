"""Adapters: one client library each. A new protocol is one file here and one line below."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from isthmus.collector.adapters.modbus import Modbus
from isthmus.collector.adapters.opcua import OpcUa
from isthmus.collector.adapters.snmp import Snmp

Endpoint = Annotated[
    Modbus | OpcUa | Snmp,
    Field(discriminator="protocol"),
]
_ENDPOINT: TypeAdapter[Endpoint] = TypeAdapter(Endpoint)


def endpoint(fields: Mapping[str, Any]) -> Endpoint:
    """The checked endpoint of a target; raises pydantic's ValidationError."""
    return _ENDPOINT.validate_python(fields)
