"""What a condition means, and where a page goes on."""

import re
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key, partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.model import Asset, Health, Key, Reachability, Tier, View
from isthmus.inventory.domain.dates import dated
from isthmus.inventory.domain.query import (
    COLUMNS,
    TOKENS_MAX,
    And,
    Compare,
    Condition,
    Known,
    Like,
    Not,
    Operator,
    Or,
    Place,
    Sort,
    Type,
    Under,
    after,
    column,
    equal,
    expression,
    matches,
    named,
    sorting,
    tokens_of,
    words_of,
)
from isthmus.inventory.domain.versions import order_key

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("vendor", equal("vendor", "ABB")),
        ("vendor", Like("vendor", "*")),
        ("vendor", Known("vendor")),
        ("path", Under("path", "nordwerk")),
        ("end_of_support", dated("end_of_support", Operator.LESS, "2030")),
        ("purchase_price", Compare("purchase_price", Operator.LESS, 1e9)),
        ("last_seen_at", Compare("last_seen_at", Operator.LESS, NOON)),
        ("tags", equal("tags", "x")),
    ],
)
def test_no_condition_holds_for_what_is_unknown(name: str, condition: Condition) -> None:
    """Whether it is absent, None or empty; so its opposite holds."""
    for fields in ({}, {name: ""}, {name: None}):
        assert not matches(condition, fields)
        assert matches(Not(condition), fields)


def test_numbers_and_times_compare_as_what_they_are() -> None:
    """Not as texts: 9.50 is less than 10."""
    assert matches(Compare("purchase_price", Operator.LESS, 10.0), {"purchase_price": "9.50"})
    assert matches(Compare("purchase_price", Operator.EQUAL, 10.0), {"purchase_price": "10.00"})
    early = Compare("last_seen_at", Operator.AT_MOST, NOON)
    assert matches(early, {"last_seen_at": NOON})
    assert matches(early, {"last_seen_at": "2026-03-01T12:30:00+01:00"})
    assert not matches(early, {"last_seen_at": "2026-03-01T12:30:00"})


def test_one_of_several_values_is_enough() -> None:
    """Given as texts, or as one with commas; all of them must be others for `not`."""
    for tags in ("line-1,retrofit", ["line-1", "retrofit"]):
        assert matches(equal("tags", "retrofit"), {"tags": tags})
        assert matches(Like("tags", "LINE-*"), {"tags": tags})
        assert not matches(Not(equal("tags", "line-1")), {"tags": tags})


def test_conditions_join() -> None:
    """All of none is everything, one of none is nothing."""
    yes, no = Known("vendor"), Known("serial")
    fields = {"vendor": "ABB"}

    assert matches(And((yes, Not(no))), fields)
    assert not matches(And((yes, no)), fields)
    assert matches(Or((no, yes)), fields)
    assert matches(And(), fields)
    assert not matches(Or(()), fields)


def test_a_path_is_under_itself_and_what_leads_to_it() -> None:
    """And not under one whose name only begins alike."""
    under = Under("path", "nordwerk/hagen")

    assert matches(under, {"path": "nordwerk/hagen"})
    assert matches(under, {"path": "nordwerk/hagen/press-shop"})
    assert not matches(under, {"path": "nordwerk/hagen-2"})
    assert not matches(under, {"path": "nordwerk"})


def _like(pattern: str, text: str) -> bool:
    """The same by definition: a star is nothing, or a character and a star."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _like(pattern[1:], text) or bool(text and _like(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and _like(pattern[1:], text[1:])


@given(st.text("ab*?\n.", max_size=8), st.text("ab\n.", max_size=8))
def test_a_pattern_is_like_what_its_definition_says(pattern: str, text: str) -> None:
    """The regular expression and the recursive definition agree, line ends included."""
    assert bool(re.match(expression(pattern), text, re.DOTALL)) == _like(pattern, text)


def test_a_pattern_of_many_stars_takes_no_time_to_speak_of() -> None:
    """Without atomic groups, this one would outlive the machine."""
    assert not matches(Like("name", "*a" * 100 + "b"), {"name": "a" * 2000})


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "vendor": st.sampled_from(["A", "B"]),
            "purchase_price": st.sampled_from(["9", "10"]),
            "last_seen_at": st.sampled_from([NOON, NOON + timedelta(days=1)]),
        },
    ),
    max_size=12,
)
ORDERS = st.lists(
    st.sampled_from(["vendor", "-purchase_price", "last_seen_at"]), max_size=3, unique=True
).map(lambda names: sorting(",".join(names)))


@given(ROWS, ORDERS)
def test_what_comes_after_a_place_is_the_rest_of_the_list(
    rows: list[dict[str, Any]], order: tuple[Sort, ...]
) -> None:
    """For each place of a list in its order, and for nothing else."""
    listed = [{**row, "id": f"{number:02}"} for number, row in enumerate(rows)]
    listed.sort(key=cmp_to_key(partial(_compared, order)))

    for number, asset in enumerate(listed):
        values = tuple(_typed(each.field, asset.get(each.field)) for each in order)
        rest = after(order, Place(values, asset["id"]))

        assert [each for each in listed if matches(rest, each)] == listed[number + 1 :]


def _typed(name: str, value: Any) -> Any:
    return float(value) if value is not None and name == "purchase_price" else value


def _compared(order: tuple[Sort, ...], a: dict[str, Any], b: dict[str, Any]) -> int:
    for each in order:
        one, other = (_typed(each.field, asset.get(each.field)) for asset in (a, b))
        if one == other:
            continue
        if one is None or other is None:
            return 1 if one is None else -1
        return (1 if one > other else -1) * (-1 if each.descending else 1)
    return 1 if a["id"] > b["id"] else -1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("vendr", "there is no field 'vendr'; did you mean vendor?"),
        ("zzz", "there is no field 'zzz'; own fields are custom.<name>"),
        ("custom.$where", "there is no field 'custom.$where'; own fields are custom.<name>"),
        ("custom.a.b", "there is no field 'custom.a.b'; own fields are custom.<name>"),
    ],
)
def test_an_unknown_field_is_refused(name: str, reason: str) -> None:
    """With a near name when there is one."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        column(name)


def test_versions_are_compared_as_versions() -> None:
    """Whatever stands before them."""
    older = Compare("firmware", Operator.LESS, order_key("2.10"))

    assert matches(older, {"firmware": "V2.9"})
    assert not matches(older, {"firmware": "2.10.1"})
    assert not matches(older, {})


def test_a_condition_names_its_fields() -> None:
    """However deep they stand."""
    condition = And((Not(Known("site")), Or((equal("vendor", "ABB"), Under("path", "x")))))

    assert named(condition) == {"site", "vendor", "path"}


def test_every_field_has_a_type() -> None:
    """Versions, lists and times are told from texts; own fields are texts."""
    assert COLUMNS["firmware"].type is Type.VERSION
    assert COLUMNS["tags"].type is Type.LIST
    assert COLUMNS["purdue_level"].type is Type.TEXT
    assert COLUMNS["health"].words == tuple(Health)
    assert column("custom.colour-2").type is Type.TEXT


@pytest.mark.parametrize(
    ("sort", "reason"),
    [
        ("a,b,c,d", "4 fields, expected at most 3"),
        ("vendr", "did you mean vendor"),
        ("tags", "tags has several values"),
        ("name,-name", "expected each field once"),
        ("name,", "there is no field ''"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(sort: str, reason: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=reason):
        sorting(sort)


def test_an_order_names_fields_and_directions() -> None:
    """None is the order of the ids."""
    assert sorting(" -end_of_support, name") == (Sort("end_of_support", True), Sort("name"))
    assert sorting(" ") == ()


def test_a_search_has_at_most_ten_words() -> None:
    """In lower case, each once; a NUL character is no word."""
    assert words_of(" Press  SIEMENS press ") == ("press", "siemens")
    with pytest.raises(ValueError, match="11 words"):
        words_of(" ".join("abcdefghijk"))
    with pytest.raises(ValueError, match="NUL"):
        words_of("a\0")


def _asset(*keys: Key, **attributes: str) -> Asset:
    view = View(
        "hagen/plc", "hagen", "", NOON, "r", Reachability.ONLINE, Health.NORMAL, "", {}, keys
    )
    path = "nordwerk/hagen/press-shop"
    return Asset("a", NOON, NOON, (view,), attributes=attributes, site="hagen", path=path)


def test_an_asset_is_found_by_its_values_and_their_words() -> None:
    """In lower case, whole and word by word, its place and addresses too, each once."""
    mac = Key(Tier.STRONG, "hagen", "mac", "00:1b:1b:00:00:01")
    serial = Key(Tier.UNIQUE, "global", "serial", "siemens/s-1")

    found = tokens_of(_asset(mac, serial, name="PRESS-1", vendor="Größe AG", tags="line-1,old"))

    assert {"press-1", "press", "1", "größe ag", "größe", "ag", "line-1", "line", "old", "hagen",
            "nordwerk", "press-shop", "shop", "00:1b:1b:00:00:01"} == set(found)  # fmt: skip
    assert len(found) == len(set(found))


def test_the_words_of_an_asset_are_bounded() -> None:
    """Its name before its addresses, and no word without end."""
    keys = [Key(Tier.WEAK, "hagen", "address", f"10.0.0.{n}") for n in range(80)]

    found = tokens_of(_asset(*keys, name="PRESS-1", location="x" * 500))

    assert len(found) == TOKENS_MAX
    assert found[0] == "press-1"
    assert max(map(len, found)) == 100
    assert tokens_of(_asset()) == ("hagen", "nordwerk", "press-shop", "press", "shop")
