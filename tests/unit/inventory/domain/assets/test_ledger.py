"""What batches of reports do to the assets."""

import pytest
from tests.unit.inventory.domain.world import NOON, Inventory, address, host, mac, report, serial

from isthmus.inventory.domain.assets.curation import edited
from isthmus.inventory.domain.assets.ledger import settle
from isthmus.inventory.domain.assets.model import (
    Cause,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Tier,
)
from isthmus.inventory.domain.assets.plan import NOBODY, Plan, Snapshot
from isthmus.inventory.domain.assets.precedence import POLICY
from isthmus.inventory.domain.assets.vocabulary import Origin


def test_a_device_that_reports_first_is_discovered() -> None:
    """An unknown device becomes one asset, with its keys, attributes and source."""
    inventory = Inventory()

    inventory.take(report("plc", 0, serial("s/1"), attributes={"vendor": "Siemens"}))

    asset = inventory.one()
    assert asset.fields()["vendor"] == "Siemens"
    assert asset.sources == ("hagen/plc",)
    assert asset.revision == 1
    assert inventory.kinds() == [ChangeKind.DISCOVERED]


def test_a_replayed_report_changes_nothing() -> None:
    """The same report again makes no version and no change."""
    inventory = Inventory()
    first = report("plc", 0, serial("s/1"))

    inventory.take(first)
    plan = inventory.take(first)

    assert (plan.gains, plan.losses, plan.removals, plan.seen) == ((), (), (), ())
    assert plan.claims == {}
    assert plan.moves == {}


def test_an_older_report_changes_nothing() -> None:
    """A report from before the stored one of its source is passed over."""
    inventory = Inventory()
    inventory.take(report("plc", 9, serial("s/1"), attributes={"firmware": "2"}))

    plan = inventory.take(report("plc", 3, serial("s/1"), attributes={"firmware": "1"}))

    assert plan.gains == ()
    assert inventory.one().attributes["firmware"] == "2"


def test_an_unchanged_report_only_says_that_the_device_was_seen() -> None:
    """The time is written at most every few seconds, and no version is made of it."""
    inventory = Inventory()
    inventory.take(report("plc", 0, serial("s/1")))

    soon, later = (inventory.take(report("plc", s, serial("s/1"))) for s in (2, 6))

    assert soon.seen == ()
    assert [seen.source for seen in later.seen] == ["hagen/plc"]
    assert later.gains == soon.gains == ()


def test_a_changed_field_is_history() -> None:
    """Other firmware makes a new version and a CHANGED with before and after."""
    inventory = Inventory()
    inventory.take(report("plc", 0, serial("s/1"), attributes={"firmware": "3.20"}))

    inventory.take(report("plc", 5, serial("s/1"), attributes={"firmware": "3.30"}))

    change = inventory.history[-1]
    assert (change.field, change.before, change.after) == ("firmware", "3.20", "3.30")
    assert inventory.one().revision == 2


def test_a_partial_report_takes_no_attribute_away() -> None:
    """What a report does not say stays as it was known."""
    inventory = Inventory()
    inventory.take(report("plc", 0, serial("s/1"), mac("m"), attributes={"model": "M340"}))

    plan = inventory.take(report("plc", 5, serial("s/1")))

    assert plan.gains == ()
    assert inventory.one().attributes["model"] == "M340"
    assert mac("m") in inventory.one().keys


def test_another_family_or_version_leaves_nothing_of_the_former_life() -> None:
    """The end of support of the old firmware is not that of the new one."""
    inventory = Inventory()
    old = {"family": "M340", "firmware": "2", "cpe": "cpe:2", "end_of_support": "2024"}
    inventory.take(report("plc", 0, serial("s/1"), attributes=old))

    inventory.take(report("plc", 5, serial("s/1"), attributes={"name": "press"}))
    assert inventory.one().attributes["end_of_support"] == "2024"
    inventory.take(report("plc", 9, serial("s/1"), attributes={"family": "M340", "firmware": "3"}))

    assert inventory.one().attributes == {"family": "M340", "firmware": "3", "name": "press"}
    gone = {(c.field, c.before, c.after) for c in inventory.history if c.field in old}
    assert ("end_of_support", "2024", "") in gone


def test_a_part_is_an_asset_of_its_own() -> None:
    """A module with a serial number, and a fan that only has its place; silent with the switch."""
    inventory = Inventory()
    inventory.take(
        report("sw", 0, serial("s/1"), address("10.0.0.5:161")),
        report(
            "sw", 0, serial("s/2"), address("10.0.0.5:161/module-3"), device="module-3", part=True
        ),
        report("sw", 0, address("10.0.0.5:161/module-9"), device="module-9", part=True),
    )
    inventory.take(report("sw", 20, serial("s/2"), address("10.0.0.5:161/module-3"),
                          device="module-3", part=True))  # fmt: skip

    assert [a.sources for a in inventory.assets.values()] == [
        ("hagen/sw",),
        ("hagen/sw/module-3",),
        ("hagen/sw/module-9",),
    ]
    inventory.take(report("sw", 25, address("10.0.0.5:161"), offline=True))
    assert {a.reachability for a in inventory.assets.values()} == {Reachability.OFFLINE}


def test_a_module_that_moves_to_another_chassis_stays_the_same_asset() -> None:
    """Its serial number goes with it; the one that took its slot is another asset."""
    inventory = Inventory()
    inventory.take(report("sw", 0, serial("s/2"), device="module-3", part=True))

    inventory.take(report("other", 5, serial("s/2"), device="module-1", part=True))
    inventory.take(report("sw", 9, serial("s/7"), device="module-3", part=True))

    moved, new = inventory.assets.values()
    assert moved.sources == ("hagen/other/module-1",)
    assert new.sources == ("hagen/sw/module-3",)


def test_a_device_that_was_silent_at_first_stays_the_same_when_its_parts_are_heard_before_it() -> (
    None
):
    """Parts and device come on partitions of their own; the placeholder is the device itself."""
    inventory = Inventory()
    inventory.take(report("sw", 0, address("10.0.0.5:161"), offline=True))
    id = inventory.one().id

    inventory.take(report("sw", 5, serial("s/2"), device="module-3", part=True))
    inventory.take(report("sw", 5, serial("s/1"), address("10.0.0.5:161")))

    assert inventory.assets[id].sources == ("hagen/sw",)
    assert ChangeKind.RETIRED not in inventory.kinds()


def test_one_device_on_two_protocols_is_one_asset() -> None:
    """A shared serial number joins the sources."""
    inventory = Inventory()

    inventory.take(report("plc", 0, serial("s/1")), report("scada", 1, serial("s/1"), device="Plc"))

    assert inventory.one().sources == ("hagen/plc", "hagen/scada/Plc")


def test_two_devices_with_one_network_name_stay_two() -> None:
    """A weak key does not join devices that have proven to differ, and nothing flaps."""
    inventory = Inventory()
    reports = [report(t, s, serial(t), host("press")) for s in (0, 1, 2) for t in ("a", "b")]

    for each in reports:
        inventory.take(each)

    assert len(inventory.assets) == 2
    assert inventory.versions == 2


def test_a_cloned_engine_id_does_not_join_devices_with_serial_numbers() -> None:
    """A strong key is vetoed by different unique keys of one kind."""
    inventory = Inventory()

    inventory.take(report("a", 0, serial("s/1"), mac("m")), report("b", 0, serial("s/2"), mac("m")))

    assert len(inventory.assets) == 2


def test_assets_that_turn_out_to_be_one_are_merged_into_the_oldest() -> None:
    """The younger goes, the older keeps its id and gets its sources and keys."""
    inventory = Inventory()
    inventory.take(report("a", 0, mac("m")))
    oldest = inventory.one()
    inventory.take(report("b", 1, serial("s/1")))
    youngest = next(asset for asset in inventory.assets.values() if asset.id != oldest.id)

    inventory.take(report("a", 2, mac("m"), serial("s/1")))

    assert inventory.one().id == oldest.id
    assert inventory.one().sources == ("hagen/a", "hagen/b")
    assert inventory.gone == {youngest.id: oldest.id}
    merged = [change for change in inventory.history if change.kind is ChangeKind.MERGED]
    assert [(c.asset_id, c.before) for c in merged] == [(oldest.id, youngest.id)]


def test_a_report_may_merge_several_assets_at_once() -> None:
    """Each of them is history of its own."""
    inventory = Inventory()
    keys = [serial("s/1"), mac("m"), host("h")]
    inventory.take(*(report(f"t{n}", n, key) for n, key in enumerate(keys)))
    assert len(inventory.assets) == 3

    inventory.take(report("t0", 5, *keys))

    merged = [change for change in inventory.history if change.kind is ChangeKind.MERGED]
    assert inventory.one().sources == ("hagen/t0", "hagen/t1", "hagen/t2")
    assert {change.before for change in merged} == inventory.gone.keys()
    assert len({change.id for change in merged}) == 2


def test_a_swapped_unit_is_another_asset() -> None:
    """Another serial number at the same place: REPLACED on both, and the place goes over."""
    inventory = Inventory()
    inventory.take(report("gw", 0, serial("s/1"), host("u"), device="unit-1"))
    old = inventory.one()

    inventory.take(report("gw", 5, serial("s/2"), host("u"), device="unit-1"))

    new = next(asset for asset in inventory.assets.values() if asset.id != old.id)
    replaced = [c for c in inventory.history if c.kind is ChangeKind.REPLACED]
    assert {(c.asset_id, c.before, c.after) for c in replaced} == {
        (old.id, old.id, new.id),
        (new.id, old.id, new.id),
    }
    assert inventory.assets[old.id].sources == ()
    assert inventory.assets[old.id].reachability is Reachability.OFFLINE
    assert serial("s/1") in inventory.assets[old.id].keys
    assert inventory.claims[host("u").id] == new.id


def test_a_replay_from_before_a_swap_does_not_undo_it() -> None:
    """Reports of the old device at a place are older than what the place says now."""
    inventory = Inventory()
    swap = [report("gw", second, serial(f"s/{second}")) for second in (1, 2)]
    inventory.take(*swap)
    assets, versions = dict(inventory.assets), inventory.versions

    inventory.take(*swap)

    assert (inventory.assets, inventory.versions) == (assets, versions)


def test_a_device_that_moved_is_the_same_asset() -> None:
    """A known serial number at a new address keeps its id and gains the source."""
    inventory = Inventory()
    inventory.take(report("a", 0, serial("s/1"), path="x/hagen/one"))
    inventory.take(report("a", 1, offline=True))

    inventory.take(report("b", 2, serial("s/1"), path="x/hagen/two"))

    assert inventory.one().sources == ("hagen/a", "hagen/b")
    assert inventory.one().path == "x/hagen/two"


def test_a_dead_device_is_one_provisional_asset_until_it_speaks() -> None:
    """A target that never answered is an offline asset, which becomes the device later."""
    inventory = Inventory()
    inventory.take(report("plc", 0, offline=True))
    provisional = inventory.one()
    assert provisional.reachability is Reachability.OFFLINE
    assert provisional.last_seen_at is None

    inventory.take(report("plc", 5, serial("s/1")))

    assert inventory.one().id == provisional.id
    assert inventory.one().reachability is Reachability.ONLINE


def test_a_silent_endpoint_silences_the_devices_behind_it() -> None:
    """When a gateway does not answer, its units are offline, and it is no asset by itself."""
    inventory = Inventory()
    inventory.take(*(report("gw", 0, serial(f"s/{n}"), device=f"unit-{n}") for n in (1, 2)))

    inventory.take(report("gw", 5, offline=True))

    assert [a.reachability for a in inventory.assets.values()] == [Reachability.OFFLINE] * 2


def test_a_paused_device_is_neither_online_nor_offline() -> None:
    """Nobody asked it, or what stands behind it: what was known is not shown as current."""
    inventory = Inventory()
    inventory.take(*(report("gw", 0, serial(f"s/{n}"), device=f"unit-{n}") for n in (1, 2)))

    inventory.take(report("gw", 5, reachability=Reachability.NOT_ASKED))
    paused = [a.reachability for a in inventory.assets.values()]
    inventory.take(report("gw", 9, serial("s/1"), device="unit-1"))

    assert paused == [Reachability.NOT_ASKED] * 2
    assert {a.reachability for a in inventory.assets.values()} == {
        Reachability.ONLINE,
        Reachability.NOT_ASKED,
    }


def test_a_placeholder_of_a_gateway_goes_when_its_units_are_found() -> None:
    """A gateway that was silent at first leaves no ghost once it serves its units."""
    inventory = Inventory()
    inventory.take(report("gw", 0, offline=True))

    inventory.take(report("gw", 5, serial("s/1"), device="unit-1"))

    assert inventory.one().sources == ("hagen/gw/unit-1",)
    assert list(inventory.gone.values()) == [NOBODY]
    assert ChangeKind.RETIRED in inventory.kinds()


def test_an_asset_is_online_while_any_source_reaches_it() -> None:
    """One dead protocol of two does not make a device offline."""
    inventory = Inventory()
    inventory.take(report("a", 0, serial("s/1")), report("b", 0, serial("s/1")))

    inventory.take(report("a", 1, offline=True))

    assert inventory.one().reachability is Reachability.ONLINE


@pytest.mark.parametrize("others", [Health.NORMAL, Health.UNKNOWN, Health.MAINTENANCE_REQUIRED])
def test_the_worst_health_of_the_living_sources_counts(others: Health) -> None:
    """NE 107: a failure is not hidden by a source that knows less."""
    inventory = Inventory()

    inventory.take(
        report("a", 0, serial("s/1"), health=others),
        report("b", 0, serial("s/1"), health=Health.FAILURE, health_reason="fan=3"),
    )

    assert inventory.one().health is Health.FAILURE
    assert inventory.one().health_reason == "fan=3"


def test_a_claim_whose_asset_was_never_written_is_adopted() -> None:
    """A crash between claim and asset leaves an id that the next report fills."""
    inventory = Inventory(claims={serial("s/1").id: "abandoned"})

    inventory.take(report("a", 0, serial("s/1")))

    assert inventory.one().id == "abandoned"


def test_an_older_report_than_the_last_sign_of_life_is_passed_over() -> None:
    """The view is from long ago, but the source has said the same since."""
    inventory = Inventory()
    inventory.take(report("plc", 0, serial("s/1"), attributes={"firmware": "2"}))
    late = report("plc", 50, serial("s/1"), attributes={"firmware": "1"})
    heard = {"hagen/plc": report("plc", 60).observed_at}

    plan = settle([late], Snapshot(inventory.claims, inventory.assets, heard))

    assert plan == Plan()


def test_a_unit_that_was_heard_since_is_not_silenced_by_a_late_report_of_its_gateway() -> None:
    """They come on partitions of their own."""
    inventory = Inventory()
    inventory.take(report("gw", 0, serial("s/1"), device="unit-1"))
    silent = report("gw", 50, offline=True)
    heard = {"hagen/gw/unit-1": report("gw", 60).observed_at}

    assert settle([silent], Snapshot({}, inventory.assets, heard)).gains == ()
    assert settle([silent], Snapshot({}, inventory.assets)).gains != ()


def test_a_demoted_key_tells_nothing() -> None:
    """Neither to whom a report belongs nor what an asset is found by."""
    inventory = Inventory()
    inventory.take(report("a", 0, mac("clone")))
    snapshot = Snapshot(inventory.claims, inventory.assets, demoted=frozenset({mac("clone").id}))

    plan = settle([report("b", 5, mac("clone"), serial("s/2"))], snapshot)

    (write,) = plan.gains
    assert write.before is None
    assert write.after.keys == {serial("s/2")}
    assert plan.contests == ()
    assert settle([report("a", 5, mac("clone"))], snapshot).gains == ()


def test_a_key_of_two_devices_is_a_contest_for_a_person() -> None:
    """With both assets, once a batch."""
    inventory = Inventory()
    inventory.take(report("a", 0, serial("s/1"), mac("m")))
    (first,) = inventory.assets

    plan = inventory.take(*(report("b", second, serial("s/2"), mac("m")) for second in (1, 2)))

    (contest,) = plan.contests
    assert contest.key == mac("m").id
    assert set(contest.assets) == inventory.assets.keys()
    assert contest.assets[1] == first


def test_a_row_of_the_books_stands_beside_the_device_that_it_is_about() -> None:
    """A shared key joins them; neither hides the other, and the row says nothing of health."""
    inventory = Inventory()
    row = report(
        "erp:4711", 0, serial("s/1"), origin=Origin.IMPORT, reachability=Reachability.NOT_ASKED,
        attributes={"owner": "Press shop", "serial": "from the books"},
    )  # fmt: skip
    inventory.take(row)
    assert inventory.one().reachability is Reachability.NOT_ASKED

    inventory.take(report("plc", 5, serial("s/1"), attributes={"serial": "1", "owner": "nobody"}))

    asset = inventory.one()
    assert asset.sources == ("hagen/erp:4711", "hagen/plc")
    assert (asset.attributes["owner"], asset.attributes["serial"]) == ("Press shop", "1")
    assert asset.reachability is Reachability.ONLINE
    inventory.take(report("plc", 9, offline=True))
    assert inventory.one().reachability is Reachability.OFFLINE


def test_a_row_that_is_about_another_device_now_has_replaced_nothing() -> None:
    """Somebody has mended the books; the devices stay where they are."""
    inventory = Inventory()
    keys = [serial("s/1"), serial("s/2")]
    inventory.take(*(report(f"plc-{n}", 0, key) for n, key in enumerate(keys)))
    for second, key in enumerate(keys):
        inventory.take(report("erp:4711", second, key, origin=Origin.IMPORT))

    assert sorted(asset.sources for asset in inventory.assets.values()) == [
        ("hagen/erp:4711", "hagen/plc-1"),
        ("hagen/plc-0",),
    ]
    assert ChangeKind.REPLACED not in inventory.kinds()


def _said_of(inventory: Inventory, source: str, **said: str) -> str:
    asset = next(a for a in inventory.assets.values() if source in a.sources)
    asked = Cause("6ba7b810-9dad-11d1-80b4-00c04fd430c8", NOON, "hagen", "operator", "mara")
    (write,) = edited(asset, said, (), None, asked, POLICY).gains
    inventory.assets[asset.id] = write.after
    return asset.id


def test_what_a_person_said_survives_a_merge() -> None:
    """Of both assets: the words are of the device, not of its first source."""
    inventory = Inventory()
    inventory.take(report("a", 0, mac("m")), report("b", 0, serial("s/1")))
    _said_of(inventory, "hagen/a", criticality="high")
    _said_of(inventory, "hagen/b", location="hall 2")

    inventory.take(report("a", 5, mac("m"), serial("s/1")))

    assert inventory.one().attributes == {"criticality": "high", "location": "hall 2"}


def test_what_a_person_said_of_a_device_stays_with_it_when_another_takes_its_place() -> None:
    """The new one has to be looked at anew; the old one is still found where it stood."""
    inventory = Inventory()
    inventory.take(report("plc", 0, serial("s/1")))
    old = _said_of(inventory, "hagen/plc", criticality="high")

    inventory.take(report("plc", 5, serial("s/2")))

    new = next(asset for id, asset in inventory.assets.items() if id != old)
    assert inventory.assets[old].attributes == {"criticality": "high"}
    assert inventory.assets[old].path == new.path == "nordwerk/hagen/press-shop"
    assert new.attributes == {}
    assert ChangeKind.REPLACED in inventory.kinds()


def test_a_source_that_changed_is_looked_at_again_by_every_replica() -> None:
    """What they remember of it is from before."""
    inventory = Inventory()
    found = inventory.take(report("plc", 0, serial("s/1"), attributes={"firmware": "1"}))

    changed = inventory.take(report("plc", 9, serial("s/1"), attributes={"firmware": "2"}))

    assert not found.unsettled
    assert changed.unsettled == {"hagen/plc"}


def test_what_came_by_a_source_goes_with_it_when_that_turns_out_to_be_another_device() -> None:
    """A cloned engine id joined two devices until one of them showed its serial number."""
    for whole_first in (False, True):
        inventory = Inventory()
        clone = Key(Tier.STRONG, "hagen", "engine-id", "clone")
        part, whole = (clone, mac("a")), (clone, mac("a"), serial("a"))
        inventory.take(report("b", 0, serial("b"), clone))
        if whole_first:
            inventory.take(report("a", 1, *whole))
        inventory.take(report("a", 2, *part))
        inventory.take(report("erp", 3, mac("a"), origin=Origin.IMPORT))
        inventory.take(report("a", 4, *whole))
        inventory.take(report("erp", 5, mac("a"), origin=Origin.IMPORT))

        assert sorted(asset.sources for asset in inventory.assets.values()) == [
            ("hagen/a", "hagen/erp"),
            ("hagen/b",),
        ], whole_first
