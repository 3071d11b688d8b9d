"""Assets are judged with each change, each day, and by whoever owns them next."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.alerting.conftest import Assigned, Memory, Service

from isthmus.alerting.adapters.rules.cel import compiled
from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.alerting.domain.rules.blank import ASSETS
from isthmus.alerting.domain.rules.conditions import Assertion, Limit, Limits, Near
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import ASSET_FIELDS
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.rules.book import RuleBook, Stored
from isthmus.alerting.handlers.rules.inventory import AssetRules, NoSources
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch

ZONED = compiled("asset.zone == 'safety'", {}, ASSET_FIELDS)
RULES = (
    Rule("zoned", "low", "{source}", "Look.", Assertion(ZONED)),
    Rule("ends", "low", "{after}", "Look.",
         Near("end_of_support", Limits((Limit(30),), rising=False))),
)  # fmt: skip
DAY_S = 86_400


class Inventoried(Service):
    """A replica that owns a partition of the assets."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.rules = RuleBook(RULES)
        self.of_assets = Owned(memory, NoSources(), self.now, ASSETS)
        self.inventory = AssetRules(self.of_assets, self.ledger, self.assets, self.rules, self.now)

    async def own(self, *numbers: int) -> None:
        await self.of_assets.on_partitions_assigned([Assigned(n) for n in numbers])
        await self.of_assets.load_assigned()

    def know(self, asset: Asset | None, id: str = "a", partition: int = 0) -> None:
        value = asset.SerializeToString() if asset else None
        self.assets.handle(
            SimpleNamespace(key=id.encode(), value=value, headers=[], topic="t",
                            partition=partition, offset=0)
        )  # fmt: skip

    async def take(self, asset: Asset | None, id: str = "a") -> None:
        batch = Batch([Record(asset, id, "inventory.assets.v1", 0, 0, None)])
        assert list(await self.inventory.handle(batch)) == []


def an_asset(id: str = "a", **fields: Any) -> Asset:
    return Asset(**{"id": id, "site": "hagen", "name": "PLC-1", "revision": 1, **fields})


@pytest.fixture
async def replica(memory: Memory) -> Inventoried:
    """A replica that owns partition 0 of the assets."""
    made = Inventoried(memory)
    await made.own(0)
    return made


async def test_an_asset_raises_an_alarm_and_clears_it_when_it_is_mended(
    replica: Inventoried,
) -> None:
    """Its subject is the asset; a replay changes nothing."""
    await replica.take(an_asset(zone="safety"))
    await replica.take(an_asset(zone="safety"))
    replica.second = 60
    await replica.take(an_asset(zone="office", revision=2))
    alarm = replica.memory.alarms[alarm_id("zoned", "a")]

    assert replica.steps() == [("zoned", 1, "raised"), ("zoned", 2, "cleared")]
    assert (alarm.subject, alarm.stream, alarm.asset_id) == ("a", ASSETS, "a")


async def test_an_older_record_than_what_the_topic_says_changes_nothing(
    replica: Inventoried,
) -> None:
    """The whole topic is read beside the group, and may be ahead of it."""
    replica.know(an_asset(zone="office", revision=2))
    await replica.take(an_asset(zone="safety", revision=1))

    assert replica.steps() == []


async def test_days_pass_without_any_event(replica: Inventoried) -> None:
    """Once a day every asset is looked at; twice on one day nothing happens."""
    replica.know(an_asset(end_of_support="2026-02-15"))
    replica.know(an_asset("b", end_of_support="2026-02-15"), "b", partition=1)
    await replica.inventory.sweep()
    assert replica.steps() == []
    replica.second = 20 * DAY_S
    await replica.inventory.sweep()
    operations = replica.memory.operations
    await replica.inventory.sweep()

    assert replica.steps() == [("ends", 1, "raised")]
    assert replica.memory.operations == operations


async def test_the_next_owner_looks_at_all_assets_and_finds_what_nobody_told(
    memory: Memory,
) -> None:
    """Nothing is lost with a crash; an alarm of an asset that is gone is closed."""
    first, second = Inventoried(memory), Inventoried(memory)
    await first.own(0)
    await first.take(an_asset("gone", zone="safety"), "gone")
    second.know(an_asset(zone="safety"))
    await second.own(0)
    await second.inventory.sweep()

    assert sorted(second.steps()) == [
        ("zoned", 1, "raised"),
        ("zoned", 1, "raised"),
        ("zoned", 2, "closed"),
    ]


async def test_a_tombstone_closes_the_alarms_of_an_asset(replica: Inventoried) -> None:
    """It is no return to normal."""
    await replica.take(an_asset(zone="safety"))
    await replica.take(None)

    assert replica.steps() == [("zoned", 1, "raised"), ("zoned", 2, "closed")]


async def test_a_new_rule_is_held_against_all_assets(replica: Inventoried) -> None:
    """Not only against those that change after it."""
    replica.know(an_asset(owner="nobody"))
    await replica.inventory.sweep()
    owned = compiled("asset.owner == 'nobody'", {}, ASSET_FIELDS)
    replica.rules.store("owned", Stored(1, Rule("owned", "low", "", "", Assertion(owned))))
    await replica.inventory.sweep()

    assert replica.steps() == [("owned", 1, "raised")]
