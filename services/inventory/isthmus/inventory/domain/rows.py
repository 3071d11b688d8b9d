"""What people and seed files write: checks that name the field, its value, what was expected."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
TEXT_CHARACTERS_MAX = 500
SHOWN_CHARACTERS_MAX = 120
USERINFO = re.compile(r"//[^/@]*@")  # RFC 3986, 3.2.1


class Invalid(ValueError):
    """What cannot be taken; names the field, its value and what was expected."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class Taken(Invalid):
    """What is good by itself, but another one has it already."""


def expected(value: object, expected: str) -> str:
    """The reason why `value` is refused; repeats no password that stands in an address."""
    shown = USERINFO.sub("//…@", repr(value))
    if len(shown) > SHOWN_CHARACTERS_MAX:
        shown = f"{shown[:SHOWN_CHARACTERS_MAX]}…"
    return f"missing, expected {expected}" if value is None else f"{shown}, expected {expected}"


def fields(field: str, row: object, known: Sequence[str]) -> Mapping[str, Any]:
    """`row`, a mapping that has no other fields than the `known` ones."""
    if not isinstance(row, Mapping):
        raise Invalid(field, expected(row, f"a mapping of {', '.join(known)}"))
    for name in row:
        if name not in known:
            place = str(name) if field == "row" else f"{field}.{name}"
            raise Invalid(place, f"unknown field, expected one of {', '.join(known)}")
    return row


def items(field: str, value: object, what: str) -> Iterator[tuple[str, Any]]:
    """Each item of a list, with its field's name."""
    if not isinstance(value, list | tuple):
        raise Invalid(field, expected(value, f"a list of {what}"))
    for number, item in enumerate(value):
        yield f"{field}.{number}", item


def name(field: str, value: object) -> str:
    """A name as topics and keys bear it."""
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise Invalid(field, expected(value, "letters a-z, digits and hyphens"))


def site(value: str, known: Collection[str]) -> str:
    """A site that has its topics: a record for any other would hold up all that follow."""
    if value in known:
        return value
    names = ", ".join(sorted(known)) or "none; make its topics first"
    raise Invalid("site", expected(value, f"a site that has its topics: {names}"))


def path(field: str, value: object) -> str:
    """An ISA-95 equipment path."""
    if is_text(value) and all(value.split("/")):
        return value
    raise Invalid(field, expected(value, "enterprise/site/area/line/cell, as far as known"))


def text(field: str, value: object) -> str:
    """A sentence for a person; may be empty."""
    if is_text(value) and len(value) <= TEXT_CHARACTERS_MAX:
        return value.strip()
    raise Invalid(field, expected(value, f"a text of at most {TEXT_CHARACTERS_MAX} characters"))


def number(field: str, value: object, unit: str, *, above: float, most: float) -> float:
    """A quantity above `above` and at most `most`."""
    if _is_number(value) and above < value <= most:
        return float(value)
    raise Invalid(field, expected(value, f"{unit}, above {above:g} and at most {most:g}"))


def within(field: str, value: object, least: float, most: float) -> float:
    """A number from `least` to `most`."""
    if _is_number(value) and least <= value <= most:
        return value
    raise Invalid(field, expected(value, f"{least:g} to {most:g}"))


def count(field: str, value: object, least: float, most: float) -> int:
    """A whole number from `least` to `most`."""
    if isinstance(value, int) and within(field, value, least, most) == value:
        return value
    raise Invalid(field, expected(value, f"a whole number, {least:g} to {most:g}"))


def is_text(value: object) -> TypeGuard[str]:
    """Is it a text that UTF-8 can hold? Half of a surrogate pair, which YAML can write, is not."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
