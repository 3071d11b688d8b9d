"""Batches of reports, as Kafka brings them."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.inventory.domain.ledger import Snapshot
from isthmus.inventory.handlers.reports import TRIES, Reports
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Store:
    """An empty store that answers its writers as it is told, and notes what they asked for."""

    lost_races: int = 0
    asked: list[str] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)

    async def snapshot(self, claims: Collection[str], endpoints: Collection[str]) -> Snapshot:
        self.asked.append("snapshot")
        return Snapshot({}, {})

    async def claim(self, claims: Mapping[str, str]) -> bool:
        self.asked.append("claim")
        self.lost_races -= 1
        return self.lost_races < 0

    async def write(self, writes: Sequence[Any]) -> bool:
        self.asked.append("write")
        self.written += writes
        return True

    async def remove(self, removals: Sequence[Any]) -> bool:
        self.asked.append("remove")
        return True

    async def move(self, moves: Mapping[str, str]) -> None:
        self.asked.append("move")

    async def seen(self, seen: Sequence[Any]) -> None:
        self.asked.append("seen")


@dataclass
class Counts:
    """What was measured."""

    kinds: list[str] = field(default_factory=list)
    races: int = 0
    same: int = 0

    def changed(self, kind: str) -> None:
        self.kinds.append(kind)

    def raced(self) -> None:
        self.races += 1

    def unchanged(self, reports: int) -> None:
        self.same += reports


@pytest.fixture
def woken() -> list[str]:
    """One entry for each time that the relay was woken."""
    return []


def record(target: str, **more: Any) -> Record[report_pb2.Report]:
    id = str(uuid.uuid5(uuid.NAMESPACE_OID, target))
    message = report_pb2.Report(
        id=id, site="hagen", target=target, observed_at=NOON,
        reachability=report_pb2.REACHABILITY_ONLINE,
    )  # fmt: skip
    for name, value in more.items():
        setattr(message, name, value)
    return Record(message, f"hagen/{target}", "normalizer.reports.v1", 0, hash(target), b"trace")


async def test_a_batch_is_written_in_the_order_that_a_crash_cannot_hurt(woken: list[str]) -> None:
    """Claims, gains, losses, removals, moves; nothing is published but through the outbox."""
    store, counts = Store(), Counts()
    handler = Reports(store, counts, written=lambda: woken.append("woken"))

    published = await handler(Batch([record("a"), record("b"), record("a")]))

    assert list(published) == []
    assert store.asked == ["snapshot", "claim", "write", "write", "remove", "move", "seen"]
    assert [records[0].topic for _, records in store.written] == ["inventory.assets.v1"] * 2
    assert dict(store.written[0][1][0].headers)["traceparent"] == b"trace"
    assert woken == ["woken"]
    assert (counts.kinds, counts.same) == (["discovered", "discovered"], 1)


async def test_a_wrong_report_is_rejected_and_its_neighbours_go_on(woken: list[str]) -> None:
    """A tombstone is passed over, a wrong field is named."""
    store = Store()
    gone: Record[report_pb2.Report] = Record(None, "hagen/x", "normalizer.reports.v1", 0, 7, None)
    batch = Batch([gone, record("a", id="seven"), record("b")])

    await Reports(store, Counts(), written=lambda: woken.append(""))(batch)

    assert [str(error) for error in batch.rejected.values()] == [
        "Report.id: 'seven', expected a UUID"
    ]
    assert len(store.written) == 1


async def test_a_lost_race_is_decided_anew(woken: list[str]) -> None:
    """Nothing is written before the claims are won."""
    store, counts = Store(lost_races=2), Counts()

    await Reports(store, counts, written=lambda: woken.append(""))(Batch([record("a")]))

    assert store.asked[:5] == ["snapshot", "claim", "snapshot", "claim", "snapshot"]
    assert counts.races == 2
    assert len(store.written) == 1


async def test_races_without_end_leave_the_batch_for_later(woken: list[str]) -> None:
    """After some tries the consumer backs off; the batch comes again."""
    store = Store(lost_races=TRIES)

    with pytest.raises(Retryable):
        await Reports(store, Counts(), written=lambda: woken.append(""))(Batch([record("a")]))

    assert store.written == []
