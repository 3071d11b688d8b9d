"""Questions about assets: conditions on their fields, what meets them, and the order of a list."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from isthmus.inventory.domain.assets.model import Asset, Health, Reachability, Status
from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS, Kind
from isthmus.inventory.domain.custom_fields import NONE, Own, number_in, own_field
from isthmus.inventory.domain.versions import order_key

OWN_NUMBER = "custom_numbers."
"""Prefix of custom fields that compare as numbers; what is no number is unknown there."""
SORT_MAX = 3
WORDS_MAX = 10
TOKENS_MAX = 60
TOKEN_MAX = 100


class Type(StrEnum):
    """How the values of a field compare."""

    TEXT = "text"
    WORD = "word"
    """One of a few words, without an order."""
    VERSION = "version"
    """Compares by its `order_key`: `2.9` is less than `2.10`, and `V2.8.3` equals `2.8.3`."""
    DATE = "date"
    NUMBER = "number"
    TIME = "time"
    LIST = "list"
    """Several texts; a condition holds when it holds for one of them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field as a query sees it."""

    name: str
    type: Type
    words: tuple[str, ...] = ()


TYPES = {
    Kind.TEXT: Type.TEXT,
    Kind.WORD: Type.WORD,
    Kind.DATE: Type.DATE,
    Kind.NUMBER: Type.NUMBER,
    Kind.TAGS: Type.LIST,
}
VERSIONS = ("hardware", "firmware", "software")
LEVELS = "purdue_level"
"""The one field of words whose order is that of their text."""


def _columns() -> Iterable[Column]:
    for each in FIELDS.values():
        yield Column(each.name, TYPES[each.kind], each.words)
    yield Column(LEVELS, Type.TEXT, FIELDS[LEVELS].words)
    yield from (Column(name, Type.VERSION) for name in VERSIONS)
    yield from (Column(name, Type.TEXT) for name in ("id", "site", "path"))
    yield from (Column(name, Type.LIST) for name in ("sources", "keys"))
    yield from (Column(n, Type.TIME) for n in ("discovered_at", "changed_at", "last_seen_at"))
    for name, words in (("reachability", Reachability), ("health", Health), ("status", Status)):
        yield Column(name, Type.WORD, tuple(word.value for word in words))


COLUMNS: Mapping[str, Column] = MappingProxyType({each.name: each for each in _columns()})
"""Every field that a query may name, but those that a site has added for itself."""


def column(name: str, own: Own = NONE) -> Column:
    """The field of that name; raises ValueError that suggests a near one."""
    if found := COLUMNS.get(name):
        return found
    if name.startswith(OWN_NUMBER):
        return Column(name, Type.NUMBER)
    if custom := own_field(name, own):
        type = TYPES[custom.kind]
        said = name.replace(CUSTOM, OWN_NUMBER, 1) if type is Type.NUMBER else name
        return Column(said, type, custom.words)
    near = get_close_matches(name, COLUMNS, 1)
    advice = f"; did you mean {near[0]}?" if near else f"; own fields are {CUSTOM}<name>"
    raise ValueError(f"there is no field {name[:80]!r}{advice}")


class Operator(StrEnum):
    """How a value is compared with the one asked for."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """The field has a value, and the comparison holds: of texts, numbers, times or order keys."""

    field: str
    operator: Operator
    value: str | float | datetime


@dataclass(frozen=True, slots=True)
class Like:
    """The whole value is like the pattern: `*` is any text, `?` any character, case is ignored."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Under:
    """The value is this path or one below it."""

    field: str
    path: str


@dataclass(frozen=True, slots=True)
class Known:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The condition is not met, also because a value is unknown."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of the conditions are met."""

    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the conditions is met."""

    conditions: tuple["Condition", ...]


Condition = Compare | Like | Under | Known | Not | And | Or
EVERYTHING = And()


def named(condition: Condition) -> set[str]:
    """The fields that the condition is about."""
    match condition:
        case And(conditions) | Or(conditions):
            return set().union(*map(named, conditions))
        case Not(inner):
            return named(inner)
        case _:
            return {condition.field}


def equal(field: str, value: str) -> Compare:
    """The condition that a text is this one."""
    return Compare(field, Operator.EQUAL, value)


def matches(condition: Condition, fields: Mapping[str, Any]) -> bool:
    """Whether `fields`, by name, meet the condition; what is absent or empty is unknown.

    Numbers are texts, times are datetimes or ISO 8601 texts, lists are sequences of texts or
    texts with a comma between them.
    """
    match condition:
        case And(conditions):
            return all(matches(each, fields) for each in conditions)
        case Or(conditions):
            return any(matches(each, fields) for each in conditions)
        case Not(inner):
            return not matches(inner, fields)
        case Known(name):
            return bool(_values(name, fields))
        case _:
            return any(_meets(condition, each) for each in _values(condition.field, fields))


def _meets(condition: Compare | Like | Under, value: Any) -> bool:
    match condition:
        case Like(_, pattern):
            return bool(re.match(expression(pattern), value, re.IGNORECASE | re.DOTALL))
        case Under(_, path):
            return value == path or bool(value.startswith(f"{path}/"))
        case Compare(name, operator, asked):
            is_version = column(name).type is Type.VERSION
            return HOLDS[operator](order_key(value) if is_version else value, asked)


HOLDS: Mapping[Operator, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        Operator.EQUAL: eq,
        Operator.LESS: lt,
        Operator.AT_MOST: le,
        Operator.MORE: gt,
        Operator.AT_LEAST: ge,
    }
)


def _values(name: str, fields: Mapping[str, Any]) -> Sequence[Any]:
    if name.startswith(OWN_NUMBER):
        number = number_in(fields.get(name.replace(OWN_NUMBER, CUSTOM, 1)) or "")
        return () if number is None else (number,)
    value, type = fields.get(name), column(name).type
    if value is None or value == "":
        return ()
    if type is Type.LIST:
        return value.split(",") if isinstance(value, str) else tuple(value)
    if type is Type.NUMBER:
        return (float(value),)  # as the store compares, so that both agree
    if type is Type.TIME and isinstance(value, str):
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC),)
    return (value,)


def expression(pattern: str) -> str:
    """The regular expression of a pattern with `*` and `?`, for Python and PCRE alike.

    To be used with the flags i and s. What stands between two stars is sought once, from the left
    (an atomic group): a pattern of many stars would else take time without bound.
    """
    first, *rest = [_literally(part) for part in re.split(r"\*+", pattern)]
    if not rest:
        return f"^{first}(?!.)"
    sought = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return f"^{first}{sought}.*{rest[-1]}(?!.)"


def _literally(text: str) -> str:
    return "".join("." if c == "?" else re.escape(c) for c in text)


@dataclass(frozen=True, slots=True)
class Sort:
    """One field to sort by; what is unknown comes last in either direction."""

    field: str
    descending: bool = False


def sorting(text: str, own: Own = NONE) -> tuple[Sort, ...]:
    """The order that `-end_of_support,name` asks for; raises ValueError."""
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    if len(names) > SORT_MAX:
        raise ValueError(f"{len(names)} fields, expected at most {SORT_MAX}")
    order = tuple(
        Sort(column(name.removeprefix("-"), own).name, name.startswith("-")) for name in names
    )
    for each in order:
        if column(each.field).type is Type.LIST:
            raise ValueError(f"{each.field} has several values, expected a field that has one")
    if len({each.field for each in order}) < len(order):
        raise ValueError(f"{text!r}, expected each field once")
    return order


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: what its last asset is sorted by, None for unknown, and its id."""

    values: tuple[str | float | datetime | None, ...]
    id: str


def after(order: Sequence[Sort], place: Place) -> Condition:
    """What comes after `place` in that order, and by id among equals."""
    same: tuple[Condition, ...] = ()
    ways: list[Condition] = []
    for each, value in zip(order, place.values, strict=True):
        if value is None:
            same += (Not(Known(each.field)),)
            continue
        beyond = Operator.LESS if each.descending else Operator.MORE
        later = Or((Compare(each.field, beyond, value), Not(Known(each.field))))
        ways.append(And((*same, later)))
        same += (Compare(each.field, Operator.EQUAL, value),)
    last = And((*same, Compare("id", Operator.MORE, place.id)))
    return Or((*ways, last)) if ways else last


@dataclass(frozen=True, slots=True)
class Selection:
    """Which assets: they meet the condition, have every word, and stand on a site in scope."""

    condition: Condition = EVERYTHING
    words: tuple[str, ...] = ()
    """Beginnings of tokens, in lower case."""
    sites: frozenset[str] | None = None
    """None is every site."""
    as_of: datetime | None = None
    """What they were then, and not what they are now."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list of assets."""

    selection: Selection = field(default_factory=Selection)
    order: tuple[Sort, ...] = ()
    fields: tuple[str, ...] = ()
    """Only these of each asset; none is all."""
    limit: int = 100
    after: Place | None = None


def words_of(search: str) -> tuple[str, ...]:
    """The words of a search, each the beginning of a token; raises ValueError."""
    words = tuple(dict.fromkeys(search.lower().split()))
    if "\0" in search:  # no regular expression of MongoDB may hold one
        raise ValueError("a NUL character, expected words")
    if len(words) > WORDS_MAX:
        raise ValueError(f"{len(words)} words, expected at most {WORDS_MAX}")
    return words


TOKEN_FIELDS = (
    "name", "serial", "asset_tag", "asset_number", "vendor", "model", "family", "order_code",
    "location", "owner",
)  # fmt: skip
"""What an asset is searched by, besides its site, path, tags, addresses and host names."""
TOKEN_KEYS = ("address", "hostname", "mac")
APART = re.compile(r"[\W_]+")


def tokens_of(asset: Asset) -> tuple[str, ...]:
    """What a search finds the asset by, in lower case: its values, whole and word by word."""
    fields = asset.fields()
    named = [fields.get(name, "") for name in TOKEN_FIELDS]
    whole = [*named, *fields.get("tags", "").split(","), asset.site, *asset.path.split("/")]
    keys = sorted(key.value for key in asset.keys if key.kind in TOKEN_KEYS)
    words = [word for text in whole for word in APART.split(text)]
    # Keys last, and whole only: nobody looks for the third octet of an address.
    found = dict.fromkeys(text.lower()[:TOKEN_MAX] for text in (*whole, *words, *keys) if text)
    return tuple(found)[:TOKENS_MAX]
