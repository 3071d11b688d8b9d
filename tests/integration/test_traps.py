"""Traps and informs through real collectors and a real Kafka, sent by net-snmp's commands."""

import asyncio
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from google.protobuf.json_format import ParseDict

from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.telemetry.v1.observation_pb2 import TRIGGER_NOTIFICATION, Observation
from isthmus.telemetry.v1.target_pb2 import Target

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
COMMUNITY = "planted-community"
pytestmark = pytest.mark.skipif(
    shutil.which("snmpinform") is None and not os.environ.get("CI"),
    reason="no snmpinform; apt-get install snmp",
)


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Processes that end with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def observations(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Whatever is said from now on."""
    await topics.apply(kafka, [], replication_factor=1)
    consumer = AIOKafkaConsumer("collector.observations.v1", bootstrap_servers=kafka)
    async with consumer:
        yield consumer


def collect(kafka: str, site: str, name: str, port: int, folder: Path) -> Process:
    """A collector that listens for traps."""
    secrets = folder / "secrets.yaml"
    secrets.write_text(f"ro: {{community: {COMMUNITY}}}\n")
    environ = {
        **{n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")},
        "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": kafka,
        "ISTHMUS_COLLECTOR__SITE": site,
        "ISTHMUS_COLLECTOR__NAME": name,
        "ISTHMUS_CREDENTIALS__FILE": str(secrets),
        "ISTHMUS_TRAPS__PORT": str(port),
        "ISTHMUS_TRAPS__SOURCES": "127.0.0.0/8",
        "ISTHMUS_TRAPS__CREDENTIALS": "ro",
        "ISTHMUS_HTTP__PORT": "0",
    }
    command = [sys.executable, "-m", "isthmus.collector"]
    process = Process(name, command, folder / f"{name}.log", environ)
    process.start()
    return process


async def inform(port: int, folder: Path) -> bool:
    """Send one inform; True when it was acknowledged."""
    process = await asyncio.create_subprocess_exec(
        "snmpinform", "-v2c", f"-c{COMMUNITY}", "-r0", "-t1", f"127.0.0.1:{port}",
        "42", LINK_DOWN, "1.3.6.1.2.1.2.2.1.2.2", "s", "eth1",
        env={"PATH": os.environ["PATH"], "MIBS": "", "SNMP_PERSISTENT_DIR": str(folder)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait() == 0


async def notification(consumer: AIOKafkaConsumer, site: str) -> Observation:
    """The first notification of the site."""
    async with asyncio.timeout(30):
        async for record in consumer:
            said = Observation.FromString(record.value)
            if said.site == site and said.trigger == TRIGGER_NOTIFICATION:
                return said
    raise AssertionError("the consumer ended")


async def test_whoever_gets_a_trap_says_it_of_the_target(
    kafka: str, observations: AIOKafkaConsumer, processes: ExitStack, tmp_path: Path
) -> None:
    """Two collectors, one target: its owner and the other one both know whose address it is."""
    site, ports = f"t-{uuid.uuid4().hex[:8]}", [free_port(), free_port()]
    await topics.apply(kafka, [site], replication_factor=1)
    target = Target(site=site, target="core-switch-1", interval_s=3600, profile="network")
    endpoint = {"protocol": "snmp", "host": "127.0.0.1", "port": 1, "credential": "ro"}
    ParseDict(endpoint, target.endpoint)
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        key = f"{site}/core-switch-1".encode()
        topic = f"inventory.targets.{site}.v1"
        await producer.send_and_wait(topic, key=key, value=target.SerializeToString())
    collectors = []
    for number, port in enumerate(ports):
        process = collect(kafka, site, f"collector-{number}", port, tmp_path)
        processes.callback(process.stop)
        collectors.append(process)
    for number, port in enumerate(ports):
        async with asyncio.timeout(60):
            while not await inform(port, tmp_path):
                await asyncio.sleep(0.2)
        said = await notification(observations, site)
        assert (said.target, said.collector) == ("core-switch-1", f"collector-{number}")
        [device] = said.devices
        assert dict(zip(device.fact, device.text, strict=True)) == {
            "snmpTrapOID": LINK_DOWN,
            "ifDescr.2": "eth1",
        }
        assert COMMUNITY not in str(said)
    assert not any(COMMUNITY in process.log_file.read_text() for process in collectors)
