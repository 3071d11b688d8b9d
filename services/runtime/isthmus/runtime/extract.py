"""A topic read once, from a moment in time to what is its end now, as a member of no group."""

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from isthmus.runtime.connection import connection
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import Kafka

TAKE_MS = 1000
TAKE_RECORDS = 2000
ASSIGNED_LOOK_S = 0.05


class TopicExtract:
    """What stands on a topic now, from `since` on and before `until`."""

    def __init__(
        self,
        settings: Kafka,
        topic: str,
        *,
        key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._key = key
        """Only the partition of this key is read."""
        self._since = since
        self._until = until

    async def batches(self) -> AsyncIterator[tuple[Sequence[Any], int]]:
        """Records, with how many are still to come; raises IsthmusError when Kafka is away."""
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            client_id="isthmus.extract",
            group_id=None,
            enable_auto_commit=False,
        )
        try:
            await consumer.start()
            ends = await self._assigned(consumer)
            while waiting := await _remaining(consumer, ends):
                taken = await consumer.getmany(timeout_ms=TAKE_MS, max_records=TAKE_RECORDS)
                yield [r for records in taken.values() for r in records], waiting
        except KafkaError as error:
            servers = self._settings.bootstrap_servers
            raise IsthmusError(f"kafka: {servers}: {error}") from error
        finally:
            await consumer.stop()

    async def _assigned(self, consumer: Any) -> dict[TopicPartition, int]:
        """The ends of the topic's partitions, each of which is read from where we want it."""
        if self._topic not in await consumer.topics():
            raise IsthmusError(f"kafka: topic {self._topic} is not there")
        consumer.subscribe([self._topic])
        while not (partitions := consumer.assignment()):
            await asyncio.sleep(ASSIGNED_LOOK_S)
        wanted = self._wanted(partitions)
        consumer.pause(*partitions - wanted)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(wanted)
        await consumer.seek_to_beginning(*wanted)
        if self._since is not None:
            for partition, offset in (await _offsets(consumer, ends, self._since)).items():
                consumer.seek(partition, offset)
        return ends if self._until is None else await _offsets(consumer, ends, self._until)

    def _wanted(self, partitions: Set[TopicPartition]) -> set[TopicPartition]:
        if self._key is None:
            return set(partitions)
        ordered = sorted(partitions)
        return {DefaultPartitioner()(self._key.encode(), ordered, ordered)}


async def _offsets(
    consumer: Any, ends: dict[TopicPartition, int], at: datetime
) -> dict[TopicPartition, int]:
    """The first record of each partition from `at` on."""
    found = await consumer.offsets_for_times(dict.fromkeys(ends, int(at.timestamp() * 1000)))
    return {p: record.offset if record else ends[p] for p, record in found.items()}


async def _remaining(consumer: Any, ends: dict[TopicPartition, int]) -> int:
    return sum([max(0, end - await consumer.position(p)) for p, end in ends.items()])
