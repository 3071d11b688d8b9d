"""Import mappings: which column of another system's table is which field of an asset."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS, Field, Kind
from isthmus.inventory.domain.custom_fields import NONE, Own, fitted, own_field
from isthmus.inventory.domain.rows import Invalid, expected, fields, is_text, items, name

PARTS = ("system", "site", "external_id", "columns", "require", "ignore_rows", "sheet")
COLUMN_PARTS = ("column", "values", "date_format", "decimal_comma", "default")
COLUMN_CHARACTERS_MAX = 200
COLUMNS_MAX = 100
VALUES_MAX = 10_000
DATE_FORMAT = re.compile(r"(%[dmYyHMS]|[^%])+")
SOME_DAY = datetime(2001, 2, 3)
KEYS: Mapping[str, Field] = MappingProxyType(
    {
        "mac": Field("mac", Kind.TEXT, (), "MAC address of one of its ports."),
        "host_name": Field("host_name", Kind.TEXT, (), "Name on the network."),
        "system_uuid": Field("system_uuid", Kind.TEXT, (), "UUID of its firmware (SMBIOS)."),
    }
)
"""What a row may also say: an asset is known by it, and it is no field of one."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the value of one field stands, and how it is written there."""

    column: str
    values: Mapping[str, str] = field(default_factory=dict)
    """What to take in place of a text of the column; any other text is taken as it is."""
    date_format: str = ""
    """How a day is written, in the directives of C's strptime; empty for ISO 8601."""
    decimal_comma: bool = False
    default: str = ""
    """What an empty cell means."""


Placed = str | Column
"""The same for every row, or what a column says."""


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How a table of one system becomes assets."""

    name: str
    system: str
    site: Placed
    external_id: str
    columns: Mapping[str, Column]
    require: tuple[str, ...] = ()
    """Fields that every row must say."""
    ignore_rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rows with one of these texts in the column are left out."""
    sheet: str = ""
    """Sheet of a workbook; empty for the first."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every column that it names, once."""
        placed = [self.site.column] if isinstance(self.site, Column) else []
        said = [each.column for each in self.columns.values()]
        return tuple(dict.fromkeys((self.external_id, *placed, *said, *self.ignore_rows)))

    @property
    def row(self) -> dict[str, Any]:
        """What `mapping` makes it of."""
        return {
            "system": self.system,
            "site": _written(self.site),
            "external_id": self.external_id,
            "columns": {name: _written(column) for name, column in self.columns.items()},
            "require": list(self.require),
            "ignore_rows": {column: list(texts) for column, texts in self.ignore_rows.items()},
            "sheet": self.sheet,
        }


def mapping(called: str, row: object, own: Own = NONE) -> ImportMapping:
    """The mapping that `row` describes; raises Invalid."""
    said = fields("row", row, PARTS)
    columns = _columns(said.get("columns"), own)
    return ImportMapping(
        name=name("name", called),
        system=name("system", said.get("system")),
        site=_site(said.get("site")),
        external_id=_heading("external_id", said.get("external_id")),
        columns=columns,
        require=tuple(_required(said.get("require") or (), columns)),
        ignore_rows=dict(_ignored(said.get("ignore_rows") or {})),
        sheet=_text("sheet", said.get("sheet") or ""),
    )


def field_named(name: str, own: Own = NONE) -> Field | None:
    """The field that a column may give a value of, or None."""
    return FIELDS.get(name) or KEYS.get(name) or own_field(name, own)


def _columns(value: object, own: Own) -> dict[str, Column]:
    if not isinstance(value, Mapping) or not 0 < len(value) <= COLUMNS_MAX:
        raise Invalid("columns", expected(value, f"1 to {COLUMNS_MAX} fields, each with a column"))
    return {str(called): _of_field(str(called), each, own) for called, each in value.items()}


def _of_field(called: str, value: object, own: Own) -> Column:
    about = field_named(called, own)
    if about is None:
        known = ", ".join((*FIELDS, *KEYS, f"{CUSTOM}<name>"))
        raise Invalid(f"columns.{called}", f"unknown field, expected one of {known}")
    column = _column(f"columns.{called}", value)
    if column.default:
        try:
            fitted(about, column.default, own)
        except ValueError as error:
            raise Invalid(f"columns.{called}.default", str(error)) from None
    return column


def _column(place: str, value: object) -> Column:
    if isinstance(value, str):
        return Column(_heading(place, value))
    said = fields(place, value, COLUMN_PARTS)
    comma = said.get("decimal_comma", False)
    if not isinstance(comma, bool):
        raise Invalid(f"{place}.decimal_comma", expected(comma, "true or false"))
    return Column(
        column=_heading(f"{place}.column", said.get("column")),
        values=dict(_values(f"{place}.values", said.get("values") or {})),
        date_format=_date_format(f"{place}.date_format", said.get("date_format") or ""),
        decimal_comma=comma,
        default=_text(f"{place}.default", said.get("default", "")),
    )


def _values(place: str, value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping) or len(value) > VALUES_MAX:
        raise Invalid(place, expected(value, f"at most {VALUES_MAX} texts, each with its value"))
    for text, meant in value.items():
        yield _text(place, text).strip(), _text(f"{place}.{text}", meant)


def _date_format(place: str, value: object) -> str:
    wanted = "%d, %m, %Y, %y, %H, %M, %S and what stands between them, such as %d.%m.%Y"
    if not value:
        return ""
    if not isinstance(value, str) or not DATE_FORMAT.fullmatch(value):
        raise Invalid(place, expected(value, wanted))
    try:
        read = datetime.strptime(SOME_DAY.strftime(value), value)
    except (ValueError, re.error):  # a directive twice
        raise Invalid(place, expected(value, wanted)) from None
    if read.year != SOME_DAY.year:
        raise Invalid(place, expected(value, "one with the year"))
    return value


def _site(value: object) -> Placed:
    if isinstance(value, Mapping):
        column = _column("site", value)
        for text, meant in column.values.items():
            name(f"site.values.{text}", meant)
        if column.default:
            name("site.default", column.default)
        return column
    return name("site", value)


def _required(value: object, columns: Mapping[str, Column]) -> Iterator[str]:
    for place, each in items("require", value, "fields"):
        if each not in tuple(columns):
            raise Invalid(place, expected(each, f"one of the columns: {', '.join(columns)}"))
        yield each


def _ignored(value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(value, Mapping):
        raise Invalid("ignore_rows", expected(value, "columns, each with a list of texts"))
    for column, texts in value.items():
        place = f"ignore_rows.{column}"
        yield _heading(place, column), tuple(_text(at, t) for at, t in items(place, texts, "texts"))


def _heading(place: str, value: object) -> str:
    if is_text(value) and 0 < len(value.strip()) <= COLUMN_CHARACTERS_MAX:
        return value.strip()
    raise Invalid(place, expected(value, "the heading of a column"))


def _text(place: str, value: object) -> str:
    """A text; a whole number is one too, because YAML takes 1000 for a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if is_text(value):
        return value
    raise Invalid(place, expected(value, "a text, in quotes where YAML reads something else"))


def _written(placed: Placed) -> str | dict[str, Any]:
    if isinstance(placed, str):
        return placed
    said: dict[str, Any] = {
        "column": placed.column,
        "values": dict(placed.values),
        "date_format": placed.date_format,
        "decimal_comma": placed.decimal_comma,
        "default": placed.default,
    }
    return {name: value for name, value in said.items() if value}
