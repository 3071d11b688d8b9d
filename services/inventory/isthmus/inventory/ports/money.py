"""What the enterprise keeps books of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.money.books import B, Version
from isthmus.inventory.domain.money.contracts import Coverage, Stock


@dataclass(frozen=True, slots=True)
class DueEntry:
    """An entry of the maintenance log, and the asset that it is about."""

    id: str
    asset: str


class Book(Protocol[B]):
    """Keeps contracts, work or exchange rates, all versions. Every method may raise Retryable."""

    async def latest(self, id: str) -> Version[B] | None:
        """The last version, also one that removed it."""

    async def versions(self, id: str) -> list[Version[B]]:
        """Every version, the first one first."""

    async def write(self, version: Version[B]) -> bool:
        """Write the version that follows on the last one; False when it does not follow."""

    async def listed(
        self, *, sites: frozenset[str] | None, about: str = "", after: str, limit: int
    ) -> list[Version[B]]:
        """At most `limit` that stand after the cursor `after`, of these sites, about one thing."""

    async def about(self, things: Collection[str]) -> list[Version[B]]:
        """All that are about any of these things, by their order."""


class DueWork(Protocol):
    """Finds work that is due again."""

    async def due(
        self, sites: frozenset[str] | None, first: date, last: date, after: str, limit: int
    ) -> list[DueEntry]:
        """At most `limit` entries of the log on these sites by id, from after one.

        Each says that its work is due again between these days, both included; a later entry may
        say otherwise. May raise Retryable.
        """


class HeldAssets(Protocol):
    """Reads assets by their ids."""

    async def held(self, ids: Collection[str]) -> Mapping[str, Asset]:
        """The assets of these ids that are there; may raise Retryable."""


class Successors(Protocol):
    """Knows what merged assets have become."""

    async def now(self, id: str) -> str:
        """The asset that `id` is part of now, else itself; may raise Retryable."""


class Covered(Protocol):
    """Says what contracts cover, of all sites. Every method may raise Retryable."""

    async def places(self, site: str) -> list[Stock]:
        """What stands at each path of a site, or of every site if it is empty, in one pass.

        Assets that are ignored do not count.
        """

    async def named(self, ids: Collection[str]) -> Coverage:
        """How many ids these are, and the purchase prices of the assets that they are now."""

    async def merged(self, ids: Collection[str]) -> Mapping[str, str]:
        """The ids that were merged into these assets, each with the asset that it is now."""
