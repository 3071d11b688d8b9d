"""The expression language: what it says, and what it answers to a mistake."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.adapters.finding.filters import CHARACTERS_MAX, NESTING_MAX, TERMS_MAX, parse
from isthmus.inventory.domain.query import And, Compare, Like, Not, Operator, Or, equal, matches
from isthmus.inventory.domain.rows import Invalid

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[5] / "docs" / "finding-assets.md"
# One asset for each example of the page, which no other example finds.
FOUND: list[dict[str, Any]] = [
    {"class": "hmi", "vendor": "Siemens"},
    {"end_of_support": "2025"},
    {"end_of_support": "2026-12", "criticality": "high"},
    {"path": "nordwerk/hagen/press-shop", "environment": "production"},
    {"last_seen_at": NOW - timedelta(days=31)},
    {"status": "accepted", "owner": ""},
    {"name": "PRESS-1"},
    {"purchase_price": "900.00", "downtime_cost_per_hour": "500.01"},
    {"tags": "old,retrofit", "custom.cabinet": "7"},
    {"sources": ["hagen/press-plc-1"], "health": "failure"},
]


def _examples() -> list[str]:
    section = PAGE.read_text().split("## Ten filters")[1].split("## The language")[0]
    return re.findall(r"\| `(.+)` \|$", section, re.MULTILINE)


@pytest.mark.parametrize("number", range(10))
def test_each_example_of_the_page_finds_what_it_says(number: int) -> None:
    """And nothing that another example is there for."""
    examples = _examples()
    assert len(examples) == 10
    condition = parse(examples[number], NOW)
    others = [{"owner": "somebody", **each} for each in FOUND if each is not FOUND[number]]

    assert matches(condition, FOUND[number])
    assert not any(matches(condition, each) for each in others)


def test_and_binds_more_than_or() -> None:
    """Parentheses bind most; words of the language are the same in capitals."""
    a, b, c = (equal("vendor", name) for name in "abc")
    text = "vendor = a OR vendor = b and Not vendor = c"

    assert parse(text, NOW) == Or((a, And((b, Not(c)))))
    assert parse("(vendor = a or vendor = b) and vendor = c", NOW) == And((Or((a, b)), c))
    assert parse(" ", NOW) == And()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("BMX-P34.20/20:x*", "BMX-P34.20/20:x*"),
        ('"Schneider Electric"', "Schneider Electric"),
        ("'it\\'s \"one\"'", 'it\'s "one"'),
        ('"a\\\\b"', "a\\b"),
        ("not", "not"),
        ("in", "in"),
        ("now-30d", "now-30d"),
    ],
)
def test_a_value_is_taken_as_it_is_written(value: str, text: str) -> None:
    """Quotation marks come off, words of the language are values where a value stands."""
    assert parse(f"vendor = {value}", NOW) == equal("vendor", text)


def test_tags_are_asked_for_in_lower_case() -> None:
    """As they are kept."""
    assert parse("tags = Retrofit", NOW) == equal("tags", "retrofit")


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-02-28", datetime(2026, 2, 28), datetime(2026, 3, 1)),
        ("2026-02-28T23:59Z", datetime(2026, 2, 28, 23, 59), datetime(2026, 3, 1)),
        ("2026-03-01T01:00:00+01:00", datetime(2026, 3, 1), datetime(2026, 3, 1, 0, 0, 1)),
        ("now-12h", datetime(2026, 3, 1), datetime(2026, 3, 1, 0, 0, 0, 1000)),
    ],
)
def test_a_time_is_as_long_as_it_is_written(text: str, begin: datetime, end: datetime) -> None:
    """A day is all of it, and so is a minute or a second."""
    since, until = begin.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    name = "last_seen_at"
    expected = {
        "=": And((Compare(name, Operator.AT_LEAST, since), Compare(name, Operator.LESS, until))),
        "<": Compare(name, Operator.LESS, since),
        "<=": Compare(name, Operator.LESS, until),
        ">": Compare(name, Operator.AT_LEAST, until),
        ">=": Compare(name, Operator.AT_LEAST, since),
    }

    assert {sign: parse(f"{name} {sign} {text}", NOW) for sign in expected} == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vendr = x", "column 1: there is no field 'vendr'; did you mean vendor?"),
        ("vendor = a and\n serail = b", "column 17: there is no field 'serail'; did you mean ser"),
        ("tags < x", "column 6: tags <: it has several values"),
        ("criticality > low", "column 13: criticality >: its words have no order"),
        ("vendor = Siemens AG", "column 18: 'AG', expected and, or or the end; a value with spa"),
        ("vendor", "column 7: the end, expected =, !=, <, <=, >, >=, ~, in, under or is"),
        ("vendor = ", "column 10: the end, expected a value"),
        ("vendor == x", "column 9: '=', expected a value"),
        ('vendor = "x', "column 10: a quotation mark, expected a value, closed by another one"),
        ("(vendor = x", "column 12: the end, expected )"),
        ("vendor = x)", "column 11: ')', expected the end"),
        ("vendor in (a,,b)", "column 14: ',', expected a value"),
        ("vendor is nothing", "column 11: 'nothing', expected known or unknown"),
        ("vendor = x or", "column 14: the end, expected a field, not or ("),
        ("= x", "column 1: '=', expected a field, not or ("),
        ("criticality = hgih", "expected one of high, low, medium; did you mean high?"),
        ("health in (normal, bad)", "column 20: 'bad', expected one of check_function"),
        ("end_of_support < soon", "column 18: 'soon', expected YYYY, YYYY-MM or YYYY-MM-DD"),
        ("released = 2012-13", "column 12: '2012-13', expected YYYY"),
        ("last_seen_at > 2026-13-01", "column 16: '2026-13-01', expected a time as 2026-03-01"),
        ("last_seen_at > 9999-12-31", "expected a time as 2026-03-01"),
        ("last_seen_at < now-999999d", "expected a time"),
        ("released < now-999999d", "'now-999999d', expected a time that a calendar has"),
        ("purchase_price > much", "column 18: 'much', expected a decimal number"),
        ("purchase_price ~ 1*", "column 16: purchase_price ~: it is no text"),
        ("site under nordwerk", "column 12: site under: it is no path"),
        ('vendor = ""', "column 10: an empty value, expected `is unknown`"),
        ("vendor = a\0", "column 11: a NUL character"),
        ("not " * 21 + "vendor = x", f"expected at most {NESTING_MAX} levels"),
        (" or ".join(["vendor = x"] * 51), f"expected at most {TERMS_MAX}"),
        (f"vendor in ({', '.join('x' * 51)})", f"expected at most {TERMS_MAX}"),
        ("v" * 2001, f"2001 characters, expected at most {CHARACTERS_MAX}"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, reason: str) -> None:
    """Where it is, what stands there, and what was expected."""
    with pytest.raises(Invalid, match=re.escape(reason)) as raised:
        parse(text, NOW)

    assert raised.value.field == "filter"


def test_what_is_within_the_bounds_is_taken() -> None:
    """Fifty terms, nineteen times not; parentheses alone are no nesting."""
    terms, negations = " or ".join(["vendor = x"] * 50), "not " * 19 + "vendor = x"

    assert matches(parse(terms, NOW), {"vendor": "x"})
    assert not matches(parse(negations, NOW), {"vendor": "x"})
    assert parse("(" * 900 + "vendor = x" + ")" * 900, NOW) == equal("vendor", "x")


WORDS = [
    "vendor", "end_of_support", "=", "<", "~", "in", "(", ")", ",", "and", "not", "or", "is", "*",
    "known", "under", "x", '"', "'", "\\", "now-1d", "2026", "\n", "é",
]  # fmt: skip
ANSWER = re.compile(r"filter: column \d+: (.+, expected |there is no f)", re.DOTALL)


def _answer(text: str) -> str | bool:
    try:
        return matches(parse(text, NOW), {})
    except Invalid as error:
        return str(error)


@given(st.lists(st.sampled_from(WORDS), max_size=15).map(" ".join))
def test_any_text_is_a_condition_or_a_mistake(text: str) -> None:
    """Nothing else ever comes of one."""
    answer = _answer(text)

    assert answer in (True, False) or ANSWER.match(str(answer))


@given(st.text(max_size=20).filter(lambda text: text.strip() and "\0" not in text))
def test_a_quoted_text_is_that_text(text: str) -> None:
    """Whatever it consists of."""
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert parse(f"vendor = {quoted}", NOW) == equal("vendor", text)
    assert parse(f"name ~ {quoted}", NOW) == Like("name", text)
