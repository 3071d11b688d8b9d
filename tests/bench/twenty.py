"""One device of each protocol with twenty values, served beside whoever reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from isthmus.demo.kafka import free_port
from isthmus.simulators.devices import ModbusDevice, OpcuaDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.record import Record
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

HOST = "127.0.0.1"
POINTS = 20
COMMUNITY = "bench"
# Experimental objects of net-snmp (NET-SNMP-MIB, netSnmpPlaypen).
OIDS = [f"1.3.6.1.4.1.8072.9999.9999.{number}.0" for number in range(1, POINTS + 1)]
NAMESPACE = "urn:bench:meter"
NODES = [f"Meter/own:P{number}" for number in range(POINTS)]
SOURCE = {"source": "made for the benchmark"}


@dataclass(frozen=True)
class Devices:
    """Where each device listens, and its own record."""

    ports: dict[str, int]
    records: dict[str, Record]


@asynccontextmanager
async def devices() -> AsyncIterator[Devices]:
    """The three devices."""
    modbus, (socket, agent), opcua = _modbus(), _snmp(), _opcua()
    listeners: dict[str, Any] = {"modbus": modbus, "snmp": socket, "opcua": opcua}
    for listener in listeners.values():
        await listener.start()
    ports = {name: listener.port for name, listener in listeners.items()}
    records = {"modbus": modbus.record, "snmp": agent.record, "opcua": opcua.record}
    try:
        yield Devices(ports, records)
    finally:
        for listener in listeners.values():
            await listener.stop()


def _modbus() -> ModbusServer:
    registers = [
        {"table": "holding", "address": number, "type": "uint16", "value": 100 + number}
        for number in range(POINTS)
    ]
    device = ModbusDevice.model_validate({**SOURCE, "registers": registers})
    return ModbusServer(HOST, 0, {1: Unit(device, device.state({}, "bench"))})


def _snmp() -> tuple[SnmpSocket, SnmpAgent]:
    objects = {oid: ("gauge32", 100_000 + number) for number, oid in enumerate(OIDS)}
    device = SnmpDevice.model_validate({**SOURCE, "objects": objects})
    agent = SnmpAgent(device, device.state({}, "bench"), COMMUNITY)
    return SnmpSocket(HOST, 0, [agent]), agent


def _opcua() -> OpcuaServer:
    software = {
        "application_uri": "urn:bench:server",
        "product_uri": "urn:bench",
        "manufacturer": "bench",
        "product": "bench",
        "software_version": "1",
    }
    nodes = {f"own:P{number}": ("Double", number + 0.5) for number in range(POINTS)}
    shown = {"namespace": NAMESPACE, "name": "Meter", "nodes": nodes}
    device = OpcuaDevice.model_validate({**SOURCE, "server": software, **shown})
    return OpcuaServer(HOST, free_port(), device, device.state({}, "bench"), {})
