"""The books: contracts, the maintenance log and exchange rates, with every version kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar


class Booked(Protocol):
    """What stands in a book: a frozen dataclass with the row that describes it."""

    @property
    def about(self) -> Sequence[str]:
        """What it is found by: ids of assets, sites."""

    @property
    def order(self) -> str:
        """What lists are in the order of."""

    @property
    def site(self) -> str:
        """Where it belongs; empty for every site."""

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it, of texts, whole numbers and lists of texts."""


B = TypeVar("B", bound=Booked)


@dataclass(frozen=True, slots=True)
class Version(Generic[B]):
    """What a book says under an id since somebody wrote it; no value once it was removed."""

    id: str
    revision: int
    at: datetime
    by: str
    value: B | None
    request: str = ""
    """Digest of the request that made it, to know the same request when it comes again."""

    @property
    def cursor(self) -> str:
        """Where it stands in a list."""
        return f"{self.value.order}|{self.id}" if self.value else self.id


@dataclass(frozen=True, slots=True)
class Edit:
    """What one person did to one entry of a book; None stands for nothing there."""

    revision: int
    at: datetime
    by: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def edits(versions: Sequence[Version[B]]) -> Iterator[Edit]:
    """What each version did to the one before it."""
    before: Mapping[str, Any] | None = None
    for version in versions:
        after = version.value.row if version.value else None
        yield Edit(version.revision, version.at, version.by, before, after)
        before = after
