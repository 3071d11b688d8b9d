"""What inventory asks of its store, on the real one, through motor and through its successor."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

from isthmus.inventory.adapters.mongo import MongoAssets
from isthmus.inventory.domain.ledger import NOBODY, Removal, Seen, Snapshot, Write, settle
from isthmus.inventory.domain.model import Asset, Key, Reachability, Report, Tier, described, view
from isthmus.inventory.handlers.reports import Reports
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORD = Outgoing("inventory.assets.v1", b"a", b"value", [("ce_id", b"1")])


def _client(name: str, uri: str, **more: Any) -> Any:
    client: Any = AsyncIOMotorClient if name == "motor" else AsyncMongoClient
    return client(uri, tz_aware=True, uuidRepresentation="standard", **more)


async def _close(client: Any) -> None:
    closing = client.close()
    if closing is not None:
        await closing


@pytest.fixture(params=["motor", "pymongo"])
async def database(request: pytest.FixtureRequest, mongodb: str) -> AsyncIterator[Any]:
    """An empty database of its own, gone afterwards."""
    client = _client(request.param, mongodb)
    name = f"inventory-{uuid.uuid4().hex[:8]}"
    yield client[name]
    await client.drop_database(name)
    await _close(client)


@pytest.fixture
async def store(database: Any) -> MongoAssets:
    """The store of assets, with its indexes."""
    store = MongoAssets(database)
    await store.prepare()
    return store


def _report(target: str = "plc", second: int = 0, *keys: Key, **more: Any) -> Report:
    made = Report(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{target}@{second}")),
        site="hagen",
        target=target,
        device="",
        path="nordwerk/hagen/press-shop",
        observed_at=NOON + timedelta(seconds=second),
        reachability=Reachability.ONLINE,
        keys=keys or (Key(Tier.UNIQUE, "global", "serial", "s/1"),),
        attributes={"class": "plc", "vendor": "Siemens"},
    )
    return replace(made, **more)


def _asset(id: str = "a", **more: Any) -> Asset:
    return described(Asset(id, NOON, NOON, revision=1), [view(_report(**more), None)])


def _creation(asset: Asset) -> tuple[Write, list[Outgoing]]:
    return Write(None, asset, (), _report()), [RECORD]


async def test_a_written_asset_is_read_back_whole(store: MongoAssets) -> None:
    """What goes in comes out, field by field."""
    asset = _asset()

    assert await store.write([_creation(asset)])

    assert await store.asset("a") == asset


async def test_a_key_is_claimed_once(store: MongoAssets) -> None:
    """The second claim is told so; the keys that were free are claimed all the same."""
    assert await store.claim({"k1": "a"})

    assert not await store.claim({"k1": "b", "k2": "b"})

    assert (await store.snapshot(["k1", "k2", "k3"], [])).claims == {"k1": "a", "k2": "b"}


async def test_an_asset_is_created_once(store: MongoAssets) -> None:
    """Two creations under one id: the second is told so."""
    assert await store.write([_creation(_asset())])

    assert not await store.write([_creation(_asset()), _creation(_asset("b"))])

    assert await store.asset("b")


async def test_an_asset_that_another_changed_is_not_written(store: MongoAssets) -> None:
    """A write applies to the revision that it was made from, and to no other."""
    first = _asset()
    await store.write([_creation(first)])
    mine, other = replace(first, path="mine", revision=2), replace(first, path="other", revision=2)
    assert await store.write([(Write(first, other, (), _report()), [RECORD])])

    assert not await store.write([(Write(first, mine, (), _report()), [RECORD])])

    assert await store.asset("a") == other


async def test_records_wait_in_the_document_that_they_belong_to(
    store: MongoAssets, database: Any
) -> None:
    """The outbox grows by the same update that writes the asset, and by no other."""
    first = _asset()
    await store.write([_creation(first)])
    second = replace(first, revision=2)
    for _ in range(2):
        await store.write([(Write(first, second, (), _report()), [RECORD, RECORD])])

    document = await database["assets"].find_one({"_id": "a"})

    assert [entry["topic"] for entry in document["outbox"]] == ["inventory.assets.v1"] * 3


async def test_claims_of_a_merged_asset_lead_to_its_successor(
    store: MongoAssets, database: Any
) -> None:
    """The loser is gone for readers; its claims are the winner's, even those not yet moved."""
    winner, loser = _asset("a"), _asset("b")
    await store.write([_creation(winner), _creation(loser)])
    await store.claim({"k": "b"})

    assert await store.remove([(Removal(loser, "a", (), _report()), [RECORD])])
    await database["identity_keys"].insert_one({"_id": "late", "asset": "b"})

    snapshot = await store.snapshot(["k", "late"], [])
    assert snapshot.claims == {"k": "a", "late": "a"}
    assert snapshot.assets.keys() == {"a"}
    assert await store.asset("b") is None


async def test_claims_of_a_retired_asset_are_nobodys(store: MongoAssets) -> None:
    """They are taken, but can be moved."""
    await store.write([_creation(_asset())])
    await store.claim({"k": "a"})
    await store.remove([(Removal(_asset(), NOBODY, (), _report()), [RECORD])])

    assert await store.snapshot(["k"], []) == Snapshot({"k": NOBODY}, {})

    await store.move({"k": "b"})
    assert (await store.snapshot(["k"], [])).claims == {"k": "b"}


async def test_an_asset_that_changed_is_not_removed(store: MongoAssets) -> None:
    """A merge that was decided on an older version is told so."""
    asset = _asset()
    await store.write([_creation(asset)])

    stale = replace(asset, revision=0)
    assert not await store.remove([(Removal(stale, "z", (), _report()), [RECORD])])

    assert await store.asset("a") == asset


async def test_a_snapshot_holds_what_stands_behind_a_silent_endpoint(store: MongoAssets) -> None:
    """Devices behind a gateway are found by the gateway's name."""
    await store.write(
        [_creation(_asset("a", target="gw", device="unit-1")), _creation(_asset("b"))]
    )

    snapshot = await store.snapshot([], ["hagen/gw"])

    assert snapshot.assets.keys() == {"a"}


async def test_being_seen_moves_the_time_forward_only(store: MongoAssets) -> None:
    """The latest time wins, for the asset and for the source; no version is made."""
    await store.write([_creation(_asset())])

    for second in (9, 4):
        await store.seen([Seen("a", "hagen/plc", NOON + timedelta(seconds=second), True)])

    asset = await store.asset("a")
    assert asset
    assert asset.last_seen_at == asset.views[0].observed_at == NOON + timedelta(seconds=9)
    assert asset.revision == 1


async def test_pages_go_through_all_assets_of_a_site_and_class(store: MongoAssets) -> None:
    """By id, without gap or repetition, and filtered."""
    await store.write([_creation(_asset(id)) for id in "abc"])
    await store.write([_creation(_asset("d", site="lyon"))])

    first = await store.assets(site="hagen", class_="plc", after="", limit=2)
    rest = await store.assets(site="hagen", class_="plc", after="b", limit=2)

    assert [asset.id for asset in [*first, *rest]] == ["a", "b", "c"]
    assert await store.assets(site=None, class_="cnc", after="", limit=2) == []
    assert [a.id for a in await store.assets(site="lyon", class_=None, after="", limit=9)] == ["d"]


async def test_sites_are_counted(store: MongoAssets) -> None:
    """Assets, those online, and the last sign of life, for each site; removed ones do not count."""
    offline = _asset("b", second=5, reachability=Reachability.OFFLINE)
    await store.write([_creation(_asset("a")), _creation(offline), _creation(_asset("c"))])
    await store.remove([(Removal(_asset("c"), "a", (), _report()), [])])

    (site,) = await store.sites()

    assert (site.site, site.assets, site.online, site.last_seen_at) == ("hagen", 2, 1, NOON)


async def test_a_store_that_is_away_can_be_tried_again() -> None:
    """No failure of the store is anything else than Retryable."""
    for name in ("motor", "pymongo"):
        client = _client(name, "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
        store = MongoAssets(client["inventory"])
        with pytest.raises(Retryable, match="store: "):
            await store.snapshot(["k"], [])
        with pytest.raises(Retryable, match="store: "):
            await store.claim({"k": "a"})
        await _close(client)


class Silent:
    """Counts nothing but races."""

    races = 0

    def changed(self, kind: str) -> None: ...

    def raced(self) -> None:
        self.races += 1

    def unchanged(self, reports: int) -> None: ...


def _record(report: Report) -> Record[report_pb2.Report]:
    message = report_pb2.Report(
        id=report.id,
        site=report.site,
        target=report.target,
        reachability=report_pb2.REACHABILITY_ONLINE,
        observed_at=report.observed_at,
    )
    for key in report.keys:
        message.keys.add(
            tier=report_pb2.KeyTier.Name(int(key.tier)),
            scope=key.scope, kind=key.kind, value=key.value,
        )  # fmt: skip
    return Record(message, report.source, "normalizer.reports.v1", 0, 0, None)


async def test_replicas_that_meet_the_same_devices_make_one_asset_of_each(
    store: MongoAssets, database: Any
) -> None:
    """Racing claims and writes end in one asset for each device, with all of its sources."""
    devices, replicas = 12, 3
    handlers = [Reports(store, Silent(), written=lambda: None) for _ in range(replicas)]

    async def consume(replica: int) -> None:
        for second in (0, 6):
            reports = [
                _report(f"{replica}-{d}", second, Key(Tier.UNIQUE, "global", "serial", f"s/{d}"))
                for d in range(devices)
            ]
            records = [_record(report) for report in reports]
            while not await taken(handlers[replica], records):
                pass

    async def taken(handler: Reports, records: list[Any]) -> bool:
        try:
            await handler(Batch(records))
        except Retryable:  # comes again, as it does from the consumer
            return False
        return True

    await asyncio.gather(*(consume(replica) for replica in range(replicas)))

    found = await store.assets(site=None, class_=None, after="", limit=100)
    assert sorted(asset.sources for asset in found) == sorted(
        tuple(f"hagen/{replica}-{d}" for replica in range(replicas)) for d in range(devices)
    )


async def test_a_crash_between_any_two_steps_is_mended_by_the_replay(store: MongoAssets) -> None:
    """Merge and replacement, cut after each step and then replayed, end as if never cut."""
    serial = [Key(Tier.UNIQUE, "global", "serial", f"s/{n}") for n in range(3)]
    mac = Key(Tier.STRONG, "hagen", "mac", "m")
    before = [_report("a", 0, mac), _report("b", 0, serial[1]), _report("c", 0, serial[0])]
    after = [_report("a", 5, mac, serial[1]), _report("c", 5, serial[2])]
    essences = []
    for steps in range(5):
        handler = Reports(store, Silent(), written=lambda: None)
        await handler(Batch([_record(report) for report in before]))
        await _cut(store, after, steps)
        await handler(Batch([_record(report) for report in after]))
        found = await store.assets(site=None, class_=None, after="", limit=100)
        essences.append(sorted((asset.sources, sorted(asset.keys)) for asset in found))
        await store._assets.delete_many({})
        await store._keys.delete_many({})

    assert essences == [essences[-1]] * 5
    assert [sources for sources, _ in essences[0]] == [(), ("hagen/a", "hagen/b"), ("hagen/c",)]


async def _cut(store: MongoAssets, reports: list[Report], steps: int) -> None:
    claims = {key.id for report in reports for key in report.claims}
    plan = settle(reports, await store.snapshot(claims, []))
    work: list[Callable[[], Awaitable[bool]]] = [
        lambda: store.claim(plan.claims),
        lambda: store.write([(write, []) for write in plan.gains]),
        lambda: store.write([(write, []) for write in plan.losses]),
        lambda: store.remove([(removal, []) for removal in plan.removals]),
    ]
    for step in work[:steps]:
        assert await step()
