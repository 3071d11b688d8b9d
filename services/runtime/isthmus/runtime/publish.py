"""Publishing to Kafka: all of a batch is acknowledged, or the caller tries again."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from isthmus.runtime.codec import Outgoing
from isthmus.runtime.connection import connection
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.settings import Kafka

STOP_TIMEOUT_S = 5
REQUEST_BYTES_MAX = 8_388_608  # what a dead-letter topic takes; other topics have smaller limits
HINT = "mend ISTHMUS_KAFKA__BOOTSTRAP_SERVERS, __SECURITY_PROTOCOL or its certificates or password"
Failure = (KafkaError, OSError, TimeoutError)
KEYS_REMEMBERED = 65_536


def partition(key: bytes | None, partitions: list[int], available: list[int]) -> int:
    """The partition of a key, as every client of Kafka chooses it; any one without a key."""
    if key is None:
        return random.choice(available or partitions)
    return partitions[_hashed(key) % len(partitions)]


@lru_cache(KEYS_REMEMBERED)
def _hashed(key: bytes) -> int:
    # aiokafka hashes in Python, 6 us a key; the keys of sources come again with every read.
    return int(murmur2(key)) & 0x7FFFFFFF


class Publisher:
    """An idempotent producer that never hangs: what is late counts as not published.

    An idempotent producer of aiokafka waits for ever while the brokers are gone (aiokafka#1101),
    and after some errors answers OutOfOrderSequenceNumber until it is made anew (aiokafka#1017).
    So each wait is bounded, and a producer that failed is replaced.
    """

    def __init__(self, settings: Kafka, client_id: str, metrics: Metrics) -> None:
        self._settings = settings
        self._servers = settings.bootstrap_servers
        self._client_id = client_id
        self._metrics = metrics
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Connects with the first use: Kafka may be away, where that is allowed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discard(self._producer)

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish `records`, in order for each key; returns when all replicas have them.

        Raises Retryable when not all were acknowledged in time (some may be there: ids make the
        repetition harmless) and Rejected when a record is larger than its topic takes.
        """
        if not (records := list(records)):
            return
        producer = None
        try:
            async with asyncio.timeout(self._settings.publish_timeout_s):
                producer = await self._ready()
                sent = [
                    await producer.send(r.topic, key=r.key, value=r.value, headers=r.headers)
                    for r in records
                ]
                await asyncio.gather(*sent)
        except MessageSizeTooLargeError as error:
            await self._discard(producer)
            raise Rejected(f"record: {error}") from error
        except Failure as error:
            await self._discard(producer)
            reason = str(error) or "no acknowledgement"
            raise Retryable(f"kafka: {self._servers}: {reason}") from error
        for topic, count in Counter(record.topic for record in records).items():
            self._metrics.published.labels(topic).inc(count)

    async def topics(self) -> set[str]:
        """Every topic that Kafka has now; raises Retryable."""
        return set((await (await self._ready()).client.fetch_all_metadata()).topics())

    async def ping(self) -> str | None:
        """Why Kafka cannot be reached now, or None."""
        try:
            async with asyncio.timeout(3):
                await self.topics()
        except (Retryable, *Failure) as error:
            return str(error) or f"kafka: {self._servers}: no answer"
        return None

    async def _ready(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **connection(self._settings),
                    client_id=self._client_id,
                    enable_idempotence=True,
                    compression_type="lz4",
                    linger_ms=5,
                    max_batch_size=262_144,
                    max_request_size=REQUEST_BYTES_MAX,
                    partitioner=partition,
                )
                try:
                    await producer.start()
                except BaseException as error:
                    await producer.stop()
                    if isinstance(error, Failure):
                        raise Retryable(f"kafka: {self._servers}: {error}; {HINT}") from error
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: Any) -> None:
        """Use `producer` no more; one that has taken its place is somebody else's."""
        replaced = self._producer is not producer
        if producer is None or replaced:
            return
        self._producer = None
        self._metrics.producers_replaced.inc()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await producer.stop()
        except Failure:
            await producer.client.close()
