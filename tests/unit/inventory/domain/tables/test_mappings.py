"""Import mappings: what they take, and what they say of a mistake."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.mappings import Column, mapping

ROW: dict[str, Any] = {
    "system": "sap",
    "site": {"column": "Werk", "values": {1000: "hagen", "2000": "lyon"}, "default": "hagen"},
    "external_id": "Equipment",
    "columns": {
        "vendor": "Hersteller",
        "purchase_price": {"column": "AnschWert", "decimal_comma": True},
        "purchased_on": {"column": "AnschDat", "date_format": "%d.%m.%Y"},
        "criticality": {"column": "ABC", "values": {"A": "high"}, "default": "low"},
        "custom.cabinet": "Schrank",
        "mac": "MAC",
    },
    "require": ["vendor"],
    "ignore_rows": {"Status": ["verschrottet", 9]},
    "sheet": "Anlagen",
}


def with_(**changes: Any) -> dict[str, Any]:
    return {**ROW, **changes}


def test_a_mapping_is_read_whole() -> None:
    """Whole numbers are texts, because YAML has no other way to write 1000 without quotes."""
    made = mapping("sap", ROW)

    assert made.site == Column("Werk", {"1000": "hagen", "2000": "lyon"}, default="hagen")
    assert made.columns["vendor"] == Column("Hersteller")
    assert made.columns["purchase_price"].decimal_comma
    assert made.ignore_rows == {"Status": ("verschrottet", "9")}


def test_a_mapping_names_each_column_once() -> None:
    """Those that are looked for in a file: of the fields, the site, the id, the ignored rows."""
    assert mapping("sap", ROW).wanted == (
        "Equipment", "Werk", "Hersteller", "AnschWert", "AnschDat", "ABC", "Schrank", "MAC",
        "Status",
    )  # fmt: skip


def test_what_a_mapping_says_of_itself_makes_it_again() -> None:
    """So it can be stored, shown and sent back."""
    made = mapping("sap", ROW)

    assert mapping("sap", made.row) == made


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"system": "SAP ERP"}, "system", "letters a-z"),
        ({"site": "Hagen!"}, "site", "letters a-z"),
        ({"site": {"column": "Werk", "values": {"1": "Hagen!"}}}, "site.values.1", "letters a-z"),
        ({"site": {"column": "Werk", "default": "?"}}, "site.default", "letters a-z"),
        ({"external_id": ""}, "external_id", "heading of a column"),
        ({"columns": {}}, "columns", "1 to 100 fields"),
        ({"columns": {"colour": "Farbe"}}, "columns.colour", "unknown field, expected one of cl"),
        ({"columns": {"custom.": "Farbe"}}, "columns.custom.", "unknown field"),
        ({"columns": {"vendor": 7}}, "columns.vendor", "a mapping of column"),
        ({"columns": {"vendor": {"colum": "X"}}}, "columns.vendor.colum", "unknown field"),
        (
            {"columns": {"criticality": {"column": "A", "default": "huge"}}},
            "columns.criticality.default",
            "'huge', expected one of high, low, medium",
        ),
        (
            {"columns": {"purchased_on": {"column": "A", "date_format": "%d.%m"}}},
            "columns.purchased_on.date_format",
            "one with the year",
        ),
        (
            {"columns": {"purchased_on": {"column": "A", "date_format": "%A %Y"}}},
            "columns.purchased_on.date_format",
            "such as %d.%m.%Y",
        ),
        (
            {"columns": {"purchased_on": {"column": "A", "date_format": "%Y %Y"}}},
            "columns.purchased_on.date_format",
            "such as %d.%m.%Y",
        ),
        (
            {"columns": {"purchase_price": {"column": "A", "decimal_comma": "yes"}}},
            "columns.purchase_price.decimal_comma",
            "true or false",
        ),
        (
            {"columns": {"vendor": {"column": "A", "values": {"x": False}}}},
            "columns.vendor.values.x",
            "in quotes where YAML reads something else",
        ),
        ({"require": ["serial"]}, "require.0", "one of the columns: vendor"),
        ({"ignore_rows": ["x"]}, "ignore_rows", "columns, each with a list of texts"),
        ({"ignore_rows": {"Status": "x"}}, "ignore_rows.Status", "a list of texts"),
        ({"sheets": "x"}, "sheets", "unknown field"),
    ],
)
def test_a_mistake_is_named_with_its_field(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    """The field, the value, and what was expected in its place."""
    with pytest.raises(Invalid) as caught:
        mapping("sap", with_(**changes))

    assert caught.value.field == field
    assert reason in caught.value.reason


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["column", "values", "default", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ROW)), anything)
def test_whatever_stands_in_a_field_is_taken_or_named(part: str, value: Any) -> None:
    """No other failure than one that a person can mend."""
    with suppress(Invalid):
        made = mapping("sap", with_(**{part: value}))
        assert mapping("sap", made.row) == made
