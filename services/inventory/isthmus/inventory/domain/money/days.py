"""Days, months and the periods between them, as contracts and books count them."""

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal

from isthmus.inventory.domain.rows import Invalid, expected

DAY_FORM = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY = timedelta(days=1)
MONTHS_OF_YEAR = 12
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)


def day(field: str, value: object) -> date:
    """A whole day, YYYY-MM-DD."""
    try:
        if isinstance(value, str) and DAY_FORM.fullmatch(value):
            return within(field, date.fromisoformat(value))
    except Invalid:
        raise
    except ValueError:
        pass
    raise Invalid(field, expected(value, "a day, YYYY-MM-DD"))


def within(field: str, day: date) -> date:
    """`day`, if books can be of it: no calendar is left without a next year."""
    if FIRST <= day <= LAST:
        return day
    raise Invalid(field, expected(day.isoformat(), f"a day from {FIRST} to {LAST}"))


def first_day(text: str) -> date:
    """The first day of a year, a month or a day (ISO 8601)."""
    return date.fromisoformat(f"{text}-01-01"[:10])


def last_day(text: str) -> date:
    """The last day of a year, a month or a day: what ends in 2027 holds until its last evening."""
    if len(text) == len("2026-03-01"):
        return date.fromisoformat(text)
    year, month = (int(each) for each in f"{text}-12"[:7].split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def add_months(start: date, months: int) -> date:
    """The same day so many months later; the last one of a month that is shorter."""
    year, month = divmod(start.year * MONTHS_OF_YEAR + start.month - 1 + months, MONTHS_OF_YEAR)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def month_ends(start: date, on: date) -> int:
    """How many ends of a month lie between two days, both included."""
    months = (on.year - start.year) * MONTHS_OF_YEAR + on.month - start.month
    return max(months + ((on + DAY).month != on.month), 0)


def periods(start: date, until: date, months: int) -> Decimal:
    """Periods of so many months from `start` until the morning of `until`.

    Whole ones, and of the last one its days over its length.
    """
    if until <= start:
        return Decimal(0)
    whole = ((until.year - start.year) * MONTHS_OF_YEAR + until.month - start.month) // months
    if add_months(start, whole * months) > until:
        whole -= 1
    begun = add_months(start, whole * months)
    length = add_months(start, (whole + 1) * months) - begun
    return whole + Decimal((until - begun).days) / max(length.days, 1)
