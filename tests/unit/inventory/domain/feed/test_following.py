"""Places in the feed, and what somebody wants of it."""

from datetime import UTC, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.feed.following import Interest, cursor, place

CHANGED = [{"field": "firmware"}, {"field": "name"}]


@given(st.datetimes(timezones=st.just(UTC)), st.text(max_size=50))
def test_a_cursor_leads_back_to_its_place(at: datetime, id: str) -> None:
    """Whatever stands in the id."""
    assert place(cursor((at, id))) == (at, id)


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused_in_words(text: str) -> None:
    """And never in any other way."""
    try:
        at, id = place(text)
    except ValueError:
        return
    assert text.endswith(f"|{id}")
    assert at.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "|", "x|a", "2026-03-01T12:00:00|a", "2026-03-01T12:00:00Z"])
def test_a_cursor_has_a_time_with_its_zone_and_an_id(text: str) -> None:
    """Anything else was not written by us."""
    with pytest.raises(ValueError, match=r".*"):
        place(text)


def test_a_time_before_all_times_is_no_place() -> None:
    """A zone can lead out of the calendar."""
    with pytest.raises(ValueError, match="0001"):
        place(cursor_of(datetime(1, 1, 1, tzinfo=timezone.max)))


def cursor_of(at: datetime) -> str:
    return f"{at.isoformat()}|a"


@pytest.mark.parametrize(
    ("interest", "wants"),
    [
        (Interest(None), True),
        (Interest(frozenset({"hagen"})), True),
        (Interest(frozenset({"lyon"})), False),
        (Interest(frozenset()), False),
        (Interest(None, frozenset({"name", "owner"})), True),
        (Interest(None, frozenset({"owner"})), False),
        (Interest(frozenset({"lyon"}), frozenset({"name"})), False),
    ],
)
def test_an_event_is_wanted_for_its_site_and_its_fields(interest: Interest, wants: bool) -> None:
    """Both must fit; no fields are all of them, no sites are none."""
    assert interest.wants("hagen", CHANGED) is wants
