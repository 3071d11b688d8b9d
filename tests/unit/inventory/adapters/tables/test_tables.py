"""Tables in files: any bytes give rows, or one clear error."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.adapters.tables import tables
from isthmus.inventory.adapters.tables.tables import Workbook, csv_text, guarded, read
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.imports import Cell, Line, Table

WANTED = ("Nr", "Größe")
TEXT = "Nr;Größe;Rest\r\n1;groß;x\r\n"


def csv_table(text: str | bytes, wanted: Sequence[str] = WANTED) -> Table:
    return read(text if isinstance(text, bytes) else text.encode(), "csv", wanted)


def cells(table: Table) -> list[tuple[Cell, ...]]:
    return [line.cells for line in table.lines]


def xlsx(rows: Iterable[Sequence[Any]], *merged: str) -> bytes:
    book = openpyxl.Workbook()
    page: Any = book.active
    for row in rows:
        page.append(list(row))
    for area in merged:
        page.merge_cells(area)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"]
)
def test_a_file_is_read_in_its_encoding(encoding: str) -> None:
    """With a mark of the byte order or without; what had to be guessed is said."""
    table = csv_table(TEXT.encode(encoding))

    assert cells(table) == [("1", "groß", "x")]
    assert bool(table.notes) is (encoding == "windows-1252")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_the_columns(delimiter: str) -> None:
    """Whatever else stands in the cells, the other delimiters among it."""
    file = io.StringIO()
    rows = [["Nr", "Größe"], ["1,2", "a;b|c\td"]]
    csv.writer(file, delimiter=delimiter).writerows(rows)

    assert cells(csv_table(file.getvalue())) == [("1,2", "a;b|c\td")]


def test_a_quoted_cell_may_have_lines_and_quotes() -> None:
    """Rows are counted as a spreadsheet shows them, not lines."""
    table = csv_table('Nr;Größe\n1;"zwei\nZeilen ""so"""\n2;x\n')

    assert list(table.lines) == [Line(2, ("1", 'zwei\nZeilen "so"')), Line(3, ("2", "x"))]


def test_empty_rows_are_left_out_and_counted() -> None:
    """So that the number of a row is the one beside it."""
    table = csv_table("Nr;Größe\n\n;\n1;x\n")

    assert list(table.lines) == [Line(4, ("1", "x"))]


def test_headings_may_stand_below_a_title_and_in_two_rows() -> None:
    """Of merged cells the text stands in the first; the lower one of two names the column."""
    table = csv_table("Anlagen 2026;;\nNr;Maße;\n;Größe;Breite\n1;x;y\n", ("Nr", "größe", "BREITE"))

    assert table.columns == {"Nr": 0, "größe": 1, "BREITE": 2}
    assert cells(table) == [("1", "x", "y")]


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    """One error for the whole file."""
    with pytest.raises(Invalid) as caught:
        csv_table("Nr;Länge\n1;x\n")

    assert "has 'Größe'; row 1 has 'nr', 'länge'" in str(caught.value)


def test_a_column_that_is_there_twice_is_refused() -> None:
    """Nobody can tell which one is meant."""
    with pytest.raises(Invalid, match="column 'Nr': stands in A and C, expected once"):
        csv_table("Nr;Größe;nr\n1;x;2\n")


def test_a_quote_that_is_not_closed_is_an_error_and_not_a_cell() -> None:
    """It would swallow the rest of the file."""
    table = csv_table('Nr;Größe\n1;x\n2;"y\n3;z\n')

    with pytest.raises(Invalid, match="line 4: unexpected end of data; expected cells as RFC 4180"):
        list(table.lines)


def test_no_more_rows_than_an_import_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with an error, and not with half of the file."""
    monkeypatch.setattr(tables, "ROWS_MAX", 2)
    table = csv_table("Nr;Größe\n1;x\n2;y\n3;z\n")

    with pytest.raises(Invalid, match="row 4: expected at most 2 rows"):
        list(table.lines)


def test_a_workbook_has_typed_cells() -> None:
    """Numbers are decimals, days are days; a formula is what it was last."""
    when = datetime(2015, 2, 11, 8, 30)
    row: list[Any] = [
        "0012",
        12,
        12.0,
        4850.1,
        True,
        date(2015, 2, 11),
        when,
        time(8, 30),
        None,
        "x",
    ]
    table = read(xlsx([["Nr", *"abcdefgh", "Größe"], row]), "xlsx", WANTED)

    assert cells(table) == [(
        "0012", Decimal(12), Decimal(12), Decimal("4850.1"), True, datetime(2015, 2, 11), when,
        "08:30:00", "", "x",
    )]  # fmt: skip


def test_merged_headings_of_a_workbook_are_read() -> None:
    """A title over all columns, a heading over two rows, a heading over two columns."""
    rows: list[list[Any]] = [
        ["Anlagen", None, None],
        ["Nr", "Maße", None],
        [None, "Größe", "Breite"],
        [1, 2, 3],
    ]
    data = xlsx(rows, "A1:C1", "A2:A3", "B2:C2")

    table = read(data, "xlsx", ("Nr", "Größe", "Breite"))

    assert list(table.lines) == [Line(4, (Decimal(1), Decimal(2), Decimal(3)))]


def test_a_sheet_is_found_by_its_name() -> None:
    """Else the first is read; one that is not there is named with those that are."""
    book = openpyxl.Workbook()
    for title in ("Zwei", "Drei"):
        book.create_sheet(title).append(["Nr", "Größe"])
    book["Drei"].append(["3", "c"])
    file = io.BytesIO()
    book.save(file)

    assert cells(read(file.getvalue(), "xlsx", WANTED, "Drei")) == [("3", "c")]
    with pytest.raises(Invalid, match="no sheet 'Vier', expected one of Sheet, Zwei, Drei"):
        read(file.getvalue(), "xlsx", WANTED, "Vier")


def test_a_workbook_that_is_sent_as_csv_says_so() -> None:
    """The commonest mistake with a media type."""
    with pytest.raises(Invalid, match="is a workbook or a zip file, expected CSV"):
        csv_table(xlsx([WANTED]))


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A zip file of a few bytes can hold more than there is memory."""
    monkeypatch.setattr(tables, "EXPANDED_BYTES_MAX", 1000)

    with pytest.raises(Invalid, match=r"unpacks to .* bytes, expected at most 1,000"):
        read(xlsx([WANTED]), "xlsx", WANTED)


def test_a_damaged_workbook_is_one_clear_error() -> None:
    """Whichever part of it is damaged."""
    whole = xlsx([["Nr", "Größe"], [1, 2]])
    with zipfile.ZipFile(io.BytesIO(whole)) as parts:
        members = {name: parts.read(name) for name in parts.namelist()}
    for name, content in members.items():
        for wrong in (b"", content[: len(content) // 2]):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as made:
                for each, kept in members.items():
                    made.writestr(each, wrong if each == name else kept)
            with suppress(Invalid):
                list(read(file.getvalue(), "xlsx", WANTED).lines)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_rows_or_one_clear_error(data: bytes) -> None:
    """Of either format; nothing else is ever raised."""
    for content in (data, b"Nr;Gr\xc3\xb6\xc3\x9fe\n" + data):
        for format in ("csv", "xlsx"):
            with suppress(Invalid):
                found = list(read(content, format, WANTED).lines)
                assert all(any(cell != "" for cell in line.cells) for line in found)


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(st.lists(printable, min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    """As CSV, but for the guard, and as a workbook."""
    told = [row for row in rows if any(row)]
    written = csv_text([WANTED, *told])

    assert cells(csv_table(written)) == [tuple(map(guarded, row)) for row in told]


def test_a_workbook_is_written_row_by_row(tmp_path: Path) -> None:
    """Every cell is a text, a formula too; what XML cannot hold is left out."""
    book = Workbook()
    sheet = book.sheet("Assets")
    for row in (["Nr", "Größe"], ["=1+1", "a\x00b"], ["007", ""]):
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")

    table = read((tmp_path / "book.xlsx").read_bytes(), "xlsx", WANTED)

    assert cells(table) == [("=1+1", "ab"), ("007", "")]


@pytest.mark.parametrize("text", ["=1+1", "+49 2331", "-x", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_is_never_a_formula_for_a_spreadsheet(text: str) -> None:
    """OWASP, CSV injection."""
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "x=1", "-4850.00", "+7", "-1,5", "007"])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    """A negative amount is no formula."""
    assert guarded(text) == text
