"""The batch consumer: where the type of a failure decides what becomes of a record.

FastStream's own policies lose records in several ways (its default commits before the handler
runs; a header that is not UTF-8 never reaches a handler; a negative acknowledgement seeks back
at once, for ever). So FastStream hands over raw records here, and this module answers for each.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from faststream.exceptions import NackMessage

from isthmus.runtime import VERSION
from isthmus.runtime.backoff import full_jitter_s
from isthmus.runtime.codec import M, Outgoing, Record, decode
from isthmus.runtime.errors import IsthmusError, Rejected, Retryable
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Consume

log = structlog.get_logger()
Raw: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Place: TypeAlias = tuple[str, int, int]


@dataclass
class Batch(Generic[M]):
    """Decoded records, in the order of their partitions; a handler may reject some of them."""

    records: list[Record[M]]
    rejected: dict[Place, Rejected] = field(default_factory=dict)

    def reject(self, record: Record[M], error: Rejected) -> None:
        """Send `record` to the dead-letter topic; the others go on."""
        self.rejected[_place(record)] = error


Handler = Callable[[Batch[M]], Awaitable[Iterable[Outgoing]]]
"""Handles a batch and returns what to publish.

Called again with the same records after any failure, so its effect must be idempotent. May raise
Retryable or Unauthorized (the whole batch is tried again later) and Rejected (the batch is
halved until the record at fault stands alone); any other exception is a bug, and is treated as
Rejected after `Consume.attempts` times. May be cancelled at shutdown: the batch comes again.
"""


class Unexpected(Rejected):
    """A bug of ours met this record `Consume.attempts` times."""


@dataclass
class Consumer(Generic[M]):
    """Takes batches of one topic through decode, handler, publish and dead letters.

    Hears of rebalances for its metrics, and passes them on to `listener`.
    """

    service: str
    topic: str
    kind: type[M]
    required: Sequence[str]
    handler: Handler[M]
    settings: Consume
    publisher: Publisher
    metrics: Metrics
    stopping: asyncio.Event
    listener: Any = None
    tripped: bool = False
    busy_since: float | None = None
    _failures: int = 0
    _rejected_in_a_row: int = 0
    _attempts: dict[Place, int] = field(default_factory=dict)

    async def __call__(self, raw: Sequence[Raw], kafka: Any) -> None:
        """Handle `raw` to its end; raises NackMessage, after a wait, to have it again."""
        self.busy_since = time.monotonic()
        try:
            with self.metrics.batch_duration.labels(self.topic).time():
                await self._handle(raw)
        except IsthmusError as error:
            self.busy_since = None
            await self._back_off(error)
            raise NackMessage from error
        finally:
            self.busy_since = None
        if self._failures:
            log.info("source_recovered", topic=self.topic, tries=self._failures)
            self._failures = 0
        for place in {record.partition: record for record in raw}.values():
            end = kafka.highwater(TopicPartition(self.topic, place.partition)) or place.offset + 1
            self.metrics.lag.labels(self.topic, place.partition).set(end - place.offset - 1)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let go before another member takes over."""
        if self.listener is not None:
            await self.listener.on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Begin with what is assigned; the lag of what is not is another member's to tell."""
        self.metrics.rebalances.labels(self.topic).inc()
        self.metrics.lag.remove_by_labels({"topic": self.topic})
        if self.listener is not None:
            await self.listener.on_partitions_assigned(assigned)

    async def _handle(self, raw: Sequence[Raw]) -> None:
        batch = self._decoded(raw)
        made = await self._made(batch) if batch.records else []
        in_a_row = self._guard(raw, batch)
        dead = [(r, batch.rejected[_place(r)]) for r in raw if _place(r) in batch.rejected]
        letters = [dead_letter(record, error, self.service) for record, error in dead]
        await self.publisher.publish([*made, *letters])
        self._rejected_in_a_row = in_a_row
        self.metrics.records.labels(self.topic, "handled").inc(len(raw) - len(dead))
        for record, error in dead:
            self.metrics.records.labels(self.topic, "rejected").inc()
            place = {"topic": self.topic, "partition": record.partition, "offset": record.offset}
            log.warning("record_rejected", **place, reason=str(error))

    def _decoded(self, raw: Sequence[Raw]) -> Batch[M]:
        batch: Batch[M] = Batch([])
        for record in raw:
            try:
                batch.records.append(decode(record, self.kind, required=self.required))
            except Rejected as error:
                batch.rejected[_place(record)] = error
        return batch

    async def _made(self, batch: Batch[M]) -> list[Outgoing]:
        """What the handler makes of the batch, halving it around a record that it cannot take."""
        try:
            return list(await self.handler(batch))
        except Exception as error:
            if isinstance(error, IsthmusError) and not isinstance(error, Rejected):
                raise
            if len(batch.records) == 1:
                batch.reject(batch.records[0], self._verdict(batch.records[0], error))
                return []
        half = len(batch.records) // 2
        made = await self._made(Batch(batch.records[:half], batch.rejected))
        return made + await self._made(Batch(batch.records[half:], batch.rejected))

    def _verdict(self, record: Record[M], error: Exception) -> Rejected:
        if isinstance(error, Rejected):
            return error
        attempts = self._attempts[_place(record)] = self._attempts.pop(_place(record), 0) + 1
        log.error("handler_failed", topic=record.topic, attempt=attempts, exc_info=error)
        if attempts < self.settings.attempts:
            raise Retryable(f"unexpected {type(error).__name__}: {error}") from error
        del self._attempts[_place(record)]
        return Unexpected(f"{type(error).__name__}: {error}")

    def _guard(self, raw: Sequence[Raw], batch: Batch[M]) -> int:
        """Rejected records in a row at the end of `raw`; raises Retryable when they are too many.

        Nothing is then written to the dead-letter topic or committed: the service is not ready,
        and tries again until a person has mended the deployment or raised the limit.
        """
        in_a_row = self._rejected_in_a_row
        for record in raw:
            in_a_row = in_a_row + 1 if _place(record) in batch.rejected else 0
            self.tripped = in_a_row >= self.settings.rejected_in_a_row_max
            self.metrics.breaker_open.labels(self.topic).set(self.tripped)
            if self.tripped:
                reason = batch.rejected[_place(record)]
                raise Retryable(f"breaker open: {in_a_row} records in a row rejected: {reason}")
        return in_a_row

    async def _back_off(self, error: IsthmusError) -> None:
        """Wait before the next try: exponential with full jitter, cut short by a stop."""
        self.metrics.retries.labels(self.topic, type(error).__name__.lower()).inc()
        if not self._failures:
            log.warning("source_lost", topic=self.topic, reason=str(error))
        initial_s, max_s = self.settings.backoff_initial_s, self.settings.backoff_max_s
        wait_s = full_jitter_s(self._failures, initial_s=initial_s, max_s=max_s)
        self._failures += 1
        try:
            async with asyncio.timeout(wait_s):
                await self.stopping.wait()
        except TimeoutError:
            pass


def dead_letter(record: Raw, error: Rejected, service: str) -> Outgoing:
    """`record`, byte for byte, for `<service>.dlq`, with headers that say from where and why."""
    origin = {
        "dlq-topic": record.topic,
        "dlq-partition": record.partition,
        "dlq-offset": record.offset,
        "dlq-timestamp-ms": record.timestamp,
        "dlq-kind": "unexpected" if isinstance(error, Unexpected) else "rejected",
        "dlq-reason": str(error)[:1000],
        "dlq-service": service,
        "dlq-version": VERSION,
    }
    added = [(name, str(value).encode()) for name, value in origin.items()]
    return Outgoing(f"{service}.dlq", record.key, record.value, [*record.headers, *added])


def _place(record: Record[Any] | Raw) -> Place:
    return record.topic, record.partition, record.offset
