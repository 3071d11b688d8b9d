"""A site under test: simulated devices with their history, collectors to break, what they say."""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from google.protobuf.json_format import ParseDict

from isthmus.demo.process import Process, stop_all
from isthmus.runtime import topics
from isthmus.runtime.errors import IsthmusError
from isthmus.telemetry.v1.envelope_pb2 import Zone
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.target_pb2 import Target
from tests.faults.checker import Device, Limits, Verdict, failover_s, judge
from tests.faults.devices import Simulated
from tests.faults.history import History

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OBSERVATIONS = "collector.observations.v1"
FAILOVER_S = 15.0
TOPICS_TRIES = 5
LIMITS = Limits()
"""What a Modbus TCP controller bears where nobody says otherwise."""
OPCUA_LIMITS = Limits(requests_per_s=4, burst=8, gap_s=0)
"""The same of an OPC UA server; a connection takes several requests in a row by itself."""
SNMP_LIMITS = Limits(requests_per_s=20, gap_s=0)


@dataclass
class Plant:
    """One site of its own, for one test."""

    site: str
    kafka: str
    folder: Path
    history: History = field(default_factory=History)
    devices: dict[str, Device] = field(default_factory=dict)
    simulated: dict[str, Simulated] = field(default_factory=dict)
    collectors: dict[str, Process] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)

    async def add(
        self,
        name: str,
        server: Simulated,
        *,
        interval_s: float,
        read: str = "",
        profile: str = "controller",
        protocol: str = "modbus",
        limits: Limits = LIMITS,
        envelope: dict[str, Any] | None = None,
        **endpoint: Any,
    ) -> None:
        """Put up a device; `announce` writes its target."""
        server.record.note = self.history.of(name)
        await server.start()
        self.simulated[name] = server
        self.devices[name] = Device(name, interval_s, read, limits)
        where: dict[str, Any] = {"host": server.address, "port": server.port}
        if protocol == "opcua":
            where = {"url": f"opc.tcp://{server.address}:{server.port}"}
        row = Target(site=self.site, target=name, interval_s=interval_s, profile=profile)
        ParseDict({"protocol": protocol, **where, **endpoint}, row.endpoint)
        if envelope:
            ParseDict(envelope, row.envelope)
        await self.send(f"inventory.targets.{self.site}.v1", name, row.SerializeToString())

    async def send(self, topic: str, name: str, value: bytes | None) -> None:
        """Put one record on a topic of the site."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all") as producer:
            await producer.send_and_wait(topic, key=f"{self.site}/{name}".encode(), value=value)

    async def rule(self, zone: Zone) -> None:
        """Write the rules of a zone of the site."""
        topic, key = f"inventory.zones.{self.site}.v1", f"{zone.site}/{zone.path}".rstrip("/")
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all") as producer:
            await producer.send_and_wait(topic, zone.SerializeToString(), key.encode())

    def collect(self, name: str, **settings: str) -> Process:
        """Start a collector, or start it again; `name` is that of its pod."""
        environ = {
            **{n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")},
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka,
            "ISTHMUS_COLLECTOR__SITE": self.site,
            "ISTHMUS_COLLECTOR__NAME": name,
            "ISTHMUS_CREDENTIALS__FILE": str(HERE / "credentials.yaml"),
            "ISTHMUS_PROFILES__FOLDER": str(HERE / "profiles"),
            "ISTHMUS_HTTP__PORT": "0",
            **settings,
        }
        command = [sys.executable, "-m", "isthmus.collector"]
        process = Process(name, command, self.folder / f"{name}.log", environ)
        process.start()
        self.collectors[name] = process
        return process

    async def until(self, true: Callable[[], object], timeout_s: float = 60) -> float:
        """Wait; the seconds that it took. Fails with what the collectors said last."""
        started = time.monotonic()
        while not true():
            if time.monotonic() - started > timeout_s:
                tails = "\n".join(f"{p.name}:\n{p.tail(5)}" for p in self.collectors.values())
                raise AssertionError(f"not within {timeout_s} s\n{tails}")
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    async def all_read(self, since: float | None = None, timeout_s: float = 60) -> float:
        """Wait until every device that has reads was read after `since`; the seconds it took."""
        since = time.monotonic() if since is None else since
        read = [d for d in self.devices.values() if d.read]
        return await self.until(
            lambda: failover_s(self.history, read, since) < float("inf"), timeout_s
        )

    async def working(self, *names: str, timeout_s: float = 60) -> None:
        """Wait until each of these collectors has read something lately."""
        since = time.time()
        await self.until(lambda: set(names) <= self.speaking(since), timeout_s)

    def speaking(self, since: float) -> set[str]:
        """Collectors with Observations of slots after `since`, in wall-clock seconds."""
        return {o.collector for o in self.observations if o.slot_at.ToMicroseconds() / 1e6 > since}

    def owned(self, collector: str, since: float) -> list[Device]:
        """Devices that a collector has read after `since`, in wall-clock seconds."""
        names = {
            o.target
            for o in self.observations
            if o.collector == collector and o.slot_at.ToMicroseconds() / 1e6 > since
        }
        return [self.devices[name] for name in sorted(names)]

    async def failover(self, what: str, devices: Iterable[Device], at: float) -> float:
        """Wait until `devices` are read after `at`; the longest that one of them waited."""
        read = [d for d in devices if d.read]
        await self.until(lambda: failover_s(self.history, read, at) < float("inf"), 2 * FAILOVER_S)
        took_s = failover_s(self.history, read, at)
        print(f"{what}: {len(read)} devices read again after at most {took_s:.1f} s")
        return took_s

    async def verdict(self, test: str) -> Verdict:
        """End the collectors, judge the history, keep and print both."""
        await self.stop()
        await asyncio.sleep(1)  # what was published last is on its way to us
        verdict = judge(self.history, self.devices.values(), self.observations)
        folder = ROOT / "build" / "faults" / test
        self.history.write(folder / "history.jsonl")
        (folder / "verdict.json").write_text(json.dumps(verdict.as_dict(), indent=2) + "\n")
        print(f"{test}: {verdict.line()}")
        return verdict

    async def stop(self) -> None:
        """End every collector, frozen ones too."""
        await asyncio.to_thread(stop_all, list(self.collectors.values()))

    async def listen(self, consumer: AIOKafkaConsumer) -> None:
        """Gather the Observations of the site."""
        while True:
            try:
                async for record in consumer:
                    if record.key.startswith(f"{self.site}/".encode()):
                        self.observations.append(Observation.FromString(record.value))
            except KafkaError:
                await asyncio.sleep(0.2)  # a broker is away, as the test wants it


@asynccontextmanager
async def plant(kafka: str, folder: Path, *, replication_factor: int = 1) -> AsyncIterator[Plant]:
    """A site with its own targets topic and nothing on it yet."""
    found = Plant(f"t-{uuid.uuid4().hex[:8]}", kafka, folder)
    await _apply_topics(kafka, found.site, replication_factor)
    consumer = AIOKafkaConsumer(OBSERVATIONS, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    listening = asyncio.create_task(found.listen(consumer))
    try:
        yield found
    finally:
        await found.stop()
        listening.cancel()
        await asyncio.wait({listening})
        await consumer.stop()
        for server in found.simulated.values():
            await server.stop()


async def _apply_topics(kafka: str, site: str, replication_factor: int) -> None:
    """Brokers learn of a new topic one after another; one that does not know it says nothing."""
    for _ in range(TOPICS_TRIES):
        try:
            await topics.apply(kafka, [site], replication_factor)
        except IsthmusError:
            await asyncio.sleep(1)
        else:
            return
    await topics.apply(kafka, [site], replication_factor)


def late_s(observation: Observation) -> float:
    """How long after its slot a read began."""
    began_s = observation.observed_at.ToMicroseconds() / 1e6 - observation.duration_s
    return began_s - observation.slot_at.ToMicroseconds() / 1e6
