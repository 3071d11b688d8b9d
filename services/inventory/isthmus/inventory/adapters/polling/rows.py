"""Targets and zones as people send many of them: a list in JSON or YAML, or a table in CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from isthmus.inventory.adapters.documents import document
from isthmus.inventory.domain.polling.bulk import BulkRow
from isthmus.inventory.domain.rows import Invalid, expected

CSV = "text/csv"
SEPARATORS = ",;\t"
NESTING_MAX = 4
TEXTS = ("site", "target", "path", "profile")
"""Columns of which a number is a text, too."""


def rows_in(body: bytes, media_type: str, part: str) -> list[BulkRow]:
    """The rows of a body; raises Invalid.

    JSON and YAML: a list, or a mapping with one under `part`, as seed files have it. CSV: a
    heading for each field, with dots where a field stands in another one.
    """
    if media_type == CSV:
        return list(_of_table(body))
    found = document(body, media_type)
    if isinstance(found, dict) and found.keys() == {part}:
        found = found[part]
    if not isinstance(found, list):
        raise Invalid("body", expected(type(found).__name__, f"a list, or one under {part}"))
    return [BulkRow(number, each) for number, each in enumerate(found, start=1)]


def _of_table(body: bytes) -> Iterator[BulkRow]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("body", "no UTF-8, expected CSV in UTF-8") from None
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        headings = [each.strip() for each in next(lines, [])]
        _check(headings)
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield BulkRow(lines.line_num, _row(headings, cells))
    except csv.Error as error:
        raise Invalid("body", f"no CSV: line {lines.line_num}: {error}") from None


def _check(headings: Sequence[str]) -> None:
    for each in headings:
        if not each or headings.count(each) > 1 or each.count(".") >= NESTING_MAX:
            raise Invalid("body", expected(each, "headings, each once, such as endpoint.host"))


def _row(headings: Sequence[str], cells: Sequence[str]) -> object:
    """The row of a line; a text where it is no row, which nothing takes for one."""
    if len(cells) > len(headings):
        return f"{len(cells)} cells below {len(headings)} headings"
    row: dict[str, Any] = {}
    for heading, cell in zip(headings, cells, strict=False):
        if text := cell.strip():
            *outer, name = heading.split(".")
            inside = row
            for part in outer:
                inside = inside.setdefault(part, {})
                if not isinstance(inside, dict):
                    return f"{heading} beside {part}"
            inside[name] = text if heading in TEXTS else _value(text)
    return row


def _value(text: str) -> object:
    """A number, true, false or a list as JSON writes them; any other cell is a text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, bool | int | float | list) else text
