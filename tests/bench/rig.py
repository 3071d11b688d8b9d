"""What every benchmark row stands on: a broker, a store, a service, and the CPU it takes."""

import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from isthmus.demo import ready, store
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process, stop_all
from isthmus.runtime import topics
from isthmus.runtime.codec import Outgoing

ROOT = Path(__file__).parents[2]
# Room for the JVM to compile what is hot: the broker must not be what is measured.
JVM = ("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC")


@dataclass(frozen=True)
class Row:
    """One figure beside its reference, both measured in the same run."""

    name: str
    value: float
    unit: str
    reference: float
    goal: str

    def as_dict(self) -> dict[str, Any]:
        """As it stands in `build/bench.json`."""
        ratio = self.value / self.reference if self.reference else None
        return {**asdict(self), "ratio": ratio}


@dataclass(frozen=True)
class Spent:
    """What it took to work through some messages."""

    messages: int
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        """Messages for each second of processor time of the measured process."""
        return self.messages / self.cpu_s

    @property
    def per_s(self) -> float:
        """Messages for each second by the clock."""
        return self.messages / self.wall_s


@dataclass(frozen=True)
class Broker:
    """A broker that runs, and what lies on its disk."""

    bootstrap_servers: str
    folder: Path

    def topic_bytes(self, topic: str) -> int:
        """Bytes of all records of a topic, as they were compressed by their producer."""
        return sum(log.stat().st_size for log in self.folder.glob(f"data/{topic}-*/*.log"))


@contextlib.asynccontextmanager
async def broker() -> AsyncIterator[Broker]:
    """A fresh broker."""
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder), jars(ROOT / "build" / "kafka-jars"), free_port(), JVM)
        process = Process("kafka", kafka.command(), kafka.log_file, os.environ)
        process.start()
        try:
            await ready.until(process, lambda: ready.kafka(kafka.bootstrap_servers))
            yield Broker(kafka.bootstrap_servers, Path(folder))
        finally:
            process.kill()
            process.stop()


@contextlib.asynccontextmanager
async def kafka() -> AsyncIterator[str]:
    """A fresh broker with every topic."""
    async with broker() as found:
        await topics.apply(found.bootstrap_servers, [], 1)
        yield found.bootstrap_servers


@contextlib.asynccontextmanager
async def mongodb() -> AsyncIterator[str]:
    """A fresh store."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = Process(
            "store", store.command(Path(folder) / "data", port), Path(folder) / "log", os.environ
        )
        process.start()
        try:
            await ready.until(process, lambda: ready.listens(port))
            yield store.uri(port)
        finally:
            stop_all([process])


class Service:
    """One service as a process of its own, and what it says of itself."""

    def __init__(self, name: str, servers: str, folder: Path, **environ: str) -> None:
        self.name = name
        self._port = free_port()
        settings = {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": servers,
            "ISTHMUS_HTTP__PORT": str(self._port),
            **environ,
        }
        command = [sys.executable, "-m", f"isthmus.{name}"]
        self.process = Process(name, command, folder / f"{name}.log", {**os.environ, **settings})

    async def __aenter__(self) -> "Service":
        self.process.start()
        await ready.until(self.process, lambda: ready.http(self._url("/readyz")))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.stop()

    async def spend(
        self, servers: str, topic: str, records: Sequence[Outgoing], timeout_s: float = 300
    ) -> Spent:
        """Give it `records` and wait until it has handled them."""
        before, done = await self.cpu_s(), await self.handled(topic)
        began = time.monotonic()
        await produce(servers, records)
        async with asyncio.timeout(timeout_s):
            while await self.handled(topic) < done + len(records):
                await asyncio.sleep(0.25)  # each look costs the service some processor time
        return Spent(len(records), await self.cpu_s() - before, time.monotonic() - began)

    async def handled(self, topic: str) -> float:
        """Records of `topic` that it took, rejected ones too."""
        return await self.metric(f"isthmus_{self.name}_records_total", f'topic="{topic}"')

    async def cpu_s(self) -> float:
        """Processor time it has taken since its start."""
        return await self.metric("process_cpu_seconds_total")

    async def metric(self, name: str, label: str = "") -> float:
        """What it says of one metric now, over all series that have `label`."""
        return (await self.metrics((name, label)))[0]

    async def metrics(self, *wanted: tuple[str, str]) -> list[float]:
        """The same of several metrics at one moment."""
        text = await self._metrics()
        return [_total(text, name, label) for name, label in wanted]

    async def _metrics(self) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(self._url("/metrics"), timeout=30)).text

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"


def _total(text: str, name: str, label: str) -> float:
    labels = rf"(?:{{[^}}]*{re.escape(label)}[^}}]*}})" + ("" if label else "?")
    return sum(map(float, re.findall(rf"^{name}{labels} (\S+)", text, re.M)))


async def produce(servers: str, records: Iterable[Outgoing]) -> None:
    """Put `records` on their topics."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, linger_ms=20, max_batch_size=262_144, compression_type="lz4"
    )
    async with producer:
        for r in records:
            await producer.send(r.topic, key=r.key, value=r.value, headers=list(r.headers))
        await producer.flush()


async def bare(kind: str, *arguments: str) -> Spent:
    """Run one reference of `tests.bench.bare` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare", kind, *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    messages, cpu_s, wall_s = output.decode().split()
    return Spent(int(messages), float(cpu_s), float(wall_s))
