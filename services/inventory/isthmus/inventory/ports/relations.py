"""What hangs on what, and who has seen whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from isthmus.inventory.domain.relations.ageing import Ended
from isthmus.inventory.domain.relations.links import Table
from isthmus.inventory.domain.relations.relations import Act, Declared, Node


class RelationStore(Protocol):
    """Reads what assets have to do with each other, and keeps what people declare of it.

    Only assets of `sites` are returned, of every site when it is None. Every method may raise
    Retryable.
    """

    async def nodes(self, ids: Collection[str], sites: frozenset[str] | None) -> Mapping[str, Node]:
        """The asset of each id; of the id of a merged asset, the one that it is now."""

    async def merged(self, ids: Collection[str]) -> set[str]:
        """The ids of all assets that were merged into these."""

    async def having(self, sources: Collection[str], sites: frozenset[str] | None) -> list[Node]:
        """The assets that these sources describe."""

    async def pointing(
        self, sources: Collection[str], sites: frozenset[str] | None, limit: int
    ) -> list[Node]:
        """At most `limit` assets that tell of a relation to one that these sources describe."""

    async def located(self, site: str, path: str, limit: int) -> list[Node]:
        """At most `limit` assets of a site that stand at `path` or below."""

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        """The id of the asset that holds each identity key; a merged one's may be among them."""

    async def declared(self, ids: Collection[str]) -> list[Declared]:
        """What is declared of these ids, without what was withdrawn."""

    async def declared_at(self, site: str, limit: int) -> list[Declared]:
        """At most `limit` of what is declared between assets of a site."""

    async def declarations(
        self, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Declared]:
        """At most `limit` whose id comes after `after`, by id, withdrawn ones with them."""

    async def declare(self, said: Declared, act: Act, sites: tuple[str, str]) -> None:
        """Keep what was said, and add `act` to its history; `sites` are those of its ends."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a source showed last, in short."""

    site: str
    digest: str
    at: datetime
    ttl: timedelta


class SightingStore(Protocol):
    """Keeps what each source has seen. Every method may raise Retryable."""

    async def shown(self) -> Mapping[str, Shown]:
        """What every source showed last."""

    async def tables_of(self, sources: Collection[str]) -> Mapping[str, Table]:
        """The table of each source that has one."""

    async def keep(self, tables: Sequence[tuple[Table, Ended | None]]) -> None:
        """Put each table in the place of an older one of its source, and keep what is over."""

    async def seen_at(self, site: str, limit: int) -> list[Table]:
        """At most `limit` tables of a site, by source."""


class Past(Protocol):
    """Relations and sightings as they were. Every method may raise Retryable."""

    async def earliest(self, at: datetime) -> datetime | None:
        """When the history begins; None when that is not after `at`."""

    def at(self, as_of: datetime) -> tuple[RelationStore, SightingStore]:
        """What both stores were then; nothing can be written to them."""
