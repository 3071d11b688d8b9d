"""Total cost of ownership: one asset by hand, and the rules that hold for all."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.contracts import Work, contract, work
from isthmus.inventory.domain.money.cost import (
    Account,
    Grouping,
    Share,
    Term,
    Total,
    cost,
    domain,
    group,
    why_not,
)
from isthmus.inventory.domain.money.figures import Gap, figures
from isthmus.inventory.domain.money.money import Money, Rates, RateTable

ON = date(2026, 3, 31)
RATES = Rates(ON, [RateTable(date(2026, 3, 27), "EUR", {"USD": Decimal("1.25")})])
PRESS = {
    "purchase_price": "4850.00", "currency": "EUR", "depreciation": "straight_line",
    "useful_life_months": "96", "residual_value": "50", "purchased_on": "2015-02-11",
    "commissioned_on": "2015-04-01", "running_cost_per_year": "120.00",
    "downtime_cost_per_hour": "900",
}  # fmt: skip


def share(part: str | None = "0.25", **more: Any) -> Share:
    row = {
        "kind": "maintenance", "supplier": "Grossmann", "start": "2024-01-01", "amount": "300.00",
        "currency": "EUR", "period": "quarter", **more,
    }  # fmt: skip
    return Share("c", contract(row), Decimal(part) if part else None, "" if part else "no rate")


def entry(day: str, **more: Any) -> Work:
    return work({"asset": "a", "kind": "corrective", "started_at": f"{day}T06:00:00Z", **more})


LOG = (
    entry("2025-05-06", parts="200.00", labour="150.00", currency="EUR", downtime_hours="3.5"),
    entry("2026-01-15", labour="100.00", currency="USD"),
    entry("2026-04-01", parts="999", currency="EUR", downtime_hours="9"),
)


def test_a_cost_is_the_sum_of_its_terms() -> None:
    """The press by hand, to the evening of 31 March 2026.

    purchase 4850; running 120 for the 11 years since 1 April 2015 are 1320; a quarter of nine
    quarters at 300 is 675; parts and labour 350 and 100 USD / 1.25 = 80 are 430; 3.5 hours at
    900 are 3150; written off to 50 after 96 months. 4850 + 1320 + 675 + 430 + 3150 - 50 = 10375.
    """
    made = cost(Account(figures(PRESS), [share()], LOG), ON, "EUR", RATES)

    assert made.terms == {
        Term.PURCHASE: Decimal(4850),
        Term.RUNNING: Decimal(1320),
        Term.CONTRACTS: Decimal(675),
        Term.MAINTENANCE: Decimal(430),
        Term.DOWNTIME: Decimal(3150),
        Term.BOOK_VALUE: Decimal(-50),
    }
    assert made.total == 10_375
    assert (made.gaps, made.unconverted) == ((), ())
    assert [(line.term.value, line.says) for line in made.lines] == [
        ("purchase", "bought on 2015-02-11"),
        ("running", "120.00 EUR a year for 11.00 years from 2015-04-01"),
        ("contracts", "25.00% of 2700.00 EUR, Grossmann"),
        ("maintenance", "corrective work on 2025-05-06"),
        ("maintenance", "corrective work on 2026-01-15"),
        ("downtime", "3.5 hours at 900.00 EUR"),
        ("book_value", "straight_line over 96 months from 2015-04-01"),
    ]


def test_each_missing_input_is_named() -> None:
    """And its term is not guessed."""
    made = cost(Account(figures({}), (), LOG[:1]), ON, "EUR", RATES)

    assert {gap.field: gap.reason for gap in made.gaps} == {
        "purchase_price": "not known: not counted",
        "running_cost_per_year": "not known: not counted",
        "commissioned_on": "not known: its running cost is not counted",
        "downtime_cost_per_hour": "not known: 3.5 hours of downtime are not counted",
    }
    assert made.total == 350


def test_an_amount_without_a_rate_is_in_no_sum_but_is_said() -> None:
    """So is one whose currency nobody knows."""
    pounds = (entry("2026-01-15", parts="40", currency="GBP"),)
    nameless = cost(Account(figures({"purchase_price": "99"}), (), pounds), ON, "EUR", RATES)

    assert nameless.total == 0
    assert [line.money for line in nameless.unconverted] == [
        Money(Decimal(99), ""), Money(Decimal(40), "GBP"),
    ]  # fmt: skip
    assert Gap("currency", "not known: amounts are not converted") in nameless.gaps
    assert why_not(Money(Decimal(40), "GBP"), "EUR", RATES) == (
        "no rate from GBP to EUR from 2026-02-28 to 2026-03-31"
    )


def test_a_contract_that_nobody_can_divide_is_a_gap() -> None:
    """It says which one, and why."""
    made = cost(Account(figures(PRESS), [share(None)]), ON, "EUR", RATES)

    assert made.gaps == (Gap("contracts", "c is not divided: no rate"),)
    assert made.terms[Term.CONTRACTS] == 0


def test_nothing_is_counted_before_it_was_bought() -> None:
    """On the day before there is no price, no value and no share of a contract."""
    books = {**PRESS, "purchased_on": "2026-04-01", "commissioned_on": "2026-05-01"}

    before = cost(Account(figures(books), [share()]), ON, "EUR", RATES)
    after = cost(Account(figures(books)), date(2026, 4, 1), "EUR", RATES)

    assert before.lines == ()
    assert after.terms[Term.PURCHASE] == 4_850
    assert after.terms[Term.BOOK_VALUE] == -4_850


def test_after_it_left_it_costs_no_more() -> None:
    """Running cost ends when it is retired, contracts when it leaves; its value is gone.

    120 a year to 31 March 2020 are 5 * 120 = 600; of the contract four quarters of 2024, the
    last before it left, are 1200 / 4 = 300.
    """
    books = {**PRESS, "retired_on": "2020-03-31", "disposed_on": "2024-12-31"}

    made = cost(Account(figures(books), [share()]), ON, "EUR", RATES)

    assert made.terms[Term.RUNNING] == 600
    assert made.terms[Term.CONTRACTS] == 300
    assert made.terms[Term.BOOK_VALUE] == 0
    assert [gap.field for gap in made.gaps] == ["disposed_on"]


def test_what_was_bought_nobody_knows_when_is_counted_and_said() -> None:
    """It is there, so it was bought."""
    made = cost(Account(figures({"purchase_price": "99", "currency": "EUR"})), ON, "EUR", RATES)

    assert made.terms[Term.PURCHASE] == 99
    assert Gap("purchased_on", "not known: counted as bought before") in made.gaps


amounts = st.decimals("0", "1E6", places=2).map(lambda d: format(d, "f"))
days = st.dates(date(2010, 1, 1), date(2030, 1, 1)).map(str)
assets = st.fixed_dictionaries(
    {},
    optional={
        "purchase_price": amounts, "residual_value": amounts, "running_cost_per_year": amounts,
        "downtime_cost_per_hour": amounts, "currency": st.sampled_from(["EUR", "USD", "GBP"]),
        "depreciation": st.sampled_from(["straight_line", "declining_balance"]),
        "useful_life_months": st.integers(1, 120).map(str), "purchased_on": days,
        "commissioned_on": days, "retired_on": days, "disposed_on": days,
    },
)  # fmt: skip
logs = st.lists(
    st.builds(
        entry, days, parts=amounts, downtime_hours=amounts,
        currency=st.sampled_from(["EUR", "USD", "GBP"]),
    ),
    max_size=4,
)  # fmt: skip
accounts = st.builds(
    lambda books, log, part: Account(figures(books), [share(part)], log),
    assets, logs, st.sampled_from(["0", "0.25", "1", None]),
)  # fmt: skip


@given(accounts, st.dates(date(2012, 1, 1), date(2030, 1, 1)), st.sampled_from(["EUR", "USD"]))
def test_terms_sum_to_the_total_and_lines_to_the_terms(
    account: Account, on: date, currency: str
) -> None:
    """Every line is in exactly one term, or is named as not converted."""
    rates = Rates(on, [RateTable(on, "EUR", {"USD": Decimal("1.25")})])

    made = cost(account, on, currency, rates)

    counted = [line for line in made.lines if line not in made.unconverted]
    converted = [rates.converted(line.money, currency) or 0 for line in counted]
    assert made.total == sum(made.terms.values())
    assert abs(made.total - sum(converted)) < Decimal("1E-9")
    assert len(counted) + len(made.unconverted) == len(made.lines)
    assert made.terms[Term.BOOK_VALUE] <= 0
    assert made.terms[Term.BOOK_VALUE] + made.terms[Term.PURCHASE] >= 0
    assert all(made.terms[term] >= 0 for term in Term if term is not Term.BOOK_VALUE)


@given(accounts, st.dates(date(2012, 1, 1), date(2030, 1, 1)), st.integers(0, 500))
def test_without_its_value_a_cost_only_grows(account: Account, on: date, days: int) -> None:
    """Time makes nothing cheaper that was spent."""

    def spent(day: date) -> Decimal:
        rates = Rates(day, [RateTable(day, "EUR", {"USD": Decimal("1.25")})])
        made = cost(account, day, "EUR", rates)
        return made.total - made.terms[Term.BOOK_VALUE]

    assert spent(on + timedelta(days=days)) >= spent(on) - Decimal("1E-9")


@given(st.lists(accounts, max_size=6))
def test_a_group_costs_what_its_assets_cost(several: list[Account]) -> None:
    """Sums, what is not converted, and how often a field is missing."""
    costs = [cost(account, ON, "EUR", RATES) for account in several]

    total = Total()
    for each in costs:
        total = total.plus(each)

    assert total.assets == len(costs)
    assert abs(total.total - sum(each.total for each in costs)) < Decimal("1E-9")
    left = sum((line.money.amount for each in costs for line in each.unconverted), Decimal(0))
    assert abs(sum(total.unconverted.values(), Decimal(0)) - left) < Decimal("1E-9")
    assert total.gaps.get("purchase_price", 0) == sum(
        any(gap.field == "purchase_price" for gap in each.gaps) for each in costs
    )


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"purdue_level": "3.5", "class": "firewall"}, "IT"),
        ({"purdue_level": "4"}, "IT"),
        ({"purdue_level": "3", "class": "switch"}, "OT"),
        ({"purdue_level": "0"}, "OT"),
        ({"class": "laptop"}, "IT"),
        ({}, ""),
    ],
)
def test_it_and_ot_are_told_by_their_level(attributes: dict[str, str], says: str) -> None:
    """The industrial DMZ is IT; a class that no level is known of is none of the plant's."""
    assert domain(attributes) == says
    assert group(Grouping.DOMAIN, "a", "hagen", "", attributes) == says


def test_assets_are_grouped_by_place_and_kind() -> None:
    """A line is four levels deep, an area three; what stands above has none."""
    path = "nordwerk/hagen/press-shop/line-1/press-1"

    def named(by: Grouping, path: str = path) -> str:
        return group(by, "a", "hagen", path, {"class": "plc"})

    assert named(Grouping.LINE) == "nordwerk/hagen/press-shop/line-1"
    assert named(Grouping.AREA) == "nordwerk/hagen/press-shop"
    assert named(Grouping.LINE, "nordwerk/hagen/press-shop") == ""
    assert [named(by) for by in (Grouping.SITE, Grouping.CLASS, Grouping.ASSET)] == [
        "hagen", "plc", "a",
    ]  # fmt: skip
