"""What a condition on a date means that is known by its month or year only."""

import calendar
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.dates import dated, following
from isthmus.inventory.domain.query import Operator, matches

DAYS = st.dates(date(2025, 12, 1), date(2027, 2, 1)).flatmap(
    lambda day: st.sampled_from([day.isoformat()[:length] for length in (4, 7, 10)])
)


def _span(day: str) -> tuple[date, date]:
    """The first and the last day that a date can mean."""
    year, month, of_month = [*(int(part) for part in day.split("-")), 0, 0][:3]
    first = date(year, month or 1, of_month or 1)
    if of_month:
        return first, first
    last_month = month or 12
    return first, date(year, last_month, calendar.monthrange(year, last_month)[1])


@given(DAYS, DAYS)
def test_a_condition_on_a_date_holds_on_every_day_that_it_can_mean(known: str, asked: str) -> None:
    """2027 is before 2028, and neither before nor after 2027-06."""
    (first, last), (begin, end) = _span(known), _span(asked)
    expected = {
        Operator.EQUAL: begin <= first and last <= end,
        Operator.LESS: last < begin,
        Operator.AT_MOST: last <= end,
        Operator.MORE: first > end,
        Operator.AT_LEAST: first >= begin,
    }

    found = {
        operator: matches(dated("released", operator, asked), {"released": known})
        for operator in Operator
    }

    assert found == expected


@given(DAYS)
def test_what_follows_a_date_is_the_day_after_its_last(day: str) -> None:
    """Written as shortly as it can be."""
    shortest = following(day)

    assert _span(shortest)[0] == _span(day)[1] + timedelta(days=1)
    assert not shortest.endswith("-01")


def test_nothing_is_after_the_last_year() -> None:
    """And everything is at most that."""
    assert not matches(dated("released", Operator.MORE, "9999"), {"released": "9999-12-31"})
    assert matches(dated("released", Operator.AT_MOST, "9999-12-31"), {"released": "9999"})
