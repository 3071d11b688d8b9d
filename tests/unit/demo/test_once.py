"""What the devices noted, and what is only remembered."""

from datetime import UTC, datetime
from typing import Any

from isthmus.demo.once import harm, stale

QUIET: dict[str, Any] = {"writes": 0, "connections_most": 1}


def test_a_quiet_record_is_no_harm() -> None:
    """Reads over one connection are what we are there for."""
    assert harm({"hagen/plc": QUIET}) == []


def test_a_write_and_a_second_connection_are_named() -> None:
    """With the endpoint that saw them."""
    record = {"a": {**QUIET, "writes": 1}, "b": {**QUIET, "connections_most": 2}}

    assert harm(record) == [
        "a: 1 writes, expected 0",
        "b: 2 connections at once, expected 1",
    ]


def test_what_an_earlier_run_found_is_not_found_by_this_one() -> None:
    """Kept data must not make the proof hold by itself."""
    old = {
        "id": "1", "sources": ["hagen/plc"], "reachability": "online",
        "last_seen_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    dead = {**old, "reachability": "offline", "last_seen_at": None}

    lines = stale([old, dead], datetime(2026, 1, 2, tzinfo=UTC))

    assert len(lines) == 1
    assert "not seen in this run" in lines[0]
