"""Twenty points of one device, read in a loop: by our adapter, or by the bare library.

    python -m tests.bench.reading modbus|opcua|snmp ours|bare PORT

Prints points for each second of processor time. The bare library asks for the same points with
the same requests; what it leaves out is our part: checks, names, scales, outcomes. SNMP asks for
twenty objects in one GET, on both sides, by ten sessions at once, as a collector that has something
to do: with one, most of what is measured is a processor that wakes up every 3 ms.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uatypes import Int16, NodeId, String
from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession
from pymodbus.client import AsyncModbusTcpClient

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.reading import Outcome, Reading
from isthmus.collector.handlers.line import OpenLine
from tests.bench.twenty import COMMUNITY, HOST, NAMESPACE, NODES, OIDS, POINTS

SECONDS = 3
AT_ONCE = {"modbus": 1, "opcua": 1, "snmp": 10}
HERE = Path(__file__).parent
Read = Callable[[], Awaitable[object]]


async def run(protocol: str, who: str, port: int) -> float:
    """Points a second of processor time, after a warm-up."""
    make = {"modbus": bare_modbus, "opcua": bare_opcua, "snmp": bare_snmp}
    reads = [
        await make[protocol](port) if who == "bare" else ours(protocol, port)
        for _ in range(AT_ONCE[protocol])
    ]
    for read in 10 * reads:
        _whole(await read())
    before, until = _cpu_s(), time.monotonic() + SECONDS
    counts = await asyncio.gather(*(_again(read, until) for read in reads))
    return POINTS * sum(counts) / (_cpu_s() - before)


async def _again(read: Read, until: float) -> int:
    """How often it could be read until then."""
    count, said = 0, None
    while time.monotonic() < until:
        said = await read()
        count += 1
    _whole(said)
    return count


def _whole(said: object) -> None:
    """What our adapter said, must be all of it."""
    if isinstance(said, Reading):
        assert said.outcome is Outcome.OK, said.error
        assert sum(len(device.points) for device in said.devices) >= POINTS


def ours(protocol: str, port: int) -> Read:
    """Our adapter, without an engine around it."""
    where: dict[str, dict[str, object]] = {
        "modbus": {"host": HOST, "port": port},
        "opcua": {"url": f"opc.tcp://{HOST}:{port}"},
        "snmp": {"host": HOST, "port": port, "version": "2c", "credential": "bench"},
    }
    source = endpoint({"protocol": protocol, **where[protocol]}).source(
        f"{protocol}-20", ProfileFolder(HERE / "profiles"), CredentialsFile(HERE / "bench.yaml")
    )
    line = OpenLine()
    return lambda: source.read(line, 1)


async def bare_modbus(port: int) -> Read:
    """pymodbus alone."""
    client = AsyncModbusTcpClient(HOST, port=port, retries=0)
    await client.connect()
    return lambda: client.read_holding_registers(0, count=POINTS, device_id=1)


async def bare_snmp(port: int) -> Read:
    """gufo-snmp alone."""
    session = SnmpSession(HOST, port, community=COMMUNITY, version=SnmpVersion.v2c, timeout=2)
    return lambda: session.get_many(OIDS)


async def bare_opcua(port: int) -> Read:
    """asyncua alone."""
    client = Client(f"opc.tcp://{HOST}:{port}")
    await client.connect()
    index = Int16(await client.get_namespace_index(NAMESPACE))
    nodes = [NodeId(String(node), index) for node in NODES]
    return lambda: client.uaclient.read_attributes(nodes, AttributeIds.Value)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
