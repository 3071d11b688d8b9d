"""Conditions on dates that may be known by their month or year only."""

from datetime import datetime

from isthmus.inventory.domain.query import And, Compare, Condition, Not, Operator, equal


def dated(field: str, operator: Operator, day: str) -> Condition:
    """The condition on a date that may be known by its month or its year only.

    It is met when it holds on every day that the date can mean; `day`, too, is a whole year, month
    or day. Dates are kept as text, and a text that another one begins with is less than it: so a
    date is certainly before a bound when its text is less, and the bound does not begin with it.
    """
    match operator:
        case Operator.EQUAL:
            # "." follows "-": all that begins with `day`.
            return And((Compare(field, Operator.AT_LEAST, day), _less(field, f"{day}.")))
        case Operator.LESS:
            return _before(field, _shortest(day))
        case Operator.AT_MOST:
            return _before(field, following(day))
        case Operator.MORE:
            return Compare(field, Operator.AT_LEAST, following(day))
        case Operator.AT_LEAST:
            return Compare(field, Operator.AT_LEAST, _shortest(day))


def _less(field: str, value: str) -> Compare:
    return Compare(field, Operator.LESS, value)


def _before(field: str, bound: str) -> Condition:
    vague = [bound[:length] for length in (4, 7) if length < len(bound)]
    return And((_less(field, bound), *(Not(equal(field, each)) for each in vague)))


def _shortest(day: str) -> str:
    """The shortest date that begins on the same day: 2027-01-01 begins with 2027."""
    while day.endswith("-01"):
        day = day[:-3]
    return day


def following(day: str) -> str:
    """The shortest date that begins when the year, month or day is over."""
    year, *rest = (int(part) for part in day.split("-"))
    if len(rest) == 2:
        return _shortest(_day_after(year, *rest))
    if rest and rest[0] < 12:
        return f"{year:04}-{rest[0] + 1:02}"
    return f"{year + 1:04}" if year < 9999 else ":"  # ":" follows "9": after every date


def _day_after(year: int, month: int, day: int) -> str:
    try:
        datetime(year, month, day + 1)
    except ValueError:
        return following(f"{year:04}-{month:02}")
    return f"{year:04}-{month:02}-{day + 1:02}"
