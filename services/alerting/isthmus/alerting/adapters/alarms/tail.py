"""Reads a topic from a little while ago on; without a group, as each replica needs it all."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from isthmus.runtime.connection import connection
from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Kafka

log = structlog.get_logger()
RETRY_S = 2.0
BACK = timedelta(minutes=15)
"""How far back it begins: as long as a stream lasts, so that who comes again misses nothing."""


async def tail(
    kafka: Kafka,
    topic: str,
    started: Callable[[dict[int, int]], None],
    handle: Callable[[Any], None],
) -> None:
    """Hand each raw record of `topic` to `handle`, from BACK ago on, until cancelled.

    Calls `started` with the offsets where it begins; when Kafka is lost, it goes on from where
    it was.
    """
    lost = False
    at: dict[Any, int] = {}
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
            if not at:
                at = await _a_while_ago(consumer)
                started({place.partition: offset for place, offset in at.items()})
            for place, offset in at.items():
                consumer.seek(place, offset)
            lost = False
            await _read(consumer, handle, at)
        except (KafkaError, OSError, Retryable) as error:
            if not lost:
                log.warning("transitions_lost", topic=topic, reason=str(error))
            lost = True
        finally:
            if consumer is not None:
                await consumer.stop()
        await asyncio.sleep(RETRY_S)


async def _a_while_ago(consumer: Any) -> dict[Any, int]:
    since_ms = int((datetime.now(UTC) - BACK).timestamp() * 1000)
    places = consumer.assignment()
    found = await consumer.offsets_for_times(dict.fromkeys(places, since_ms))
    ends = await consumer.end_offsets(places)
    return {p: found[p].offset if found.get(p) else ends[p] for p in places}


async def _read(consumer: Any, handle: Callable[[Any], None], at: dict[Any, int]) -> None:
    while True:
        for place, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                handle(record)
                at[place] = record.offset + 1
