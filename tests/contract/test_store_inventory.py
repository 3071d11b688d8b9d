"""What inventory asks of its store, on the real one, through motor and through its successor."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract import stores
from tests.contract.said import NOON, said

from isthmus.inventory.adapters.assets.conflicts import ASSETS_MAX, MongoConflicts
from isthmus.inventory.adapters.assets.history import MongoHistory
from isthmus.inventory.adapters.assets.journal import LEASE
from isthmus.inventory.adapters.assets.policy import MongoPolicy
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.domain.assets.model import (
    Asset,
    Cause,
    Relation,
    Status,
    cause,
    view,
)
from isthmus.inventory.domain.assets.plan import (
    NOBODY,
    Contest,
    Move,
    Removal,
    Seen,
    Snapshot,
    Write,
)
from isthmus.inventory.domain.assets.precedence import described
from isthmus.inventory.ports.assets import Commit, Committed, Noted
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

RECORD = Outgoing("inventory.assets.v1", b"a", b"value", [("ce_id", b"1")])


@pytest.fixture
async def store(database: Any) -> MongoAssets:
    """The store of assets, with its indexes."""
    store = MongoAssets(database)
    await store.prepare()
    return store


def _asset(id: str = "a", **more: Any) -> Asset:
    return described(Asset(id, NOON, NOON, revision=1), [view(said(**more), None)])


CAUSE = cause(said())


def _creation(asset: Asset) -> Commit:
    return Write(None, asset, (), CAUSE), [RECORD]


def _next(asset: Asset, **more: Any) -> Commit:
    after = replace(asset, revision=asset.revision + 1, **more)
    return Write(asset, after, (), CAUSE), [RECORD]


async def _written(store: MongoAssets, *commits: Commit) -> Committed:
    made = await store.commit([commits])
    await store.published(made.entry)
    return made


async def _one(store: MongoAssets, id: str = "a") -> Asset | None:
    return (await store.held([id])).get(id)


async def test_a_written_asset_is_read_back_whole(store: MongoAssets) -> None:
    """What goes in comes out, field by field."""
    relation = Relation("behind", "hagen/gw", "3")
    asset = replace(_asset(relation=relation), pinned=frozenset({"hagen/plc"}))
    asset = replace(
        asset, attributes={**asset.attributes, "custom.cabinet": "7", "purchase_price": "12.50"},
        status=Status.IGNORED,
    )  # fmt: skip

    assert (await _written(store, _creation(asset))).complete

    assert await _one(store) == asset


async def test_a_key_is_claimed_once(store: MongoAssets) -> None:
    """The second claim is told so; the keys that were free are claimed all the same."""
    assert await store.claim({"k1": "a"})

    assert not await store.claim({"k1": "b", "k2": "b"})

    assert (await store.snapshot(["k1", "k2", "k3"], [])).claims == {"k1": "a", "k2": "b"}


async def test_an_asset_is_created_once(store: MongoAssets) -> None:
    """Two creations under one id: the second is told so, the others of its batch stand."""
    assert (await _written(store, _creation(_asset()))).complete

    second = await _written(store, _creation(_asset()), _creation(_asset("b")))

    assert not second.complete
    assert [version for version, _ in second.entry.records] == ["b/1"]
    assert await _one(store, "b")


async def test_an_asset_that_another_changed_is_not_written(store: MongoAssets) -> None:
    """A write applies to the revision that it was made from, and to no other."""
    first = _asset()
    await _written(store, _creation(first))
    assert (await _written(store, _next(first, path="other"))).complete

    late = await _written(store, _next(first, path="mine"))

    assert (late.complete, late.entry.records) == (False, [])
    assert await _one(store) == replace(first, path="other", revision=2)


async def test_what_is_written_is_announced_until_it_is_published(
    store: MongoAssets, database: Any
) -> None:
    """Whoever finds it abandoned gets exactly the records of what was written."""
    first = _asset()
    await _written(store, _creation(first))
    await store.commit([[_next(first), _creation(_asset())]])
    assert await store.abandoned() == []
    past = datetime.now(UTC) - LEASE
    await database["journal"].update_many({}, {"$set": {"lease_until": past}})

    (entry,) = await store.abandoned()

    assert [version for version, _ in entry.records] == ["a/2"]
    assert entry.records[0][1] == RECORD
    assert await store.abandoned() == []
    await store.published(entry)
    assert await database["journal"].count_documents({}) == 0


async def test_a_version_whose_writer_died_is_carried_forward(
    store: MongoAssets, database: Any
) -> None:
    """The asset's document was not written yet: the next writer does it, and is told to read."""
    first = _asset()
    await _written(store, _creation(first))
    await _written(store, _next(first, path="new"))
    await database["assets"].update_one({"_id": "a"}, {"$set": {"path": "x", "revision": 1}})

    assert not (await _written(store, _next(first, path="mine"))).complete

    assert await _one(store) == replace(first, path="new", revision=2)


async def test_a_newer_version_waits_until_the_older_one_is_published(store: MongoAssets) -> None:
    """On a compacted topic the older one would otherwise be the last."""
    first = _asset()
    older = await store.commit([[_creation(first)]])
    newer = asyncio.create_task(store.commit([[_next(first)]]))
    await asyncio.sleep(0.3)
    assert not newer.done()

    await store.published(older.entry)

    assert (await newer).complete


async def test_claims_of_a_merged_asset_lead_to_its_successor(
    store: MongoAssets, database: Any
) -> None:
    """The loser is gone for readers; its claims are the winner's, even those not yet moved."""
    winner, loser = _asset("a"), _asset("b")
    await _written(store, _creation(winner), _creation(loser))
    await store.claim({"k": "b"})

    assert (await _written(store, (Removal(loser, "a", (), CAUSE), [RECORD]))).complete
    await database["identity_keys"].insert_one({"_id": "late", "asset": "b"})

    snapshot = await store.snapshot(["k", "late"], [])
    assert snapshot.claims == {"k": "a", "late": "a"}
    assert snapshot.assets.keys() == {"a"}
    assert await _one(store, "b") is None


async def test_claims_of_a_retired_asset_are_nobodys(store: MongoAssets) -> None:
    """They are taken, but can be moved."""
    await _written(store, _creation(_asset()))
    await store.claim({"k": "a"})
    await _written(store, (Removal(_asset(), NOBODY, (), CAUSE), [RECORD]))

    assert await store.snapshot(["k"], []) == Snapshot({"k": NOBODY}, {})

    assert await store.move({"k": Move("b")})
    assert (await store.snapshot(["k"], [])).claims == {"k": "b"}


async def test_an_asset_that_changed_is_not_removed(store: MongoAssets) -> None:
    """A merge that was decided on an older version is told so."""
    asset = _asset()
    await _written(store, _creation(asset))
    await _written(store, _next(asset, path="new"))

    assert not (await _written(store, (Removal(asset, "z", (), CAUSE), [RECORD]))).complete

    assert await _one(store)


async def test_a_snapshot_holds_what_stands_behind_a_silent_endpoint(store: MongoAssets) -> None:
    """Devices behind a gateway are found by the gateway's name."""
    await _written(
        store, _creation(_asset("a", target="gw", device="unit-1")), _creation(_asset("b"))
    )

    snapshot = await store.snapshot([], ["hagen/gw"])

    assert snapshot.assets.keys() == {"a"}


def _later(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


async def test_being_seen_moves_the_time_forward_only(store: MongoAssets) -> None:
    """The latest time wins, for the asset and for the source; no version is made."""
    await _written(store, _creation(_asset()))

    for second in (9, 4):
        await store.seen([Seen("a", "hagen/plc", _later(second), "r", False)], {"hagen/plc": b"d"})

    asset = await _one(store)
    assert asset
    assert (asset.last_seen_at, asset.revision) == (_later(9), 1)
    assert (await store.snapshot([], [], ["hagen/plc"])).seen == {"hagen/plc": _later(9)}


async def test_an_asset_itself_knows_coarsely_when_it_was_seen(
    store: MongoAssets, database: Any
) -> None:
    """To be filtered and sorted by; its sources know better."""
    await _written(store, _creation(_asset()))

    for second, coarse in ((5, False), (700, True)):
        await store.seen([Seen("a", "hagen/plc", _later(second), "r", coarse)], {"hagen/plc": b"d"})
        document = await database["assets"].find_one({"_id": "a"})
        assert document["last_seen_at"] == (_later(700) if coarse else NOON)


async def test_a_source_says_the_same_only_while_that_is_what_counts(store: MongoAssets) -> None:
    """Other words, or a change by somebody else, and its reports must be looked at again."""
    await store.seen([Seen("a", "hagen/plc", NOON, "r", False)], {"hagen/plc": b"d"})

    assert await store.unchanged([Noted("hagen/plc", b"d", _later(5), False)])
    assert not await store.unchanged([Noted("hagen/plc", b"other", _later(9), False)])
    await store.unsettle(["hagen/plc"])
    assert not await store.unchanged([Noted("hagen/plc", b"d", _later(9), False)])


async def test_a_key_of_too_many_devices_tells_nothing_any_more(
    store: MongoAssets, database: Any
) -> None:
    """It is listed for a person from the first contest on, who may trust it again."""
    key, conflicts = "hagen|mac|m", MongoConflicts(database)
    await store.claim({key: "a"})
    for number in range(ASSETS_MAX):
        assert (await store.snapshot([key], [])).demoted == frozenset()
        await store.contest([Contest(key, ("a", f"b{number}"), CAUSE)])

    (listed,) = await conflicts.listed(frozenset({"hagen"}), after="", limit=9)
    assert (listed.key, len(listed.assets), listed.demoted) == (key, ASSETS_MAX + 1, True)
    assert (await store.snapshot([key], [])).demoted == {key}
    assert await conflicts.listed(frozenset({"lyon"}), after="", limit=9) == []

    assert not await conflicts.settle(key, frozenset({"lyon"}), trusted=True)
    assert await conflicts.settle(key, None, trusted=True)
    assert (await store.snapshot([key], [])).demoted == frozenset()
    assert await conflicts.listed(None, after="", limit=9) == []


async def test_all_assets_are_read_page_by_page(store: MongoAssets) -> None:
    """Those in scope, by id, without what is gone."""
    await _written(store, *(_creation(_asset(id)) for id in "abc"))
    await _written(store, _creation(_asset("d", site="lyon")))
    await _written(store, (Removal(_asset("b"), "a", (), CAUSE), []))

    assert [asset.id for asset in await store.assets(None, "a", 9)] == ["c", "d"]
    assert [asset.id for asset in await store.assets(frozenset({"lyon"}), "", 9)] == ["d"]
    assert await store.asset("d", frozenset({"hagen"})) is None


async def test_an_asset_is_shown_as_it_was(store: MongoAssets, database: Any) -> None:
    """By the latest version up to then; not before it was found, nor after it was gone."""
    history = MongoHistory(database)
    first = _asset()
    await _written(store, _creation(first))
    second = replace(first, revision=2, path="new", changed_at=_later(60))
    await _written(store, (Write(first, second, (), CAUSE), []))
    gone = Cause(CAUSE.id, _later(120), "hagen", "hagen/plc")
    await _written(store, (Removal(second, NOBODY, (), gone), []))

    assert await history.at("a", _later(-1)) is None
    assert await history.at("a", _later(59)) == first
    assert await history.at("a", _later(60)) == second
    assert await history.at("a", _later(120)) is None
    assert [event.revision for event in await history.of("a", before=3, limit=9)] == [2, 1]


async def test_the_feed_shows_every_version_once_in_order(
    store: MongoAssets, database: Any
) -> None:
    """Page by page, only of the sites in scope, and not what was recorded a moment ago."""
    history = MongoHistory(database)
    for id in "abc":
        await _written(store, _creation(_asset(id)))
    now, past = datetime.now(UTC), datetime.now(UTC) - timedelta(hours=1)
    found, after = [], None
    while page := await history.feed(None, after=after, until=now, limit=2):
        found += [event.id for event in page]
        after = (page[-1].recorded_at, page[-1].id)

    assert sorted(found) == ["a/1", "b/1", "c/1"]
    assert await history.feed(frozenset({"lyon"}), after=None, until=now, limit=9) == []
    assert await history.feed(None, after=None, until=past, limit=9) == []


async def test_a_store_that_is_away_can_be_tried_again() -> None:
    """No failure of the store is anything else than Retryable."""
    for name in ("motor", "pymongo"):
        client = stores.client(name, "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
        store = MongoAssets(client["inventory"])
        with pytest.raises(Retryable, match="store: "):
            await store.snapshot(["k"], [])
        with pytest.raises(Retryable, match="store: "):
            await store.claim({"k": "a"})
        with pytest.raises(Retryable, match="store: "):
            await store.commit([[_creation(_asset())]])
        await stores.close(client)


async def test_the_policy_is_kept_until_it_is_taken_back(database: Any) -> None:
    """Field by field."""
    policy = MongoPolicy(database)
    for order in (("sap", "device"), ("operator",)):
        await policy.decide("owner", order)
    await policy.decide("serial", ("device",))
    await policy.decide("serial", None)

    assert await policy.decided() == {"owner": ("operator",)}
