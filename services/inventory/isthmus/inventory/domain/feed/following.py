"""Places in the feed of changes, and what somebody who follows it wants of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Place = tuple[datetime, str]
"""When an event was recorded, and its id: the order of the feed."""
SETTLED = timedelta(seconds=2)
"""An event is shown when all that was recorded before it must have arrived."""


@dataclass(frozen=True, slots=True)
class Interest:
    """Which events somebody wants."""

    sites: frozenset[str] | None
    """None for every site."""
    fields: frozenset[str] = frozenset()
    """Only events that changed one of these; empty for all events."""

    def wants(self, site: str, changes: Collection[Mapping[str, str]]) -> bool:
        """Whether an event of a site with these changes is one of them."""
        if self.sites is not None and site not in self.sites:
            return False
        return not self.fields or any(change["field"] in self.fields for change in changes)


def cursor(place: Place) -> str:
    """The text that leads on from there."""
    at, id = place
    return f"{at.astimezone(UTC).isoformat()}|{id}"


def place(text: str) -> Place:
    """The place that a cursor names; raises ValueError."""
    at, separator, id = text.partition("|")
    found = datetime.fromisoformat(at)
    if not separator or found.tzinfo is None:
        raise ValueError(text)
    try:
        return found.astimezone(UTC), id
    except OverflowError as error:
        raise ValueError(text) from error
