"""One collector process and a whole estate: late slots, processor, memory, at several sizes.

The collector is the real one, with a real Kafka: targets come from their topic, Observations go
to theirs. The devices are Modbus TCP servers at addresses of their own, in a process of their own.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.json_format import ParseDict

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1.target_pb2 import Target
from tests.bench.farm import sockets_without_end
from tests.bench.recording import Recorded
from tests.bench.rig import ROOT, Row, Service, kafka, produce

PROFILE = "modbus-20"
# As many reads a second at each size, so that what is fixed weighs the same on each.
SIZES = ((100, 0.6), (1_000, 6.0), (10_000, 60.0))
MEASURED_S = {100: 40.0, 1_000: 40.0, 10_000: 130.0}
START_S = 400.0


@dataclass(frozen=True)
class Load:
    """What one collector took for one estate."""

    targets: int
    reads: float
    late: float
    cpu_s: float
    wall_s: float
    memory_bytes: int

    @property
    def cpu_s_per_read(self) -> float:
        """Processor time of one read, with everything that the process does beside it."""
        return self.cpu_s / self.reads


async def estate(_: Recorded) -> AsyncIterator[Row]:
    """The collector alone with 100, 1,000 and 10,000 devices, each size in a fresh process."""
    sockets_without_end()
    loads = [await load(targets, interval_s) for targets, interval_s in SIZES]
    for line in loads:
        print(line)
    for row in rows(loads):
        yield row


def rows(loads: Sequence[Load]) -> list[Row]:
    """The figures of several estates."""
    some, most = loads[-2], loads[-1]
    costs = [one.cpu_s_per_read for one in loads]
    grown = (most.memory_bytes - some.memory_bytes) / (most.targets - some.targets)
    return [
        Row("collector.late_slots", most.late, "slots", most.reads, "0"),
        Row("collector.cores", most.cpu_s / most.wall_s, "cores", 1.0, "< 1"),
        Row("collector.bytes_per_target", grown, "B", 20 * 1024, "20 KiB"),
        Row("collector.flatness", max(costs) / min(costs), "", 1.0, "1.15"),
        Row("collector.cpu_s_per_read", most.cpu_s_per_read, "s", min(costs), ""),
    ]


async def load(targets: int, interval_s: float) -> Load:
    """Let one collector read `targets` devices, and measure when all of them were read once."""
    async with kafka() as servers, farm() as port:
        site = f"bench-{targets}"
        await topics.apply(servers, [site], 1)
        await produce(servers, (target(site, n, interval_s, port) for n in range(targets)))
        folder = Path(tempfile.gettempdir()) / "isthmus-bench"
        settings = {
            "ISTHMUS_COLLECTOR__SITE": site,
            "ISTHMUS_COLLECTOR__NAME": site,
            "ISTHMUS_PROFILES__FOLDER": str(ROOT / "tests" / "bench" / "profiles"),
        }
        async with Service("collector", servers, folder, **settings) as service:
            await _all_read(service, targets)
            await asyncio.sleep(interval_s)
            return await _measured(service, targets)


async def _all_read(service: Service, targets: int) -> None:
    async with asyncio.timeout(START_S):
        while await service.metric("isthmus_collector_polls_total") < targets:
            await asyncio.sleep(0.5)


async def _measured(service: Service, targets: int) -> Load:
    loop = asyncio.get_running_loop()
    began, before = loop.time(), await _figures(service)
    await asyncio.sleep(MEASURED_S[targets])
    after = await _figures(service)
    reads, in_time, cpu_s = (late - early for early, late in zip(before, after, strict=True))
    wall_s, memory = loop.time() - began, service.process.memory_bytes()
    return Load(targets, reads, reads - in_time, cpu_s, wall_s, memory)


async def _figures(service: Service) -> list[float]:
    lateness = "isthmus_collector_poll_lateness_seconds"
    reads, in_time, cpu = f"{lateness}_count", f"{lateness}_bucket", "process_cpu_seconds_total"
    return await service.metrics((reads, ""), (in_time, 'le="1.0"'), (cpu, ""))


def target(site: str, number: int, interval_s: float, port: int) -> Outgoing:
    """The record of one target; each has a host of its own."""
    host = f"127.{100 + number // 65_536}.{number // 256 % 256}.{number % 256}"
    row = Target(site=site, target=f"plc-{number}", interval_s=interval_s, profile=PROFILE)
    ParseDict({"protocol": "modbus", "host": host, "port": port}, row.endpoint)
    key = f"{site}/plc-{number}".encode()
    return Outgoing(f"inventory.targets.{site}.v1", key, row.SerializeToString(), [])


@asynccontextmanager
async def farm() -> AsyncIterator[int]:
    """The devices; their port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.farm", str(port)]
        environ = {"PYTHONPATH": str(ROOT)}
        process = Process("farm", command, Path(folder) / "farm.log", environ)
        process.start()
        try:
            await ready.until(process, lambda: ready.listens(port))
            yield port
        finally:
            process.stop()
