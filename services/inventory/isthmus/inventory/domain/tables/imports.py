"""Imports: what each row of another system's table says of an asset, or what is wrong with it."""

import hashlib
import re
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from urllib.parse import quote

from isthmus.inventory.domain.assets.model import NAMESPACE
from isthmus.inventory.domain.assets.vocabulary import Field, Kind
from isthmus.inventory.domain.custom_fields import NONE, Own, fitted
from isthmus.inventory.domain.rows import NAME
from isthmus.inventory.domain.tables.mappings import Column, ImportMapping, field_named

FILE_BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 200_000
EXTERNAL_ID_CHARACTERS_MAX = 200
DAY_CHARACTERS = len("2015-02-11")
FAULTS_OF_A_ROW_MAX = 20
SPREADSHEET_DIGITS = 15  # of a double, which is what a spreadsheet keeps of a number
SPREADSHEET_ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}
)  # ECMA-376 part 1, 18.17.3
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
GUARDED = re.compile(r"'[=+\-@\t\r]")  # as our own exports write what looks like a formula
COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}([. \u00a0\u202f']\d{3})+|\d+)(,\d+)?")
NO_DIGIT = re.compile(r"[. \u00a0\u202f']")
MAC = re.compile(r"[0-9A-Fa-f]{12}")
NOTHING = zlib.crc32(b"").to_bytes(4, "big")
Cell = str | Decimal | bool | date
"""What stands in one place of a table; an empty text where nothing does."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table, by the number that a spreadsheet shows beside it."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, at: int) -> Cell:
        """The cell in a column; empty where the row ends before it."""
        return self.cells[at] if at < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file below its headings; to iterate over `lines` may raise Invalid."""

    columns: Mapping[str, int]
    """Where each wanted column stands, from 0."""
    notes: tuple[str, ...]
    """What had to be guessed, for a person."""
    lines: Iterator[Line]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one row was not taken."""

    row: int
    column: str
    """Letter of the column, as a spreadsheet shows it; empty when it is the whole row."""
    heading: str
    field: str
    reason: str
    """The value, and what was expected."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one row says of one asset."""

    row: int
    site: str
    system: str
    external_id: str
    facts: Mapping[str, str]

    @property
    def target(self) -> str:
        """The record as a target of its site: `system:external id`, percent-encoded (RFC 3986)."""
        return target_of(self.system, self.external_id)

    @property
    def source(self) -> str:
        """The name of the source, `site/target`."""
        return f"{self.site}/{self.target}"

    @property
    def id(self) -> str:
        """The same for the same record that says the same."""
        said = "\0".join(f"{name}={text}" for name, text in sorted(self.facts.items()))
        digest = hashlib.sha256(said.encode()).hexdigest()
        return str(uuid.uuid5(NAMESPACE, f"{self.source}|{digest}"))

    def sums(self, names: tuple[str, ...]) -> bytes:
        """A checksum of each of these fields, four bytes each, to tell which of them changed."""
        texts = (self.facts.get(name, "") for name in names)
        return b"".join(zlib.crc32(text.encode()).to_bytes(4, "big") for text in texts)


def target_of(system: str, external_id: str) -> str:
    """The name of a record as a target of its site."""
    return f"{system}:{quote(external_id, safe='')}"


def changed(
    before: bytes, names_before: tuple[str, ...], after: bytes, names: tuple[str, ...]
) -> tuple[str, ...]:
    """The fields whose checksums differ; a field that only one of both has differs from nothing."""
    old, new = _by_name(before, names_before), _by_name(after, names)
    return tuple(
        name for name in {**new, **old} if old.get(name, NOTHING) != new.get(name, NOTHING)
    )


def _by_name(sums: bytes, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: sums[at * 4 : at * 4 + 4] for at, name in enumerate(names)}


class Checker:
    """Checks the rows of one file, one after another; a bad one stops none of the others."""

    def __init__(
        self,
        mapping: ImportMapping,
        columns: Mapping[str, int],
        sites: frozenset[str] | None = None,
        own: Own = NONE,
    ) -> None:
        self._mapping = mapping
        self._own = own
        self._columns = columns
        self._sites = sites
        self._fields = [
            (_field(name, own), column, columns[column.column])
            for name, column in mapping.columns.items()
        ]
        self._ignored = [(columns[name], texts) for name, texts in mapping.ignore_rows.items()]
        self._rows: dict[tuple[str, str], int] = {}
        self.faulty: set[str] = set()
        """External ids of the rows that were not taken."""

    def take(self, line: Line) -> Entry | list[Fault] | None:
        """What the row says, or everything that is wrong with it; None for one to leave out."""
        if any(_text(line.cell(at)) in texts for at, texts in self._ignored):
            return None
        faults: list[Fault] = []
        external_id = self._external_id(line, faults)
        site = self._site(line, faults)
        facts = self._facts(line, site, faults)
        self._once("asset_number", facts.get("asset_number", ""), line, faults)
        if faults:
            self.faulty.add(external_id)
            return faults[:FAULTS_OF_A_ROW_MAX]
        return Entry(line.number, site, self._mapping.system, external_id, facts)

    def _facts(self, line: Line, site: str, faults: list[Fault]) -> dict[str, str]:
        facts: dict[str, str] = {}
        for field, column, at in self._fields:
            try:
                text = said(field, column, line.cell(at), self._own)
                self._check(field.name, text, site)
            except ValueError as error:
                faults.append(self._fault(line, field.name, column.column, str(error)))
                continue
            if text:
                facts[field.name] = text
        return facts

    def _check(self, name: str, text: str, site: str) -> None:
        """Raise ValueError unless a row of that site may say it, or nothing, of the field."""
        custom = self._own.get(name)
        # Of its class only the normaliser knows: what that has no such field for is a misfit.
        required = custom and custom.required and not custom.classes
        if not text and (required or name in self._mapping.require):
            raise ValueError("empty, expected a value")
        if text and custom and (reason := custom.misplaced(site)):
            raise ValueError(reason)

    def _external_id(self, line: Line, faults: list[Fault]) -> str:
        heading = self._mapping.external_id
        try:
            text = whole(line.cell(self._columns[heading]))
            if not 0 < len(text) <= EXTERNAL_ID_CHARACTERS_MAX:
                expected = f"1 to {EXTERNAL_ID_CHARACTERS_MAX} characters"
                raise ValueError(f"{text[:80]!r}, expected {expected}")
        except ValueError as error:
            faults.append(self._fault(line, "external_id", heading, str(error)))
            return ""
        self._once("external_id", text, line, faults)
        return text

    def _once(self, field: str, text: str, line: Line, faults: list[Fault]) -> None:
        """What an asset is known by may stand in one row only: two would become one asset."""
        first = self._rows.setdefault((field, text), line.number) if text else line.number
        if first == line.number:
            return
        column = self._mapping.columns.get(field)
        heading = column.column if column else self._mapping.external_id
        reason = f"{text[:80]!r}, expected once in the file: row {first} has it"
        faults.append(self._fault(line, field, heading, reason))

    def _site(self, line: Line, faults: list[Fault]) -> str:
        placed = self._mapping.site
        if isinstance(placed, str):
            return placed
        text = _text(line.cell(self._columns[placed.column]))
        site = placed.values.get(text, "" if placed.values else text)
        site = placed.default if not text else site
        if expected := self._not_a_site(site, placed):
            reason = f"{(site or text)[:80]!r}, expected {expected[:300]}"
            faults.append(self._fault(line, "site", placed.column, reason))
        return site

    def _not_a_site(self, site: str, placed: Column) -> str:
        """What is expected in the place of `site`; empty when nothing is."""
        if not site and placed.values:
            return f"one of {', '.join(placed.values)}"
        if not NAME.fullmatch(site):
            return "a site: letters a-z, digits and hyphens"
        if self._sites is not None and site not in self._sites:
            return f"a site that you may write to: {', '.join(sorted(self._sites)) or 'none'}"
        return ""

    def _fault(self, line: Line, field: str, heading: str, reason: str) -> Fault:
        column = letter(self._columns[heading]) if heading else ""
        return Fault(line.number, column, heading, field, reason)


def said(field: Field, column: Column, cell: Cell, own: Own = NONE) -> str:
    """What a cell says of a field, in the field's form; raises ValueError with what it expects."""
    text = whole(cell) if field.kind is Kind.TEXT else _text(cell)
    if field.kind is Kind.DATE and isinstance(cell, datetime):
        text = text[:DAY_CHARACTERS]
    if text in column.values:
        text = column.values[text]
    elif isinstance(cell, str) and text:
        text = _written(field, column, text)
    text = text or column.default
    if text and (check := _CHECKS.get(field.name)):
        check(text)
    return fitted(field, text, own)


def whole(cell: Cell) -> str:
    """A cell as a text that names something; raises ValueError where digits of it are lost."""
    text = _text(cell)
    if isinstance(cell, Decimal) and len(text.lstrip("-").replace(".", "")) > SPREADSHEET_DIGITS:
        kept = f"a spreadsheet keeps {SPREADSHEET_DIGITS} digits of a number"
        raise ValueError(f"{text[:80]}, expected a text: {kept}")
    if text in SPREADSHEET_ERRORS:
        raise ValueError(f"{text!r}, expected a value: the formula failed")
    return text


def letter(at: int) -> str:
    """The letter that a spreadsheet shows above a column: A, B, … Z, AA, AB, …"""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _field(name: str, own: Own) -> Field:
    found = field_named(name, own)
    assert found, "the mapping was checked"
    return found


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        text = CONTROLS.sub("", cell).strip()
        return text[1:] if GUARDED.match(text) else text
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    is_midnight = isinstance(cell, datetime) and cell.time() == time.min
    return cell.isoformat()[: DAY_CHARACTERS if is_midnight else None]


def _written(field: Field, column: Column, text: str) -> str:
    """`text` as the vocabulary writes it, out of what the column has."""
    if field.kind is Kind.NUMBER and column.decimal_comma:
        if not COMMA_NUMBER.fullmatch(text):
            raise ValueError(f"{text[:80]!r}, expected a number with a comma, such as 4.850,00")
        return NO_DIGIT.sub("", text).replace(",", ".")
    if field.kind is Kind.DATE and column.date_format:
        return _day(text, column.date_format)
    return text


def _day(text: str, written: str) -> str:
    try:
        day = datetime.strptime(text, written)
    except ValueError:
        raise ValueError(f"{text[:80]!r}, expected a day as {written}") from None
    if "%d" in written:
        return day.date().isoformat()
    return f"{day.year:04}-{day.month:02}" if "%m" in written else f"{day.year:04}"


def _path(text: str) -> None:
    if not all(text.split("/")):
        expected = "enterprise/site/area/line/cell, as far as known"
        raise ValueError(f"{text[:80]!r}, expected {expected}")


def _mac(text: str) -> None:
    if not MAC.fullmatch(re.sub(r"[\s:.\-]", "", text)):
        raise ValueError(f"{text[:80]!r}, expected a MAC address of twelve hexadecimal digits")


def _uuid(text: str) -> None:
    try:
        uuid.UUID(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r}, expected a UUID") from None


_CHECKS: Mapping[str, Callable[[str], None]] = {
    "mac": _mac,
    "path": _path,
    "system_uuid": _uuid,
}
