"""What following the inventory asks of its store, on the real one, through both clients."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.feed.causes import MongoCauses
from isthmus.inventory.adapters.feed.rolls import MongoRolls
from isthmus.inventory.domain.feed.completeness import Heard, Wanted
from isthmus.inventory.ports.feed import Roll

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)
HEARD = {
    "hagen/plc": Heard(MS, 60_000, "c-0"),
    "hagen/ups": Heard(MS - 1, 2_000, "c-1"),
    "hagen/hmi": Heard(MS - 2, 2_000, "c-0"),
}


@pytest.fixture
async def rolls(database: Any) -> MongoRolls:
    """The store of rolls, with its index."""
    store = MongoRolls(database)
    await store.prepare()
    return store


async def test_a_roll_is_read_back_as_it_was_written(rolls: MongoRolls) -> None:
    """Of its partition alone, and among all."""
    first, second = Roll("hagen", 0, HEARD, 1), Roll("hagen", 1, {}, 1)
    assert await rolls.keep(first)
    assert await rolls.keep(second)

    assert await rolls.roll("hagen", 0) == first
    assert await rolls.roll("hagen", 2) == Roll("hagen", 2, {})
    assert sorted(await rolls.rolls([]), key=lambda roll: roll.partition) == [first, second]


async def test_a_roll_that_is_known_is_not_read_again(rolls: MongoRolls) -> None:
    """One that another replica has written since is."""
    mine, theirs = Roll("hagen", 0, HEARD, 1), Roll("hagen", 1, HEARD, 1)
    for each in (mine, theirs, replace(theirs, heard={}, revision=2)):
        assert await rolls.keep(each)

    found = {roll.place: roll for roll in await rolls.rolls([mine, theirs])}

    assert found["hagen", 0] is mine
    assert found["hagen", 1] == Roll("hagen", 1, {}, 2)


async def test_a_roll_that_another_replica_has_written_is_not_written_over(
    rolls: MongoRolls,
) -> None:
    """Neither the first one nor any later one."""
    assert await rolls.keep(Roll("hagen", 0, HEARD, 1))

    assert not await rolls.keep(Roll("hagen", 0, {}, 1))
    assert await rolls.keep(Roll("hagen", 0, {}, 2))
    assert not await rolls.keep(Roll("hagen", 0, HEARD, 2))

    assert (await rolls.roll("hagen", 0)).heard == {}


async def test_wanted_targets_are_read_from_the_last_change_on(
    rolls: MongoRolls, database: Any
) -> None:
    """All at first, then what changed, also what was removed."""
    minutes = [NOON + timedelta(minutes=n) for n in range(3)]
    await database["targets"].insert_many(
        [
            {"_id": "hagen/a", "place": "a", "updated_at": minutes[0], "removed": False},
            {"_id": "hagen/b", "place": "b", "updated_at": minutes[1], "removed": True},
        ]
    )

    everything, last = await rolls.wanted(datetime.fromtimestamp(0, UTC))
    later, _ = await rolls.wanted(minutes[1])
    nothing, same = await rolls.wanted(minutes[2])

    assert everything == {"hagen/a": Wanted(MS), "hagen/b": Wanted(MS + 60_000, True)}
    assert last == minutes[1]
    assert later.keys() == {"hagen/b"}
    assert (nothing, same) == ({}, minutes[2])


@pytest.fixture
async def history(database: Any) -> MongoCauses:
    """Versions of two assets, of which one has become part of the other."""
    await MongoAssets(database).prepare()
    made = [("a", 1, "r1", 0), ("a", 2, "r2", 1), ("b", 1, "r3", 1), ("b", 2, "r4", 30)]
    await database["versions"].insert_many(
        [
            {
                "_id": f"{asset}/{revision}", "asset": asset, "revision": revision, "cause": cause,
                "at": NOON, "recorded_at": NOON + timedelta(minutes=minute), "site": "hagen",
                "source": f"hagen/{asset}", "actor": "", "changes": [], "document": {},
            }
            for asset, revision, cause, minute in made
        ]
    )  # fmt: skip
    await database["assets"].insert_many(
        [
            {"_id": "a", "sources": ["hagen/a", "hagen/b"]},
            {"_id": "b", "sources": [], "merged_into": "a"},
        ]
    )
    return MongoCauses(database)


async def test_what_a_report_has_made_is_found_by_its_asset_whenever_it_was(
    history: MongoCauses,
) -> None:
    """However long the report has waited."""
    [event] = await history.caused(["r2"], ["a"], NOON + timedelta(days=3))

    assert (event.asset_id, event.revision, event.cause) == ("a", 2, "r2")


async def test_what_it_made_of_an_asset_that_is_no_more_is_found_by_its_time(
    history: MongoCauses,
) -> None:
    """Within ten minutes; each version once."""
    found = await history.caused(["r2", "r3"], ["a"], NOON)
    late = await history.caused(["r4"], ["a"], NOON)

    assert sorted(event.cause for event in found) == ["r2", "r3"]
    assert late == []


async def test_a_source_leads_to_the_asset_that_it_describes_now(history: MongoCauses) -> None:
    """Also after a merger; to none where there is none."""
    assert await history.holders(["hagen/a", "hagen/b", "hagen/c"]) == {
        "hagen/a": "a",
        "hagen/b": "a",
    }
