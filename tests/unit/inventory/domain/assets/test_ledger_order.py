"""Whatever the order of the reports, the assets are the same."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.inventory.domain.world import Inventory, host, mac, report, serial

from isthmus.inventory.domain.assets.model import Reachability, Report, view

DEVICES = 3


@st.composite
def histories(draw: st.DrawFn) -> list[list[Report]]:
    """Reports of each source in their order; a source shows some keys of one device."""
    sources = draw(st.integers(1, 5))
    found = []
    for number in range(sources):
        device = draw(st.integers(1, DEVICES))
        known = [serial(f"s/{device}"), mac(f"m/{device}"), host(f"h/{device}")]
        shown = draw(st.lists(st.sampled_from(known), unique=True))
        reports = []
        for second in range(draw(st.integers(1, 4))):
            if draw(st.booleans()):
                attributes = {"firmware": draw(st.sampled_from("12"))}
                made = report(f"t{number}", second, *shown, attributes=attributes)
            else:
                made = report(f"t{number}", second, offline=True)
            reports.append(made)
        found.append(reports)
    return found


def _interleaved(chance: Random, histories: list[list[Report]]) -> list[list[Report]]:
    """Some order of all reports that keeps each source's own, with replays, cut into batches."""
    queues = [list(reports) for reports in histories]
    taken: list[Report] = []
    while any(queues):
        taken.append(chance.choice([queue for queue in queues if queue]).pop(0))
        if chance.random() < 0.3:
            taken.append(chance.choice(taken))
    size = chance.randint(1, 6)
    return [taken[start : start + size] for start in range(0, len(taken), size)]


def _essence(inventory: Inventory) -> set[object]:
    return {
        (a.sources, a.keys, tuple(sorted(a.fields().items())), a.health_reason)
        for a in inventory.assets.values()
    }


CHANCES = st.randoms(use_true_random=False)


@settings(max_examples=60, deadline=None)
@given(histories(), CHANCES)
def test_any_interleaving_and_replay_of_the_same_reports_gives_the_same_assets(
    made: list[list[Report]], chance: Random
) -> None:
    """Order between sources, batches and duplicates are Kafka's business, not the inventory's."""
    inventories = (Inventory(), Inventory())
    for inventory in inventories:
        for batch in _interleaved(chance, made):
            inventory.take(*batch)

    first, second = inventories
    assert _essence(first) == _essence(second)


@settings(max_examples=60, deadline=None)
@given(histories(), CHANCES)
def test_sources_that_share_a_key_are_one_asset_and_others_are_not(
    made: list[list[Report]], chance: Random
) -> None:
    """Assets are the connected components of sources by keys; each key has one living holder."""
    inventory = Inventory()
    for batch in _interleaved(chance, made):
        inventory.take(*batch)

    shown: dict[str, set[str]] = {}
    for reports in made:
        keys = {key.id for each in reports for key in each.keys} | {f"source {reports[0].source}"}
        joined = [group for group in shown if shown[group] & keys]
        shown[reports[0].source] = keys.union(*(shown.pop(group) for group in joined))
    assert len(inventory.assets) == len(shown)
    for key, holder in inventory.claims.items():
        assert inventory._holder(holder) in inventory.assets, key


@settings(max_examples=60, deadline=None)
@given(histories(), CHANCES)
def test_what_a_site_publishes_late_changes_nothing(
    made: list[list[Report]], chance: Random
) -> None:
    """After a lost link the newest comes first; everything older, in any batches, is history."""
    inventory = Inventory()
    inventory.take(*(reports[-1] for reports in made))
    essence, history = _essence(inventory), list(inventory.history)
    for batch in _interleaved(chance, [reports[:-1] for reports in made]):
        inventory.take(*batch)

    assert _essence(inventory) == essence
    assert inventory.history == history


def test_what_stood_behind_a_gateway_before_it_fell_silent_is_history_too() -> None:
    """A unit that nobody knows yet is found when the gateway answers again, not before."""
    inventory = Inventory()
    inventory.take(report("gw", 100, offline=True))
    inventory.take(report("gw", 50, serial("s/1"), device="unit-3"))
    assert [asset.sources for asset in inventory.assets.values()] == [("hagen/gw",)]

    inventory.take(report("gw", 110, serial("s/1"), device="unit-3"))

    assert [asset.sources for asset in inventory.assets.values()] == [("hagen/gw/unit-3",)]


def test_a_unit_that_is_known_does_not_come_back_to_life_by_what_it_said_before() -> None:
    """Its endpoint has been silent since."""
    inventory = Inventory()
    inventory.take(report("gw", 0, serial("s/1"), device="unit-3"))
    inventory.take(report("gw", 100, offline=True))
    history = list(inventory.history)
    inventory.take(report("gw", 50, serial("s/1"), device="unit-3"))

    assert inventory.one().reachability is Reachability.OFFLINE
    assert inventory.history == history


def test_a_late_report_still_tells_that_two_assets_are_one() -> None:
    """Another replica came to show the same serial; what the late one says changes nothing."""
    inventory = Inventory()
    read, silent = report("plc", 0, serial("s/1")), report("plc", 5, offline=True)
    inventory.take(read, silent)
    other = Inventory()
    other.take(report("opc", 3, serial("s/1"), attributes={"firmware": "2"}))
    inventory.assets |= other.assets
    inventory.claims |= other.claims

    inventory.take(read, silent)

    asset = inventory.one()
    assert asset.sources == ("hagen/opc", "hagen/plc")
    view = asset.view("hagen/plc")
    assert view is not None
    assert view.observed_at == silent.observed_at


def test_devices_that_another_replica_found_keep_the_ids_that_it_gave_them() -> None:
    """A report whose own id is taken by then becomes an asset of another id."""
    first = report("plc", 0, offline=True)
    inventory = Inventory()
    inventory.take(first)
    taken = inventory.one()
    inventory.assets = {
        taken.id: replace(taken, views=(view(report("opc", 0, serial("s/1")), None),))
    }

    inventory.take(first)

    assert len(inventory.assets) == 2
    assert inventory.assets[taken.id].sources == ("hagen/opc",)
