"""What one read of 20 points takes on the topic, beside the same as JSON."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from google.protobuf.json_format import MessageToJson
from prometheus_client import CollectorRegistry

from isthmus.runtime import topics
from isthmus.runtime.codec import Outgoing, encode, new_traceparent
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Kafka as Settings
from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK, Observation
from tests.bench.recording import OBSERVATIONS, Recorded
from tests.bench.rig import Row, broker

TARGETS, ROUNDS = 1_000, 10
BATCH = 500  # records that the collector publishes together when many reads end together
# A power meter, as most sites have dozens: three phases, their sums, energies, and its own state.
POINTS = {
    **{f"voltage_l{phase}": (230.0, "V") for phase in "123"},
    **{f"current_l{phase}": (16.0, "A") for phase in "123"},
    **{f"active_power_l{phase}": (3.6, "kW") for phase in "123"},
    **{f"reactive_power_l{phase}": (0.4, "kvar") for phase in "123"},
    "active_power": (10.9, "kW"),
    "reactive_power": (1.2, "kvar"),
    "power_factor": (0.98, "1"),
    "frequency": (50.0, "Hz"),
    "energy_imported": (812_345.6, "kW.h"),
    "energy_exported": (12.5, "kW.h"),
    "temperature": (41.0, "Cel"),
    "alarms": (0.0, "1"),
}
FACTS = {"vendor_name": "Acme", "model_name": "PM-20", "firmware_version": "2.14.0"}


async def size(_: Recorded) -> AsyncIterator[Row]:
    """Bytes on the broker's disk for each read: in full batches, and one read at a time."""
    for name, batch in (("", BATCH), ("_alone", 1)):
        ours = await _bytes_per_read(batch, as_json=False)
        json = await _bytes_per_read(batch, as_json=True)
        yield Row(f"collector.observation_bytes{name}", ours, "B", json, "beside JSON")


async def _bytes_per_read(batch: int, *, as_json: bool) -> float:
    records = list(_records(as_json=as_json, rounds=ROUNDS if batch > 1 else 1))
    async with broker() as kafka:
        settings = Settings(bootstrap_servers=kafka.bootstrap_servers)
        await topics.apply(kafka.bootstrap_servers, [], 1)
        metrics = Metrics("collector", CollectorRegistry())
        async with Publisher(settings, "bench", metrics) as publisher:
            for first in range(0, len(records), batch):
                await publisher.publish(records[first : first + batch])
        return kafka.topic_bytes(OBSERVATIONS) / len(records)


def _records(*, as_json: bool, rounds: int) -> Iterator[Outgoing]:
    chance = random.Random(20)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(rounds):
        for target in range(TARGETS):
            observation = _observation(f"meter-{target}", at + timedelta(minutes=number), chance)
            record = encode(
                observation,
                topic=OBSERVATIONS,
                key=f"hagen/{observation.target}",
                id=observation.id,
                source="collector",
                at=at,
                traceparent=new_traceparent(observation.id),
            )
            text = MessageToJson(observation, preserving_proto_field_name=True, indent=None)
            yield replace(record, value=text.encode()) if as_json else record


def _observation(target: str, at: datetime, chance: random.Random) -> Observation:
    found = Observation(
        id=f"{chance.getrandbits(128):032x}",
        site="hagen",
        target=target,
        path="nordwerk/hagen/utilities/substation-1",
        protocol="modbus",
        profile="power-meter",
        address=f"10.20.{chance.randrange(256)}.{chance.randrange(256)}:502",
        slot_at=at,
        observed_at=at + timedelta(microseconds=chance.randrange(30_000)),
        collector="collector-hagen-0",
        duration_s=chance.uniform(0.01, 0.03),
        interval_s=60,
        outcome=OUTCOME_OK,
    )
    device = found.devices.add(outcome=OUTCOME_OK, fact=FACTS, text=FACTS.values())
    for name, (value, unit) in POINTS.items():
        device.point.append(name)
        device.value.append(round(value * chance.uniform(0.9, 1.1), 3))
        device.unit.append(unit)
    return found
