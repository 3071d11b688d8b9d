"""Book values, by hand and for any asset."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.depreciation import Depreciation

PRICES = st.decimals("0", "1E9", places=2)
DAYS = st.dates(date(1990, 1, 1), date(2060, 1, 1))


def plan(method: str, price: str, residual: str, months: int, start: date) -> Depreciation:
    return Depreciation(method, Decimal(price), Decimal(residual), months, start)


def test_a_straight_line_writes_off_the_same_every_month() -> None:
    """(4850 - 50) / 96 = 50 a month: nine months of 2015 leave 4850 - 9 * 50 = 4400."""
    line = plan("straight_line", "4850", "50", 96, date(2015, 4, 1))

    assert line.book_value(date(2015, 4, 29)) == 4850
    assert line.book_value(date(2015, 4, 30)) == 4800
    assert line.book_value(date(2015, 12, 31)) == 4400
    assert line.book_value(date(2023, 3, 31)) == 50
    assert line.book_value(date(2040, 1, 1)) == 50


def test_the_month_of_the_start_counts_whole() -> None:
    """In service on 20 April, (1200 - 0) / 12 = 100 are written off on 30 April."""
    line = plan("straight_line", "1200", "0", 12, date(2026, 4, 20))

    assert line.book_value(date(2026, 4, 30)) == 1100
    assert line.book_value(date(2027, 3, 31)) == 0


def test_a_declining_balance_writes_off_twice_and_then_straight() -> None:
    """2 / 4 of 800 are 400, of 400 200, of 200 100; then 100 over the one month left are more."""
    balance = plan("declining_balance", "800", "0", 4, date(2026, 1, 1))
    ends = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]

    assert [balance.book_value(day) for day in ends] == [400, 200, 100, 0]


def test_a_declining_balance_stops_at_the_residual_value() -> None:
    """2 / 4 of 800 leave 400, of 400 would leave 200: but 300 stay."""
    balance = plan("declining_balance", "800", "300", 4, date(2026, 1, 1))

    assert balance.book_value(date(2026, 1, 31)) == 400
    assert balance.book_value(date(2026, 2, 28)) == 300
    assert balance.book_value(date(2026, 4, 30)) == 300


@given(
    st.sampled_from(["straight_line", "declining_balance"]),
    PRICES, PRICES, st.integers(1, 240), DAYS, DAYS, st.integers(0, 3_000),
)  # fmt: skip
def test_a_book_value_only_falls_and_stays_between_price_and_residual(
    method: str, some: Decimal, other: Decimal, months: int, start: date, on: date, days: int
) -> None:
    """Whatever the method, the life and the day."""
    price, residual = max(some, other), min(some, other)
    writes_off = Depreciation(method, price, residual, months, start)

    before, after = writes_off.book_value(on), writes_off.book_value(on + timedelta(days=days))

    assert residual <= after <= before <= price
