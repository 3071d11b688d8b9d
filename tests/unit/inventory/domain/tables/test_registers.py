"""The register of OT assets, and how much of it is known."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.query import COLUMNS, matches
from isthmus.inventory.domain.tables.registers import (
    ATTRIBUTES,
    HEADINGS,
    IS_OT,
    MEMBERS,
    NEEDS,
    Coverages,
    coverage_rows,
    row,
)

WHOLE = {
    "id": "a",
    "site": "hagen",
    "path": "nordwerk/hagen/press-shop",
    "purdue_level": "1",
    "class": "plc",
    "vendor": "Siemens",
    "model": "6ES7 315",
    "firmware": "3.3",
    "criticality": "high",
    "asset_tag": "T-1",
    "name": "PRESS-1",
    "protocols": "s7comm",
    "logging": "syslog",
    "accounts": "service",
    "keys": [
        "hagen|address|127.21.0.8:102",
        "hagen|address|127.21.0.8:102/unit-3",
        "hagen|address|[2001:db8::1]:4840",
        "hagen|hostname|press-plc-1",
        "hagen|mac|00:1b:1b:2c:3d:4e",
        "global|serial|siemens/1",
    ],
}


def told(item: dict[str, Any]) -> dict[str, str]:
    return dict(zip(MEMBERS, row(item), strict=True))


def test_an_asset_says_every_attribute_of_the_guidance() -> None:
    """From its fields, and where people have said nothing, from what it is known by."""
    assert told(WHOLE) == {
        "id": "a", "site": "hagen", "purdue_level": "1",
        "protocols": "s7comm",
        "criticality": "high",
        "asset_number": "T-1",
        "role": "plc",
        "hostname": "press-plc-1",
        "ip_address": "127.21.0.8, 2001:db8::1",
        "logging": "syslog",
        "mac_address": "00:1b:1b:2c:3d:4e",
        "manufacturer": "Siemens",
        "model": "6ES7 315",
        "operating_system": "3.3",
        "location": "nordwerk/hagen/press-shop",
        "ports": "102, 4840",
        "accounts": "service",
    }  # fmt: skip


def test_what_nobody_knows_is_empty() -> None:
    """No attribute is guessed."""
    assert set(row({"id": "a", "site": "hagen"})) == {"a", "hagen", ""}


def test_the_guidance_asks_for_fourteen_attributes() -> None:
    """Those it gives a high priority; each is a column, made of fields that there are."""
    assert len(ATTRIBUTES) == 14
    assert len(HEADINGS) == len(MEMBERS)
    assert set(NEEDS) <= COLUMNS.keys()


@pytest.mark.parametrize(
    ("fields", "is_ot"),
    [
        ({"purdue_level": "0"}, True),
        ({"purdue_level": "3.5"}, True),
        ({}, True),
        ({"purdue_level": "4"}, False),
        ({"purdue_level": "1", "state": "disposed"}, False),
        ({"purdue_level": "1", "state": "in_service", "status": "accepted"}, True),
        ({"purdue_level": "1", "status": "ignored"}, False),
    ],
)
def test_the_register_has_what_is_not_known_to_be_it(fields: dict[str, str], is_ot: bool) -> None:
    """An asset without a level would else be missing without a trace."""
    assert matches(IS_OT, fields) is is_ot


def test_coverage_is_counted_by_site_and_of_all() -> None:
    """For each attribute, and over all of them."""
    coverages = Coverages()
    for item in (WHOLE, {**WHOLE, "logging": ""}, {"id": "b", "site": "lyon"}):
        coverages.take(row(item))

    everything, hagen, lyon = coverages.listed()

    assert (everything.site, hagen.site, lyon.site) == ("", "hagen", "lyon")
    assert (everything.assets, hagen.assets) == (3, 2)
    assert (hagen.percent("logging"), everything.percent("logging")) == ("50.0", "33.3")
    assert (hagen.overall, lyon.overall) == ("96.4", "0.0")


def test_a_hundred_per_cent_means_all() -> None:
    """One of 2,000 that is missing is not rounded away."""
    coverages = Coverages()
    for n in range(2_000):
        coverages.take(row({**WHOLE, "model": "x" if n else "", "family": ""}))

    assert coverages.listed()[0].percent("model") == "99.9"


def test_no_assets_are_no_per_cent() -> None:
    """An empty register is no complete one."""
    [headings, everything] = coverage_rows(Coverages().listed())

    assert headings[:3] == ("Site", "Assets", "Overall %")
    assert everything[:3] == ("all", "0", "0.0")


members = st.dictionaries(
    st.sampled_from(NEEDS), st.text(max_size=9) | st.none() | st.lists(st.text(max_size=9)),
)  # fmt: skip


@given(members)
def test_any_asset_has_a_row(item: dict[str, Any]) -> None:
    """Whatever its members are."""
    keys = item.get("keys")
    item["keys"] = [f"hagen|address|{key}" for key in keys] if isinstance(keys, list) else None

    assert len(row(item)) == len(MEMBERS)
