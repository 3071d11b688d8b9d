"""Dead letters: the record itself, byte for byte, with where it was and why it is here."""

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch, Consumer, Unexpected, dead_letter
from isthmus.runtime.errors import Rejected
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.settings import Consume
from isthmus.telemetry.v1.observation_pb2 import Observation


def received() -> Any:
    return SimpleNamespace(
        topic="collector.observations.v1", partition=3, offset=7, timestamp=1_000,
        key=None, value=b"\x00\xff", headers=(("ce_type", b"\xff"),),
    )  # fmt: skip


def test_a_dead_letter_is_the_record_with_its_origin_and_reason() -> None:
    """Key (also none), value and headers as received; ours are added and always UTF-8."""
    letter = dead_letter(received(), Rejected("site: 'mars', expected hagen"), "normalizer")

    assert letter.topic == "normalizer.dlq"
    assert letter.key is None
    assert letter.value == b"\x00\xff"
    assert letter.headers[0] == ("ce_type", b"\xff")
    added = {name: value.decode() for name, value in letter.headers[1:]}
    assert added["dlq-topic"] == "collector.observations.v1"
    assert added["dlq-partition"] == "3"
    assert added["dlq-offset"] == "7"
    assert added["dlq-kind"] == "rejected"
    assert added["dlq-reason"] == "site: 'mars', expected hagen"


def test_a_bug_is_told_apart_from_bad_input() -> None:
    """Someone must mend our code, not the sender's."""
    letter = dead_letter(received(), Unexpected("KeyError: 'x'"), "normalizer")

    assert dict(letter.headers)["dlq-kind"] == b"unexpected"


def test_a_reason_of_any_length_fits_a_header() -> None:
    """A megabyte of garbage quoted in a reason must not make the dead letter undeliverable."""
    letter = dead_letter(received(), Rejected("x" * 1_000_000), "normalizer")

    assert len(dict(letter.headers)["dlq-reason"]) == 1000


def test_a_handler_rejects_one_record_by_its_place() -> None:
    """The others of the batch go on."""
    record = Record(Observation(id="1"), "k", "t", 0, 9, None)
    batch = Batch([record])

    batch.reject(record, Rejected("no"))

    assert str(batch.rejected["t", 0, 9]) == "no"


class Hears:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.told.append(("revoked", len(revoked)))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.told.append(("assigned", len(assigned)))


async def test_a_rebalance_is_counted_and_passed_on() -> None:
    """What this process knew of the lag of partitions is not true any more of those it lost."""
    registry, hears = CollectorRegistry(), Hears()
    metrics = Metrics("normalizer", registry)
    metrics.lag.labels("t", 0).set(7)
    metrics.lag.labels("other", 0).set(3)
    consumer: Any = Consumer(
        "normalizer", "t", Observation, (), None,  # type: ignore[arg-type]
        Consume(), None, metrics, asyncio.Event(), hears,  # type: ignore[arg-type]
    )  # fmt: skip

    await consumer.on_partitions_revoked({TopicPartition("t", 0)})
    await consumer.on_partitions_assigned(set())

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"isthmus_normalizer_{name}", labels)

    assert hears.told == [("revoked", 1), ("assigned", 0)]
    assert value("rebalances_total", topic="t") == 1
    assert value("lag_records", topic="t", partition="0") is None
    assert value("lag_records", topic="other", partition="0") == 3
