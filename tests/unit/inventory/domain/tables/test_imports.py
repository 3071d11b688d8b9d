"""Rows of a table: what they say of an asset, and what is wrong with them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.vocabulary import FIELDS
from isthmus.inventory.domain.tables.imports import (
    FAULTS_OF_A_ROW_MAX,
    Cell,
    Checker,
    Entry,
    Fault,
    Line,
    changed,
    letter,
    said,
)
from isthmus.inventory.domain.tables.mappings import Column, field_named, mapping

COLUMNS: dict[str, Any] = {
    "vendor": "Hersteller",
    "serial": "Seriennr",
    "asset_number": "Anlage",
    "purchase_price": {"column": "Wert", "decimal_comma": True},
    "criticality": {"column": "ABC", "values": {"A": "high", "B": "medium"}, "default": "low"},
}
ROW = {
    "system": "sap",
    "site": {"column": "Werk", "values": {"1000": "hagen"}},
    "external_id": "Equipment",
    "columns": COLUMNS,
    "require": ["vendor"],
    "ignore_rows": {"Status": ["verschrottet"]},
}
HEADINGS = ("Equipment", "Werk", "Hersteller", "Seriennr", "Anlage", "Wert", "ABC", "Status")
GOOD: dict[str, Cell] = {
    "Equipment": "10000007",
    "Werk": "1000",
    "Hersteller": "SIEMENS AG",
    "Seriennr": "S 1",
    "Anlage": "4711-0",
    "Wert": "4.850,00",
    "ABC": "A",
}


def checker(sites: frozenset[str] | None = None, **changes: Any) -> Checker:
    columns = {heading: at for at, heading in enumerate(HEADINGS)}
    return Checker(mapping("sap", {**ROW, **changes}), columns, sites)


def line(number: int = 2, **cells: Cell) -> Line:
    row = {**GOOD, **cells}
    return Line(number, tuple(row.get(heading, "") for heading in HEADINGS))


def entry(made: Entry | list[Fault] | None) -> Entry:
    assert isinstance(made, Entry)
    return made


def faults(made: Entry | list[Fault] | None) -> list[Fault]:
    assert isinstance(made, list)
    return made


def test_a_row_says_what_its_columns_mean() -> None:
    """In the form of the vocabulary, under the record's own name as a target of its site."""
    made = entry(checker().take(line()))

    assert made.source == "hagen/sap:10000007"
    assert made.facts == {
        "vendor": "SIEMENS AG",
        "serial": "S 1",
        "asset_number": "4711-0",
        "purchase_price": "4850.00",
        "criticality": "high",
    }


def test_the_same_row_again_has_the_same_id_and_another_one_has_not() -> None:
    """Whatever its place in the file; so it changes nothing."""
    first = entry(checker().take(line(2)))
    again = entry(checker().take(line(99)))
    other = entry(checker().take(line(2, Seriennr="S 2")))

    assert first.id == again.id
    assert first.id != other.id


def test_what_a_target_may_not_hold_is_encoded() -> None:
    """A slash would make it a device behind another one."""
    made = entry(checker().take(line(Equipment="AB/7 ü")))

    assert made.target == "sap:AB%2F7%20%C3%BC"


def test_every_mistake_of_a_row_is_named_with_its_place() -> None:
    """Column by letter and heading, the value, and what was expected."""
    wrong = line(117, Hersteller="", Wert="n. b.", Werk="Hagen")

    found = faults(checker().take(wrong))

    assert [(f.row, f.column, f.heading, f.field) for f in found] == [
        (117, "B", "Werk", "site"),
        (117, "C", "Hersteller", "vendor"),
        (117, "F", "Wert", "purchase_price"),
    ]
    assert found[0].reason == "'Hagen', expected one of 1000"
    assert found[1].reason == "empty, expected a value"
    assert found[2].reason == "'n. b.', expected a number with a comma, such as 4.850,00"


def test_an_id_may_stand_in_one_row_only() -> None:
    """The later row is at fault, and so is a second asset with the same number in the books."""
    check = checker()
    check.take(line(2))

    found = faults(check.take(line(3)))

    assert [(f.field, f.column) for f in found] == [("external_id", "A"), ("asset_number", "E")]
    assert found[0].reason == "'10000007', expected once in the file: row 2 has it"


def test_a_row_of_a_site_that_is_another_s_is_a_mistake() -> None:
    """Who may write to Hagen only, imports rows of Hagen only."""
    found = faults(checker(frozenset({"lyon"})).take(line()))

    assert found[0].reason == "'hagen', expected a site that you may write to: lyon"


def test_a_column_may_say_the_site_itself_or_nothing() -> None:
    """Without values its text is the site; an empty cell means the default, where there is one."""
    plain = {"column": "Werk"}
    with_default = {"column": "Werk", "values": {"1000": "lyon"}, "default": "hagen"}

    assert entry(checker(site=plain).take(line(Werk="lyon"))).site == "lyon"
    assert entry(checker(site=with_default).take(line(Werk=""))).site == "hagen"
    assert entry(checker(site=with_default).take(line())).site == "lyon"
    assert entry(checker(site="rotterdam").take(line(Werk="?"))).site == "rotterdam"
    [fault] = faults(checker(site=plain).take(line(Werk="Lyon")))
    assert fault.reason == "'Lyon', expected a site: letters a-z, digits and hyphens"


def test_rows_are_left_out_as_the_mapping_says() -> None:
    """By what stands in a column, a mistake elsewhere notwithstanding."""
    assert checker().take(line(Status="verschrottet", Hersteller="")) is None


def test_a_row_that_ends_early_has_empty_cells() -> None:
    """As spreadsheets write them."""
    made = checker().take(Line(2, ("1", "1000", "ABB")))

    assert entry(made).facts == {"vendor": "ABB", "criticality": "low"}


def test_no_row_has_more_mistakes_than_a_person_would_read() -> None:
    """A file of another kind would fill the store with them."""
    names = [name for name, field in FIELDS.items() if field.kind.value in ("date", "number")]
    columns = {name: {"column": "Wert"} for name in [*names, "criticality", "state", "environment",
               "safety_impact", "purdue_level", "depreciation", "lifecycle"]}  # fmt: skip
    made = checker(columns=columns, require=[]).take(line(Wert="?"))

    assert len(columns) > FAULTS_OF_A_ROW_MAX
    assert len(faults(made)) == FAULTS_OF_A_ROW_MAX


@pytest.mark.parametrize(
    ("name", "column", "cell", "expected"),
    [
        ("serial", Column("x"), Decimal(21213607), "21213607"),
        ("serial", Column("x"), "\u00a0A1\x00 ", "A1"),
        ("serial", Column("x"), "'=1+1", "=1+1"),
        ("serial", Column("x"), "'tis", "'tis"),
        ("serial", Column("x"), date(2015, 2, 11), "2015-02-11"),
        ("serial", Column("x"), datetime(2015, 2, 11, 8, 30), "2015-02-11T08:30:00"),
        ("description", Column("x"), True, "true"),
        ("purchased_on", Column("x"), datetime(2015, 2, 11), "2015-02-11"),
        ("purchased_on", Column("x"), datetime(2015, 2, 11, 8, 30), "2015-02-11"),
        ("purchased_on", Column("x"), "2015-02", "2015-02"),
        ("purchased_on", Column("x", date_format="%d.%m.%Y"), "11.02.2015", "2015-02-11"),
        ("purchased_on", Column("x", date_format="%m/%Y"), "02/2015", "2015-02"),
        ("purchased_on", Column("x", date_format="%Y"), "2015", "2015"),
        ("purchased_on", Column("x", date_format="%d.%m.%Y"), date(2015, 2, 11), "2015-02-11"),
        ("purchased_on", Column("x", {"00000000": ""}, date_format="%Y%m%d"), "00000000", ""),
        ("purchase_price", Column("x"), Decimal("4850.10"), "4850.10"),
        ("purchase_price", Column("x", decimal_comma=True), Decimal("4850.1"), "4850.1"),
        ("purchase_price", Column("x", decimal_comma=True), "1.234.567,89", "1234567.89"),
        ("purchase_price", Column("x", decimal_comma=True), "1\u202f234,5", "1234.5"),
        ("purchase_price", Column("x", decimal_comma=True), "-7", "-7"),
        ("criticality", Column("x", {"1": "high"}), Decimal(1), "high"),
        ("criticality", Column("x", default="low"), "", "low"),
        ("tags", Column("x"), "b, A", "a,b"),
        ("mac", Column("x"), "00-1B-1B-2C-3D-4E", "00-1B-1B-2C-3D-4E"),
        ("system_uuid", Column("x"), "4C4C4544-0043-4810-8052-B4C04F564433",
         "4C4C4544-0043-4810-8052-B4C04F564433"),
        ("path", Column("x"), "nordwerk/hagen", "nordwerk/hagen"),
    ],
)  # fmt: skip
def test_a_cell_is_brought_into_the_form_of_its_field(
    name: str, column: Column, cell: Cell, expected: str
) -> None:
    """Whatever a spreadsheet made of it, and however the system writes days and numbers."""
    field = field_named(name)
    assert field

    assert said(field, column, cell) == expected


@pytest.mark.parametrize(
    ("name", "column", "cell", "reason"),
    [
        ("serial", Column("x"), Decimal("1234567890123456"), "a spreadsheet keeps 15 digits"),
        ("serial", Column("x"), "#N/A", "the formula failed"),
        ("serial", Column("x"), "x" * 2001, "at most 2000 characters"),
        ("purchased_on", Column("x"), "11.02.2015", "expected YYYY, YYYY-MM or YYYY-MM-DD"),
        ("purchased_on", Column("x", date_format="%d.%m.%Y"), "31.02.2015", "a day as %d.%m.%Y"),
        ("purchase_price", Column("x"), "4.850,00", "a decimal number with a point"),
        ("purchase_price", Column("x", decimal_comma=True), "4,850.00", "a number with a comma"),
        ("purchase_price", Column("x", decimal_comma=True), "1.5", "a number with a comma"),
        ("criticality", Column("x"), "A", "expected one of high, low, medium"),
        ("mac", Column("x"), "00:1B:1B", "twelve hexadecimal digits"),
        ("system_uuid", Column("x"), "none", "a UUID"),
        ("path", Column("x"), "nordwerk//hagen", "enterprise/site/area/line/cell"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(
    name: str, column: Column, cell: Cell, reason: str
) -> None:
    """With the value, and what was expected in its place."""
    field = field_named(name)
    assert field

    with pytest.raises(ValueError, match="expected") as caught:
        said(field, column, cell)

    assert reason in str(caught.value)


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    """After Z comes AA, after ZZ comes AAA."""
    assert [letter(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_what_changed_is_told_by_name() -> None:
    """Also when the mapping has other columns by now; one that is empty in both is the same."""
    names, later = ("vendor", "serial"), ("serial", "vendor", "owner")
    check = checker()
    before = entry(check.take(line(2))).sums(names)
    after = entry(checker().take(line(2, Seriennr="S 2"))).sums(later)

    assert changed(before, names, before, names) == ()
    assert changed(before, names, after, later) == ("serial",)


cells = st.one_of(
    st.text(max_size=30),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.datetimes(),
)


@given(st.lists(cells, max_size=10), st.lists(cells, max_size=10))
def test_any_row_is_an_entry_or_named_mistakes(first: list[Cell], second: list[Cell]) -> None:
    """No cell stops the rows that follow."""
    check = checker()
    check.take(Line(2, tuple(first)))
    check.take(Line(3, tuple(second)))

    made = entry(check.take(line(4, Equipment="the last", Anlage="the last")))

    assert made.row == 4
