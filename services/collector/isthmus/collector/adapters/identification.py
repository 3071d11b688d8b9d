"""Identification by protocol: what each asks an endpoint, and the target that would read it."""

from collections.abc import Mapping

from isthmus.collector.adapters.modbus import identify as modbus
from isthmus.collector.adapters.modbus.tls import Credential as ModbusCredential
from isthmus.collector.adapters.opcua import identify as opcua
from isthmus.collector.adapters.snmp import identify as snmp
from isthmus.collector.adapters.snmp.usm import AnyCredential, Community
from isthmus.collector.adapters.snmp.usm import Credential as SnmpCredential
from isthmus.collector.domain.discovery import Found, Probe
from isthmus.collector.ports import Credentials, Line

Fields = dict[str, str | int]


class Identifier:
    """Sends the one identification request of a protocol."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def __call__(self, line: Line, probe: Probe, host: str, timeout_s: float) -> Found:
        place = line, host, probe.port, timeout_s
        endpoint = self.endpoint(probe, host)
        facts: Mapping[str, str]
        match probe.protocol:
            case "modbus":
                facts = await modbus.identify(*place, self._modbus(probe.credential))
            case "opcua":
                facts = await opcua.identify(*place)
            case _:
                facts = await snmp.identify(*place, self._snmp(probe.credential))
        return Found(facts, endpoint)

    def endpoint(self, probe: Probe, host: str) -> Fields:
        """The fields of a target's endpoint that would read it; raises Unauthorized."""
        fields: Fields = {"protocol": probe.protocol, "host": host, "port": probe.port}
        if probe.credential:
            fields["credential"] = probe.credential
        if probe.protocol == "opcua":
            place = f"[{host}]" if ":" in host else host
            del fields["host"], fields["port"]
            fields["url"] = f"opc.tcp://{place}:{probe.port}"
        elif probe.protocol == "snmp":
            community = isinstance(self._snmp(probe.credential), Community)
            fields["version"] = "2c" if community else "3"
        elif probe.credential:
            fields["transport"] = "tls"
        return fields

    def _modbus(self, name: str) -> ModbusCredential | None:
        return self._credentials.resolve(name, ModbusCredential) if name else None

    def _snmp(self, name: str) -> SnmpCredential | None:
        return self._credentials.resolve(name, AnyCredential).root if name else None
