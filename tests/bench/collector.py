"""Rows of the collector: points read for each second of processor time, beside the bare library."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from tests.bench.recording import Recorded
from tests.bench.rig import ROOT, Row

PROTOCOLS = ("modbus", "opcua", "snmp")


async def collector(_: Recorded) -> AsyncIterator[Row]:
    """One device of each protocol, read in a loop by our adapter and by the library alone."""
    with tempfile.TemporaryDirectory() as folder:
        control, ports = free_port(), {name: free_port() for name in PROTOCOLS}
        arguments = {"control": control, **ports}
        command = [sys.executable, "-m", "isthmus.simulators", "--targets", folder]
        command += ["--fleet", str(ROOT / "simulators" / "fleet.yaml")]
        for name, port in arguments.items():
            command += [f"--{name}-port", str(port)]
        sites = Process("sites", command, Path(folder) / "sites.log", {})
        sites.start()
        try:
            await ready.until(sites, lambda: ready.http(f"http://127.0.0.1:{control}/fleet"))
            for name in PROTOCOLS:
                ours = await _points_per_cpu_s(name, "ours", folder)
                bare = await _points_per_cpu_s(name, "bare", folder)
                yield Row(f"collector.{name}.points_per_cpu_s", ours, "1/s", bare, "0.6 of bare")
        finally:
            sites.stop()


async def _points_per_cpu_s(protocol: str, who: str, folder: str) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reading", protocol, who, folder,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return float(output)
