"""Keep or replace: by hand, and what must hold of any two options."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.cost import Account, Share
from isthmus.inventory.domain.money.figures import figures
from isthmus.inventory.domain.money.money import Rates, RateTable
from isthmus.inventory.domain.money.replacement import (
    Comparison,
    Question,
    Yearly,
    annuity,
    compare,
    per_year,
)

ON = date(2026, 3, 31)
RATES = Rates(ON, [RateTable(ON, "EUR", {"USD": Decimal("1.25")})])
BOOKS = {
    "purchase_price": "4800", "currency": "EUR", "depreciation": "straight_line",
    "useful_life_months": "96", "residual_value": "0", "commissioned_on": "2018-12-01",
    "replacement_cost": "4800", "running_cost_per_year": "120", "downtime_cost_per_hour": "100",
}  # fmt: skip
LOG = [
    work({"asset": "a", "currency": "EUR", "started_at": f"{day}T06:00:00Z", **more})
    for day, more in (
        ("2023-03-31", {"kind": "corrective", "parts": "9999", "downtime_hours": "99"}),
        ("2023-04-01", {"kind": "corrective", "parts": "600", "downtime_hours": "6"}),
        ("2025-06-01", {"kind": "preventive", "labour": "300"}),
        ("2026-04-01", {"kind": "corrective", "parts": "9999", "downtime_hours": "99"}),
    )
]


def share(part: str | None = "0.2", **more: Any) -> Share:
    row = {
        "kind": "maintenance", "supplier": "x", "start": "2024-01-01", "amount": "25.00",
        "currency": "EUR", "period": "month", **more,
    }  # fmt: skip
    return Share("c", contract(row), Decimal(part) if part else None, "" if part else "no rate")


def asked(years: int = 1, **more: Any) -> Question:
    return Question(ON, years, "EUR", **more)


def decided(question: Question, **books: str) -> Comparison:
    account = Account(figures({**BOOKS, **books}), [share()], LOG)
    return compare(account, question, RATES)


def amounts(option: Any) -> dict[str, Decimal]:
    return {term.value: item.amount for term, item in option.items()}


def test_both_options_by_hand_without_interest() -> None:
    """Keep it for a year: its last 8 months of 50 are written off, 400 of capital.

    88 of 96 months are over on 31 March 2026: 4800 - 88 * 50 = 400, and 0 a year later.
    Running 120; contracts 25 * 12 / 5 = 60; 600 + 300 in three years are 300 a year; 6 hours at
    100 in three years are 200. 400 + 120 + 60 + 300 + 200 = 1080.
    Replace: 4800 over 8 years are 600; running 120; contracts 60; planned work 300 / 3 = 100, no
    downtime: 880. Replacing saves 200. Both cost the same at (1080 - 280) * 8 = 6400.
    """
    made = decided(asked())

    assert amounts(made.keep) == {
        "capital": 400, "running": 120, "contracts": 60, "maintenance": 300, "downtime": 200,
    }  # fmt: skip
    assert amounts(made.replace) == {
        "capital": 600, "running": 120, "contracts": 60, "maintenance": 100, "downtime": 0,
    }  # fmt: skip
    assert [int(per_year(each)) for each in (made.keep, made.replace)] == [1080, 880]
    assert made.saved_per_year == 200
    assert made.break_even == 6_400
    assert made.gaps == ()
    assert len(made.assumed) == 6
    assert made.keep[Yearly.CAPITAL].says == (
        "book value 400.00 EUR on 2026-03-31, 0.00 EUR on 2027-03-31"
    )


def test_an_annuity_by_hand() -> None:
    """1000 at 10 % over 2 years: 1000 * 0.1 / (1 - 1.1 ** -2) = 100 / 0.173554 = 576.19.

    When 210 are left: (1000 - 210) * 0.576190 + 210 * 0.1 = 455.19 + 21 = 476.19.
    """
    two, tenth = Decimal(2), Decimal("0.1")

    assert round(annuity(Decimal(1000), Decimal(0), two, tenth), 2) == Decimal("576.19")
    assert round(annuity(Decimal(1000), Decimal(210), two, tenth), 2) == Decimal("476.19")
    assert annuity(Decimal(1000), Decimal(0), two, Decimal(0)) == 500


def test_what_somebody_knows_of_the_successor_counts() -> None:
    """And is no longer taken for granted."""
    question = asked(successor={Yearly.RUNNING: Decimal(70), Yearly.DOWNTIME: Decimal(5)})

    made = decided(question)

    assert amounts(made.replace)["running"] == 70
    assert amounts(made.replace)["downtime"] == 5
    assert made.replace[Yearly.RUNNING].says == "as given"
    assert not [says for says in made.assumed if says.startswith(("running", "downtime"))]


def test_an_asset_that_is_written_off_costs_no_capital() -> None:
    """To keep it costs what it runs on, and what breaks."""
    made = decided(asked(3), commissioned_on="2010-01-01")

    assert amounts(made.keep)["capital"] == 0


def test_the_log_of_a_young_asset_is_of_its_own_time() -> None:
    """In service for two years, 300 of work are 150 a year; less than a year counts as one."""
    two = decided(asked(), commissioned_on="2024-04-01")
    young = decided(asked(), commissioned_on="2026-03-01")

    assert amounts(two.replace)["maintenance"] == 150
    assert amounts(young.replace)["maintenance"] == 300


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("replacement_cost", "not known: counted as 0"),
        ("running_cost_per_year", "not known: counted as 0"),
        ("downtime_cost_per_hour", "not known: counted as 0"),
        ("useful_life_months", "not known: a successor has no capital"),
        ("residual_value", "not known: taken as 0"),
    ],
)
def test_what_is_missing_is_named(field: str, reason: str) -> None:
    """A figure with gaps is no verdict."""
    made = decided(asked(), **{field: ""})

    assert (field, reason) in [(gap.field, gap.reason) for gap in made.gaps]
    assert (made.break_even is None) == (field == "useful_life_months")


def test_what_cannot_be_converted_is_named_once() -> None:
    """An amount in a currency without a rate counts as nothing, and says so."""
    made = decided(asked(), currency="GBP")

    said = [gap.reason for gap in made.gaps if gap.field == "replacement_cost"]
    assert said == ["4800.00 GBP: no rate to EUR: counted as 0"]
    assert len(made.gaps) == len(set(made.gaps))


def test_only_contracts_in_force_count() -> None:
    """And one that nobody can divide is named."""
    account = Account(figures(BOOKS), [share(end="2025-12-31"), share(None)], ())

    made = compare(account, asked(), RATES)

    assert amounts(made.keep)["contracts"] == 0
    assert [gap.reason for gap in made.gaps] == ["c is not divided: no rate"]


money = st.decimals("0", "1E6", places=2)


@given(money, money, st.integers(1, 40), st.decimals("0", "1", places=3))
def test_an_annuity_lies_between_interest_and_the_whole(
    some: Decimal, other: Decimal, years: int, interest: Decimal
) -> None:
    """A year costs at least the interest on what is bound, and at most all of it and interest."""
    price, end = max(some, other), min(some, other)

    yearly = annuity(price, end, Decimal(years), interest)

    least = Decimal("1E-9")
    assert end * interest - least <= yearly <= price - end + price * interest + least


@given(st.integers(1, 30), st.decimals("0", "0.3", places=3), money)
def test_a_successor_at_the_break_even_price_saves_nothing(
    years: int, interest: Decimal, downtime: Decimal
) -> None:
    """Buying at that price costs as much a year as keeping."""
    question = asked(years, interest=interest, successor={Yearly.DOWNTIME: downtime})
    first = decided(question)
    assert first.break_even is not None

    if first.break_even >= 0:
        again = decided(question, replacement_cost=format(first.break_even, "f"))
        assert abs(again.saved_per_year) < Decimal("1E-6")
