"""Many targets at once: whose place is another's, and what the rules of a site say of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.polling.bulk import (
    BulkResult,
    BulkVerdict,
    TargetRules,
    counted,
    crowded,
    refusal,
)
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.polling.zones import Zone, zone
from isthmus.inventory.domain.rows import Invalid

IDS = st.sampled_from("abcd")
PLACES = st.sampled_from("123")


def plc(host: str = "127.21.0.11", path: str = "nordwerk/hagen/press", **more: Any) -> Target:
    endpoint = {"protocol": "modbus", "host": host, "port": 502}
    return Target(**{**dict(site="hagen", target="plc", path=path, interval_s=2.0, profile="m340",
                            endpoint=endpoint), **more})  # fmt: skip


def rules(*zones: dict[str, Any], profiles: tuple[str, ...] = ("m340",)) -> TargetRules:
    made: list[Zone] = [zone(each, "hagen") for each in zones]
    return TargetRules({"hagen": made}, frozenset(profiles))


@pytest.mark.parametrize("entry", ["127.21.0.11", "127.21.0.0/24", "plc"])
def test_what_must_not_be_polled_is_refused_with_its_zone(entry: str) -> None:
    """By address, by network, by name; above and at its path, not beside it."""
    for path in ("", "nordwerk/hagen", "nordwerk/hagen/press"):
        with pytest.raises(Invalid, match=f"do_not_poll of zone hagen.* names '{entry}'"):
            rules({"path": path, "do_not_poll": [entry]}).check(plc())

    rules({"path": "nordwerk/hagen/press-2", "do_not_poll": [entry]}).check(plc())
    rules({"do_not_poll": [entry]}).check(plc(site="lyon"))
    rules({"do_not_poll": ["127.21.1.0/24", "other"]}).check(plc())


def test_a_host_by_name_is_known_by_it() -> None:
    """Which address it has, only a collector knows."""
    with pytest.raises(Invalid, match=r"names 'press\.local'"):
        rules({"do_not_poll": ["Press.local"]}).check(plc("PRESS.local"))
    rules({"do_not_poll": ["127.0.0.0/8"]}).check(plc("press.local"))
    rules({"do_not_poll": ["127.0.0.0/8"]}).check(plc(endpoint={"protocol": "serial"}))


def test_what_may_be_a_surprise_is_noted() -> None:
    """A pause, and a profile that looks misspelt; nothing where nothing is known."""
    paused = {"envelope": {"paused": True, "reason": "shutdown"}}
    made = rules(paused, profiles=("schneider-m340",))

    assert made.notes(plc(profile="schneider-m34")) == (
        "zone hagen is paused: shutdown",
        "profile 'schneider-m34' is one that no target has yet; is it schneider-m340?",
    )
    assert made.notes(plc(profile="auto")) == ("zone hagen is paused: shutdown",)
    assert rules(profiles=()).notes(plc()) == ()
    assert rules().notes(plc()) == ()


def test_rows_are_counted_by_what_became_of_them() -> None:
    """Also what none of them became."""
    results = [refusal(1, "", Invalid("site", "x")), BulkResult(2, "a", BulkVerdict.CREATED)]

    assert counted(results) == {
        BulkVerdict.CREATED: 1, BulkVerdict.CHANGED: 0, BulkVerdict.UNCHANGED: 0,
        BulkVerdict.REFUSED: 1,
    }  # fmt: skip
    assert (results[0].field, results[0].reason) == ("site", "x")


def test_a_place_that_is_left_in_the_same_breath_is_free() -> None:
    """Of two that want it, the first row has it."""
    assert crowded({"a": "1", "b": "2"}, {"1": "b"}) == {}
    assert crowded({"a": "1"}, {"1": "b"}) == {"a": "b"}
    assert crowded({"a": "1", "b": "1"}, {}) == {"b": "a"}
    assert crowded({"a": "1"}, {"1": "a"}) == {}


@given(st.dictionaries(IDS, PLACES), st.dictionaries(PLACES, IDS))
def test_no_two_get_one_place(places: dict[str, str], holders: dict[str, str]) -> None:
    """Whatever is wanted, and whoever stands there; who stays where they are keeps it."""
    taken = crowded(places, holders)

    granted = [place for id, place in places.items() if id not in taken]
    assert len(granted) == len(set(granted))
    for id, other in taken.items():
        assert other != id
    for place, holder in holders.items():
        if places.get(holder) == place:
            assert holder not in taken
