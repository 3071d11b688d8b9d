"""The command `touches`: what it writes, and where."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.unit.collector.handlers.test_ledger import record

from isthmus.collector.api.touches import written
from isthmus.collector.handlers.ledger import COLUMNS, Extract


class Topic:
    """Batches of records."""

    def __init__(self, *batches: Sequence[Any]) -> None:
        self._batches = batches

    async def batches(self) -> AsyncIterator[tuple[Sequence[Any], int]]:
        for number, batch in enumerate(self._batches):
            yield batch, sum(map(len, self._batches[number:]))


async def test_the_table_goes_to_one_place_and_its_progress_to_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A shell sends the table into a file."""
    await written(Topic([record(0)], [record(1)]), Extract("hagen"))
    said = capsys.readouterr()
    table = list(csv.DictReader(io.StringIO(said.out)))
    assert list(table[0]) == list(COLUMNS)
    assert [row["count"] for row in table] == ["1", "30", "1", "30"]
    assert said.err == "1 records read, 1 to come, 2 rows\n2 records read, 0 to come, 4 rows\n"


async def test_a_record_that_cannot_be_read_is_left_out_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rest of the ledger is not lost with it."""
    wrong = record(0)
    wrong.value = b"\xff"
    await written(Topic([wrong, record(1)]), Extract("hagen"))
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert said.err.startswith("left out: partition 0 offset 0: value: 1 bytes are no")


async def test_an_empty_ledger_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing sent, or forgotten: the reader must know that there is no third reason."""
    await written(Topic(), Extract("hagen"))
    said = capsys.readouterr()
    assert said.out.splitlines() == [",".join(COLUMNS)]
    assert "nothing was sent on site hagen" in said.err
