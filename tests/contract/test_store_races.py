"""What replicas and people do at once, on the real store: it ends as if one after another."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pytest
from tests.contract.said import said

from isthmus.assets.v1 import asset_pb2
from isthmus.inventory.adapters.assets.history import MongoHistory
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.domain.assets.ledger import settle
from isthmus.inventory.domain.assets.model import (
    Asset,
    Key,
    Report,
    Tier,
)
from isthmus.inventory.domain.assets.plan import Plan, Removal, Write
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.curation import Asked, Curation
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.inventory.ports.assets import Announced, Committed
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2


@pytest.fixture
async def store(database: Any) -> MongoAssets:
    """The store of assets, with its indexes."""
    store = MongoAssets(database)
    await store.prepare()
    return store


class Silent:
    """Counts nothing but races."""

    races = 0

    def changed(self, kind: str) -> None: ...

    def raced(self) -> None:
        self.races += 1

    def unchanged(self, reports: int) -> None: ...

    def known(self, observed_at: Iterable[datetime]) -> None: ...


class Published:
    """Keeps what was published, as a compacted topic does."""

    def __init__(self) -> None:
        self.last: dict[tuple[str, bytes | None], Outgoing] = {}

    async def publish(self, records: Any) -> None:
        for record in records:
            self.last[record.topic, record.key] = record


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


def _handler(store: MongoAssets, published: Published | None = None) -> Reports:
    return Reports(store, Commits(store, published or Published()), Silent())


async def _taken(handler: Reports, reports: list[Report]) -> None:
    while True:
        try:
            await handler(Batch([_record(report) for report in reports]))
        except Retryable:  # comes again, as it does from the consumer
            continue
        return


async def _all(database: Any) -> list[Asset]:
    store = MongoAssets(database)
    live = {"merged_into": {"$exists": False}}
    found = await database["assets"].find(live, {"_id": 1}).to_list(None)
    held = await store.held([each["_id"] for each in found])
    return sorted(held.values(), key=lambda asset: asset.id)


async def test_replicas_that_meet_the_same_devices_make_one_asset_of_each(
    store: MongoAssets, database: Any
) -> None:
    """Racing claims and writes end in one asset for each device, with all of its sources."""
    devices, replicas = 12, 3
    published = Published()

    async def consume(replica: int) -> None:
        handler = _handler(store, published)
        for second in (0, 6):
            keys = [Key(Tier.UNIQUE, "global", "serial", f"s/{d}") for d in range(devices)]
            await _taken(handler, [said(f"{replica}-{d}", second, keys[d])
                                   for d in range(devices)])  # fmt: skip

    await asyncio.gather(*(consume(replica) for replica in range(replicas)))

    found = await _all(database)
    assert sorted(asset.sources for asset in found) == sorted(
        tuple(f"hagen/{replica}-{d}" for replica in range(replicas)) for d in range(devices)
    )
    for asset in found:
        record = published.last["inventory.assets.v1", asset.id.encode()]
        assert asset_pb2.Asset.FromString(record.value or b"").revision == asset.revision
    assert await database["journal"].count_documents({}) == 0


async def test_a_crash_between_any_two_steps_is_mended_by_the_replay(
    store: MongoAssets, database: Any
) -> None:
    """Merge and replacement, cut after each step and then replayed, end as if never cut."""
    serial = [Key(Tier.UNIQUE, "global", "serial", f"s/{n}") for n in range(3)]
    mac = Key(Tier.STRONG, "hagen", "mac", "m")
    before = [said("a", 0, mac), said("b", 0, serial[1]), said("c", 0, serial[0])]
    after = [said("a", 5, mac, serial[1]), said("c", 5, serial[2])]
    essences = []
    for steps in range(5):
        await _taken(_handler(store), before)
        await _cut(store, after, steps)
        await database["journal"].delete_many({})  # as the sweeper does, when the lease has ended
        await _taken(_handler(store), after)
        found = await _all(database)
        essences.append(sorted((asset.sources, sorted(asset.keys)) for asset in found))
        for name in ("assets", "identity_keys", "versions", "seen"):
            await database[name].delete_many({})

    assert essences == [essences[-1]] * 5
    assert [sources for sources, _ in essences[0]] == [(), ("hagen/a", "hagen/b"), ("hagen/c",)]


async def _cut(store: MongoAssets, reports: list[Report], steps: int) -> None:
    claims = {key.id for report in reports for key in report.claims}
    plan = settle(reports, await store.snapshot(claims, []))
    phases: list[Sequence[Write | Removal]] = [plan.gains, plan.losses, plan.removals]
    parts = phases[: max(0, steps - 1)]
    if steps:
        assert await store.claim(plan.claims)
    assert (await store.commit([[(write, []) for write in part] for part in parts])).complete


async def test_a_merge_by_hand_is_undone_with_everything_that_it_brought(
    store: MongoAssets, database: Any
) -> None:
    """Id, sources, keys and values come back; and the devices stay two, whatever they report."""
    serials = [Key(Tier.UNIQUE, "global", "serial", f"s/{n}") for n in range(2)]
    handler, commits = _handler(store), Commits(store, Published())
    await _taken(handler, [said("a", 0, serials[0]), said("b", 0, serials[1])])
    first, second = before = await _all(database)
    curation = Curation(store, MongoHistory(database), commits)
    asked = Asked("ada", reason="one press")

    merged = await curation.join(first.id, second.id, asked)
    await _taken(handler, [said("a", 9, serials[0]), said("b", 9, serials[1])])
    assert [asset.sources for asset in await _all(database)] == [("hagen/a", "hagen/b")]
    assert set(merged.keys) == {*first.keys, *second.keys}

    await curation.restore(second.id, Asked("ada", reason="two presses after all"))
    await _taken(handler, [said("a", 19, serials[0]), said("b", 19, serials[1])])

    after = await _all(database)
    assert [(a.id, a.sources, a.keys, a.attributes) for a in after] == [
        (a.id, a.sources, a.keys, a.attributes) for a in before
    ]


async def test_what_a_plan_leaves_out_is_not_announced(store: MongoAssets, database: Any) -> None:
    """An empty plan writes nothing at all."""
    assert await Commits(store, Published()).carry_out(Plan(), {})

    assert await store.commit([[], []]) == Committed(True, Announced())
    assert await database["journal"].count_documents({}) == 0
