"""Custom fields: their definitions, their values, and one rule for their names."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.vocabulary import FIELDS, Kind
from isthmus.inventory.domain.custom_fields import (
    NONE,
    Definition,
    Type,
    definition,
    fitted,
    number_in,
    own_field,
    undefined,
)
from isthmus.inventory.domain.query import OWN_NUMBER, column
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.mappings import field_named
from isthmus.inventory.handlers.assets.curation import said_of

ID = "0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"
CHOICE = {"type": "choice", "choices": ["north", "south wing"]}
NAMES = st.one_of(
    st.from_regex(r"custom\.[a-z0-9_.-]{0,63}", fullmatch=True),
    st.sampled_from(["custom.", "custom.A", "custom.é", "custom", "custom.-a", "custom.a\n"]),
)


def of(**row: Any) -> Definition:
    return definition("power", row)


@pytest.mark.parametrize(
    ("row", "value", "text"),
    [
        ({}, " free text ", "free text"),
        ({"type": "number"}, "1E+2", "100"),
        ({"type": "number"}, 7, "7"),
        ({"type": "day"}, "2027-03-01", "2027-03-01"),
        ({"type": "boolean"}, "true", "true"),
        (CHOICE, "south wing", "south wing"),
        ({"type": "reference"}, ID.upper(), ID),
        ({"type": "number"}, "", ""),
        ({"type": "reference"}, "", ""),
    ],
)
def test_a_value_is_kept_in_the_form_of_its_type(row: Any, value: object, text: str) -> None:
    """Once more is as good as once."""
    made = of(**row)

    assert made.fitted(value) == text
    assert made.fitted(text) == text


@pytest.mark.parametrize(
    ("row", "value", "reason"),
    [
        ({"type": "number"}, "7,5", "'7,5', expected a decimal number with a point"),
        ({"type": "day"}, "2027", "'2027', expected a whole day, YYYY-MM-DD"),
        ({"type": "day"}, "01.03.2027", "expected YYYY, YYYY-MM or YYYY-MM-DD"),
        ({"type": "boolean"}, "yes", "'yes', expected one of false, true"),
        (CHOICE, "west", "'west', expected one of north, south wing"),
        ({"type": "reference"}, "PRESS-1", "'PRESS-1', expected the id of an asset, a UUID"),
        ({}, "x" * 2001, "expected a text of at most 2000 characters"),
        ({}, ["a"], "expected a text"),
    ],
)
def test_a_value_of_another_type_is_refused(row: Any, value: object, reason: str) -> None:
    """With the value, and what was expected."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        of(**row).fitted(value)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"type": "money"}, "type", "'money', expected one of text, number"),
        ({"type": "text", "unit": "kW"}, "unit", "none with the type text"),
        ({"type": "number", "unit": "k W"}, "unit", "expected a unit in UCUM"),
        ({"type": "choice"}, "choices", "expected the words of a choice"),
        ({"type": "text", "choices": ["a"]}, "choices", "none with the type text"),
        ({"type": "choice", "choices": ["a,b"]}, "choices.0", "no comma"),
        ({"classes": "press"}, "classes", "expected a list of words"),
        ({"classes": ["a"] * 201}, "classes", "201 words, expected at most 200"),
        ({"sites": ["Hagen"]}, "sites.0", "letters a-z"),
        ({"required": "yes"}, "required", "expected true or false"),
        ({"label": "x" * 101}, "label", "expected at most 100 characters"),
        ({"colour": "red"}, "colour", "unknown field"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(row: Any, field: str, reason: str) -> None:
    """With the field at fault."""
    with pytest.raises(Invalid, match=re.escape(reason)) as raised:
        of(**row)
    assert raised.value.field == field


def test_a_definition_is_its_row() -> None:
    """What is kept is what was said."""
    made = of(type="number", unit="kW", label="Load", sites=["hagen", "hagen"], required=True)

    assert definition("power", made.row) == made
    assert made.sites == ("hagen",)


def test_a_field_is_of_some_sites_and_classes() -> None:
    """Elsewhere it is missing nowhere, and out of place."""
    made = of(type="number", sites=["hagen"], classes=["press"], required=True)

    assert made.misfit("7", "hagen", "press") == ""
    assert made.misfit("x", "hagen", "press").startswith("'x', expected a decimal number")
    assert made.misfit("", "hagen", "press") == "missing, expected a value"
    assert made.misfit("", "lyon", "press") == made.misfit("", "hagen", "") == ""
    assert made.misfit("7", "lyon", "press") == "the asset stands on lyon, expected one of hagen"
    assert made.misfit("7", "hagen", "") == "the asset's class is unknown, expected one of press"


@given(NAMES)
def test_there_is_one_rule_of_names(name: str) -> None:
    """Curation, mappings and filters take the same names, defined or not."""

    def takes(check: Any) -> bool:
        try:
            return check(name) is not None
        except ValueError:
            return False

    rule = own_field(name, NONE) is not None
    assert takes(lambda n: said_of(n, "x")) is rule
    assert takes(field_named) is rule
    assert takes(column) is rule
    assert takes(lambda n: definition(n.removeprefix("custom."), {})) is (rule or name == "custom")


def test_a_name_that_is_not_defined_is_a_free_text() -> None:
    """And a field of the vocabulary is what it was."""
    free = own_field("custom.cabinet", undefined())

    assert free
    assert free.kind is Kind.TEXT
    assert fitted(free, "7", NONE) == "7"
    assert fitted(FIELDS["tags"], "b,A", NONE) == "a,b"


@given(st.decimals(-(10**9), 10**9, places=3))
def test_a_number_sorts_as_what_it_is(number: Any) -> None:
    """Whatever else stands there has no place among them."""
    text = format(number, "f")

    assert number_in(text) == float(text)
    assert number_in(f"{text} kW") is None
    assert number_in("") is None


def test_a_query_knows_a_field_by_its_type() -> None:
    """Numbers under another name, because they are kept beside their texts."""
    rows: dict[str, dict[str, Any]] = {
        "n": {"type": "number"}, "d": {"type": "day"}, "c": CHOICE, "b": {"type": "boolean"},
        "r": {"type": "reference"},
    }  # fmt: skip
    own = {f"custom.{name}": definition(name, row) for name, row in rows.items()}

    found = {name: column(f"custom.{name}", own) for name in (*rows, "x")}
    assert {name: each.type.value for name, each in found.items()} == {
        "n": "number", "d": "date", "c": "word", "b": "word", "r": "text", "x": "text",
    }  # fmt: skip
    assert found["n"].name == f"{OWN_NUMBER}n"
    assert found["c"].words == ("north", "south wing")
    assert set(Type) == {"text", "number", "day", "choice", "reference", "boolean"}
