"""Which assets a report is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from isthmus.inventory.domain.assets.identity import ENDPOINTS_MAX, Match, resolve
from isthmus.inventory.domain.assets.model import (
    Asset,
    Key,
    Reachability,
    Report,
    Tier,
    place,
    view,
)
from isthmus.inventory.domain.assets.precedence import described

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERIAL, OTHER_SERIAL = (Key(Tier.UNIQUE, "global", "serial", f"siemens/{n}") for n in (1, 2))
URI = Key(Tier.UNIQUE, "global", "product-instance-uri", "urn:siemens:1")
MAC, OTHER_MAC = (Key(Tier.STRONG, "hagen", "mac", f"00:1b:1b:00:00:0{n}") for n in (1, 2))
NAME = Key(Tier.WEAK, "hagen", "hostname", "press")


def report(*keys: Key, target: str = "plc") -> Report:
    id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    return Report(id, "hagen", target, "", "x/hagen", NOON, Reachability.ONLINE, keys=keys)


def asset(id: str, *keys: Key, target: str = "plc", age_s: int = 0) -> Asset:
    found_at = NOON - timedelta(seconds=age_s)
    return described(Asset(id, found_at, found_at), [view(report(*keys, target=target), None)])


def match(said: Report, *assets: Asset) -> Match:
    """The match among assets that hold every key that they show."""
    holders = {key.id: each for key in said.claims for each in assets if each.shows(key)}
    return resolve(said, holders)


def ids(found: Match) -> list[str]:
    return [each.id for each in found.same]


def test_an_unknown_device_matches_nothing() -> None:
    """No holder, no match."""
    assert match(report(SERIAL)) == Match(())


def test_a_unique_key_decides_wherever_the_device_stands() -> None:
    """The same serial number at another address is the same asset."""
    known = asset("a", SERIAL, target="old")

    assert ids(match(report(SERIAL, MAC), known)) == ["a"]


def test_all_holders_of_the_reports_keys_are_one_device_oldest_first() -> None:
    """A serial number here, a network card there: to be merged."""
    young, old = asset("a", SERIAL, target="x"), asset("b", MAC, target="y", age_s=9)

    assert ids(match(report(SERIAL, MAC), young, old)) == ["b", "a"]


def test_of_two_proven_devices_the_one_that_nothing_contradicts_is_meant() -> None:
    """Two unique keys of two assets: the one that has another serial number stays itself."""
    mine, other = asset("a", SERIAL, target="x"), asset("b", URI, OTHER_SERIAL, target="y")

    assert ids(match(report(URI, SERIAL), mine, other)) == ["a"]


def test_a_unique_key_decides_even_when_another_of_its_asset_differs() -> None:
    """Nothing else is as good."""
    assert ids(match(report(URI, SERIAL), asset("b", URI, OTHER_SERIAL, target="y"))) == ["b"]


def test_a_strong_key_is_vetoed_by_another_serial_number() -> None:
    """A network card that was moved does not take its old device along."""
    assert match(report(MAC, OTHER_SERIAL), asset("a", MAC, SERIAL, target="x")).same == ()


def test_a_host_name_is_vetoed_by_another_network_card() -> None:
    """Two devices with one default name are two."""
    assert match(report(NAME, OTHER_MAC), asset("a", NAME, MAC, target="x")).same == ()


def test_a_device_at_its_place_may_have_got_another_network_card() -> None:
    """Without a serial number that differs, the place decides."""
    assert ids(match(report(OTHER_MAC), asset("a", MAC))) == ["a"]


def test_another_serial_number_at_a_place_displaces_its_asset() -> None:
    """The place is the new device's, whose asset may be there already."""
    here, known = asset("a", SERIAL), asset("b", OTHER_SERIAL, target="y")

    found = match(report(OTHER_SERIAL), here, known)

    assert ids(found) == ["b"]
    assert found.displaced == here


def test_an_asset_elsewhere_is_not_joined_with_another_at_the_reports_place() -> None:
    """Network cards tell apart what neither serial number nor place can."""
    here, known = asset("a", MAC), asset("b", SERIAL, OTHER_MAC, target="y")

    found = match(report(SERIAL, OTHER_MAC), here, known)

    assert ids(found) == ["b"]
    assert found.displaced == here


def test_a_source_is_a_key_of_its_site() -> None:
    """The place is claimed under the source's name."""
    assert place("hagen", "hagen/plc") == replace(NAME, kind="source", value="hagen/plc")


def test_a_pinned_source_is_its_asset_whatever_its_keys_say() -> None:
    """A person has said so; keys of others are not even a conflict."""
    mine = replace(asset("a", MAC), pinned=frozenset({"hagen/plc"}))
    other = asset("b", SERIAL, target="y")

    assert match(report(SERIAL), mine, other) == Match((mine,))


def test_assets_that_a_person_has_parted_are_not_joined_by_anybody_else() -> None:
    """A third source that shows keys of both belongs to the one of the stronger key."""
    one = replace(asset("a", SERIAL, target="x"), pinned=frozenset({"hagen/x"}))
    other = replace(asset("b", MAC, target="y", age_s=9), pinned=frozenset({"hagen/y"}))

    found = match(report(SERIAL, MAC, target="z"), one, other)

    assert ids(found) == ["a"]
    assert found.contested == ((MAC, other),)


def test_an_asset_that_nobody_has_parted_may_join_one_that_was() -> None:
    """Only two that were both put where they are by a person stay apart."""
    one = replace(asset("a", SERIAL, target="x"), pinned=frozenset({"hagen/x"}))

    assert ids(match(report(SERIAL, MAC, target="z"), one, asset("b", MAC, target="y"))) == [
        "a",
        "b",
    ]


def test_a_key_of_another_device_is_contested() -> None:
    """Unique and strong ones, for a person to look at; weak ones are expected to be shared."""
    other = asset("b", URI, MAC, NAME, SERIAL, target="y")

    found = match(report(NAME, MAC, OTHER_SERIAL), other)

    assert found == Match((), contested=((MAC, other),))


def _crowd(key: Key, endpoints: int) -> Asset:
    views = [view(report(key, target=f"t{n}"), None) for n in range(endpoints)]
    return described(Asset("a", NOON, NOON), views)


def test_a_cloned_key_joins_no_further_endpoint_to_a_crowded_asset() -> None:
    """One device is not read through so many; its own endpoints stay."""
    full, nearly = _crowd(MAC, ENDPOINTS_MAX), _crowd(MAC, ENDPOINTS_MAX - 1)

    assert match(report(MAC, target="new"), full) == Match((), contested=((MAC, full),))
    assert ids(match(report(MAC, target="new"), nearly)) == ["a"]
    assert ids(match(report(MAC, target="t3"), full)) == ["a"]


def test_a_unique_key_joins_however_many_endpoints_there_are() -> None:
    """A serial number is what it is."""
    assert ids(match(report(SERIAL, target="new"), _crowd(SERIAL, ENDPOINTS_MAX))) == ["a"]
