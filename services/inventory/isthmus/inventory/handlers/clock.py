"""The clock of whoever writes something down."""

from datetime import UTC, datetime

from isthmus.inventory.domain.instants import milliseconds


def now() -> datetime:
    """The time, as exactly as the store keeps it."""
    return milliseconds(datetime.now(UTC))
