"""Following a compacted topic: whole first, then on, and again from the start after a loss."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

import pytest
from aiokafka.errors import KafkaConnectionError

from isthmus.alerting.adapters.rules import topic
from isthmus.runtime.settings import Kafka

KAFKA = Kafka(bootstrap_servers="k:1")


class Records:
    """A topic of one partition as a consumer reads it, two records at a time."""

    def __init__(self, *records: str, failures: int = 0) -> None:
        self.records = list(records)
        self.failures = failures
        self.stopped = 0

    def __call__(self, *_: Any, **__: Any) -> Self:
        self.read = 0
        return self

    async def start(self) -> None:
        if self.failures:
            self.failures -= 1
            raise KafkaConnectionError("no broker answers")

    async def stop(self) -> None:
        self.stopped += 1

    def assignment(self) -> set[int]:
        return {0}

    async def end_offsets(self, partitions: set[int]) -> dict[int, int]:
        return dict.fromkeys(partitions, len(self.records))

    async def position(self, _: int) -> int:
        return self.read

    async def getmany(self, *, timeout_ms: int) -> dict[int, list[str]]:
        await asyncio.sleep(0)
        taken = self.records[self.read : self.read + 2]
        self.read += len(taken)
        return {0: taken}


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Follows a topic until so many things have happened; returns them in order."""

    async def run(records: Records, count: int) -> list[str]:
        monkeypatch.setattr(topic, "AIOKafkaConsumer", records)
        monkeypatch.setattr(topic, "RETRY_S", 0)
        happened: list[str] = []
        task = asyncio.create_task(
            topic.follow(KAFKA, "t", happened.append, lambda: happened.append("complete"))
        )
        async with asyncio.timeout(5):
            while len(happened) < count:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return happened

    return run


async def test_the_topic_is_complete_once_its_end_at_the_start_is_reached(follow: Any) -> None:
    """Not before its last record, and once."""
    records = Records("a", "b", "c")

    assert await follow(records, 4) == ["a", "b", "c", "complete"]
    assert records.stopped == 1


async def test_an_empty_topic_is_complete_at_once(follow: Any) -> None:
    """A new platform has no assets."""
    assert await follow(Records(), 1) == ["complete"]


async def test_after_a_loss_it_begins_again(follow: Any) -> None:
    """And closes each consumer that it made."""
    records = Records("a", failures=2)

    assert await follow(records, 2) == ["a", "complete"]
    assert records.stopped == 3
