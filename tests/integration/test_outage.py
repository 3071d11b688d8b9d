"""A broker that goes away and comes back: nothing hangs, nothing is lost."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client import CollectorRegistry

from isthmus.demo import ready
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.runtime.app import Application
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Http, Settings
from isthmus.runtime.settings import Kafka as KafkaSettings
from isthmus.telemetry.v1.observation_pb2 import Observation

ROOT = Path(__file__).parents[2]
TOPIC = "collector.observations.v1"


class Broker:
    """A broker of this test alone, which it may kill."""

    def __init__(self, folder: Path) -> None:
        self._kafka = Kafka(folder, jars(ROOT / "build" / "kafka-jars"), free_port())
        self.servers = self._kafka.bootstrap_servers
        self.process = Process("kafka", self._kafka.command(), self._kafka.log_file, os.environ)

    async def start(self) -> None:
        self.process.start()
        await ready.until(self.process, lambda: ready.kafka(self.servers))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """Started, with every topic."""
    own = Broker(tmp_path)
    await own.start()
    await topics.apply(own.servers, [], 1)
    yield own
    own.process.kill()
    own.process.stop()


def publisher(servers: str, timeout_s: float = 3) -> Publisher:
    settings = KafkaSettings(bootstrap_servers=servers, publish_timeout_s=timeout_s)
    return Publisher(settings, "test", Metrics("test", CollectorRegistry()))


def record(value: bytes) -> Outgoing:
    return Outgoing(TOPIC, b"k", value, [])


async def values(servers: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(20):
        return [(await consumer.getone()).value for _ in range(count)]


async def test_a_publish_during_an_outage_ends_and_a_later_one_succeeds(broker: Broker) -> None:
    """Traps A5, A6: an idempotent producer would wait for ever, or fail until restarted."""
    async with publisher(broker.servers) as publish:
        await publish.publish([record(b"1")])
        broker.process.kill()

        began = time.monotonic()
        with pytest.raises(Retryable, match="kafka: "):
            await publish.publish([record(b"2")])
        assert time.monotonic() - began < 12
        assert await publish.ping() is not None

        await broker.start()
        await publish.publish([record(b"2")])
        assert await publish.ping() is None

    assert await values(broker.servers, 2) == [b"1", b"2"]


async def test_a_record_that_is_too_large_is_rejected_and_the_next_one_goes(
    broker: Broker,
) -> None:
    """One clear error, whoever finds it: the client, or the broker after compression."""
    async with publisher(broker.servers) as publish:
        for size in (3_000_000, 9_000_000):
            with pytest.raises(Rejected, match="record: "):
                await publish.publish([record(random.Random(size).randbytes(size))])
        await publish.publish([record(b"small")])

    assert await values(broker.servers, 1) == [b"small"]


async def test_a_service_outlives_an_outage_and_takes_up_where_it_was(broker: Broker) -> None:
    """Traps F7, F15: consuming goes on after the broker is back, from the last commit."""
    seen: list[str] = []

    async def handle(batch: Batch[Observation]) -> list[Outgoing]:
        seen.extend(r.message.id for r in batch.records if r.message is not None)
        return []

    settings = Settings(kafka=KafkaSettings(bootstrap_servers=broker.servers, session_timeout_s=6))
    app = Application("normalizer", settings, description="")
    app.consume(TOPIC, Observation, handle, required=("id",))
    async with app, publisher(broker.servers) as publish:
        await publish.publish([record(Observation(id="1").SerializeToString())])
        await until(seen, "1")
        broker.process.kill()
        await asyncio.sleep(2)
        await broker.start()
        await publish.publish([record(Observation(id="2").SerializeToString())])
        await until(seen, "2")

    assert set(seen) == {"1", "2"}


async def test_a_stop_during_an_outage_ends_in_bounded_time(broker: Broker) -> None:
    """Trap F7: aiokafka retries a commit for ever; `stop_timeout_s` bounds it."""

    async def handle(batch: Batch[Observation]) -> list[Outgoing]:
        broker.process.kill()
        return []

    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=broker.servers, session_timeout_s=6),
        http=Http(stop_timeout_s=4),
    )
    app = Application("normalizer", settings, description="")
    app.consume(TOPIC, Observation, handle, required=("id",))
    await app.__aenter__()
    async with publisher(broker.servers) as publish:
        await publish.publish([record(Observation(id="1").SerializeToString())])
        await asyncio.sleep(2)

        began = time.monotonic()
        try:
            await app.__aexit__()
        except TimeoutError:
            pass  # `run` then leaves the process: what is not committed comes again
        assert time.monotonic() - began < 10


async def until(seen: list[str], id: str) -> None:
    async with asyncio.timeout(30):
        while id not in seen:
            await asyncio.sleep(0.05)
