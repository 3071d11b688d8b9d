"""Cursors lead on from where they were made, and nowhere else."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.api.cursors import decoded, encoded, fingerprint, spoken
from isthmus.inventory.domain.query import Place, sorting
from isthmus.inventory.domain.rows import Invalid

QUERY = fingerprint("vendor = x", "name")
ORDER = sorting("name,purchase_price,last_seen_at")
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(
    st.tuples(st.none() | st.text(), st.none() | st.floats(-1e9, 1e9), st.none() | TIMES), st.text()
)
def test_a_cursor_leads_to_its_place(values: tuple[Any, ...], id: str) -> None:
    """With every value as it was, the unknown ones too."""
    place = Place(values, id)

    assert decoded(encoded(place, QUERY), QUERY, ORDER) == place


def _forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        encoded(Place(("a", 1.0, None), "id"), fingerprint("vendor = y", "name")),
        encoded(Place(("a",), "id"), QUERY),
        _forged(QUERY, ["a", 1, None], {"$gt": ""}),
        _forged(QUERY, [{"$gt": ""}, 1, None], "id"),
        _forged(QUERY, ["a", "much", None], "id"),
        _forged(QUERY, ["a", 1, "today"], "id"),
        _forged(QUERY, ["a", 1, "2026-03-01T12:00:00"], "id"),
        _forged(QUERY, ["a", 1, "0001-01-01T00:00:00+14:00"], "id"),
        _forged(QUERY, ["a", 10**400, None], "id"),
        _forged(QUERY, ["\ud800", 1, None], "id"),
        _forged(QUERY, 5, "id"),
        _forged(QUERY),
        _forged(5),
        "no cursor",
        "a",
        "é",
        base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    ],
)
def test_whatever_else_is_refused(cursor: str) -> None:
    """A cursor of another query, one that is cut, and one that somebody made up."""
    with pytest.raises(Invalid, match="cursor: expected `next`"):
        decoded(cursor, QUERY, ORDER)


def test_queries_are_told_apart_by_where_their_parts_begin() -> None:
    """A site is no class."""
    assert fingerprint("a", "") != fingerprint("", "a")


def test_times_are_spoken_in_utc() -> None:
    """As RFC 3339 writes them; what JSON has a form for needs none."""
    at = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))

    assert spoken(at) == "2026-03-01T12:00:00Z"
    with pytest.raises(TypeError):
        spoken({"x"})
