"""The fields of an asset, and the one form that their values have."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.vocabulary import (
    FIELDS,
    TEXT_MAX,
    Kind,
    Origin,
    checked,
)

OF_KIND = {kind: next(f for f in FIELDS.values() if f.kind is kind) for kind in Kind}
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12),
                      max_value=10**12, places=2)  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_says_what_it_means_and_who_decides_it(name: str) -> None:
    """Each origin has its place in the order, once; an example is in the field's own form."""
    field = FIELDS[name]

    assert field.says.endswith(".")
    assert sorted(field.decided_by) == sorted(Origin)
    assert checked(field, field.example) == field.example
    assert (field.kind is Kind.WORD) == bool(field.words)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.TEXT, "  press 1 ", "press 1"),
        (Kind.TEXT, 4711, "4711"),
        (Kind.TEXT, "", ""),
        (Kind.WORD, " high ", "high"),
        (Kind.DATE, "2014", "2014"),
        (Kind.DATE, "2014-06", "2014-06"),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.NUMBER, "4850.00", "4850.00"),
        (Kind.NUMBER, "1e3", "1000"),
        (Kind.NUMBER, Decimal("0.10"), "0.10"),
        (Kind.NUMBER, 96, "96"),
        (Kind.TAGS, "Retrofit, line-1,,retrofit", "line-1,retrofit"),
        (Kind.TAGS, ["b", " A "], "a,b"),
        (Kind.TAGS, [], ""),
    ],
)
def test_a_value_has_one_form(kind: Kind, value: object, text: str) -> None:
    """What is equal is the same text; empty means: nothing is said."""
    words = [f for f in FIELDS.values() if f.kind is kind and (not f.words or "high" in f.words)]

    assert checked(words[0], value) == text


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (Kind.TEXT, "x" * (TEXT_MAX + 1), "at most 2000 characters"),
        (Kind.TEXT, ["x"], "expected a text"),
        (Kind.TEXT, True, "'True', expected a text"),
        (Kind.TEXT, None, "expected a text"),
        (Kind.TEXT, 1.5, "expected a text"),
        (Kind.WORD, "vital", "'vital', expected one of"),
        (Kind.DATE, "2014-13", "'2014-13', expected YYYY"),
        (Kind.DATE, "2023-02-29", "expected YYYY, YYYY-MM or YYYY-MM-DD"),
        (Kind.DATE, "0000", "expected YYYY"),
        (Kind.DATE, "1.2.2014", "expected YYYY"),
        (Kind.NUMBER, "4.850,00", "expected a decimal number with a point"),
        (Kind.NUMBER, "NaN", "expected a decimal number"),
        (Kind.NUMBER, "Infinity", "expected a decimal number"),
        (Kind.NUMBER, "1e999", "expected a decimal number"),
        (Kind.NUMBER, 4850.5, "expected a text"),
        (Kind.TAGS, {"a": 1}, "expected words with a comma between them"),
        (Kind.TAGS, ["a", 1], "expected words"),
        (Kind.TAGS, "x" * (TEXT_MAX + 1), "characters of tags"),
    ],
)
def test_a_wrong_value_is_refused_in_words(kind: Kind, value: object, says: str) -> None:
    """With the value and what was expected."""
    with pytest.raises(ValueError, match=says):
        checked(OF_KIND[kind], value)


@pytest.mark.parametrize("kind", Kind)
@given(text=st.text(max_size=30))
def test_what_is_taken_is_taken_again_as_it_is(kind: Kind, text: str) -> None:
    """The form of a value has itself as its form."""
    try:
        once = checked(OF_KIND[kind], text)
    except ValueError:
        return

    assert checked(OF_KIND[kind], once) == once


@given(NUMBERS)
def test_no_number_loses_a_digit(number: Decimal) -> None:
    """Money is decimal text, without an exponent, and means what was said."""
    text = checked(OF_KIND[Kind.NUMBER], str(number))

    assert Decimal(text) == number
    assert "e" not in text.lower()


@given(st.lists(st.text(st.characters(exclude_characters=","), max_size=9), max_size=9))
def test_tags_are_words_in_order_each_once(words: list[str]) -> None:
    """However they are given: as a list, or as one text."""
    text = checked(OF_KIND[Kind.TAGS], words)

    assert checked(OF_KIND[Kind.TAGS], ",".join(words)) == text
    assert text.split(",") == sorted(set(text.split(",")))
