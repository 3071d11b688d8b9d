"""Looks through topics of Kafka, as a member of no group, and sees how far services have read."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from isthmus.inventory.domain.feed.tracing import Looked
from isthmus.inventory.ports.feed import Letter
from isthmus.runtime.connection import connection
from isthmus.runtime.errors import IsthmusError, Retryable
from isthmus.runtime.extract import TopicExtract
from isthmus.runtime.settings import Kafka

RECORDS_MAX = 200_000
SECONDS_MAX = 10.0
AT_ONCE = 2  # whoever asks pays with our memory and the brokers' disks


class KafkaTrail:
    """Reads what is asked for, two topics at a time."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def letters(self, looked: Looked, key: str = "") -> AsyncGenerator[Sequence[Letter]]:
        extract = TopicExtract(
            self._kafka, looked.topic, key=key or None, since=looked.since, until=looked.until
        )
        ends_at = asyncio.get_running_loop().time() + SECONDS_MAX
        try:
            async with self._at_once, aclosing(extract.batches()) as batches:  # type: ignore[type-var]
                async for records, waiting in batches:
                    looked.records += len(records)
                    looked.whole = len(records) >= waiting
                    yield [_letter(record) for record in records]
                    if looked.records >= RECORDS_MAX:
                        return
                    if asyncio.get_running_loop().time() > ends_at:
                        return
                looked.whole = True
        except (IsthmusError, OSError) as error:
            raise Retryable(str(error)) from error

    async def behind(self, service: str, letters: Sequence[Letter]) -> Sequence[int]:
        admin = AIOKafkaAdminClient(**connection(self._kafka))
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await admin.start()
                places = [TopicPartition(each.topic, each.partition) for each in letters]
                read = await admin.list_consumer_group_offsets(service, partitions=places)
        except (KafkaError, OSError) as error:
            raise Retryable(f"kafka: {self._kafka.bootstrap_servers}: {error}") from error
        finally:
            await admin.close()
        offsets = (read[place].offset for place in places)
        return [
            max(0, each.offset + 1 - max(0, offset))
            for each, offset in zip(letters, offsets, strict=True)
        ]


def _letter(record: Any) -> Letter:
    return Letter(
        record.topic,
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
        (record.key or b"").decode(errors="replace"),
        record.value or b"",
        dict(record.headers),
    )
