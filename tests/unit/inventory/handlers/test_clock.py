"""The clock of whoever writes something down."""

from datetime import UTC, datetime, timedelta

from isthmus.inventory.domain.instants import milliseconds
from isthmus.inventory.handlers.clock import now


def test_the_time_is_now_as_exactly_as_the_store_keeps_it() -> None:
    """In UTC."""
    before, at = milliseconds(datetime.now(UTC)), now()

    assert before <= at <= before + timedelta(seconds=10)
    assert at == milliseconds(at)
    assert at.tzinfo is UTC
