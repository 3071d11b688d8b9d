"""Days and periods, as contracts and books count them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.days import (
    FIRST,
    LAST,
    add_months,
    day,
    first_day,
    last_day,
    month_ends,
    periods,
    within,
)
from isthmus.inventory.domain.rows import Invalid

DAYS = st.dates(FIRST, LAST)


def test_a_partial_date_begins_at_its_first_day_and_ends_at_its_last() -> None:
    """2027 begins on 1 January and ends on 31 December; February knows leap years."""
    assert [first_day(text) for text in ("2027", "2027-03", "2027-03-09")] == [
        date(2027, 1, 1), date(2027, 3, 1), date(2027, 3, 9),
    ]  # fmt: skip
    assert [last_day(text) for text in ("2027", "2027-02", "2028-02", "2027-03-09")] == [
        date(2027, 12, 31), date(2027, 2, 28), date(2028, 2, 29), date(2027, 3, 9),
    ]  # fmt: skip


def test_a_month_later_is_the_same_day_or_the_last_one() -> None:
    """31 January and a month is 28 February; back again it is 31 only where there is one."""
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert add_months(date(2026, 11, 15), 14) == date(2028, 1, 15)
    assert add_months(date(9999, 12, 1), 1) == date.max


def test_ends_of_months_are_counted_with_both_days() -> None:
    """From 11 February to 31 December there are 11, to the day before 10."""
    assert month_ends(date(2015, 2, 11), date(2015, 12, 31)) == 11
    assert month_ends(date(2015, 2, 11), date(2015, 12, 30)) == 10
    assert month_ends(date(2015, 2, 28), date(2015, 2, 28)) == 1
    assert month_ends(date(2015, 2, 11), date(2014, 2, 11)) == 0


def test_periods_are_whole_ones_and_a_part_of_the_last() -> None:
    """1 April 2015 to 2 May 2016: one year and 31 of the 365 days of the next one."""
    assert periods(date(2015, 4, 1), date(2016, 5, 2), 12) == 1 + Decimal(31) / 365
    assert periods(date(2024, 1, 1), date(2026, 4, 1), 3) == 9
    assert periods(date(2026, 1, 31), date(2026, 2, 28), 1) == 1
    assert periods(date(2026, 2, 1), date(2026, 2, 15), 1) == Decimal("0.5")
    assert periods(date(2026, 4, 1), date(2026, 4, 1), 12) == 0


@given(DAYS, DAYS, st.sampled_from([1, 3, 12]))
def test_periods_grow_day_by_day(start: date, until: date, months: int) -> None:
    """Nothing that is paid by the month becomes less by waiting a day."""
    before, after = (periods(start, d, months) for d in (until, until + timedelta(days=1)))

    assert 0 <= before <= after <= before + 1


@given(DAYS, st.integers(0, 1_200))
def test_so_many_months_are_so_many_periods(start: date, months: int) -> None:
    """Adding months and counting them agree, also over the ends of short months."""
    if add_months(start, months) <= LAST:
        assert periods(start, add_months(start, months), 1) == months


@pytest.mark.parametrize("value", ["2026-3-1", "20260301", "2026-02-30", "", None, 20260301, "x"])
def test_a_day_that_is_none_is_refused(value: object) -> None:
    """By the field's name."""
    with pytest.raises(Invalid, match=r"^start: .*expected a day, YYYY-MM-DD"):
        day("start", value)


def test_a_day_out_of_all_books_is_refused() -> None:
    """A typing error in the year is one."""
    assert day("start", "2026-03-01") == within("on", date(2026, 3, 1))
    with pytest.raises(Invalid, match=r"^start: '0026-03-01', expected a day from 1900"):
        day("start", "0026-03-01")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026", "2026-12-31"), ("2026-02", "2026-02-28"), ("2024-02", "2024-02-29"),
     ("2026-12", "2026-12-31"), ("2026-03-07", "2026-03-07")],
)  # fmt: skip
def test_a_partial_date_ends_with_its_last_day(text: str, expected: str) -> None:
    """As precisely as it is known."""
    assert last_day(text).isoformat() == expected
