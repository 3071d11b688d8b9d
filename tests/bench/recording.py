"""The demo's own messages: recorded from the running sites, then multiplied to many sites."""

import asyncio
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from isthmus.demo import once
from isthmus.demo.ports import Ports
from isthmus.demo.stack import Stack
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report
from tests.bench.rig import ROOT

OBSERVATIONS, REPORTS = "collector.observations.v1", "normalizer.reports.v1"
Recorded = dict[str, list[ConsumerRecord]]
KINDS: dict[str, type[Observation] | type[Report]] = {OBSERVATIONS: Observation, REPORTS: Report}


async def record() -> Recorded:
    """The newest message of each key on both topics, once everything was found."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = ROOT / "simulators" / "fleet.yaml"
        jars = ROOT / "build" / "kafka-jars"
        async with Stack(Path(folder), fleet, jars, Ports.free(), print) as stack:
            await once.found(stack)
            await asyncio.sleep(10)
            return {topic: await _newest(stack.bootstrap_servers, topic) for topic in KINDS}


async def _newest(servers: str, topic: str) -> list[ConsumerRecord]:
    newest: dict[bytes, ConsumerRecord] = {}
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with consumer:
        while batch := await consumer.getmany(timeout_ms=2000):
            for records in batch.values():
                newest |= {r.key: r for r in records}
            if all([await consumer.position(tp) >= consumer.highwater(tp) for tp in batch]):
                break
    return [newest[key] for key in sorted(newest)]


def multiplied(topic: str, recorded: list[ConsumerRecord], count: int) -> list[Outgoing]:
    """`count` messages: the recorded ones as they would come from ever more sites."""
    return [record for _, record in zip(range(count), _sites(topic, recorded), strict=False)]


def again(topic: str, records: list[Outgoing], later_s: int) -> list[Outgoing]:
    """The same devices saying the same, `later_s` later."""
    return [_changed(topic, r, "", later_s) for r in records]


def _sites(topic: str, recorded: list[ConsumerRecord]) -> Iterator[Outgoing]:
    number = 0
    while True:
        for r in recorded:
            original = Outgoing(topic, r.key, r.value, list(r.headers))
            yield _changed(topic, original, f"-{number}", 0)
        number += 1


def _changed(topic: str, record: Outgoing, suffix: str, later_s: int) -> Outgoing:
    message = KINDS[topic].FromString(record.value or b"")
    message.id = str(uuid.uuid4())
    message.site += suffix
    message.observed_at.seconds += later_s
    if isinstance(message, Report):
        for key in message.keys:
            key.value += suffix
            key.scope += suffix if key.scope != "global" else ""
    elif suffix:
        for device in message.devices:
            _rename(device, suffix)
    site, _, rest = (record.key or b"").decode().partition("/")
    return Outgoing(
        topic, f"{site}{suffix}/{rest}".encode(), message.SerializeToString(), record.headers
    )


def _rename(device: "Observation.Device", suffix: str) -> None:  # type: ignore[name-defined]
    for index, fact in enumerate(device.fact):
        if "serial" in fact.lower():
            device.text[index] += suffix
