"""Observations, and their way to Kafka."""

from datetime import UTC, datetime

import pytest

from isthmus.collector.domain.reading import DeviceReading, Outcome, Reading
from isthmus.collector.domain.schedule import Identity, at
from isthmus.collector.handlers.observations import Origin, observation
from isthmus.telemetry.v1 import observation_pb2 as pb

ORIGIN = Origin(Identity("hagen", "p1"), "e/hagen", "modbus", "m340", "10.0.0.1:502", 2, "me")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_an_observation_says_what_was_read() -> None:
    """Texts and numbers are columns; id, key and trace come from target and slot."""
    device = DeviceReading("unit-3", facts={"serial": "S1"}, points={"power": (1.5, "kW")})
    reading = Reading(devices=(device,))
    made = observation(ORIGIN, reading, slot_ms=1000, observed_at=NOW, duration_s=0.25)
    message = pb.Observation.FromString(made.value or b"")
    assert made.key == b"hagen/p1"
    assert made.topic == "collector.observations.v1"
    headers = dict(made.headers)
    assert headers["ce_id"].decode() == message.id == ORIGIN.identity.observation_id(at(1000))
    assert message.id.replace("-", "").encode() in headers["traceparent"]
    assert message.outcome == pb.OUTCOME_OK
    assert message.devices[0] == pb.Device(
        path="unit-3", outcome=pb.OUTCOME_OK, fact=["serial"], text=["S1"],
        point=["power"], value=[1.5], unit=["kW"],
    )  # fmt: skip


def test_a_failed_read_is_an_observation() -> None:
    """It has an outcome and a sentence, and no device."""
    reading = Reading(Outcome.TIMEOUT, "10.0.0.1:502: no answer")
    made = observation(ORIGIN, reading, slot_ms=1000, observed_at=NOW, duration_s=1)
    message = pb.Observation.FromString(made.value or b"")
    assert (message.outcome, message.error) == (pb.OUTCOME_TIMEOUT, "10.0.0.1:502: no answer")
    assert not message.devices


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (Reading(Outcome.TIMEOUT), Reading(Outcome.UNREACHABLE), True),
        (Reading(), Reading(Outcome.TIMEOUT), False),
        (Reading(), Reading(Outcome.NOT_ASKED), False),
        (
            Reading(devices=(DeviceReading("unit-3"),)),
            Reading(devices=(DeviceReading("unit-3", Outcome.TIMEOUT),)),
            False,
        ),
    ],
)
def test_a_record_tells_whether_its_target_fares_as_before(
    first: Reading, second: Reading, same: bool
) -> None:
    """For the endpoint and each device behind it; how it failed makes no difference."""
    one, other = (
        observation(ORIGIN, reading, slot_ms=1000, observed_at=NOW, duration_s=1)
        for reading in (first, second)
    )
    assert (one.outcomes == other.outcomes) is same
