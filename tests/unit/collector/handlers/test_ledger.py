"""The touch ledger as a table."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from isthmus.collector.handlers.ledger import COLUMNS, Extract
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.touches_pb2 import PollState, Touches

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def record(minute: int = 0, **fields: Any) -> Any:
    said: dict[str, Any] = {
        "id": f"id-{minute}",
        "site": "hagen",
        "target": "press-1",
        "address": "10.0.0.1:502",
        "protocol": "modbus",
        "collector": "collector-0",
        "from_at": AT + minute * MINUTE,
        "until_at": AT + (minute + 1) * MINUTE,
        "kind": ["modbus.connect", "modbus.read_coils"],
        "count": [1, 30],
        "requests_in_a_second_most": 2,
        "gap_s_least": 0.05,
        "state": PollState.POLL_STATE_POLLING,
    }
    message = Touches(**said | fields)
    return SimpleNamespace(
        value=message.SerializeToString(), headers=[], key=b"hagen/press-1", topic="t",
        partition=0, offset=minute,
    )  # fmt: skip


def rows(extract: Extract, *records: Any) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, row, strict=True)) for each in records for row in extract.rows(each)]


def test_each_kind_of_request_is_a_row() -> None:
    """With its count, and the rate and gap of its interval."""
    first, second = rows(Extract("hagen"), record())
    assert first == {
        "site": "hagen", "target": "press-1", "address": "10.0.0.1:502", "protocol": "modbus",
        "collector": "collector-0", "from": "2026-03-01T06:00:00+00:00",
        "until": "2026-03-01T06:01:00+00:00", "kind": "modbus.connect", "count": "1",
        "requests_in_a_second_most": "2", "gap_s_least": "0.050", "state": "polling", "reason": "",
    }  # fmt: skip
    assert (second["kind"], second["count"]) == ("modbus.read_coils", "30")


def test_an_interval_in_which_nothing_was_sent_is_a_row_that_says_why() -> None:
    """The plant sees that a pause was kept."""
    paused = record(kind=[], count=[], state=PollState.POLL_STATE_PAUSED, reason="revision")
    (row,) = rows(Extract("hagen"), paused)
    assert (row["kind"], row["count"], row["state"], row["reason"]) == (
        "", "0", "paused", "revision",
    )  # fmt: skip


def test_other_sites_and_targets_are_left_out() -> None:
    """A plant gets its own ledger."""
    assert rows(Extract("lyon"), record()) == []
    assert rows(Extract("hagen", "press-2"), record()) == []
    assert rows(Extract("hagen", "press-1"), record()) != []


def test_a_span_takes_the_intervals_that_reach_into_it() -> None:
    """Both ends are moments, not intervals."""
    extract = Extract("hagen", since=AT + 1.5 * MINUTE, until=AT + 3 * MINUTE)
    found = rows(extract, *(record(minute) for minute in range(5)))
    assert {row["from"][14:16] for row in found} == {"01", "02"}


def test_a_record_that_was_published_twice_counts_once() -> None:
    """Delivery is at least once; touches are what they were."""
    extract = Extract("hagen")
    assert len(rows(extract, record(0), record(0), record(1))) == 4


def test_no_cell_is_a_formula() -> None:
    """A reason is a person's text, and a spreadsheet calculates what begins with `=`."""
    (row,) = rows(Extract("hagen"), record(kind=[], count=[], reason="=1+1"))
    assert row["reason"] == "'=1+1"


def test_what_is_no_touches_is_rejected() -> None:
    """It is left out, and counted by who reads."""
    wrong = record()
    wrong.value = b"\xff"
    with pytest.raises(Rejected):
        rows(Extract("hagen"), wrong)
