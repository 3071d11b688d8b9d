"""Relations as they were, from what assets were; a site is read whole, once for a question."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from isthmus.inventory.adapters.finding import past
from isthmus.inventory.adapters.queries import LIVE, Document, among
from isthmus.inventory.adapters.relations import NODE, as_declared, as_node
from isthmus.inventory.adapters.sightings import MongoSightings
from isthmus.inventory.domain.relations.ageing import Ended
from isthmus.inventory.domain.relations.links import Table
from isthmus.inventory.domain.relations.relations import Act, Declared, Node
from isthmus.inventory.ports.relations import RelationStore, Shown, SightingStore
from isthmus.runtime.store import translated

WANTED = {**NODE, "keys": 1}
ENDED = {"asset": 1, **{f"was.{name}": 1 for name in WANTED}}


class MongoPast:
    """Both stores as they were; a Past."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def earliest(self, at: datetime) -> datetime | None:
        return await past.earliest(self._database[past.VERSIONS], at)

    def at(self, as_of: datetime) -> tuple[RelationStore, SightingStore]:
        return MongoPastRelations(self._database, as_of), MongoPastSightings(self._database, as_of)


@dataclass
class _Site:
    """The assets of a site as they were."""

    nodes: list[Node] = field(default_factory=list)
    holders: dict[str, str] = field(default_factory=dict)
    """The asset that had each identity key."""


class MongoPastRelations:
    """The collections `assets`, `versions` and `relations`, read as of a time that is over."""

    def __init__(self, database: Any, as_of: datetime) -> None:
        self._assets = database["assets"]
        self._versions = database[past.VERSIONS]
        self._relations = database["relations"]
        self._as_of = as_of
        self._same = {**past.unchanged(as_of), **LIVE}
        self._ended = {"at": {"$gt": as_of}, "since": {"$lte": as_of}}
        self._sites: dict[str, _Site] = {}

    async def nodes(self, ids: Collection[str], sites: frozenset[str] | None) -> Mapping[str, Node]:
        same, ended = await asyncio.gather(
            among(self._assets, "_id", ids, where=self._same, projection=NODE),
            among(self._versions, "asset", ids, where=self._ended, projection=ENDED),
        )
        found = map(as_node, [*same, *map(_was, ended)])
        return {node.id: node for node in found if sites is None or node.site in sites}

    async def merged(self, ids: Collection[str]) -> set[str]:
        return set()

    async def having(self, sources: Collection[str], sites: frozenset[str] | None) -> list[Node]:
        wanted = set(sources)
        here = await self._nodes(_sites(sources, "/"), sites)
        return [node for node in here if wanted.intersection(node.sources)]

    async def pointing(
        self, sources: Collection[str], sites: frozenset[str] | None, limit: int
    ) -> list[Node]:
        wanted = set(sources)
        here = await self._nodes(_sites(sources, "/"), sites)
        return [n for n in here if wanted & {each.target for each in n.pointers}][:limit]

    async def located(self, site: str, path: str, limit: int) -> list[Node]:
        here = await self._nodes({site}, None)
        below = f"{path}/" if path else ""
        return [node for node in here if f"{node.path}/".startswith(below)][:limit]

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        known: dict[str, str] = {}
        for site in _sites(claims, "|"):
            known |= (await self._site(site)).holders
        return {claim: known[claim] for claim in claims if claim in known}

    async def declared(self, ids: Collection[str]) -> list[Declared]:
        starts, ends = await asyncio.gather(
            among(self._relations, "start", ids), among(self._relations, "end", ids)
        )
        return self._standing({each["_id"]: each for each in (*starts, *ends)}.values())

    async def declared_at(self, site: str, limit: int) -> list[Declared]:
        with translated():
            found = self._relations.find({"start_site": site, "end_site": site})
            return self._standing(await found.limit(limit).to_list(limit))

    async def declarations(
        self, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Declared]:
        raise NotImplementedError  # what people declared is listed with all that was done to it

    async def declare(self, said: Declared, act: Act, sites: tuple[str, str]) -> None:
        raise NotImplementedError  # nobody declares in the past

    async def _nodes(self, names: Iterable[str], sites: frozenset[str] | None) -> list[Node]:
        wanted = sorted(name for name in names if sites is None or name in sites)
        return [node for name in wanted for node in (await self._site(name)).nodes]

    async def _site(self, name: str) -> _Site:
        if name not in self._sites:
            with translated():
                same = self._assets.find({"site": name, **self._same}, WANTED)
                ended = self._versions.find({"was.site": name, **self._ended}, ENDED)
                found = [*await same.to_list(None), *map(_was, await ended.to_list(None))]
            self._sites[name] = _Site(
                [as_node(each) for each in sorted(found, key=lambda each: str(each["_id"]))],
                {key: each["_id"] for each in found for key in each["keys"]},
            )
        return self._sites[name]

    def _standing(self, documents: Iterable[Document]) -> list[Declared]:
        """Those that had been declared by then, and not withdrawn, as they were."""
        found = []
        for each in sorted(documents, key=lambda each: str(each["_id"])):
            acts = [act for act in each["history"] if act["at"] <= self._as_of]
            if acts and acts[-1]["action"] == "declared":
                last = {name: acts[-1][name] for name in ("at", "by", "note")}
                found.append(as_declared({**each, **last, "history": acts, "removed": False}))
        return found


class MongoPastSightings:
    """The sightings of a time that is over."""

    def __init__(self, database: Any, as_of: datetime) -> None:
        self._sightings = MongoSightings(database)
        self._as_of = as_of

    async def seen_at(self, site: str, limit: int) -> list[Table]:
        return await self._sightings.seen_then(site, self._as_of, limit)

    async def shown(self) -> Mapping[str, Shown]:
        raise NotImplementedError

    async def tables_of(self, sources: Collection[str]) -> Mapping[str, Table]:
        raise NotImplementedError

    async def keep(self, tables: Sequence[tuple[Table, Ended | None]]) -> None:
        raise NotImplementedError


def _was(version: Document) -> Document:
    return {"_id": version["asset"], **version["was"]}


def _sites(names: Iterable[str], mark: str) -> set[str]:
    """The sites that sources or claims begin with."""
    return {name.partition(mark)[0] for name in names}
