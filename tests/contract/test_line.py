"""Nothing reaches a device but through the line: both counted, over the whole simulated fleet."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import OpenLine
from isthmus.demo.kafka import free_port
from isthmus.simulators import targets
from isthmus.simulators.fleet import EndpointSpec, load
from isthmus.simulators.record import Record
from isthmus.simulators.simulation import build

T = TypeVar("T")
FLEET = Path(__file__).parents[2] / "simulators" / "fleet.yaml"
PROTOCOLS = ("modbus", "opcua", "snmp")
READS = 3
# What a device calls each kind of request.
SEEN = {
    "fc01": Request.MODBUS_READ_COILS,
    "fc02": Request.MODBUS_READ_DISCRETE_INPUTS,
    "fc03": Request.MODBUS_READ_HOLDING_REGISTERS,
    "fc04": Request.MODBUS_READ_INPUT_REGISTERS,
    "fc11": Request.MODBUS_REPORT_SERVER_ID,
    "fc2b": Request.MODBUS_READ_DEVICE_IDENTIFICATION,
    "Browse": Request.OPCUA_BROWSE,
    "BrowseNext": Request.OPCUA_BROWSE,
    "Read": Request.OPCUA_READ,
    "TranslateBrowsePathsToNodeIds": Request.OPCUA_TRANSLATE_BROWSE_PATHS,
    "Get": Request.SNMP_GET,
    "GetBulk": Request.SNMP_GET_BULK,
    "GetNext": Request.SNMP_GET_NEXT,
}
# What belongs to a connection (OPC 10000-4, 5.6 and 5.7), and is one with it in the line.
CONNECTION = {"ActivateSession", "CloseSecureChannel", "CloseSession", "CreateSession"}


class Tally(OpenLine):
    """A line without limits that counts what goes through it."""

    def __init__(self) -> None:
        self.kinds: Counter[Request] = Counter()

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        self.kinds[kind] += 1
        return await send()

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        self.kinds[kind] += 1
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        self.kinds[kind] += count


@pytest.mark.timeout(300)
async def test_each_device_saw_what_the_line_let_out_and_nothing_else(tmp_path: Path) -> None:
    """Every endpoint of the fleet, read three times: request for request, and no write."""
    fleet = load(FLEET)
    ports = {protocol: free_port() for protocol in PROTOCOLS}
    simulation = build(fleet, FLEET.parent / "devices", ports)
    targets.write(fleet, ports, tmp_path)
    credentials = CredentialsFile(tmp_path / "credentials.yaml")
    gc.disable()  # asyncua builds its address spaces of objects that stay
    try:
        await simulation.start()
        alive = [spec for spec in fleet.endpoints if spec.key in simulation.endpoints]
        differing = [
            difference
            for spec in alive
            if (difference := await _differs(spec, ports, credentials, simulation.endpoints))
        ]
    finally:
        gc.enable()
        await simulation.stop()

    assert differing == []
    assert len(alive) > 30


async def _differs(
    spec: EndpointSpec, ports: dict[str, int], credentials: CredentialsFile, simulated: object
) -> str:
    fields = targets.connection(spec, ports[spec.protocol])
    source = endpoint(fields).source(spec.target.profile, ProfileFolder(), credentials)
    line = Tally()
    for slot in range(READS):
        await source.read(line, slot)
    await source.close()
    await asyncio.sleep(0.05)
    record: Record = simulated[spec.key].record  # type: ignore[index]
    let_out = {kind: n for kind, n in line.kinds.items() if not kind.endswith(".connect")}
    seen = _seen(record)
    # RFC 3414, section 4: of each two requests that discover an engine, the first one is answered
    # before it counts as a request, and the second one is a Get of nothing.
    seen[Request.SNMP_GET] -= let_out.pop(Request.SNMP_DISCOVER_ENGINE, 0) // 2
    if record.writes or +seen != let_out:
        return f"{spec.key}: {record.writes} writes, saw {seen}, let out {let_out}"
    return ""


def _seen(record: Record) -> Counter[Request | str]:
    found: Counter[Request | str] = Counter()
    for name, count in record.requests.items():
        if name not in CONNECTION:
            found[SEEN.get(name, name)] += count
    return found
