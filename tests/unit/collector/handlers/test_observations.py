"""Observations, and their way to Kafka."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from isthmus.collector.domain import DeviceReading, Identity, Outcome, Reading, at
from isthmus.collector.handlers.observations import Origin, Outbound, observation
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.telemetry.v1 import observation_pb2 as pb

ORIGIN = Origin(Identity("hagen", "p1"), "e/hagen", "modbus", "m340", "10.0.0.1:502", 2, "me")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def record(number: int) -> Outgoing:
    """A record that can be told from the others."""
    return Outgoing("t", str(number).encode(), b"", [])


class Kafka:
    """Takes records, unless it is away or a record is too large."""

    def __init__(self) -> None:
        self.away = False
        self.refused = b""
        self.batches: list[list[bytes | None]] = []

    async def publish(self, records: Iterable[Outgoing]) -> None:
        keys = [record.key for record in records]
        if self.away:
            raise Retryable("kafka: away")
        if self.refused in keys:
            raise Rejected("record: too large")
        self.batches.append(keys)

    @property
    def keys(self) -> list[int]:
        return [int(key or b"") for batch in self.batches for key in batch]


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


async def test_what_finishes_together_goes_together(measured: Any) -> None:
    """Records put within the linger time are one batch, in order."""
    kafka = Kafka()
    outbound = Outbound(kafka, measured, records_max=1000)
    task = asyncio.create_task(outbound.run())
    for number in range(100):
        outbound.put(record(number))
    await asyncio.sleep(0.2)
    task.cancel()
    assert len(kafka.batches) == 1
    assert kafka.keys == list(range(100))


async def test_an_outage_keeps_the_newest_in_order(measured: Any) -> None:
    """While Kafka is away the oldest go, counted; the rest is published once it is back."""
    kafka = Kafka()
    kafka.away = True
    outbound = Outbound(kafka, measured, records_max=100)
    task = asyncio.create_task(outbound.run())
    for number in range(60):
        outbound.put(record(number))
    await asyncio.sleep(0.2)
    for number in range(60, 150):
        outbound.put(record(number))
    await asyncio.sleep(0.1)
    kafka.away = False
    async with asyncio.timeout(5):
        while not kafka.batches:
            await asyncio.sleep(0.05)
    task.cancel()
    assert kafka.keys == list(range(50, 150))
    assert measured.drops == 50


async def test_a_record_that_is_too_large_does_not_stop_the_others(measured: Any) -> None:
    """It is dropped, counted and logged; its batch is published without it."""
    kafka = Kafka()
    kafka.refused = b"2"
    outbound = Outbound(kafka, measured, records_max=100)
    for number in range(4):
        outbound.put(record(number))
    async with outbound:
        pass
    assert kafka.keys == [0, 1, 3]
    assert measured.drops == 1
