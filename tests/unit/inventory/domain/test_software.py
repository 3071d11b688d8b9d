"""What is one product, and what is known of its versions."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.model import Health, Reachability, Relation, View
from isthmus.inventory.domain.money.forecast import Knowledge
from isthmus.inventory.domain.software import (
    KEY_CHARACTERS_MAX,
    Cost,
    Product,
    installation,
    is_software,
    product_key,
    version_of,
)
from tests.unit.inventory.books import asset

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = st.fixed_dictionaries(
    {},
    optional={
        "end_of_support": st.sampled_from(["2025", "2026-06", "2027-01-01"]),
        "lifecycle": st.just("supported_no_date"),
    },
)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"class": "application", "vendor": "COPA-DATA", "family": "zenon"}, "copa-data|zenon"),
        ({"class": "software", "vendor": " Copa-Data ", "model": "ZENON  1"}, "copa-data|zenon 1"),
        ({"class": "application", "name": "MES"}, "|mes"),
        ({"class": "plc", "vendor": "Siemens", "family": "S7-1500"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_product_is_its_maker_and_its_name(said: dict[str, str], key: str) -> None:
    """However they are written; what is no software is none."""
    assert product_key(asset("a", **said)) == key


def test_what_is_installed_is_software_whatever_its_class() -> None:
    """A hypervisor on a host is one, a module in a rack is not."""
    for kind, expected in (("installed_on", True), ("part_of", False)):
        view = View("hagen/h/1", "hagen", "", NOON, "r", Reachability.ONLINE, Health.UNKNOWN, "",
                    {}, (), relation=Relation(kind, "hagen/h"))  # fmt: skip
        made = replace(asset("a", **{"class": "hypervisor", "family": "X"}), views=(view,))
        assert is_software(made) is expected


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_a_key_is_short_enough_for_an_index(vendor: str, name: str) -> None:
    """And is there for every application."""
    key = product_key(asset("a", **{"class": "application", "vendor": vendor, "family": name}))

    assert 0 < len(key) <= KEY_CHARACTERS_MAX


@given(st.lists(ENDS, min_size=1, max_size=5))
def test_the_earliest_end_of_a_version_counts(ends: list[dict[str, str]]) -> None:
    """A day goes before none announced, and that before nothing known; in whatever order."""
    product = Product("k", "v", "n")
    for number, said in enumerate(ends):
        product.take(installation(str(number), "k", "hagen", ["h"], said))

    end = product.releases[""].end
    days = sorted(said["end_of_support"] for said in ends if "end_of_support" in said)
    if days:
        assert end.last
        assert end.last.isoformat().startswith(days[0])
    else:
        supported = any("lifecycle" in said for said in ends)
        expected = Knowledge.SUPPORTED_NO_DATE if supported else Knowledge.UNKNOWN
        assert (end.state, end.last) == (expected, None)
    over = product.ended(date(2026, 3, 1))
    assert over == (len(ends) if days and days[0] == "2025" else 0)


def test_costs_are_added_by_currency() -> None:
    """Those that somebody says; a version is what devices say of their software first."""
    product = Product("k", "v", "n")
    for number, said in enumerate(
        [
            {"purchase_price": "1.10", "currency": "EUR"},
            {"purchase_price": "2.20", "running_cost_per_year": "5", "currency": "EUR"},
            {"running_cost_per_year": "7"},
            {},
        ]
    ):
        product.take(installation(str(number), "k", "hagen", (), said))

    assert product.tally.costs == {
        "EUR": Cost("EUR", Decimal("3.30"), Decimal(5)), "": Cost("", Decimal(0), Decimal(7)),
    }  # fmt: skip
    assert list(product.applications) == ["0", "1", "2", "3"]
    product.runs_on("0", "host")
    assert product.tally.hosts == product.releases[""].tally.hosts == {"host"}
    assert version_of({"firmware": "2", "software": "1"}) == "1"
