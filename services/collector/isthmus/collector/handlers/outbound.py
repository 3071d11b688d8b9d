"""Records on their way to Kafka: kept first, live ones before older ones, never in a read's way."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, Self

import structlog

from isthmus.collector.handlers.observations import Observed
from isthmus.collector.ports import Spool, SpoolMeasure, Taken
from isthmus.runtime.backoff import full_jitter_s
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected, Retryable

log = structlog.get_logger()
TOUCHES = "collector.touches.v1"
LINGER_S = 0.05
LIVE_S = 30.0  # longer than a broker takes to restart, so that this changes no order
REPLAY_EVERY_S = 0.1
LOOK_S = 1.0
BATCH_RECORDS = 500
RETRY_INITIAL_S = 0.2
RETRY_MAX_S = 5.0


class Publishes(Protocol):
    """What takes records to Kafka."""

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish all of `records`, or raise Retryable or Rejected."""
        ...


@dataclass(frozen=True, slots=True)
class Live:
    """A record that was taken not long ago; it has no number when the spool could not keep it."""

    taken_at_s: float
    number: int | None
    record: Outgoing


class Outbound:
    """Takes records at once, keeps them in the spool, and publishes them as Kafka allows.

    What was taken within the last LIVE_S seconds is live, and goes first, in its order. What waited
    longer is replayed behind it, oldest first and no faster than `replay_records_per_s`: after
    a long outage everybody sees the present at once, and the past arrives as history.
    """

    def __init__(
        self,
        publisher: Publishes,
        spool: Spool,
        measure: SpoolMeasure,
        *,
        records_max: int,
        replay_records_per_s: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._measure = measure
        self._records_max = records_max
        self._replay_records_per_s = replay_records_per_s
        self._clock = clock
        self._arrived: deque[Outgoing] = deque()
        self._arrival = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._live: deque[Live] = deque()
        self._woken = asyncio.Event()
        self._known = 0
        self._behind = True  # there may be something to replay
        self._replayed_at = clock()
        self._outcomes: dict[bytes | None, tuple[str, ...]] = {}
        self._failures = 0
        self._unkept = False

    def put(self, record: Outgoing) -> None:
        """Take a record; should the disk stand still, the oldest of too many is dropped."""
        if len(self._arrived) >= self._records_max:
            self._arrived.popleft()
            self._measure.dropped(1, "disk")
        self._arrived.append(record)
        self._arrival.set()

    async def run(self) -> None:
        """Keep, publish and replay until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for loop in (self._keep_on, self._send_on, self._look_on):
                tasks.create_task(loop())

    async def __aenter__(self) -> Self:
        self._known = self._spool.last
        return self

    async def __aexit__(self, *_: object) -> None:
        """Publish what the last reads said, as far as Kafka takes it; a durable spool keeps it."""
        async with self._keeping:
            pass
        while self._arrived:
            await self.keep()
        while await self.flush(at_rest=not self._spool.durable) and (
            self._live or (self._behind and not self._spool.durable)
        ):
            pass

    async def _keep_on(self) -> None:
        while True:
            await self._arrival.wait()
            await asyncio.sleep(LINGER_S)
            self._arrival.clear()
            while self._arrived:
                await asyncio.shield(self.keep())  # a stop must not lose what it has in hand

    async def _send_on(self) -> None:
        while True:
            self._woken.clear()
            if not await self.flush():
                await asyncio.sleep(
                    full_jitter_s(self._failures, initial_s=RETRY_INITIAL_S, max_s=RETRY_MAX_S)
                )
            elif not self._live:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(REPLAY_EVERY_S if self._behind else None):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _look_on(self) -> None:
        while True:
            try:
                self._measure.holds(await self._spool.depth())
            except Retryable as error:
                self._not_kept(error)
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Put what arrived together into the spool, in one transaction."""
        async with self._keeping:
            count = min(BATCH_RECORDS, len(self._arrived))
            batch = [self._arrived.popleft() for _ in range(count)]
            numbers = await self._numbers(batch)
            now = self._clock()
            self._live.extend(Live(now, n, r) for n, r in zip(numbers, batch, strict=True))
            self._woken.set()

    async def _numbers(self, batch: Sequence[Outgoing]) -> Sequence[int | None]:
        """The number of each record in the spool; None for each when it keeps none of them."""
        try:
            numbers = await self._spool.put([Taken(each, self._changes(each)) for each in batch])
        except Retryable as error:
            self._not_kept(error)
            return [None] * len(batch)
        self._known = self._spool.last
        self._kept()
        return numbers

    def _changes(self, record: Outgoing) -> bool:
        if not isinstance(record, Observed):
            return record.topic != TOUCHES
        if not record.outcomes:
            return True  # nobody asked: it is news, and says nothing of the reads around it
        before = self._outcomes.get(record.key)
        self._outcomes[record.key] = record.outcomes
        return before != record.outcomes

    async def flush(self, *, at_rest: bool = False) -> bool:
        """Publish a batch of live records, then older ones; False when Kafka is away.

        `at_rest` replays as fast as Kafka takes it.
        """
        self._expire()
        try:
            await self._send_live()
            await self._replay(self._replay_records(at_rest))
        except Retryable as error:
            self._failed(error)
            return False
        return True

    def _expire(self) -> None:
        """Leave to the spool what waits for too long; what it does not have stays, if it can."""
        before = self._clock() - LIVE_S
        while len(self._live) > self._records_max or (self._live and _left(self._live[0], before)):
            self._behind = True
            if self._live.popleft().number is None:
                self._measure.dropped(1, "disk")

    async def _send_live(self) -> None:
        batch = list(islice(self._live, BATCH_RECORDS))
        if not batch:
            return
        await self._publish([each.record for each in batch])
        for _ in batch:
            self._live.popleft()
        await self._forget([each.number for each in batch if each.number is not None])

    def _replay_records(self, at_rest: bool) -> int:
        """How many records may be replayed now."""
        now = self._clock()
        elapsed_s = min(1.0, now - self._replayed_at)
        allowed = BATCH_RECORDS if at_rest else int(elapsed_s * self._replay_records_per_s)
        if allowed:
            self._replayed_at = now
        return min(BATCH_RECORDS, allowed)

    async def _replay(self, records_max: int) -> None:
        if not self._behind or not records_max:
            return
        numbers = (each.number for each in self._live if each.number is not None)
        upto = next(numbers, self._known + 1) - 1
        found = await self._spool.oldest(records_max, upto)
        if not found:
            self._behind = False
            return
        await self._publish([record for _, record in found])
        self._measure.replayed(len(found))
        await self._forget([number for number, _ in found])

    async def _forget(self, numbers: Sequence[int]) -> None:
        try:
            await self._spool.remove(numbers)
        except Retryable as error:
            self._behind = True  # they come once more, under the same ids
            self._not_kept(error)

    async def _publish(self, records: Sequence[Outgoing]) -> None:
        """Publish what Kafka takes, halving `records` around one that it never will."""
        try:
            await self._publisher.publish(records)
        except Rejected as error:
            if len(records) == 1:
                self._refused(records[0], error)
                return
            half = len(records) // 2
            await self._publish(records[:half])
            await self._publish(records[half:])
        if self._failures:
            log.info("kafka_recovered", tries=self._failures)
        self._failures = 0

    def _refused(self, record: Outgoing, error: Rejected) -> None:
        self._measure.dropped(1, "refused")
        log.error("record_dropped", topic=record.topic, key=str(record.key), reason=str(error))

    def _failed(self, error: Retryable) -> None:
        if self._failures == 0:
            log.warning("kafka_lost", reason=str(error), live=len(self._live))
        self._failures += 1

    def _not_kept(self, error: Retryable) -> None:
        if not self._unkept:
            log.error("spool_lost", reason=str(error))
        self._unkept = True

    def _kept(self) -> None:
        if self._unkept:
            log.info("spool_recovered")
        self._unkept = False


def _left(live: Live, before_s: float) -> bool:
    """Does it wait since before then, and in the spool too?"""
    return live.number is not None and live.taken_at_s < before_s
