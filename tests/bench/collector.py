"""Rows of the collector: points read for each second of processor time, beside the bare library."""

import asyncio
import sys
from collections.abc import AsyncIterator

from tests.bench.recording import Recorded
from tests.bench.rig import ROOT, Row
from tests.bench.twenty import devices

PROTOCOLS = ("modbus", "opcua", "snmp")


async def collector(_: Recorded) -> AsyncIterator[Row]:
    """Twenty points of one device, read in a loop by our adapter and by the library alone."""
    async with devices() as served:
        for name in PROTOCOLS:
            port = served.ports[name]
            ours = await _points_per_cpu_s(name, "ours", port)
            bare = await _points_per_cpu_s(name, "bare", port)
            yield Row(f"collector.{name}.points_per_cpu_s", ours, "1/s", bare, "0.6 of bare")


async def _points_per_cpu_s(protocol: str, who: str, port: int) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reading", protocol, who, str(port),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return float(output)
