"""Tables in files: reads CSV and XLSX row by row, and writes both without holding all of it."""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.imports import ROWS_MAX, Cell, Line, Table, letter

HEADING_ROWS_MAX = 20
DELIMITERS = ",;\t|"
CELL_CHARACTERS_MAX = 131_072
EXPANDED_BYTES_MAX = 1024 * 1024 * 1024  # a workbook is a zip file
HEAD_BYTES = 2_000
READ_CHARACTERS = 1_000_000
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ZIP = b"PK\x03\x04"
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, CSV injection
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
XLSX_CHARACTERS_MAX = 32_767


def read(data: bytes, format: str, wanted: Sequence[str], sheet: str = "") -> Table:
    """The rows of `csv` or `xlsx` below the first row that completes the wanted headings.

    Raises Invalid for a file that is none, or has not all of these columns. Numbers of rows are
    those that a spreadsheet shows; empty rows are left out.
    """
    if format == "xlsx":
        return _xlsx(data, wanted, sheet)
    return _csv(data, wanted)


def _csv(data: bytes, wanted: Sequence[str]) -> Table:
    encoding, notes = _encoding(data)
    found = max(
        (_headings(_sample(data, encoding, each), wanted, each) for each in DELIMITERS),
        key=lambda heading: (len(heading.columns), heading.width),
    )
    found.check(wanted)
    rows = _csv_rows(data, encoding, found.delimiter)
    return Table(found.columns, notes, _lines(rows, found.row))


def _encoding(data: bytes) -> tuple[str, tuple[str, ...]]:
    if data.startswith(ZIP):
        raise Invalid("file", "is a workbook or a zip file, expected CSV as the media type says")
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return _decodable(data, encoding), ()
    if b"\0" in (head := data[:HEAD_BYTES]):
        little = head[1::2].count(0) >= head[::2].count(0)
        return _decodable(data, "utf-16-le" if little else "utf-16-be"), ()
    try:
        return _decodable(data, "utf-8"), ()
    except Invalid:
        encoding = _decodable(data, "windows-1252")
    return encoding, ("the file is not UTF-8 and was read as Windows-1252",)


def _decodable(data: bytes, encoding: str) -> str:
    text = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    try:
        while text.read(READ_CHARACTERS):  # the whole of it at once may be four times as large
            pass
    except UnicodeDecodeError as error:
        reason = f"is no {encoding}: {error.reason}"
        raise Invalid("file", f"{reason}; expected UTF-8, UTF-16 or Windows-1252") from None
    return encoding


def _sample(data: bytes, encoding: str, delimiter: str) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    try:
        rows.extend(islice(_csv_rows(data, encoding, delimiter), HEADING_ROWS_MAX))
    except Invalid:
        pass  # with this delimiter it is none; the one that is right says what is wrong
    return rows


def _csv_rows(data: bytes, encoding: str, delimiter: str) -> Iterator[Sequence[Cell]]:
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    text = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        reason = f"line {reader.line_num}: {error}"
        expected = 'expected cells as RFC 4180 has them, a " in a quoted one doubled'
        raise Invalid("file", f"{reason}; {expected}") from None


def _xlsx(data: bytes, wanted: Sequence[str], sheet: str) -> Table:
    rows = _xlsx_rows(data, sheet)
    sample = list(islice(rows, HEADING_ROWS_MAX))
    found = _headings(sample, wanted)
    found.check(wanted)
    rest = (row for part in (sample, rows) for row in part)
    return Table(found.columns, (), _lines(rest, found.row))


def _xlsx_rows(data: bytes, sheet: str) -> Iterator[Sequence[Cell]]:
    try:
        _check_size(data)
        book = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        page = _page(book, sheet)
        page.reset_dimensions()  # what a file says of its size is often wrong
        for row in page.iter_rows(values_only=True):
            yield [_cell(value) for value in row]
    except Invalid:
        raise
    except InvalidFileException as error:
        raise Invalid("file", f"no workbook: {error}") from error
    except Exception as error:
        # openpyxl lets through whatever its parts raise for a damaged file: KeyError, TypeError,
        # BadZipFile, ParseError, zlib.error. All of them say the same.
        reason = f"{type(error).__name__}: {error}"
        raise Invalid("file", f"no workbook that can be read: {reason[:200]}") from error


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > EXPANDED_BYTES_MAX:
        raise Invalid("file", f"unpacks to {size:,} bytes, expected at most {EXPANDED_BYTES_MAX:,}")


def _page(book: Any, sheet: str) -> Any:
    pages = {page.title: page for page in book.worksheets}
    if not pages:
        raise Invalid("file", "no sheet with cells, expected one")
    if sheet and sheet not in pages:
        raise Invalid("file", f"no sheet {sheet!r}, expected one of {', '.join(pages)}")
    return pages[sheet] if sheet else next(iter(pages.values()))


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(int(value)) if value.is_integer() else Decimal(repr(value))
    if isinstance(value, bool | date):
        return value
    if isinstance(value, int):
        return Decimal(value)
    return value.isoformat() if isinstance(value, time) else str(value)


@dataclass(frozen=True)
class _Headings:
    """The row that has most of the wanted headings."""

    row: int
    columns: Mapping[str, int]
    width: int
    delimiter: str
    texts: Sequence[str]

    def check(self, wanted: Sequence[str]) -> None:
        """Raise Invalid unless each wanted heading stands there once."""
        missing = [repr(each) for each in wanted if each not in self.columns]
        if missing:
            there = ", ".join(repr(text) for text in self.texts if text)[:1000] or "nothing"
            places = f"none of the first {HEADING_ROWS_MAX} rows has {', '.join(missing)}"
            raise Invalid("file", f"columns: {places}; row {self.row} has {there}")
        for each in wanted:
            at = [place for place, text in enumerate(self.texts) if text == _same(each)]
            if len(at) > 1:
                twice = " and ".join(map(letter, at))
                raise Invalid("file", f"column {each!r}: stands in {twice}, expected once")


def _headings(
    rows: Iterable[Sequence[Cell]], wanted: Sequence[str], delimiter: str = ""
) -> _Headings:
    """Headings may stand in several rows, merged cells among them: the lower text counts."""
    best = _Headings(0, {}, 0, delimiter, ())
    texts: list[str] = []
    for number, row in enumerate(rows, start=1):
        below = [_same(cell) if isinstance(cell, str) else "" for cell in row]
        width = max(len(below), len(texts))
        above = texts + [""] * (width - len(texts))
        below += [""] * (width - len(below))
        texts = [new or old for new, old in zip(below, above, strict=True)]
        at = {text: place for place, text in reversed(list(enumerate(texts)))}
        columns = {each: at[_same(each)] for each in wanted if _same(each) in at}
        if len(columns) > len(best.columns) or not best.row:
            best = _Headings(number, columns, width, delimiter, texts)
    return best


def _same(heading: str) -> str:
    """Headings are told apart by their words, not by case or by how the blanks break."""
    return " ".join(heading.split()).casefold()


def _lines(rows: Iterable[Sequence[Cell]], headings: int) -> Iterator[Line]:
    found = 0
    for number, row in enumerate(rows, start=1):
        if number <= headings or not any(cell != "" for cell in row):
            continue
        found += 1
        if found > ROWS_MAX:
            raise Invalid("file", f"row {number}: expected at most {ROWS_MAX:,} rows")
        yield Line(number, tuple(row))


def guarded(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula; a number needs no guard."""
    is_formula = text.startswith(FORMULA) and not NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """`rows` as RFC 4180 has them, each cell guarded."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([guarded(cell) for cell in row] for row in rows)
    return buffer.getvalue()


class Workbook:
    """A workbook that is written row by row; rows go to a temporary file, not to memory."""

    def __init__(self) -> None:
        self._book = openpyxl.Workbook(write_only=True)

    def sheet(self, title: str) -> "Sheet":
        """A new sheet behind the others."""
        return Sheet(self._book.create_sheet(title))

    def save(self, path: Path) -> None:
        """Write the file."""
        self._book.save(path)


class Sheet:
    """One sheet of a workbook; every cell is a text, never a formula."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def append(self, row: Sequence[str]) -> None:
        """Add a row."""
        self._page.append([self._cell(text) for text in row])

    def _cell(self, text: str) -> Any:
        cell = WriteOnlyCell(self._page, ILLEGAL.sub("", text)[:XLSX_CHARACTERS_MAX])
        cell.data_type = "s"
        return cell
