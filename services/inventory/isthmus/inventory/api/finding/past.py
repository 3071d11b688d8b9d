"""`as_of`: lists, counts and files of assets as they were."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from isthmus.inventory.domain.instants import milliseconds
from isthmus.inventory.domain.query import Condition, Sort, named
from isthmus.inventory.domain.rows import Invalid

AsOf = Annotated[
    datetime | None,
    Query(
        description="Assets as they were then (ISO 8601, UTC without a zone), `now` in a filter "
        "with them. What is asked of one site reads its assets and what changed there since.",
        examples=["2026-03-01T00:00:00Z"],
    ),
]
Earliest = Callable[[datetime], Awaitable[datetime | None]]
"""When the history begins; None when that is not after the time it is asked of."""
WITHOUT_HISTORY = "last_seen_at"


async def instant(earliest: Earliest, as_of: datetime | None, now: datetime) -> datetime | None:
    """The time that is asked about, as exactly as the store keeps it; raises Invalid."""
    if as_of is None:
        return None
    at = as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    if at > now:
        raise Invalid("as_of", f"{at.isoformat()}, expected a time that is past")
    if begin := await earliest(at):
        reason = f"{at.isoformat()} is before what is kept, expected {begin.isoformat()} or later"
        raise Invalid("as_of", reason)
    return milliseconds(at)


def check_kept(conditions: Iterable[Condition], order: Iterable[Sort]) -> None:
    """Raise Invalid when a question about the past is about what has no history."""
    asked = set().union(*map(named, conditions))
    for name, fields in (("filter", asked), ("sort", {each.field for each in order})):
        if WITHOUT_HISTORY in fields:
            reason = f"{WITHOUT_HISTORY} has no history, expected other fields with as_of"
            raise Invalid(name, reason)
