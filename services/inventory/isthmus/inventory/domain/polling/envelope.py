"""How gently devices are treated: what an envelope and a window may say; absent says nothing.

What holds in the end is the strictest of all levels; the collectors decide that.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from isthmus.inventory.domain.rows import Invalid, count, expected, fields, items, text, within

Envelope = Mapping[str, Any]
"""The fields that are said, with plain values."""
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = ("days", "start", "end", "time_zone")
CONNECTIONS = ("persistent", "per_read")
# What each limit may be, ends included; a collector refuses any other.
COUNTS: Mapping[str, tuple[float, float]] = {"connections_max": (1, 100), "items_max": (1, 10_000)}
NUMBERS: Mapping[str, tuple[float, float]] = {
    "gap_s": (0, 60),
    "pause_after_connect_s": (0, 60),
    "device_requests_per_s": (0.001, 10_000),
    "endpoint_requests_per_s": (0.001, 10_000),
    "subnet_requests_per_s": (0.001, 100_000),
    "site_requests_per_s": (0.001, 100_000),
    "site_connects_per_s": (0.001, 100_000),
    "backoff_max_s": (1, 86_400),
}


def envelope(value: object, field: str = "envelope") -> Envelope:
    """The envelope that `value` describes; None says nothing. Raises Invalid."""
    if value is None:
        return {}
    said = {k: v for k, v in fields(field, value, tuple(_CHECKS)).items() if v is not None}
    made = {name: _CHECKS[name](f"{field}.{name}", said[name]) for name in _CHECKS if name in said}
    if made.get("paused") and not made.get("reason"):
        raise Invalid(f"{field}.reason", expected(None, "why it is paused, for a person"))
    return made


def seeded(wanted: Envelope, known: Envelope) -> Envelope:
    """`wanted`, as a seed file says it, and the pause that a person ordered: no file lifts that."""
    if not known.get("paused"):
        return wanted
    return {**wanted, "paused": True, "reason": known["reason"]}


def window(value: object, field: str = "window") -> dict[str, Any]:
    """Hours of a week; every day where it names none. Raises Invalid."""
    said = fields(field, value, WINDOW)
    days = said.get("days", list(DAYS))
    if not days:
        raise Invalid(f"{field}.days", expected(days, f"some of {', '.join(DAYS)}"))
    return {
        "days": [_day(place, day) for place, day in items(f"{field}.days", days, "days")],
        "start": _clock(f"{field}.start", said.get("start")),
        "end": _clock(f"{field}.end", said.get("end")),
        "time_zone": _time_zone(f"{field}.time_zone", said.get("time_zone")),
    }


def _windows(field: str, value: object) -> list[dict[str, Any]]:
    return [window(each, place) for place, each in items(field, value, "windows")]


def _day(field: str, value: object) -> str:
    if value in DAYS:
        return str(value)
    raise Invalid(field, expected(value, f"one of {', '.join(DAYS)}"))


def _clock(field: str, value: object) -> str:
    if isinstance(value, str) and CLOCK.fullmatch(value):
        return value
    raise Invalid(field, expected(value, "HH:MM, local time, in quotation marks"))


def _time_zone(field: str, value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        wanted = "an IANA time zone such as Europe/Berlin"
        raise Invalid(field, expected(value, wanted)) from error


def _connection(field: str, value: object) -> str:
    if value in CONNECTIONS:
        return str(value)
    raise Invalid(field, expected(value, " or ".join(CONNECTIONS)))


def _flag(field: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Invalid(field, expected(value, "true or false"))


def _count(limits: tuple[float, float], field: str, value: object) -> int:
    return count(field, value, *limits)


def _number(limits: tuple[float, float], field: str, value: object) -> float:
    return float(within(field, value, *limits))


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    **{name: partial(_count, limits) for name, limits in COUNTS.items()},
    **{name: partial(_number, limits) for name, limits in NUMBERS.items()},
    "connection": _connection,
    "windows": _windows,
    "paused": _flag,
    "reason": text,
}
