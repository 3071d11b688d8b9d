"""Makes Observations of readings, and publishes them in batches that never hold up a read."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

import structlog

from isthmus.collector.domain import DeviceReading, Identity, Outcome, Reading, at
from isthmus.collector.ports import Measure
from isthmus.runtime.backoff import full_jitter_s
from isthmus.runtime.codec import Outgoing, encode, new_traceparent
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.telemetry.v1 import observation_pb2 as pb

log = structlog.get_logger()
TOPIC = "collector.observations.v1"
LINGER_S = 0.05
BATCH_RECORDS = 500
RETRY_INITIAL_S = 0.2
RETRY_MAX_S = 5.0
OUTCOMES = {
    Outcome.OK: pb.OUTCOME_OK,
    Outcome.TIMEOUT: pb.OUTCOME_TIMEOUT,
    Outcome.UNREACHABLE: pb.OUTCOME_UNREACHABLE,
    Outcome.GARBLED: pb.OUTCOME_GARBLED,
    Outcome.UNAUTHORIZED: pb.OUTCOME_UNAUTHORIZED,
    Outcome.REFUSED: pb.OUTCOME_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What every Observation of one target says of the target."""

    identity: Identity
    path: str
    protocol: str
    profile: str
    address: str
    interval_s: float
    collector: str


def observation(
    origin: Origin, reading: Reading, *, slot_ms: int, observed_at: datetime, duration_s: float
) -> Outgoing:
    """The record of one read."""
    slot_at = at(slot_ms)
    message = pb.Observation(
        id=origin.identity.observation_id(slot_at),
        site=origin.identity.site,
        target=origin.identity.target,
        path=origin.path,
        protocol=origin.protocol,
        profile=origin.profile,
        address=origin.address,
        slot_at=slot_at,
        observed_at=observed_at,
        collector=origin.collector,
        duration_s=duration_s,
        interval_s=origin.interval_s,
        outcome=OUTCOMES[reading.outcome],
        error=reading.error,
        devices=[_device(device) for device in reading.devices],
    )
    return encode(
        message,
        topic=TOPIC,
        key=origin.identity.name,
        id=message.id,
        source="collector",
        at=observed_at,
        traceparent=new_traceparent(message.id),
    )


def _device(reading: DeviceReading) -> pb.Device:
    points = reading.points
    return pb.Device(
        path=reading.path,
        outcome=OUTCOMES[reading.outcome],
        error=reading.error,
        fact=list(reading.facts),
        text=list(reading.facts.values()),
        point=list(points),
        value=[value for value, _ in points.values()],
        unit=[unit for _, unit in points.values()],
    )


class Publishes(Protocol):
    """What takes records to Kafka."""

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publish all of `records`, or raise Retryable or Rejected."""
        ...


class Outbound:
    """Records on their way to Kafka: reads never wait for it, and memory stays bounded."""

    def __init__(self, publisher: Publishes, measure: Measure, *, records_max: int) -> None:
        self._publisher = publisher
        self._measure = measure
        self._waiting: deque[Outgoing] = deque()
        self._records_max = records_max
        self._arrived = asyncio.Event()
        self._failures = 0
        self._singly = 0

    def put(self, record: Outgoing) -> None:
        """Take a record; when too many wait, the oldest one is dropped and counted."""
        if len(self._waiting) >= self._records_max:
            self._waiting.popleft()
            self._measure.dropped(1)
        self._waiting.append(record)
        self._arrived.set()

    async def run(self) -> None:
        """Publish until cancelled; what finishes together goes together."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(LINGER_S)
            self._arrived.clear()
            while self._waiting and await self.flush():
                pass
            if self._waiting:
                self._arrived.set()
                await asyncio.sleep(
                    full_jitter_s(self._failures, initial_s=RETRY_INITIAL_S, max_s=RETRY_MAX_S)
                )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Publish what the last reads said; gives up as soon as Kafka does not take it."""
        while self._waiting and await self.flush():
            pass

    async def flush(self) -> bool:
        """Publish up to one batch; False when Kafka did not take it, and it waits again."""
        size = 1 if self._singly else BATCH_RECORDS
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        try:
            await self._publisher.publish(batch)
        except Rejected as error:
            self._refused(batch, error)
        except Retryable as error:
            self._put_back(batch)
            self._failed(error)
            return False
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        else:
            self._singly = max(0, self._singly - 1)
        self._recovered()
        return True

    def _refused(self, batch: list[Outgoing], error: Rejected) -> None:
        """Go through a refused batch one by one, and drop the record that is at fault."""
        if len(batch) > 1:
            self._singly = len(batch)
            self._put_back(batch)
            return
        self._singly = max(0, self._singly - 1)
        self._measure.dropped(1)
        log.error("record_dropped", topic=batch[0].topic, key=str(batch[0].key), reason=str(error))

    def _put_back(self, batch: list[Outgoing]) -> None:
        room = self._records_max - len(self._waiting)
        self._measure.dropped(max(0, len(batch) - room))
        self._waiting.extendleft(reversed(batch[-room:] if room > 0 else []))

    def _failed(self, error: Retryable) -> None:
        if self._failures == 0:
            log.warning("kafka_lost", reason=str(error), waiting=len(self._waiting))
        self._failures += 1

    def _recovered(self) -> None:
        if self._failures:
            log.info("kafka_recovered", tries=self._failures)
        self._failures = 0
