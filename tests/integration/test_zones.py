"""The reader of a whole topic, on a broker that goes away and comes back."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from isthmus.collector.adapters.kafka import WholeTopic
from isthmus.demo import ready
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import Kafka as KafkaSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = Path(__file__).parents[2]
TARGETS = "inventory.targets.plant.v1"  # twelve partitions, where the zones have one


class Broker:
    """A broker of these tests alone, which they may kill."""

    def __init__(self, folder: Path) -> None:
        kafka = Kafka(folder, jars(ROOT / "build" / "kafka-jars"), free_port())
        self.servers = kafka.bootstrap_servers
        self.process = Process("kafka", kafka.command(), kafka.log_file, os.environ)

    async def start(self) -> None:
        self.process.start()
        await ready.until(self.process, lambda: ready.kafka(self.servers))

    async def write(self, *records: tuple[str, bytes | None]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            for key, value in records:
                await producer.send_and_wait(TARGETS, key=key.encode(), value=value)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """Started, with every topic of one site."""
    own = Broker(tmp_path_factory.mktemp("kafka"))
    await own.start()
    await topics.apply(own.servers, ["plant"], 1)
    yield own
    own.process.kill()
    own.process.stop()


class Heard:
    """The last value of each key."""

    def __init__(self) -> None:
        self.values: dict[str, bytes | None] = {}

    async def take(self, records: Sequence[Any]) -> None:
        self.values.update({record.key.decode(): record.value for record in records})


async def until(true: Callable[[], object], timeout_s: float) -> None:
    """Wait, in real time."""
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.05)


async def test_everything_is_heard_also_after_an_outage(broker: Broker) -> None:
    """All that stands there before anything else begins; then what comes, soon, for good."""
    await broker.write(*((f"plant/t{number}", b"old") for number in range(50)))
    heard, settings = Heard(), KafkaSettings(bootstrap_servers=broker.servers)
    async with WholeTopic(settings, TARGETS, "test", heard) as topic:
        assert len(heard.values) == 50
        following = asyncio.create_task(topic.run())
        await broker.write(("plant/t1", b"new"), ("plant/t2", None))
        await until(lambda: heard.values["plant/t2"] is None, 3)
        assert heard.values["plant/t1"] == b"new"
        broker.process.kill()
        await asyncio.sleep(1)
        assert not following.done()
        await broker.start()
        await broker.write(("plant/t3", b"after"))
        await until(lambda: heard.values["plant/t3"] == b"after", 20)
        following.cancel()
        await asyncio.wait({following})


async def test_a_topic_that_is_not_there_is_one_clear_error(broker: Broker) -> None:
    """Without its rules a collector does not start."""
    settings = KafkaSettings(bootstrap_servers=broker.servers)
    missing = WholeTopic(settings, "inventory.zones.elsewhere.v1", "test", Heard())
    with pytest.raises(IsthmusError, match=r"inventory\.zones\.elsewhere\.v1 is not there"):
        async with missing:
            pass
