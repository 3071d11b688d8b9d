"""The expression language of `?filter=`: a text becomes a condition, or a reason why it is none."""

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from isthmus.inventory.domain.assets.vocabulary import Field, Kind, checked
from isthmus.inventory.domain.custom_fields import NONE, Own
from isthmus.inventory.domain.dates import dated
from isthmus.inventory.domain.instants import milliseconds
from isthmus.inventory.domain.query import (
    And,
    Column,
    Compare,
    Condition,
    Known,
    Like,
    Not,
    Operator,
    Or,
    Type,
    Under,
    column,
)
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.versions import order_key

CHARACTERS_MAX = 2_000
TERMS_MAX = 50
NESTING_MAX = 20
GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: negated (_AND negated)*
?negated: _NOT negated -> negation
    | "(" either ")"
    | term
?term: FIELD COMPARISON value -> comparison
    | FIELD _IN "(" value ("," value)* ")" -> membership
    | FIELD _UNDER value -> under
    | FIELD _IS STATE -> state
?value: TEXT | QUOTED

COMPARISON: /!=|<=|>=|=|<|>|~/
_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
_IN: /in\b/i
_UNDER: /under\b/i
_IS: /is\b/i
STATE: /(un)?known\b/i
FIELD: /[A-Za-z_][\w.-]*/
TEXT: /[^\s()=!<>~,"']+/
QUOTED: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
%ignore /\s+/
"""
PARSER = Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)
NAMES = {
    "FIELD": "a field",
    "COMPARISON": "=, !=, <, <=, >, >=, ~",
    "_IN": "in",
    "_UNDER": "under",
    "_IS": "is",
    "_AND": "and",
    "_OR": "or",
    "_NOT": "not",
    "STATE": "known or unknown",
    "TEXT": "a value",
    "QUOTED": "a value in quotation marks",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "$END": "the end",
}
RELATIVE = re.compile(r"now(?:([+-])(\d{1,6})([dhm]))?")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
INSTANT = timedelta(milliseconds=1)
"""As exactly as the store keeps times."""
TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:T(?P<minute>\d{2}:\d{2})(?P<second>:\d{2})?(?P<fraction>\.\d+)?"
    r"(?P<zone>Z|[+-]\d{2}:\d{2})?)?"
)
UNORDERED = {
    Type.WORD: "its words have no order",
    Type.LIST: "it has several values",
}


def parse(text: str, now: datetime, own: Own = NONE) -> Condition:
    """The condition that `text` expresses at the time `now`.

    Raises Invalid, a ValueError, that says where, what was found and what was expected.
    """
    if len(text) > CHARACTERS_MAX:
        raise Invalid("filter", f"{len(text)} characters, expected at most {CHARACTERS_MAX}")
    if "\0" in text:  # no regular expression of MongoDB may hold one
        raise Invalid("filter", f"column {text.index(chr(0)) + 1}: a NUL character, expected text")
    return _Reading(now, own).condition(_parsed(text), NESTING_MAX) if text.strip() else And()


@lru_cache(maxsize=256)
def _parsed(text: str) -> Tree[Token] | Token:
    try:
        return PARSER.parse(text)
    except UnexpectedInput as error:
        raise Invalid("filter", _unexpected(error, text)) from None


def _unexpected(error: UnexpectedInput, text: str) -> str:
    """What stands where something else was expected."""
    names = _expected(error)
    at = error.pos_in_stream
    if at is None or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return f"column {len(text) + 1}: the end, expected {names}"
    if text[at] in "\"'":
        return f"column {at + 1}: a quotation mark, expected {names}, closed by another one"
    word = re.match(r"[\w.:/*-]+", text[at:])
    found = word[0][:40] if word else text[at]
    advice = "; a value with spaces needs quotation marks" if word and "the end" in names else ""
    return f"column {at + 1}: {found!r}, expected {names}{advice}"


def _expected(error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedCharacters):
        known = error.allowed or set()
    else:
        known = error.accepts or error.expected if isinstance(error, UnexpectedToken) else set()
    found = [words for name, words in NAMES.items() if name in known and name != "QUOTED"]
    return ", ".join(found[:-1]) + (" or " if found[1:] else "") + "".join(found[-1:])


class _Reading:
    """One expression becomes a condition; what it finds wrong it names with its column."""

    def __init__(self, now: datetime, own: Own) -> None:
        self._now = now
        self._own = own
        self._terms = 0

    def condition(self, tree: Any, nesting: int) -> Condition:
        if nesting == 0:
            raise Invalid("filter", f"nested too deep, expected at most {NESTING_MAX} levels")
        match tree.data:
            case "either":
                return Or(tuple(self.condition(each, nesting - 1) for each in tree.children))
            case "both":
                return And(tuple(self.condition(each, nesting - 1) for each in tree.children))
            case "negation":
                return Not(self.condition(tree.children[0], nesting - 1))
            case _:
                return self._term(str(tree.data), *tree.children)

    def _term(self, form: str, name: Token, *rest: Token) -> Condition:
        self._terms += len(rest) if form == "membership" else 1
        if self._terms > TERMS_MAX:
            raise Invalid("filter", f"too many terms, expected at most {TERMS_MAX}")
        try:
            asked = column(str(name), self._own)
        except ValueError as error:
            raise _at(name, str(error)) from None
        if form == "state":
            known = Known(asked.name)
            return known if rest[0].lower() == "known" else Not(known)
        if form == "under":
            return _under(asked, rest[0])
        if form == "membership":
            return Or(tuple(self._equal(asked, each) for each in rest))
        return self._comparison(asked, *rest)

    def _comparison(self, asked: Column, sign: Token, value: Token) -> Condition:
        if sign == "~":
            return _like(asked, sign, value)
        if sign == "!=":
            return Not(self._equal(asked, value))
        if sign == "=":
            return self._equal(asked, value)
        if reason := UNORDERED.get(asked.type):
            raise _at(sign, f"{asked.name} {sign}: {reason}, expected =, !=, ~, in or is")
        return self._compared(asked, Operator(str(sign)), value)

    def _equal(self, asked: Column, value: Token) -> Condition:
        return self._compared(asked, Operator.EQUAL, value)

    def _compared(self, asked: Column, operator: Operator, value: Token) -> Condition:
        text = _said(value)
        if asked.type is Type.TIME:
            return self._timed(asked.name, operator, value, text)
        if asked.type is Type.DATE:
            return dated(asked.name, operator, self._day(value, text))
        if asked.type is Type.NUMBER:
            return Compare(asked.name, operator, float(_of_kind(asked.name, Kind.NUMBER, value)))
        if asked.words and text not in asked.words:
            raise _at(value, _no_word(text, asked.words))
        if asked.type is Type.VERSION:
            return Compare(asked.name, operator, order_key(text))
        tag = asked.name == "tags"  # kept in lower case
        return Compare(asked.name, operator, text.lower() if tag else text)

    def _day(self, value: Token, text: str) -> str:
        if at := self._relative(text, value):
            return at.date().isoformat()
        return _of_kind("a date", Kind.DATE, value)

    def _timed(self, name: str, operator: Operator, value: Token, text: str) -> Condition:
        """A time that is given by its day or its minute is all of it, from begin to end."""
        try:
            begin, end = self._period(text, value)
        except (ValueError, OverflowError):
            wanted = "a time as 2026-03-01, 2026-03-01T12:00Z or now-30d (d, h, m)"
            raise _at(value, f"{text[:40]!r}, expected {wanted}") from None
        if operator is Operator.EQUAL:
            started = Compare(name, Operator.AT_LEAST, begin)
            return And((started, Compare(name, Operator.LESS, end)))
        if operator in (Operator.AT_MOST, Operator.MORE):
            beyond = Operator.LESS if operator is Operator.AT_MOST else Operator.AT_LEAST
            return Compare(name, beyond, end)
        return Compare(name, operator, begin)

    def _period(self, text: str, value: Token) -> tuple[datetime, datetime]:
        if at := self._relative(text, value):
            return at, at + INSTANT
        found = TIME.fullmatch(text)
        if not found:
            raise ValueError(text)
        begin = datetime.fromisoformat(text)
        begin = begin.astimezone(UTC) if begin.tzinfo else begin.replace(tzinfo=UTC)
        return begin, begin + _length(found)

    def _relative(self, text: str, value: Token) -> datetime | None:
        """`now`, or so many days, hours or minutes before or after it."""
        found = RELATIVE.fullmatch(text)
        if not found:
            return None
        sign, number, unit = found.groups()
        away = timedelta(**{UNITS[unit]: int(f"{sign}{number}")}) if unit else timedelta()
        try:
            at = self._now + away
        except OverflowError:
            raise _at(value, f"{text!r}, expected a time that a calendar has") from None
        return milliseconds(at)


def _length(found: re.Match[str]) -> timedelta:
    if not found["minute"]:
        return timedelta(days=1)
    if found["fraction"]:
        return INSTANT
    return timedelta(seconds=1) if found["second"] else timedelta(minutes=1)


def _said(value: Token) -> str:
    """The text of a value, without its quotation marks."""
    text = str(value)
    if value.type == "QUOTED":
        text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    if not text:
        raise _at(value, "an empty value, expected `is unknown` to ask for what has no value")
    return text


def _like(asked: Column, sign: Token, value: Token) -> Condition:
    if asked.type in (Type.NUMBER, Type.TIME):
        raise _at(sign, f"{asked.name} ~: it is no text, expected =, !=, <, <=, > or >=")
    return Like(asked.name, _said(value))


def _under(asked: Column, value: Token) -> Condition:
    if asked.name != "path":
        raise _at(value, f"{asked.name} under: it is no path, expected the field path")
    return Under(asked.name, _said(value).strip("/"))


def _of_kind(name: str, kind: Kind, value: Token) -> str:
    try:
        return checked(Field(name, kind, (), ""), _said(value))
    except ValueError as error:
        raise _at(value, str(error)) from None


def _no_word(text: str, words: tuple[str, ...]) -> str:
    near = get_close_matches(text, words, 1)
    advice = f"; did you mean {near[0]}?" if near else ""
    return f"{text[:40]!r}, expected one of {', '.join(sorted(words))}{advice}"


def _at(token: Token, reason: str) -> Invalid:
    return Invalid("filter", f"column {(token.start_pos or 0) + 1}: {reason}")
