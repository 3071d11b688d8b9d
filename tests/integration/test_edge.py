"""A small site: one process, a file of targets, a spool, and a Kafka that is far away."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiokafka import AIOKafkaConsumer

from isthmus.demo import ready
from isthmus.demo.cluster import lasting_ports
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.telemetry.v1.observation_pb2 import Observation

ROOT = Path(__file__).parents[2]
DEVICES = ROOT / "simulators" / "devices"
LIVE_S = 30.0  # what was read so long before Kafka is back goes first
TOPIC = "collector.observations.v1"
VALUES_REQUEST = "fc04"  # the profile abb-ac800m reads its input registers once a slot
INTERVAL_S = 0.5
EFFECTIVE_S = 10  # five, on a machine with nothing else to do
SITE = "hagen"


@dataclass
class Edge:
    """A site with its file, its devices, and its one collector."""

    folder: Path
    servers: str
    processes: ExitStack
    port: int = field(default_factory=free_port)
    devices: dict[str, ModbusServer] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    zones: list[dict[str, Any]] = field(default_factory=list)
    process: Process | None = None

    @property
    def file(self) -> Path:
        return self.folder / "targets.yaml"

    async def add(self, target: str, **fields: Any) -> ModbusServer:
        """A device that listens, and its row."""
        model = Library(folder=DEVICES).read("modbus/abb-ac800m", ModbusDevice)
        unit = Unit(model, model.state({"serial": target}, "test"))
        server = self.devices[target] = ModbusServer("127.0.0.1", 0, {1: unit})
        await server.start()
        self.rows[target] = {
            "target": target,
            "interval_s": INTERVAL_S,
            "profile": "abb-ac800m",
            "endpoint": {"protocol": "modbus", "host": "127.0.0.1", "port": server.port},
            **fields,
        }
        return server

    def write(self) -> None:
        """Write the file, as an editor does."""
        content = {"targets": list(self.rows.values()), "zones": self.zones}
        beside = self.file.with_suffix(".new")
        beside.write_text(yaml.safe_dump(content))
        beside.replace(self.file)

    def start(self, name: str = "edge", **environ: str) -> Process:
        """Start a collector."""
        common = {n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")}
        given = {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "ISTHMUS_KAFKA__PUBLISH_TIMEOUT_S": "3",
            "ISTHMUS_COLLECTOR__SITE": SITE,
            "ISTHMUS_COLLECTOR__NAME": name,
            "ISTHMUS_HTTP__PORT": str(self.port),
            "ISTHMUS_TARGETS__FILE": str(self.file),
            "ISTHMUS_SPOOL__FOLDER": str(self.folder / "spool"),
            "ISTHMUS_SPOOL__REPLAY_RECORDS_PER_S": "20",
            **environ,
        }
        command = [sys.executable, "-m", "isthmus.collector"]
        process = Process(name, command, self.folder / f"{name}.log", {**common, **given})
        process.start()
        self.processes.callback(process.stop)
        self.process = process
        return process

    def log(self, name: str = "edge") -> str:
        return (self.folder / f"{name}.log").read_text()

    def reads(self, target: str) -> int:
        """How often the device itself was asked for its values."""
        return self.devices[target].record.requests[VALUES_REQUEST]

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{self.port}{path}")

    async def metric(self, name: str) -> float:
        """A metric of the collector."""
        for line in (await self.get("/metrics")).text.splitlines():
            if line.startswith(f"isthmus_collector_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Processes that end with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def edge(tmp_path: Path, processes: ExitStack) -> AsyncIterator[Edge]:
    """A site whose Kafka is not there."""
    [port] = lasting_ports(1)
    site = Edge(tmp_path, f"127.0.0.1:{port}", processes)
    yield site
    for device in site.devices.values():
        await device.stop()


@dataclass
class Broker:
    """The Kafka of the test alone, which comes and goes."""

    process: Process
    servers: str

    async def start(self) -> None:
        self.process.start()
        await ready.until(self.process, lambda: ready.kafka(self.servers))


@pytest.fixture
def broker(edge: Edge, tmp_path: Path, processes: ExitStack) -> Broker:
    """Not started yet."""
    port = int(edge.servers.rpartition(":")[2])
    kafka = Kafka(tmp_path / "kafka", jars(ROOT / "build" / "kafka-jars"), port)
    process = Process("kafka", kafka.command(), kafka.log_file, os.environ)
    processes.callback(process.stop)
    return Broker(process, edge.servers)


async def until(true: Callable[[], object], timeout_s: float = 20) -> float:
    """Wait; the seconds that it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < timeout_s, f"not within {timeout_s} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def published(servers: str) -> list[tuple[int, Observation]]:
    """Every Observation with Kafka's own time of taking it (ms), in that order."""
    found: list[tuple[int, Observation]] = []
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(30):
        ends = await consumer.end_offsets(consumer.assignment())
        while len(found) < sum(ends.values()):
            record = await consumer.getone()
            found.append((record.timestamp, Observation.FromString(record.value)))
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize(
    ("until_kill_s", "away_s"),
    [(5, 11), pytest.param(10, 52, marks=[pytest.mark.faults, pytest.mark.timeout(300)])],
)
async def test_a_link_that_is_lost_and_a_process_that_is_killed_lose_no_read(
    edge: Edge, broker: Broker, until_kill_s: float, away_s: float
) -> None:
    """Without Kafka for a while, killed in between: every slot arrives once, live ones first."""
    for target in ("plc-1", "plc-2"):
        await edge.add(target)
    edge.write()
    first = edge.start()
    await broker.start()
    await topics.apply(edge.servers, [], replication_factor=1)
    await until(lambda: edge.reads("plc-1") > 4 and edge.reads("plc-2") > 4)
    broker.process.kill()
    lost_at = time.time()
    await asyncio.sleep(until_kill_s)
    first.kill()
    await asyncio.to_thread(first.stop)
    killed_at = time.time()
    read = {target: edge.reads(target) for target in edge.devices}
    edge.start()
    await until(lambda: all(edge.reads(target) > read[target] for target in read))
    reply = await edge.get("/readyz")
    assert (reply.status_code, list(reply.json())) == (503, ["ready", "kafka"])
    await asyncio.sleep(away_s - (time.time() - lost_at))
    assert await edge.metric("spool_records") > until_kill_s  # of two targets a second
    assert await edge.metric("spool_oldest_age_seconds") > away_s - 5
    await broker.start()
    back_at = time.time()
    await asyncio.sleep(max(8.0, away_s / 4))  # its records are replayed at five times their rate
    assert await edge.metric("spool_records") < 5
    assert edge.process is not None
    await asyncio.to_thread(edge.process.stop)
    expected = sum(edge.reads(target) for target in edge.devices)
    observations = await published(edge.servers)
    ids = Counter(o.id for _, o in observations)
    assert len(ids) >= expected - 2, "a read was lost; two may have been cut off by the kill"
    assert max(ids.values()) == 1, "a slot was published twice"
    slots = [(o.slot_at.ToMilliseconds() / 1000, at / 1000, o.target) for at, o in observations]
    outage = [each for each in slots if each[1] > lost_at + 3]
    backlog = [each for each in outage if each[0] < killed_at]  # the successor found it on disk
    live = [each for each in outage if each[0] > max(killed_at, back_at - LIVE_S + 10)]
    assert len(backlog) > until_kill_s / 2
    assert min(at for _, at, _ in backlog) >= min(at for _, at, _ in live), "the backlog went first"
    late = [at - slot for slot, at, _ in live if slot > back_at + 6]
    assert max(late) < 6, "live records waited for the backlog"
    for target in edge.devices:
        own = [slot for slot, _, of in backlog if of == target]
        assert own == sorted(own), "a target's backlog is out of order"


async def test_a_change_of_the_file_takes_effect_at_once_and_touches_one_device(edge: Edge) -> None:
    """Added, changed, paused and removed within five seconds, without Kafka."""
    stays = await edge.add("stays")
    changes = await edge.add("changes")
    removed = await edge.add("removed")
    edge.write()
    edge.start()
    await until(lambda: all(edge.reads(target) > 1 for target in edge.devices))
    added = await edge.add("added")
    edge.rows["changes"]["interval_s"] = 86_400  # a slot of a minute might come meanwhile
    del edge.rows["removed"]
    edge.write()
    await until(lambda: edge.reads("added") > 1 and removed.record.connections == 0, EFFECTIVE_S)
    reads = edge.reads("changes"), edge.reads("removed")
    await asyncio.sleep(3 * INTERVAL_S)
    assert (edge.reads("changes"), edge.reads("removed")) == reads
    edge.rows["added"]["envelope"] = {"paused": True, "reason": "maintenance"}
    edge.write()
    await until(lambda: added.record.connections == 0, EFFECTIVE_S)
    del edge.rows["added"]["envelope"]
    edge.zones = [{"envelope": {"paused": True}}]
    edge.write()
    await until(lambda: stays.record.connections == 0, EFFECTIVE_S)
    assert stays.record.requests["fc2b"] == 1, "the other device was connected anew"
    for server in (stays, changes, removed, added):
        assert server.record.connections_most == 1
        assert server.record.writes == 0


async def test_a_bad_row_and_a_broken_file_are_one_line_each(edge: Edge) -> None:
    """With file, line and field; the others go on, and the last good file holds."""
    await edge.add("good")
    await edge.add("typo", interval_s="soon")
    edge.write()
    edge.start()
    await until(lambda: edge.reads("good") > 1)
    assert edge.reads("typo") == 0
    [line] = [line for line in edge.log().splitlines() if "target_rejected" in line]
    assert f"{edge.file}:" in line
    assert "interval_s: 'soon'" in line
    edge.file.write_text("targets: [{target: good\n")
    await until(lambda: "targets_file_kept" in edge.log(), EFFECTIVE_S)
    reads = edge.reads("good")
    await until(lambda: edge.reads("good") > reads + 2)
    assert edge.log().count("targets_file_kept") == 1
    assert "Traceback" not in edge.log()


async def test_a_second_process_on_the_same_site_is_refused(edge: Edge) -> None:
    """It would be a second connection to each device."""
    device = await edge.add("plc")
    edge.write()
    first = edge.start()
    await until(lambda: edge.reads("plc") > 1)
    second = edge.start("second", ISTHMUS_HTTP__PORT="0")
    await until(lambda: second.status() is not None)
    assert second.status() == 2
    assert "one collector reads a site from a file" in edge.log("second")
    assert "Traceback" not in edge.log("second")
    assert device.record.connections_most == 1
    stopping = time.monotonic()
    await asyncio.to_thread(first.stop)
    assert first.status() == 0, "a stop without Kafka did not end well"
    assert time.monotonic() - stopping < 15


async def test_a_mistake_in_the_settings_is_one_line(edge: Edge) -> None:
    """Before anything is polled."""
    edge.write()
    mistakes = {
        "file": ({"ISTHMUS_TARGETS__FILE": "/nowhere.yaml"}, "TARGETS__FILE: '/nowhere.yaml'"),
        "ca": ({"ISTHMUS_KAFKA__CA_FILE": "/nowhere.pem"}, "KAFKA__CA_FILE: '/nowhere.pem'"),
        "user": ({"ISTHMUS_KAFKA__SASL_USERNAME": "me"}, "FILE go with SECURITY_PROTOCOL"),
    }
    started = {name: edge.start(name, **environ) for name, (environ, _) in mistakes.items()}
    await until(lambda: all(process.status() is not None for process in started.values()))
    for name, (_, says) in mistakes.items():
        assert started[name].status() == 1
        assert says in edge.log(name)
        assert "Traceback" not in edge.log(name)
