"""Reads a compacted topic whole, then follows it; without a group, as each replica needs it all."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from isthmus.runtime.connection import connection
from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Kafka

log = structlog.get_logger()
RETRY_S = 2.0


async def follow(
    kafka: Kafka,
    topic: str,
    handle: Callable[[Any], None],
    completed: Callable[[], None],
) -> None:
    """Hand each raw record of `topic` to `handle`, from the first one on, until cancelled.

    Calls `completed` each time the end that the topic had at start is reached. When Kafka is lost,
    it begins again: the last record of each key is the truth, so that repetition changes nothing.
    """
    lost = False
    while True:
        consumer = None
        try:
            consumer = AIOKafkaConsumer(
                topic,
                **connection(kafka),
                client_id="alerting",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
            )
            await consumer.start()
            lost = False
            await _read(consumer, handle, completed)
        except (KafkaError, OSError, Retryable) as error:
            if not lost:
                log.warning("assets_lost", topic=topic, reason=str(error))
            lost = True
        finally:
            if consumer is not None:
                await consumer.stop()
        await asyncio.sleep(RETRY_S)


async def _read(
    consumer: Any, handle: Callable[[Any], None], completed: Callable[[], None]
) -> None:
    ends = await consumer.end_offsets(consumer.assignment())
    reading = True
    while True:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                handle(record)
        if reading and await _reached(consumer, ends):
            reading = False
            completed()


async def _reached(consumer: Any, ends: dict[Any, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True
