"""Times as the store keeps them."""

from datetime import datetime


def milliseconds(at: datetime) -> datetime:
    """`at` without what is finer than a millisecond: it is the same when it is read again."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
