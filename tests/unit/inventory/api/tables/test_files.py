"""Files of many rows."""

import io
from collections.abc import AsyncIterator, Sequence

import openpyxl

from isthmus.inventory.api.tables import files
from isthmus.inventory.domain.tables.registers import Coverages


async def rows() -> AsyncIterator[list[Sequence[str]]]:
    yield [("Id", "Name")]
    yield [("1", "=1+1"), ("2", "x")]


async def test_a_table_is_sent_while_it_is_made() -> None:
    """A piece for each page."""
    assert [piece async for piece in files.csv(rows())] == ["Id,Name\r\n", "1,'=1+1\r\n2,x\r\n"]


async def test_a_workbook_is_sent_when_it_is_whole() -> None:
    """With a second sheet where there is something to say of coverage."""
    content = b"".join([piece async for piece in files.xlsx("Assets", rows(), Coverages())])

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Assets", "Coverage"]
    assert list(book["Assets"].values) == [("Id", "Name"), ("1", "=1+1"), ("2", "x")]
