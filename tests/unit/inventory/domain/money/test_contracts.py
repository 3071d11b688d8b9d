"""Contracts and the maintenance log: what they cost, whom they cover, what is refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.contracts import (
    Contract,
    ContractKind,
    Coverage,
    Period,
    Split,
    Stock,
    contract,
    coverage,
    work,
)
from isthmus.inventory.domain.money.money import Money, Rates, RateTable
from isthmus.inventory.domain.rows import Invalid

ON = date(2026, 3, 1)
RATES = Rates(ON, [RateTable(ON, "EUR", {"USD": Decimal("1.25")})])
ROW: dict[str, Any] = {
    "kind": "maintenance",
    "supplier": "Elektro Grossmann",
    "start": "2024-01-01",
    "amount": "300.00",
    "currency": "EUR",
    "period": "quarter",
}
WORK: dict[str, Any] = {
    "asset": "a",
    "kind": "corrective",
    "started_at": "2026-02-03T06:15:00+01:00",
}


def made(**more: Any) -> Contract:
    return contract({**ROW, **more})


def test_a_contract_costs_as_time_passes() -> None:
    """300 a quarter: nine quarters to the end of March 2026 are 2700, to 15 April 15/91 more."""
    quarterly = made()

    assert quarterly.accrued(date(2023, 12, 31)) == 0
    assert quarterly.accrued(date(2026, 3, 31)) == 2_700
    assert quarterly.accrued(date(2026, 4, 15)) == 300 * (9 + Decimal(15) / 91)
    assert quarterly.per_year == 1_200


def test_a_contract_costs_nothing_after_its_end() -> None:
    """Four quarters of 2024 are 1200 for ever; what is due once is due on the first day."""
    assert made(end="2024-12-31").accrued(date(2030, 1, 1)) == 1_200
    once = made(period="once", amount="90")
    assert [once.accrued(date(2024, 1, d)) for d in (1, 9)] == [90, 90]
    assert once.per_year == 0


def test_an_asset_bears_what_a_contract_cost_in_its_time() -> None:
    """Bought in 2025, of a contract since 2024: the four quarters of 2025 only."""
    assert made().between(date(2025, 1, 1), date(2025, 12, 31)) == 1_200
    assert made(end="2024-12-31").between(date(2025, 1, 1), date(2025, 12, 31)) == 0
    once = made(period="once", amount="90", end="2026-12-31")
    assert once.between(date(2025, 1, 1), date(2025, 12, 31)) == 90
    assert once.between(date(2027, 1, 1), date(2027, 12, 31)) == 0
    assert once.between(date(2022, 1, 1), date(2022, 12, 31)) == 0


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900), st.integers(0, 900),
    st.sampled_from(["month", "quarter", "year"]),
)  # fmt: skip
def test_spans_that_follow_each_other_cost_what_both_together_do(
    first: date, days: int, more: int, period: str
) -> None:
    """Nothing is lost between two owners, and nothing is paid twice."""
    paid = made(period=period, end="2027-06-15")
    middle, last = first + timedelta(days=days), first + timedelta(days=days + more + 1)

    parts = paid.between(first, middle) + paid.between(middle + timedelta(days=1), last)

    assert abs(parts - paid.between(first, last)) < Decimal("1E-20")


def test_a_contract_covers_its_assets_or_its_place() -> None:
    """A path is one of levels: line-1 is not the beginning of line-10."""
    named = made(site="hagen", assets=["a", "b", "a"])
    placed = made(site="hagen", path="nordwerk/hagen/line-1")

    assert (named.assets, named.about) == (("a", "b"), ("a", "b"))
    assert named.covers({"x", "b"}, "lyon", "")
    assert not named.covers({"c"}, "hagen", "")
    assert placed.about == ("hagen/",)
    assert placed.covers({"c"}, "hagen", "nordwerk/hagen/line-1/cell")
    assert placed.covers({"c"}, "hagen", "nordwerk/hagen/line-1")
    assert not placed.covers({"c"}, "hagen", "nordwerk/hagen/line-10")
    assert not placed.covers({"c"}, "lyon", "nordwerk/hagen/line-1")
    assert made().covers({"c"}, "lyon", "")
    assert made().about == ("/",)


def test_a_contract_runs_from_its_first_to_its_last_day() -> None:
    """And is to be cancelled so many days before."""
    ending = made(end="2026-12-31", notice_days=90)

    assert [ending.runs(d) for d in (date(2023, 12, 31), date(2024, 1, 1))] == [False, True]
    assert [ending.runs(d) for d in (date(2026, 12, 31), date(2027, 1, 1))] == [True, False]
    assert ending.cancel_by == date(2026, 10, 2)
    assert made().runs(date(2199, 1, 1))
    assert made().cancel_by is None


def test_coverage_is_what_stands_below_a_path() -> None:
    """Counts and prices of the line and its cells, and of no line that only begins so."""
    places = [
        Stock("hagen", "n/l1", 2, {"EUR": Decimal("0.1")}),
        Stock("hagen", "n/l1/cell", 1, {"EUR": Decimal("0.2"), "USD": Decimal(4)}),
        Stock("hagen", "n/l10", 8, {"EUR": Decimal(9)}),
        Stock("lyon", "n/l1", 16, {}),
    ]

    line = coverage(made(site="hagen", path="n/l1"), places)

    assert line == Coverage(3, {"EUR": Decimal("0.3"), "USD": Decimal(4)})
    assert coverage(made(), places).assets == 27


def euros(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


def test_shares_are_even_or_by_price() -> None:
    """Of four assets each bears 1/4; of 100 + 100 USD = 180 EUR, 45 EUR bear 1/4 too."""
    even = Coverage(4, {"EUR": Decimal(100)})
    priced = Coverage(3, {"EUR": Decimal(100), "USD": Decimal(100)})
    by_price = made(split="by_purchase_price")

    assert even.share(made(), None, 1, RATES) == Decimal("0.25")
    assert even.share(made(), None, 2, RATES) == Decimal("0.5")  # two of its ids are one asset now
    assert priced.share(by_price, euros(45), 1, RATES) == Decimal("0.25")
    assert priced.share(by_price, None, 1, RATES) == 0
    assert Coverage(3, {}).share(by_price, None, 1, RATES) == 0


def test_prices_that_cannot_be_compared_divide_nothing() -> None:
    """The reason names the currency; nobody guesses a share."""
    unknown = Coverage(2, {"EUR": Decimal(100), "GBP": Decimal(100)})

    with pytest.raises(ValueError, match="no rate from GBP to EUR"):
        unknown.share(made(split="by_purchase_price"), euros(50), 1, RATES)
    with pytest.raises(ValueError, match="price in USD is not counted yet"):
        Coverage(2, {}).share(made(split="by_purchase_price"), Money(Decimal(1), "USD"), 1, RATES)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_by_price_are_the_whole(prices: list[int]) -> None:
    """All that the assets bear is what the contract costs, unless nothing has a price."""
    covered = Coverage(len(prices), {"EUR": Decimal(sum(prices))} if sum(prices) else {})
    priced = made(split="by_purchase_price")

    shares = [covered.share(priced, euros(price) if price else None, 1, RATES) for price in prices]

    assert abs(sum(shares, Decimal(0)) - (1 if sum(prices) else 0)) < Decimal("1E-20")


def test_a_row_becomes_a_contract_and_a_row_again() -> None:
    """Everything that it says, and what it leaves to be taken."""
    said = {
        **ROW, "number": "W-1", "end": "2026-12-31", "notice_days": 90, "site": "hagen",
        "path": "", "assets": ["a"], "split": "by_purchase_price", "note": "24/7",
    }  # fmt: skip

    assert contract(said).row == said
    assert contract(made().row) == made()
    assert made() == Contract(
        ContractKind.MAINTENANCE, "Elektro Grossmann", date(2024, 1, 1), Decimal("300.00"), "EUR",
        Period.QUARTER, split=Split.EVENLY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "rent"}, "kind: 'rent', expected one of maintenance, support"),
        ({"supplier": " "}, "supplier: ' ', expected a name"),
        ({"supplier": None}, "supplier: missing, expected a name"),
        ({"start": None}, "start: missing, expected a day"),
        ({"end": "2023-12-31"}, "end: '2023-12-31', expected a day from the start, 2024-01-01"),
        ({"amount": "-1"}, "amount: '-1', expected 0 or more"),
        ({"amount": 300}, "amount: 300, expected decimal text"),
        ({"currency": "€"}, "currency: '€', expected three letters"),
        ({"period": "week"}, "period: 'week', expected one of month, quarter, year, once"),
        ({"notice_days": 99_999}, "notice_days: 99999, expected 0 to 3660"),
        ({"path": "a/b"}, "path: 'a/b', expected none beside assets or without a site"),
        ({"site": "h", "path": "a", "assets": ["x"]}, "path: 'a', expected none beside assets"),
        ({"assets": [1]}, "assets.0: 1, expected the id of an asset"),
        ({"assets": ["a/b"]}, "assets.0: 'a/b', expected the id of an asset"),
        ({"assets": [str(n) for n in range(1_001)]}, "assets: 1001 assets, expected at most 1000"),
        ({"split": "fair"}, "split: 'fair', expected one of evenly, by_purchase_price"),
        ({"price": "1"}, "price: unknown field"),
    ],
)
def test_a_wrong_contract_is_refused(change: dict[str, Any], reason: str) -> None:
    """With the field, its value and what was expected."""
    with pytest.raises(Invalid) as error:
        made(**change)

    assert str(error.value).startswith(reason)


def test_a_row_becomes_an_entry_of_the_log_and_a_row_again() -> None:
    """Times in UTC, amounts as they were written."""
    said = {
        **WORK, "site": "hagen", "started_at": "2026-02-03T05:15:00Z",
        "ended_at": "2026-02-03T08:45:00Z", "downtime_hours": "3.5", "parts": "120.00",
        "labour": "80.00", "currency": "EUR", "text": "New fan", "next_due_on": "2027-02-03",
        "reading": "4200",
    }  # fmt: skip

    noted = work(said)

    assert noted.row == said
    assert noted.cost == Money(Decimal("200.00"), "EUR")
    assert (noted.about, noted.order) == (("a",), "2026-02-03T05:15:00Z")
    assert work(WORK).started_at == datetime(2026, 2, 3, 5, 15, tzinfo=UTC)
    assert work(work(WORK).row) == work(WORK)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"asset": ""}, "asset: '', expected the id of an asset"),
        ({"kind": "repair"}, "kind: 'repair', expected one of preventive, corrective"),
        ({"started_at": "2026-02-03T06:15:00"}, "started_at: '2026-02-03T06:15:00', expected a"),
        ({"started_at": "9999-12-31T23:59:59-12:00"}, "started_at: '9999-12-31', expected a day"),
        ({"started_at": "0001-01-01T00:00:00+12:00"}, "started_at: '0001-01-01T00:00:00+12:00'"),
        ({"started_at": None}, "started_at: missing, expected a time"),
        ({"ended_at": "2026-02-03T05:14:59Z"}, "ended_at: '2026-02-03T05:14:59Z', expected a time"),
        ({"downtime_hours": "-1"}, "downtime_hours: '-1', expected 0 or more"),
        ({"parts": "5"}, "currency: missing, expected three letters"),
        ({"text": "x" * 501}, "text: "),
        ({"next_due_on": "2027"}, "next_due_on: '2027', expected a day"),
        ({"cause": "x"}, "cause: unknown field"),
    ],
)
def test_a_wrong_entry_is_refused(change: dict[str, Any], reason: str) -> None:
    """With the field, its value and what was expected."""
    with pytest.raises(Invalid) as error:
        work({**WORK, **change})

    assert str(error.value).startswith(reason)
