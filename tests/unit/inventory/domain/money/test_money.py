"""Amounts, their minor units, and dated exchange rates."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.money import (
    Money,
    Rate,
    Rates,
    RateTable,
    amount,
    currency,
    rate_table,
    shown,
)
from isthmus.inventory.domain.rows import Invalid

ON = date(2026, 3, 1)
CODES = ("EUR", "USD", "JPY", "KWD")


def table(days_before: int = 0, **rates: str) -> RateTable:
    return RateTable(
        ON - timedelta(days=days_before), "EUR", {c: Decimal(r) for c, r in rates.items()}
    )


@pytest.mark.parametrize(
    ("text", "code", "shows"),
    [
        ("2.345", "EUR", "2.35"),
        ("-2.345", "EUR", "-2.35"),
        ("2.5", "JPY", "3"),
        ("1.00049", "KWD", "1.000"),
        ("1", "CLF", "1.0000"),
        ("-0.004", "USD", "0.00"),
        ("1E+40", "EUR", f"1{'0' * 40}.00"),
    ],
)
def test_amounts_are_rounded_half_up_to_their_minor_unit(text: str, code: str, shows: str) -> None:
    """A yen has no cents, a dinar a thousand fils (ISO 4217)."""
    assert shown(Decimal(text), code) == shows


def test_a_currency_is_converted_through_the_base() -> None:
    """A dollar is 150 / 1.25 = 120 yen when a euro is 1.25 dollars and 150 yen."""
    rates = Rates(ON, [table(USD="1.25", JPY="150")])

    assert rates.converted(Money(Decimal(100), "USD"), "EUR") == 80
    assert rates.converted(Money(Decimal(100), "EUR"), "USD") == 125
    assert rates.rate("USD", "JPY") == Rate(Decimal(120), ON)
    assert rates.rate("USD", "USD") == Rate(Decimal(1), None)


def test_the_nearest_earlier_rate_counts_for_31_days() -> None:
    """Each currency by itself; a later day's rate never does."""
    rates = Rates(ON, [table(31, USD="2", JPY="100"), table(2, USD="1.25"), table(-1, USD="9")])

    assert rates.rate("EUR", "USD") == Rate(Decimal("1.25"), date(2026, 2, 27))
    assert rates.rate("EUR", "JPY") == Rate(Decimal(100), date(2026, 1, 29))
    assert Rates(ON, [table(32, USD="2")]).rate("EUR", "USD") is None
    assert Rates(ON, [table(-1, USD="9")]).rate("EUR", "USD") is None


@pytest.mark.parametrize("code", ["", "GBP", "€", "eur"])
def test_what_has_no_rate_is_not_converted(code: str) -> None:
    """Not even into itself, when it is no currency."""
    rates = Rates(ON, [table(USD="1.25")])

    assert rates.converted(Money(Decimal(1), code), "EUR") is None
    if code != "GBP":
        assert rates.converted(Money(Decimal(1), code), code) is None


@given(
    st.decimals("0.01", "1E9", places=2),
    st.sampled_from(CODES),
    st.sampled_from(CODES),
    st.lists(st.decimals("0.001", "1000", places=3), min_size=3, max_size=3),
)
def test_there_and_back_is_the_same_amount(
    value: Decimal, source: str, target: str, rates: list[Decimal]
) -> None:
    """Nothing is rounded before it is shown."""
    known = Rates(ON, [RateTable(ON, "EUR", dict(zip(CODES[1:], rates, strict=True)))])

    there = known.converted(Money(value, source), target)
    assert there is not None
    back = known.converted(Money(there, target), source)

    assert back is not None
    assert shown(back, "CLF") == shown(value, "CLF")


def test_a_row_of_rates_becomes_a_table_and_a_row_again() -> None:
    """As decimal text, never through binary floating point."""
    row = {"date": "2026-03-01", "base": "EUR", "rates": {"JPY": "162.31", "USD": "1.0842"}}

    made = rate_table(row)

    assert made.row == row
    assert (made.order, made.about, made.site) == ("2026-03-01", (), "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"date": "2026-13-01"}, "date: '2026-13-01', expected a day"),
        ({"base": "euro"}, "base: 'euro', expected three letters"),
        ({"rates": {}}, "rates: {}, expected currencies"),
        ({"rates": {"usd": "1"}}, "rates.usd: 'usd', expected three letters"),
        ({"rates": {"USD": "0"}}, "rates.USD: '0', expected a number above 0"),
        ({"rates": {"USD": 1.1}}, "rates.USD: 1.1, expected decimal text"),
        ({"rates": {"EUR": "1"}}, "rates.EUR: '1', expected other currencies"),
        ({"more": 1}, "more: unknown field"),
    ],
)
def test_wrong_rates_are_refused(change: dict[str, Any], reason: str) -> None:
    """With the field, its value and what was expected."""
    row = {"date": "2026-03-01", "base": "EUR", "rates": {"USD": "1.1"}, **change}

    with pytest.raises(Invalid) as error:
        rate_table(row)

    assert str(error.value).startswith(reason)


@pytest.mark.parametrize(
    "value", ["-1", "1e400", "NaN", "1,50", "", None, 1, 1.5, "0.0000000000001"]
)
def test_an_amount_is_decimal_text(value: object) -> None:
    """A number of JSON is none: it would have been binary on its way."""
    assert amount("amount", "4850.00") == Decimal("4850.00")
    with pytest.raises(Invalid, match=r"^amount: "):
        amount("amount", value)


def test_a_currency_is_three_capital_letters() -> None:
    """ISO 4217."""
    assert currency("currency", "CHF") == "CHF"
    for value in ("chf", "CHFX", None, 756):
        with pytest.raises(Invalid, match=r"^currency: .*ISO 4217"):
            currency("currency", value)
