"""Versions of what stands in a book, and what each did to the one before."""

from datetime import UTC, datetime
from decimal import Decimal

from isthmus.inventory.domain.money.books import Edit, Version, edits
from isthmus.inventory.domain.money.days import day
from isthmus.inventory.domain.money.money import RateTable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def table(rate: str) -> RateTable:
    return RateTable(day("date", "2026-03-01"), "EUR", {"USD": Decimal(rate)})


def test_an_edit_shows_what_stood_there_before_and_since() -> None:
    """Nothing before the first, nothing after a removal, and nothing again before a return."""
    versions = [
        Version("d", n, NOON, who, value)
        for n, who, value in (
            (1, "a", table("1.1")), (2, "b", table("1.2")), (3, "c", None), (4, "d", table("1.3")),
        )
    ]  # fmt: skip

    rows = [version.value.row if version.value else None for version in versions]

    assert list(edits(versions)) == [
        Edit(1, NOON, "a", None, rows[0]),
        Edit(2, NOON, "b", rows[0], rows[1]),
        Edit(3, NOON, "c", rows[1], None),
        Edit(4, NOON, "d", None, rows[3]),
    ]


def test_a_cursor_tells_entries_of_one_day_apart() -> None:
    """What was removed stands in no list."""
    assert Version("x", 1, NOON, "a", table("1")).cursor == "2026-03-01|x"
    gone: Version[RateTable] = Version("x", 2, NOON, "a", None)
    assert gone.cursor == "x"
