"""When windows occur: recurrence rules of RFC 5545, by the clock on the wall of a time zone.

Only rules that occur soon again are taken: an expansion that finds nothing would go on to the
year 9999 with the event loop standing still.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from isthmus.alerting.domain.quiet.maintenance import Span, Window

OCCURRENCES_MAX = 10_000
"""Occurrences that are looked at: of a daily window, those of 27 years."""
TEXT_MAX = 200
FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
STEPS = {DAILY: timedelta(days=1), WEEKLY: timedelta(weeks=1)}
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def expand(window: Window, since: datetime) -> Iterator[Span]:
    """The occurrences of `window` that end after `since`, in order; see Expand."""
    zone = ZoneInfo(window.time_zone)
    for start in islice(_starts(window, since, zone), OCCURRENCES_MAX):
        # A time that the clock skips is read with the offset before (RFC 5545, 3.3.5); of one
        # that comes twice the first is meant. Both is what `fold=0` says.
        begin = start.replace(tzinfo=zone).astimezone(UTC)
        if begin + window.duration > since:
            yield Span(begin, begin + window.duration)


def checked(text: str, starts: datetime, time_zone: str) -> str:
    """`text` itself; raises ValueError with what is wrong with it."""
    _rule(text, starts, ZoneInfo(time_zone))
    return text


@cache
def time_zones() -> frozenset[str]:
    """The names in the IANA time zone database."""
    return frozenset(available_timezones())


def _starts(window: Window, since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    if not window.recurrence:
        return iter((window.starts,))
    rule = _rule(window.recurrence, window.starts, zone)
    step = STEPS.get(rule["freq"])
    if step is not None and "count" not in rule:
        # Days and weeks are counted from the first occurrence: whole ones of them can be skipped.
        step *= rule.get("interval", 1)
        gone = since.astimezone(zone).replace(tzinfo=None) - window.duration - window.starts
        rule["dtstart"] += max(gone // step - 1, 0) * step
    return iter(rrule(**rule))


def _rule(text: str, starts: datetime, zone: ZoneInfo) -> dict[str, Any]:
    parts = _parts(text)
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise ValueError(f"FREQ={frequency}: expected one of {', '.join(FREQUENCIES)}")
    said = {name.lower(): _value(name, text, frequency) for name, text in parts.items()}
    if "count" in said and "until" in said:
        raise ValueError("has COUNT and UNTIL, expected one of them (RFC 5545, 3.3.10)")
    if "until" in said:
        said["until"] = said["until"].astimezone(zone).replace(tzinfo=None)
    _check_soon(said, frequency, starts)
    said["byweekday"] = said.pop("byday", None)
    return {"freq": FREQUENCIES[frequency], "dtstart": starts, **said}


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for each in text.split(";"):
        name, separator, value = each.partition("=")
        if not (separator and value) or name in parts:
            raise ValueError(f"{each[:40]!r}, expected NAME=value, each name once")
        parts[name] = value
    return parts


def _value(name: str, text: str, frequency: str) -> Any:
    allowed = PARTS.get(name, ((), None))
    if frequency not in allowed[0]:
        names = ", ".join(each for each, (of, _) in PARTS.items() if frequency in of)
        raise ValueError(f"{name}: not known with FREQ={frequency}, expected {names}")
    read = allowed[1]
    assert read is not None, "what is allowed can be read"
    return read(name, text)


def _number(most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise ValueError(f"{name}={text[:20]}: expected a number from 1 to {most}")
        return int(text)

    return read


def _numbers(most: int, *, last: bool = False) -> Callable[[str, str], list[int]]:
    def read(name: str, text: str) -> list[int]:
        found = [int(each) for each in text.split(",") if re.fullmatch(r"[+-]?\d{1,3}", each)]
        least = -most if last else 1
        if len(found) != len(text.split(",")) or not all(n and least <= n <= most for n in found):
            raise ValueError(f"{name}={text[:20]}: expected numbers from {least} to {most}, not 0")
        return found

    return read


def _weekdays(name: str, text: str) -> list[weekday]:
    found = []
    for each in text.split(","):
        said = re.fullmatch(r"([+-]?[1-4])?([A-Z]{2})", each)
        if said is None or said[2] not in WEEKDAYS:
            raise ValueError(f"{name}={text[:20]}: expected days such as MO, 1SA or -1FR")
        found.append(weekday(WEEKDAYS.index(said[2]), int(said[1]) if said[1] else None))
    return found


def _weekday(name: str, text: str) -> str:
    if text not in WEEKDAYS:
        raise ValueError(f"{name}={text[:20]}: expected one of {', '.join(WEEKDAYS)}")
    return text


def _until(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{name}={text[:20]}: expected a UTC time: 20271231T235959Z") from None


EACH = frozenset(FREQUENCIES)
LONG = frozenset({"MONTHLY", "YEARLY"})
PARTS: Mapping[str, tuple[frozenset[str], Callable[[str, str], Any]]] = {
    "INTERVAL": (EACH, _number(100)),
    "COUNT": (EACH, _number(OCCURRENCES_MAX)),
    "UNTIL": (EACH, _until),
    "WKST": (EACH, _weekday),
    "BYDAY": (EACH - {"DAILY"}, _weekdays),
    "BYMONTHDAY": (LONG, _numbers(31, last=True)),
    "BYMONTH": (LONG - {"MONTHLY"}, _numbers(12)),
    "BYSETPOS": (frozenset({"MONTHLY"}), _numbers(4, last=True)),
}
"""What a rule may say, with which frequencies: nothing of it can keep a rule from occurring."""


def _check_soon(said: Mapping[str, Any], frequency: str, starts: datetime) -> None:
    """Raise ValueError for parts that together may never come true."""
    days = said.get("byday", ())
    if frequency == "WEEKLY" and any(day.n for day in days):
        raise ValueError("BYDAY: expected days without a number with FREQ=WEEKLY")
    if days and "bymonthday" in said:
        raise ValueError("has BYDAY and BYMONTHDAY, expected one of them")
    if "bysetpos" in said and (not days or any(day.n for day in days)):
        raise ValueError("BYSETPOS: expected BYDAY with it, days without a number")
    if frequency == "YEARLY" and days and "bymonth" not in said:
        raise ValueError("BYDAY: expected BYMONTH with it with FREQ=YEARLY")
    months = said.get("bymonth", range(1, 13))
    longest = max(DAYS[month - 1] for month in months)
    if any(abs(day) > longest for day in said.get("bymonthday", ())):
        raise ValueError(f"BYMONTHDAY: these months have at most {longest} days")
