"""Relations in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

import asyncio
from collections.abc import Collection, Mapping
from re import escape
from typing import Any

from pymongo import ASCENDING

from isthmus.inventory.adapters.queries import LIVE, Document, among
from isthmus.inventory.domain.relations.relations import Act, Declared, Node, Pointer, RelationKind
from isthmus.runtime.store import translated

SUCCESSORS_MAX = 100  # of one asset, merged again and again
HISTORY_MAX = 200
ATTRIBUTES = ("name", "class", "criticality", "safety_impact")
NODE = {
    "site": 1,
    "path": 1,
    **{f"attributes.{name}": 1 for name in ATTRIBUTES},
    "sources": 1,
    "views.source": 1,
    "views.observed_at": 1,
    "views.relation": 1,
    "merged_into": 1,
}


class MongoRelations:
    """The collection `relations`; `assets` and `identity_keys` are only read."""

    def __init__(self, database: Any) -> None:
        self._assets = database["assets"]
        self._keys = database["identity_keys"]
        self._relations = database["relations"]

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            for field in ("start", "end", "start_site"):
                await self._relations.create_index([(field, ASCENDING)], name=field)

    async def nodes(self, ids: Collection[str], sites: frozenset[str] | None) -> Mapping[str, Node]:
        documents: dict[str, Document] = {}
        wanted = set(ids)
        for _ in range(SUCCESSORS_MAX):
            if not wanted:
                break
            found = await among(self._assets, "_id", wanted, projection=NODE)
            documents |= {each["_id"]: each for each in found}
            successors = {each["merged_into"] for each in found if each.get("merged_into")}
            wanted = successors - documents.keys()
        return {
            id: as_node(asset)
            for id in ids
            if (asset := _successor(id, documents)) and (sites is None or asset["site"] in sites)
        }

    async def merged(self, ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        wanted = set(ids)
        while wanted:
            stubs = await among(self._assets, "merged_into", wanted, projection={"_id": 1})
            wanted = {each["_id"] for each in stubs} - found
            found |= wanted
        return found

    async def having(self, sources: Collection[str], sites: frozenset[str] | None) -> list[Node]:
        found = await among(self._assets, "sources", sources, where=_within(sites), projection=NODE)
        return list({each["_id"]: as_node(each) for each in found}.values())

    async def pointing(
        self, sources: Collection[str], sites: frozenset[str] | None, limit: int
    ) -> list[Node]:
        found = await among(
            self._assets, "relates", sources, where=_within(sites), projection=NODE, limit=limit
        )
        return list({each["_id"]: as_node(each) for each in found}.values())[:limit]

    async def located(self, site: str, path: str, limit: int) -> list[Node]:
        query: Document = {"site": site, **LIVE}
        if path:
            query["path"] = {"$regex": f"^{escape(path)}(/|$)"}
        with translated():
            found = self._assets.find(query, NODE).sort("_id", ASCENDING).limit(limit)
            return [as_node(each) for each in await found.to_list(limit)]

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        found = await among(self._keys, "_id", claims, projection={"asset": 1})
        return {each["_id"]: each["asset"] for each in found}

    async def declared(self, ids: Collection[str]) -> list[Declared]:
        standing = {"removed": False}
        starts, ends = await asyncio.gather(
            among(self._relations, "start", ids, where=standing),
            among(self._relations, "end", ids, where=standing),
        )
        found = {each["_id"]: each for each in (*starts, *ends)}
        return [as_declared(found[id]) for id in sorted(found)]

    async def declared_at(self, site: str, limit: int) -> list[Declared]:
        query = {"start_site": site, "end_site": site, "removed": False}
        return await self._listed(query, limit)

    async def declarations(
        self, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Declared]:
        query: Document = {"_id": {"$gt": after}}
        if sites is not None:
            here = {"$in": sorted(sites)}
            query |= {"start_site": here, "end_site": here}
        return await self._listed(query, limit)

    async def declare(self, said: Declared, act: Act, sites: tuple[str, str]) -> None:
        made = {
            "note": said.note,
            "by": said.by,
            "at": said.at,
            "removed": said.removed,
            "start_site": sites[0],
            "end_site": sites[1],
        }
        done = {"at": act.at, "by": act.by, "action": act.action, "note": act.note}
        with translated():
            await self._relations.update_one(
                {"_id": said.id},
                {
                    "$set": made,
                    "$setOnInsert": {"kind": said.kind, "start": said.start, "end": said.end},
                    "$push": {"history": {"$each": [done], "$slice": -HISTORY_MAX}},
                },
                upsert=True,
            )

    async def _listed(self, query: Document, limit: int) -> list[Declared]:
        with translated():
            found = self._relations.find(query).sort("_id", ASCENDING).limit(limit)
            return [as_declared(each) for each in await found.to_list(limit)]


def _within(sites: frozenset[str] | None) -> Document:
    return dict(LIVE) if sites is None else {**LIVE, "site": {"$in": sorted(sites)}}


def _successor(id: str, documents: Mapping[str, Document]) -> Document | None:
    for _ in range(SUCCESSORS_MAX):
        if id not in documents or "merged_into" not in documents[id]:
            break
        id = documents[id]["merged_into"]
    return documents.get(id)


def as_node(document: Document) -> Node:
    """What a graph needs of an asset."""
    said = document.get("attributes", {})
    return Node(
        id=document["_id"],
        site=document["site"],
        path=document.get("path", ""),
        name=said.get("name", ""),
        class_=said.get("class", ""),
        criticality=said.get("criticality", ""),
        safety_impact=said.get("safety_impact", ""),
        sources=tuple(document.get("sources", ())),
        pointers=tuple(_pointer(view) for view in document["views"] if view.get("relation")),
    )


def _pointer(view: Document) -> Pointer:
    kind, target, position = view["relation"]
    return Pointer(view["source"], kind, target, view["observed_at"], position)


def as_declared(document: Document) -> Declared:
    """A declared relation with its history."""
    return Declared(
        id=document["_id"],
        kind=RelationKind(document["kind"]),
        start=document["start"],
        end=document["end"],
        note=document["note"],
        by=document["by"],
        at=document["at"],
        removed=document["removed"],
        history=tuple(Act(**each) for each in document["history"]),
    )
