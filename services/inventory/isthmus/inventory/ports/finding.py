"""Assets as people look for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from isthmus.inventory.domain.query import Listing, Place, Selection
from isthmus.inventory.domain.views import SavedView


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """How many assets a site has, how many answer, and when one last did."""

    site: str
    assets: int
    online: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some assets as flat members by name, in the order asked for."""

    items: Sequence[Mapping[str, Any]]
    last: Place | None
    """Where it ends, when more assets follow."""


@dataclass(frozen=True, slots=True)
class Facet:
    """How many assets have each value of a field, the most frequent first."""

    field: str
    values: Mapping[str, int]
    other: int
    """Values that were too many to name."""
    unknown: int
    """Assets without a value."""


class AssetListing(Protocol):
    """Lists, searches and counts assets. Every method may raise Retryable."""

    async def page(self, listing: Listing) -> Page:
        """At most `limit` assets of the selection, from where the page before ended."""

    async def count(self, selection: Selection) -> int:
        """How many assets the selection has."""

    async def facets(self, selection: Selection, names: Sequence[str]) -> list[Facet]:
        """The selection by the values of each field; the values of one are at most 100."""

    async def earliest(self, at: datetime) -> datetime | None:
        """When the history begins that `as_of` reads; None when that is not after `at`."""

    async def sites(self, scope: frozenset[str] | None) -> list[SiteSummary]:
        """Every site in scope that has an asset, by name."""


class ViewStore(Protocol):
    """Keeps saved views. Every method may raise Retryable."""

    async def view(self, name: str, user: str) -> SavedView | None:
        """The user's own view of that name, else the shared one."""

    async def put(self, view: SavedView) -> bool:
        """Save it in place of its owner's of that name; whether there was none.

        Raises Taken when it is to be shared, and somebody else shares one of that name.
        """

    async def remove(self, name: str, owner: str) -> bool:
        """Remove the owner's view of that name; whether there was one."""

    async def listed(self, user: str, after: str, limit: int) -> list[SavedView]:
        """At most `limit` that the user may use, from after the place `name|` or `name|owner`."""
