"""What is heard of targets, as reports come in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.domain.feed.completeness import Heard, Wanted, Watermark
from isthmus.inventory.handlers.feed.completeness import Completeness
from isthmus.inventory.ports.feed import Roll
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2 as pb

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)
MINUTE = timedelta(minutes=1)


@dataclass
class Rolls:
    """Rolls in memory; whoever writes counts."""

    kept: dict[tuple[str, int], Roll] = field(default_factory=dict)
    targets: dict[str, Wanted] = field(default_factory=dict)
    away: bool = False

    async def roll(self, site: str, partition: int) -> Roll:
        return self.kept.get((site, partition), Roll(site, partition, {}))

    async def rolls(self, known: Collection[Roll]) -> list[Roll]:
        return list(self.kept.values())

    async def keep(self, roll: Roll) -> bool:
        if self.away:
            raise Retryable("store: away")
        known = self.kept.get((roll.site, roll.partition))
        if (known.revision if known else 0) != roll.revision - 1:
            return False
        self.kept[roll.site, roll.partition] = roll
        return True

    async def wanted(self, since: datetime) -> tuple[Mapping[str, Wanted], datetime]:
        return self.targets, since


@dataclass
class Gauge:
    """What is shown."""

    shown: list[Watermark] = field(default_factory=list)

    def show(self, marks: Iterable[Watermark]) -> None:
        self.shown = list(marks)


@dataclass
class World:
    """Two replicas at one store, and their clock."""

    now: datetime = NOON
    rolls: Rolls = field(default_factory=Rolls)
    gauge: Gauge = field(default_factory=Gauge)

    def replica(self) -> Completeness:
        return Completeness(self.rolls, self.gauge, lambda: self.now)


@pytest.fixture
def world() -> World:
    """At noon."""
    return World()


def report(target: str = "plc", slot_at: datetime = NOON, **more: Any) -> pb.Report:
    said = {"site": "hagen", "interval_s": 60, "collector": "c-0", "slot_at": slot_at, **more}
    return pb.Report(target=target, observed_at=slot_at + timedelta(seconds=1), **said)


def records(*reports: pb.Report, partition: int = 0) -> list[Record[pb.Report]]:
    return [Record(each, "", "normalizer.reports.v1", partition, 0, None) for each in reports]


async def test_a_report_that_was_dealt_with_moves_the_watermark(world: World) -> None:
    """To its slot; the gauge shows it too."""
    replica = world.replica()

    async def handler(batch: Batch[pb.Report]) -> list[Any]:
        return []

    await replica.after(handler)(Batch(records(report())))
    await replica.look()

    assert replica.until(None) == NOON
    assert replica.until(frozenset({"lyon"})) is None
    assert [(mark.name, mark.until) for mark in world.gauge.shown] == [("hagen", NOON)]


async def test_a_report_that_failed_moves_nothing(world: World) -> None:
    """It comes again: what is complete must be in the store."""
    replica = world.replica()

    async def handler(batch: Batch[pb.Report]) -> list[Any]:
        raise Retryable("store: away")

    with pytest.raises(Retryable):
        await replica.after(handler)(Batch(records(report())))
    await replica.look()

    assert replica.until(None) is None


async def test_imports_parts_and_tombstones_say_nothing_of_completeness(world: World) -> None:
    """A table has no schedule; a module is read with its chassis, now and then."""
    replica = world.replica()
    part = pb.Relation(kind=pb.RELATION_KIND_PART_OF)
    told = records(
        report("sap:1", protocol="import"), report("sap:2", interval_s=0), report(relation=part)
    )

    replica.note([*told, Record(None, "", "", 0, 0, None)])
    await replica.look()

    assert world.rolls.kept == {}


async def test_a_report_without_a_slot_counts_from_when_it_was_observed(world: World) -> None:
    """A normaliser of the version before has written it."""
    replica = world.replica()
    old = report(slot_at=NOON - MINUTE)
    old.ClearField("slot_at")

    replica.note(records(old))
    await replica.look()

    assert replica.until(None) == NOON - MINUTE + timedelta(seconds=1)


async def test_a_clock_that_is_ahead_makes_nobody_look_read(world: World) -> None:
    """A slot of tomorrow counts as one of now."""
    replica = world.replica()

    replica.note(records(report(slot_at=NOON + timedelta(days=1))))
    await replica.look()

    assert world.rolls.kept["hagen", 0].heard == {"hagen/plc": Heard(MS, 60_000, "c-0")}


async def test_an_older_report_takes_nothing_back(world: World) -> None:
    """Neither in the batch nor in the store."""
    replica = world.replica()
    for slot_at in (NOON, NOON - MINUTE):
        replica.note(records(report(slot_at=slot_at)))
    await replica.look()
    replica.note(records(report(slot_at=NOON - 2 * MINUTE)))
    await replica.look()

    assert replica.until(None) == NOON


async def test_a_replica_goes_on_with_what_the_one_before_it_wrote(world: World) -> None:
    """A partition moves, and comes back: each takes in what the other has heard."""
    first, second = world.replica(), world.replica()
    first.note(records(report("a"), report("b", NOON - 2 * MINUTE)))
    await first.look()
    second.note(records(report("b", NOON - MINUTE)))
    await second.look()
    world.now = NOON + MINUTE
    first.note(records(report("a", NOON + MINUTE)))
    await first.look()  # meets the other's writing, and takes it in with the next look
    await first.look()

    heard = world.rolls.kept["hagen", 0].heard
    assert {target: each.slot_ms - MS for target, each in heard.items()} == {
        "hagen/a": 60_000,
        "hagen/b": -60_000,
    }


async def test_what_the_store_did_not_take_is_written_later(world: World) -> None:
    """Nothing that was heard is forgotten while it is away."""
    replica = world.replica()
    replica.note(records(report()))
    world.rolls.away = True
    with pytest.raises(Retryable):
        await replica.look()
    world.rolls.away = False
    await replica.look()

    assert replica.until(None) == NOON


async def test_a_removed_target_is_out_of_account_as_soon_as_that_is_known(world: World) -> None:
    """And one that was put and never read comes into it."""
    replica = world.replica()
    replica.note(records(report("old", NOON - 9 * MINUTE), report("plc")))
    world.rolls.targets["hagen/old"] = Wanted(MS, removed=True)
    await replica.look()
    assert replica.until(None) == NOON

    world.rolls.targets["hagen/new"] = Wanted(MS - 240_000)
    await replica.look()

    [hagen] = replica.marks(None)
    assert hagen.until == NOON - 4 * MINUTE
    assert [late.target for late in hagen.held_back_by] == ["hagen/new"]
