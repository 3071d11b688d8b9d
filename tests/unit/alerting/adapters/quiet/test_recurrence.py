"""Windows occur as RFC 5545 says, by the clock on the wall."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.adapters.quiet.recurrence import checked, expand, time_zones
from isthmus.alerting.domain.quiet.maintenance import Span, Window

BERLIN = ZoneInfo("Europe/Berlin")
STARTS = datetime(2026, 3, 7, 6)  # a Saturday
LASTS = timedelta(hours=4)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def a_window(rule: str = "", **fields: Any) -> Window:
    given = {"starts": STARTS, "duration": LASTS, "time_zone": "Europe/Berlin"}
    return Window(id="w", site="hagen", title="t", recurrence=rule, **{**given, **fields})


def local(window: Window, count: int = 4, since: datetime = EARLY) -> list[str]:
    """The first beginnings, by the clock on the wall there."""
    zone = ZoneInfo(window.time_zone)
    return [
        f"{s.start.astimezone(zone):%Y-%m-%d %H:%M}" for s in islice(expand(window, since), count)
    ]


def test_a_window_without_a_rule_occurs_once() -> None:
    """Until it has ended."""
    start = STARTS.replace(tzinfo=BERLIN).astimezone(UTC)

    assert list(expand(a_window(), start)) == [Span(start, start + LASTS)]
    assert list(expand(a_window(), start + LASTS)) == []


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=SA", ["2026-03-07", "2026-03-14", "2026-03-21"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU", ["2026-03-07", "2026-03-08", "2026-03-21"]),
        ("FREQ=DAILY;COUNT=2", ["2026-03-07", "2026-03-08"]),
        ("FREQ=DAILY;UNTIL=20260308T050000Z", ["2026-03-07", "2026-03-08"]),
        ("FREQ=MONTHLY;BYDAY=1SA", ["2026-03-07", "2026-04-04", "2026-05-02"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-03-27", "2026-04-24", "2026-05-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-03-31", "2026-04-30", "2026-05-31"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
            ["2026-04-01", "2026-05-01", "2026-06-01"],
        ),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", ["2026-12-24", "2027-12-24", "2028-12-24"]),
        ("FREQ=YEARLY", ["2026-03-07", "2027-03-07", "2028-03-07"]),
    ],
)
def test_a_rule_occurs_on_its_days(rule: str, days: list[str]) -> None:
    """At the time of the first one."""
    assert local(a_window(rule), 3) == [f"{day} 06:00" for day in days]


def test_six_in_the_morning_stays_six_when_the_clocks_change() -> None:
    """Summer time begins on 2026-03-29 in Berlin: the same hour is another instant."""
    found = list(islice(expand(a_window("FREQ=WEEKLY;BYDAY=SA"), EARLY), 5))

    assert [span.start.hour for span in found] == [5, 5, 5, 5, 4]
    assert {span.end - span.start for span in found} == {LASTS}


def test_a_time_that_the_clock_skips_is_read_with_the_offset_before() -> None:
    """RFC 5545, 3.3.5; and of one that comes twice, the first is meant."""
    skipped = a_window(starts=datetime(2026, 3, 29, 2, 30))
    twice = a_window(starts=datetime(2026, 10, 25, 2, 30))

    assert next(expand(skipped, EARLY)).start == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert next(expand(twice, EARLY)).start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("nonsense", "'nonsense', expected NAME=value"),
        ("FREQ=DAILY;FREQ=DAILY", "each name once"),
        ("FREQ=HOURLY", "FREQ=HOURLY: expected one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;BYDAY=MO", "BYDAY: not known with FREQ=DAILY, expected INTERVAL"),
        ("FREQ=DAILY;BYHOUR=3", "BYHOUR: not known"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0: expected a number from 1 to 100"),
        ("FREQ=DAILY;COUNT=x", "COUNT=x: expected a number"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z", "has COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=20270101", "UNTIL=20270101: expected a UTC time"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY: expected days without a number"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX: expected days such as MO"),
        ("FREQ=WEEKLY;WKST=1", "WKST=1: expected one of MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0: expected numbers from -31 to 31, not 0"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=MO", "has BYDAY and BYMONTHDAY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS: expected BYDAY with it"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9", "BYSETPOS=9: expected numbers from -4 to 4"),
        ("FREQ=YEARLY;BYDAY=1MO", "BYDAY: expected BYMONTH with it"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY: these months have at most 29 days"),
    ],
)
def test_a_rule_that_is_none_or_may_never_occur_is_refused(rule: str, reason: str) -> None:
    """With what is wrong with it, in a line."""
    with pytest.raises(ValueError, match=re.escape(reason)) as error:
        checked(rule, STARTS, "Europe/Berlin")

    assert "\n" not in str(error.value)


def test_a_rule_that_can_be_read_is_left_as_it_is() -> None:
    """It is stored as it was written."""
    assert checked("FREQ=DAILY", STARTS, "UTC") == "FREQ=DAILY"
    assert {"UTC", "Europe/Berlin"} <= time_zones()


@given(
    frequency=st.sampled_from([("DAILY", 1), ("WEEKLY", 7)]),
    interval=st.integers(1, 9),
    since=st.integers(0, 4000),
    lasts_h=st.integers(1, 300),
)
def test_what_lies_far_behind_is_skipped_and_nothing_else(
    frequency: tuple[str, int], interval: int, since: int, lasts_h: int
) -> None:
    """However long ago the first one was, the next ones are the same as if it were counted."""
    name, days = frequency
    duration = timedelta(hours=lasts_h)
    window = a_window(f"FREQ={name};INTERVAL={interval}", time_zone="UTC", duration=duration)
    after = STARTS.replace(tzinfo=UTC) + timedelta(days=since, hours=3)

    found = list(islice(expand(window, after), 3))

    start, naive = STARTS.replace(tzinfo=UTC), list[Span]()
    while len(naive) < 3:
        if start + duration > after:
            naive.append(Span(start, start + duration))
        start += timedelta(days=days * interval)
    assert found == naive
