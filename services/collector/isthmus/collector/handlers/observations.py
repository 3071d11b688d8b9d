"""Makes Observations of readings."""

from dataclasses import dataclass
from datetime import datetime

from isthmus.collector.domain.reading import DeviceReading, Outcome, Reading
from isthmus.collector.domain.schedule import Identity, at
from isthmus.runtime.codec import Outgoing, encode, new_traceparent
from isthmus.telemetry.v1 import observation_pb2 as pb

TOPIC = "collector.observations.v1"
OUTCOMES = {
    Outcome.OK: pb.OUTCOME_OK,
    Outcome.TIMEOUT: pb.OUTCOME_TIMEOUT,
    Outcome.UNREACHABLE: pb.OUTCOME_UNREACHABLE,
    Outcome.GARBLED: pb.OUTCOME_GARBLED,
    Outcome.UNAUTHORIZED: pb.OUTCOME_UNAUTHORIZED,
    Outcome.REFUSED: pb.OUTCOME_REFUSED,
    Outcome.NOT_ASKED: pb.OUTCOME_NOT_ASKED,
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


@dataclass(frozen=True, slots=True)
class Observed(Outgoing):
    """The record of one read, and how it ended, for the endpoint and each device behind it."""

    outcomes: tuple[str, ...]
    """None for what a device said by itself."""


def observation(
    origin: Origin,
    reading: Reading,
    *,
    slot_ms: int,
    observed_at: datetime,
    duration_s: float,
    notification_id: str = "",
) -> Observed:
    """The record of one read, or of what the device said by itself when that has an id."""
    slot_at = at(slot_ms)
    message = pb.Observation(
        id=notification_id or origin.identity.observation_id(slot_at),
        site=origin.identity.site,
        target=origin.identity.target,
        path=origin.path,
        protocol=origin.protocol,
        profile=reading.profile or origin.profile,
        address=origin.address,
        slot_at=slot_at,
        observed_at=observed_at,
        collector=origin.collector,
        duration_s=duration_s,
        interval_s=origin.interval_s,
        outcome=OUTCOMES[reading.outcome],
        error=reading.error,
        devices=[_device(device) for device in reading.devices],
        trigger=pb.TRIGGER_NOTIFICATION if notification_id else pb.TRIGGER_UNSPECIFIED,
    )
    record = encode(
        message,
        topic=TOPIC,
        key=origin.identity.name,
        id=message.id,
        source="collector",
        at=observed_at,
        traceparent=new_traceparent(message.id),
    )
    outcomes = () if notification_id else _outcomes(reading)
    return Observed(record.topic, record.key, record.value, record.headers, outcomes)


def _outcomes(reading: Reading) -> tuple[str, ...]:
    """OK, not asked or failed: one way to fail after another is no change worth keeping."""
    ends = (reading.outcome, *(device.outcome for device in reading.devices))
    return tuple(end.value if end in (Outcome.OK, Outcome.NOT_ASKED) else "failed" for end in ends)


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
