"""Files of many rows: made while they are sent, or on disk where a format needs all of it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from isthmus.inventory.adapters.tables.tables import Sheet, Workbook, csv_text
from isthmus.inventory.domain.tables.registers import Coverages, coverage_rows
from isthmus.inventory.handlers.tables.exports import Rows

CHUNK_BYTES = 262_144


async def csv(rows: Rows) -> AsyncIterator[str]:
    """The rows as CSV, some at a time."""
    async for some in rows:
        yield csv_text(some)


async def xlsx(title: str, rows: Rows, coverages: Coverages | None = None) -> AsyncIterator[bytes]:
    """The rows as a workbook, with the coverages on a second sheet when there are any."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        await save(path, title, rows, coverages)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk


async def save(path: Path, title: str, rows: Rows, coverages: Coverages | None = None) -> None:
    """Write the workbook, in threads: a page of rows takes longer than others may wait."""
    book = Workbook()
    sheet = book.sheet(title)
    async for some in rows:
        await asyncio.to_thread(_append, sheet, some)
    if coverages:
        _append(book.sheet("Coverage"), coverage_rows(coverages.listed()))
    await asyncio.to_thread(book.save, path)


def _append(sheet: Sheet, rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        sheet.append(row)
