"""One protocol, one device, read in a loop: by our adapter, or by the bare library.

    python -m tests.bench.reading modbus|opcua|snmp ours|bare TARGETS_FOLDER

Prints points for each second of processor time. The bare library asks for the same objects with
the same requests; what it leaves out is our part: checks, names, scales, outcomes.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
import yaml
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession
from pymodbus.client import AsyncModbusTcpClient

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain import Outcome

SECONDS = 6
TARGETS = {"modbus": "press-plc-1", "opcua": "press-plc-2", "snmp": "ups-1"}
Read = Callable[[], Awaitable[int]]


async def run(protocol: str, who: str, folder: Path) -> float:
    """Points a second of processor time, after a warm-up."""
    rows = yaml.safe_load((folder / "hagen.yaml").read_text())["targets"]
    row = next(r for r in rows if r["target"] == TARGETS[protocol])
    secrets = folder / "credentials.yaml"
    source = endpoint(row["endpoint"]).source(
        row["profile"], ProfileFolder(), CredentialsFile(secrets)
    )
    read: Read = _ours(source)
    points = await read()
    if who == "bare":
        read = await _bare(protocol, source, row["endpoint"], yaml.safe_load(secrets.read_text()))
        await read()
    before, until, reads = _cpu_s(), time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        await read()
        reads += 1
    return points * reads / (_cpu_s() - before)


def _ours(source: Any) -> Read:
    async def read() -> int:
        reading = await source.read()
        assert reading.outcome is Outcome.OK, reading.error
        return sum(len(d.facts) + len(d.points) for d in reading.devices)

    return read


async def _bare(protocol: str, source: Any, at: dict[str, Any], secrets: dict[str, Any]) -> Read:
    if protocol == "modbus":
        return await _bare_modbus(source, at)
    if protocol == "snmp":
        return await _bare_snmp(source, at, secrets[at["credential"]]["community"])
    return await _bare_opcua(source, at)


async def _bare_modbus(source: Any, at: dict[str, Any]) -> Read:
    blocks = source._values[1]
    await source.close()
    client = AsyncModbusTcpClient(at["host"], port=at["port"], retries=0)
    await client.connect()

    async def read() -> int:
        for block in blocks:
            kind = "input" if block.table == "input" else "holding"
            ask = getattr(client, f"read_{kind}_registers")
            await ask(block.address, count=block.count, device_id=1)
        return 0

    return read


async def _bare_snmp(source: Any, at: dict[str, Any], community: str) -> Read:
    objects = source._values
    oids = list(objects.instances.values())
    session = SnmpSession(
        at["host"], at["port"], community=community, version=SnmpVersion.v2c, timeout=2
    )

    async def read() -> int:
        for first in range(0, len(oids), 20):
            await session.get_many(oids[first : first + 20])
        for column in objects.columns.values():
            async for _ in session.getbulk(column, max_repetitions=10):
                pass
        return 0

    return read


async def _bare_opcua(source: Any, at: dict[str, Any]) -> Read:
    nodes = [item.node for device in source._devices for item in device.items]
    await source.close()
    client = Client(at["url"])
    await client.connect()

    async def read() -> int:
        await client.uaclient.read_attributes(nodes, AttributeIds.Value)
        return 0

    return read


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
