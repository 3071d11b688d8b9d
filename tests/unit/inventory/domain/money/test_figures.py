"""What the books say of an asset, and what of it can be used."""

from datetime import date
from decimal import Decimal

import pytest

from isthmus.inventory.domain.money.figures import Gap, figures
from isthmus.inventory.domain.money.money import Money

BOOKED = {
    "purchase_price": "4850.00", "currency": "EUR", "depreciation": "straight_line",
    "useful_life_months": "96", "residual_value": "50", "purchased_on": "2015-02-11",
    "commissioned_on": "2015-04-01",
}  # fmt: skip


def test_fields_become_amounts_and_days() -> None:
    """What is whole and good leaves no gap."""
    books = figures(BOOKED)

    assert books.price == Money(Decimal("4850.00"), "EUR")
    assert (books.acquired, books.in_service) == (date(2015, 2, 11), date(2015, 4, 1))
    assert books.money("replacement_cost") is None
    assert books.gaps == ()


def test_one_of_two_dates_stands_for_the_other() -> None:
    """What is not known to be in service is so since it was bought, and the other way round."""
    bought = figures({"purchased_on": "2015-02-11"})
    running = figures({"commissioned_on": "2015-04-01"})

    assert bought.in_service == date(2015, 2, 11)
    assert running.acquired == date(2015, 4, 1)
    assert figures({}).acquired is None


def test_a_partial_date_is_taken_at_its_edge_and_said_so() -> None:
    """A beginning at the first day, an end at the last."""
    books = figures({"purchased_on": "2015", "disposed_on": "2025-06"})

    assert books.days == {"purchased_on": date(2015, 1, 1), "disposed_on": date(2025, 6, 30)}
    assert books.gaps == (
        Gap("purchased_on", "2015: taken as 2015-01-01"),
        Gap("disposed_on", "2025-06: taken as 2025-06-30"),
    )


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("purchase_price", "-5", "0 or more"),
        ("useful_life_months", "0", "a whole number, 1 to 1200"),
        ("useful_life_months", "9.5", "a whole number, 1 to 1200"),
        ("useful_life_months", "1201", "a whole number, 1 to 1200"),
    ],
)
def test_a_number_that_makes_no_sense_is_a_gap(field: str, value: str, wanted: str) -> None:
    """It counts as if it were not there, and is named."""
    books = figures({field: value})

    assert books.numbers == {}
    assert books.gaps == (Gap(field, f"{value}, expected {wanted}: not counted"),)


def test_it_is_owned_until_the_day_before_it_left() -> None:
    """When nobody knows since when, it always was."""
    books = figures({"purchased_on": "2015-02-11", "disposed_on": "2025-06-30"})

    days = [date(2015, 2, 10), date(2015, 2, 11), date(2025, 6, 29), date(2025, 6, 30)]
    assert [books.owned(day) for day in days] == [False, True, True, False]
    assert figures({}).owned(date(1900, 1, 1))
    assert books.until(date(2026, 1, 1), "retired_on", "disposed_on") == date(2025, 6, 30)
    assert books.until(date(2020, 1, 1), "disposed_on") == date(2020, 1, 1)


def test_each_input_that_a_book_value_needs_is_named() -> None:
    """A residual value is taken as nothing, everything else is needed."""
    plan, gaps = figures(BOOKED).depreciation()
    assert plan
    assert gaps == ()
    assert plan.book_value(date(2015, 12, 31)) == 4_400

    none, all_gaps = figures({}).depreciation()
    assert none is None
    assert [gap.field for gap in all_gaps] == [
        "purchase_price", "depreciation", "useful_life_months", "commissioned_on",
        "residual_value",
    ]  # fmt: skip

    without_residual, gaps = figures({**BOOKED, "residual_value": ""}).depreciation()
    assert without_residual
    assert gaps == (Gap("residual_value", "not known: taken as 0"),)


def test_a_residual_value_above_the_price_writes_nothing_off() -> None:
    """One of the two is wrong, and nobody guesses which."""
    plan, gaps = figures({**BOOKED, "residual_value": "5000"}).depreciation()

    assert plan is None
    assert gaps == (Gap("residual_value", "5000, expected at most the price, 4850.00"),)
