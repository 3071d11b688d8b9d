"""An asset as rules see it, and the group in which it stands."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.rules.subject import ASSET_FIELDS, GROUPS, Subject, group, last_day
from isthmus.assets.v1.asset_pb2 import Asset

PATH = "nordwerk/hagen/press-shop/line-1/press-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027", date(2027, 12, 31)),
        ("2028-02", date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 31)),
        ("2026-03-01", date(2026, 3, 1)),
        ("", None),
        ("soon", None),
        ("2026-13", None),
        ("9999-12", date(9999, 12, 31)),
    ],
)
def test_a_date_that_is_not_whole_means_its_last_day(text: str, expected: date | None) -> None:
    """Support until 2027 ends with the year; what is no date says nothing."""
    assert last_day(text) == expected


@given(st.text(max_size=12))
def test_no_text_breaks_it(text: str) -> None:
    """Dates come from makers, books and people."""
    last_day(text)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("site", "hagen"),
        ("zone", "hagen/cell-a"),
        ("area", "nordwerk/hagen/press-shop"),
        ("line", "nordwerk/hagen/press-shop/line-1"),
        ("cell", PATH),
    ],
)
def test_a_group_has_a_name_that_no_other_group_has(by: str, expected: str) -> None:
    """The same zone on two sites is two zones."""
    assert group(by, "hagen", "cell-a", PATH) == expected


def test_what_stands_higher_is_in_no_group_below() -> None:
    """A switch of the whole hall stands on no line."""
    assert group("line", "hagen", "", "nordwerk/hagen/press-shop") == ""
    assert group("zone", "hagen", "", PATH) == ""
    assert set(GROUPS) == {"site", "zone", "area", "line", "cell"}


def test_an_expression_is_told_dates_as_days_so_that_they_compare() -> None:
    """What is not said is empty, a list without entries where it is one."""
    asset = Subject("a", "hagen", PATH, "plc", {"end_of_support": "2025", "sources": ["hagen/t"]})
    reads = frozenset({"asset.end_of_support", "asset.zone", "asset.tags", "today"})

    assert asset.bound(reads, date(2026, 1, 2)) == {
        "asset.end_of_support": "2025-12-31",
        "asset.zone": "",
        "asset.tags": [],
        "today": "2026-01-02",
    }


def test_a_person_calls_an_asset_by_its_name_or_by_where_it_is_read() -> None:
    """An id is the last resort."""
    read = Subject("a", "hagen", PATH, "plc", {"sources": ["hagen/t"]})

    assert Subject("a", "hagen", PATH, "plc", {"name": "PRESS-1"}).called == "PRESS-1"
    assert read.called == "hagen/t"
    assert Subject("a", "hagen", PATH, "plc").called == "a"


def test_the_fields_of_an_asset_are_those_of_its_message() -> None:
    """An expression may read every text and list of it; its times and its count are no business
    of rules."""
    others = {"id", "custom", "discovered_at", "changed_at", "revision"}
    said = {field.name for field in Asset.DESCRIPTOR.fields}

    assert said >= ASSET_FIELDS
    assert said - ASSET_FIELDS <= others
