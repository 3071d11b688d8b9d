"""What becomes of producers that fail; publishing itself is tested on a real broker."""

import asyncio
from typing import Any

import prometheus_client
import pytest
from aiokafka.errors import ProducerClosed

from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher, partition
from isthmus.runtime.settings import Kafka


class Producer:
    """Acknowledges what is sent to the topic `good`; the rest waits until it is stopped."""

    made: list["Producer"]

    def __init__(self, **_: Any) -> None:
        self.made.append(self)
        self.stopped = asyncio.Event()

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped.set()

    async def send(self, topic: str, **_: Any) -> "asyncio.Task[None]":
        if self.stopped.is_set():
            raise ProducerClosed
        return asyncio.create_task(self._acknowledged(topic))

    async def _acknowledged(self, topic: str) -> None:
        if topic != "good":
            await self.stopped.wait()
            await asyncio.sleep(0.02)
            raise ProducerClosed


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """It gives up after a quarter of a second."""
    Producer.made = []
    monkeypatch.setattr("isthmus.runtime.publish.AIOKafkaProducer", Producer)
    settings = Kafka(bootstrap_servers="kafka:9092", publish_timeout_s=0.25)
    return Publisher(settings, "test", Metrics("test", prometheus_client.CollectorRegistry()))


def record(topic: str) -> Outgoing:
    return Outgoing(topic, b"k", b"v", [])


async def test_a_producer_that_failed_takes_nobody_elses_with_it(publisher: Publisher) -> None:
    """Several tasks publish through one; the one that hears last must not stop the new one."""
    first = asyncio.create_task(publisher.publish([record("bad")]))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(publisher.publish([record("bad")]))
    with pytest.raises(Retryable):
        await first
    await publisher.publish([record("good")])
    with pytest.raises(Retryable):
        await second
    before, after = Producer.made
    assert before.stopped.is_set()
    assert not after.stopped.is_set()


def test_a_key_goes_where_every_client_of_kafka_would_send_it() -> None:
    """Figures of the Java client's murmur2 (org.apache.kafka.common.utils.UtilsTest)."""
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    for key, hashed in hashes.items():
        expected = (hashed & 0x7FFFFFFF) % 12
        assert partition(key, list(range(12)), []) == expected
    assert partition(None, [0, 1, 2], [1]) == 1
