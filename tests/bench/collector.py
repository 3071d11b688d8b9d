"""Rows of the collector: points read for each second of processor time, beside the bare library."""

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator

from tests.bench.recording import Recorded
from tests.bench.rig import ROOT, Row
from tests.bench.twenty import devices

PROTOCOLS = ("modbus", "opcua", "snmp")
ROUNDS = 3


async def collector(_: Recorded) -> AsyncIterator[Row]:
    """Twenty points of a device, read in a loop by our adapter and by the library alone.

    SNMP: by ten sessions at once, one GET each, on both sides. The sides take turns, and the median
    counts: what else the machine does meanwhile meets both.
    """
    async with devices() as served:
        for name in PROTOCOLS:
            port = served.ports[name]
            sides: dict[str, list[float]] = {"ours": [], "bare": []}
            for who in ROUNDS * list(sides):
                sides[who].append(await _points_per_cpu_s(name, who, port))
            ours, bare = statistics.median(sides["ours"]), statistics.median(sides["bare"])
            yield Row(f"collector.{name}.points_per_cpu_s", ours, "1/s", bare, "0.6 of bare")


async def _points_per_cpu_s(protocol: str, who: str, port: int) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reading", protocol, who, str(port),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return float(output)
