"""Shifts by the clock on the wall."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.notices.calendar import Calendar, Shift

BERLIN = ZoneInfo("Europe/Berlin")
EARLY = Shift(time(6), time(14))
NIGHT = Shift(time(22), time(6))
WORKDAYS = frozenset(range(5))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("when", "covered"),
    [
        ("2026-03-02T05:59", False),
        ("2026-03-02T06:00", True),
        ("2026-03-02T13:59", True),
        ("2026-03-02T14:00", False),
        ("2026-03-01T10:00", False),  # a Sunday
    ],
)
def test_a_shift_begins_and_ends_on_the_minute(when: str, covered: bool) -> None:
    """Its first minute belongs to it, its last edge to the next."""
    assert Calendar(BERLIN, (EARLY,), WORKDAYS).covers(at(when)) is covered


@pytest.mark.parametrize(
    ("when", "covered"),
    [
        ("2026-03-06T23:00", True),  # Friday
        ("2026-03-07T05:59", True),  # the same shift, on Saturday
        ("2026-03-07T23:00", False),  # Saturday has none
        ("2026-03-02T05:00", False),  # Sunday had none
    ],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_begins(when: str, covered: bool) -> None:
    """Friday's ends on Saturday morning."""
    assert Calendar(BERLIN, (NIGHT,), WORKDAYS).covers(at(when)) is covered


def test_a_holiday_is_no_day_and_a_named_date_is_one() -> None:
    """Whatever their weekday."""
    calendar = Calendar(
        BERLIN,
        (EARLY,),
        WORKDAYS,
        open_on=frozenset({date(2026, 3, 1)}),
        closed_on=frozenset({date(2026, 3, 2)}),
    )

    assert calendar.covers(at("2026-03-01T10:00"))
    assert not calendar.covers(at("2026-03-02T10:00"))


def test_summer_time_moves_the_shift_with_the_clock() -> None:
    """Six in the morning is 05:00 UTC in winter and 04:00 UTC in summer."""
    calendar = Calendar(BERLIN, (EARLY,))

    assert not calendar.covers(datetime(2026, 3, 27, 4, 30, tzinfo=UTC))
    assert calendar.covers(datetime(2026, 3, 30, 4, 30, tzinfo=UTC))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_three_shifts_cover_each_moment_once(moment: datetime) -> None:
    """Nobody is on two shifts, and no minute on none, also where the clock changes."""
    shifts = (EARLY, Shift(time(14), time(22)), NIGHT)
    now = moment.replace(tzinfo=UTC)

    assert sum(Calendar(BERLIN, (shift,)).covers(now) for shift in shifts) == 1
