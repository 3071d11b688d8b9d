"""Maintenance plans, and when they are due."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.money.contracts import Work, contract, work
from isthmus.inventory.domain.money.plans import (
    DAYS_MAX,
    Due,
    DueKind,
    Subject,
    due_by_log,
    due_by_plan,
    due_contract,
    plan,
)
from isthmus.inventory.domain.rows import Invalid

TODAY = date(2026, 3, 1)
ROW: dict[str, Any] = {
    "title": "Grease", "kind": "preventive", "class": "press", "site": "hagen", "every_days": 180,
    "counter": "custom.hours", "every": "4000", "start": "2026-01-01", "note": "NLGI 2",
}  # fmt: skip


def press(**custom: str) -> Subject:
    return Subject("a", "hagen", "PRESS-1", {f"custom.{n}": v for n, v in custom.items()})


def done(on: str = "2026-02-01", **more: Any) -> Work:
    return work({"asset": "a", "kind": "preventive", "started_at": f"{on}T06:00:00Z", **more})


def due(last: Work | None = None, hours: str = "", **row: Any) -> Due | None:
    return due_by_plan("p", plan({**ROW, **row}), press(hours=hours), last, TODAY)


def test_a_plan_is_its_row() -> None:
    """What is kept is what was said; it is found by its asset, or by its class."""
    made = plan(ROW)

    assert made.row == {**ROW, "asset": ""}
    assert plan(made.row) == made
    assert made.about == ("class press",)
    assert plan({**ROW, "class": "", "asset": "a"}).about == ("a",)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"asset": "a"}, "asset", "'a', expected an asset or a class, one of both"),
        ({"class": ""}, "asset", "missing, expected an asset or a class"),
        ({"every": None}, "every", "expected both it and a counter"),
        ({"counter": None}, "every", "expected both it and a counter"),
        ({"counter": None, "every": None, "every_days": None}, "every_days", "missing, expected"),
        ({"every": "0"}, "every", "expected both it and a counter"),
        ({"every": "many"}, "every", "'many'"),
        ({"counter": "hours"}, "counter", "expected a custom field that is a number"),
        ({"every_days": 0}, "every_days", "0, expected 1 to"),
        ({"kind": "sometimes"}, "kind", "expected one of preventive"),
        ({"start": "2026"}, "start", "expected a day"),
        ({"title": None}, "title", "missing"),
        ({"colour": "red"}, "colour", "unknown field"),
    ],
)
def test_a_plan_that_says_nothing_is_refused(row: Any, field: str, reason: str) -> None:
    """With the field at fault."""
    with pytest.raises(Invalid, match=re.escape(reason)) as raised:
        plan({**ROW, **row})
    assert raised.value.field == field


def test_the_interval_counts_from_the_last_work_or_the_start() -> None:
    """And the day that the log names goes before both."""
    for last, on in (
        (None, date(2026, 6, 30)),
        (done(), date(2026, 7, 31)),
        (done(ended_at="2026-02-03T06:00:00Z"), date(2026, 8, 2)),
        (done(next_due_on="2026-03-05"), date(2026, 3, 5)),
    ):
        found = due(last)
        assert found
        assert found.on == on


def test_a_counter_is_due_when_it_has_counted_enough() -> None:
    """From its reading at the last work; before that, the interval decides alone."""
    reached, short = due(hours="4100"), due(done(reading="200"), "4100")
    alone = due(done(reading="200"), "4100", every_days=None)

    assert reached
    assert (reached.on, reached.overdue_by, reached.due_at) == (TODAY, Decimal(100), Decimal(4000))
    assert short
    assert (short.on, short.overdue_by) == (date(2026, 7, 31), Decimal(0))
    assert alone is None
    assert due(hours="many", every_days=None) is None
    late = due(done("2025-01-01"), "4100")
    assert late
    assert (late.on, late.overdue_days(TODAY)) == (date(2025, 6, 30), 244)


@given(st.dates(date(1950, 1, 1), date(2199, 12, 31)), st.integers(1, DAYS_MAX))
def test_a_plan_is_due_after_it_was_done(start: date, days: int) -> None:
    """On a day that a calendar has."""
    found = due(start=start.isoformat(), every_days=days, counter=None, every=None)

    assert found
    assert start <= found.on <= start + timedelta(days)
    assert found.overdue_by is None


def test_the_log_and_a_contract_say_themselves_when_they_are_due() -> None:
    """A contract on the last day to cancel it; one without an end never."""
    agreed = {"kind": "lease", "supplier": "X", "start": "2024-01-01", "end": "2026-12-31",
              "amount": "1", "currency": "EUR", "period": "year"}  # fmt: skip
    noted = due_by_log("w", done(next_due_on="2026-03-05"), press())
    ends = due_contract("c", contract(agreed), TODAY)
    notice = due_contract("c", contract({**agreed, "notice_days": 31}), TODAY)

    assert (noted.kind, noted.title, noted.on) == (DueKind.LOG, "preventive", date(2026, 3, 5))
    assert ends
    assert ends.on == date(2026, 12, 31)
    assert notice
    assert notice.on == date(2026, 11, 30)
    assert due_contract("c", contract({**agreed, "end": None}), TODAY) is None
    assert due_contract("c", contract(agreed), date(2027, 1, 1)) is None
