"""What assets were, and what made them so, from their versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING

from isthmus.inventory.adapters.assets import documents
from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.assets.model import Asset, ChangeKind
from isthmus.inventory.ports.assets import Event, Merged
from isthmus.runtime.store import translated


class MongoHistory:
    """Reads the collection `versions`."""

    def __init__(self, database: Any) -> None:
        self._versions = database["versions"]

    async def at(self, id: str, at: datetime) -> Asset | None:
        found = await self._latest({"asset": id, "at": {"$lte": at}})
        return _asset(found) if found and documents.is_live(found["document"]) else None

    async def merged(self, id: str) -> Merged | None:
        last = await self._latest({"asset": id})
        if last is None or not last["document"].get("merged_into"):
            return None
        before = await self._before(last)
        if before is None:
            return None
        successor = last["document"]["merged_into"]
        merger = {"changes": {"$elemMatch": {"kind": ChangeKind.MERGED.value, "before": id}}}
        merged = await self._latest({"asset": successor, **merger})
        into = await self._before(merged) if merged else None
        return Merged(_asset(before), successor, last["revision"], _asset(into) if into else None)

    async def of(self, id: str, *, before: int | None, limit: int) -> list[Event]:
        query: Document = {"asset": id}
        if before is not None:
            query["revision"] = {"$lt": before}
        with translated():
            found = self._versions.find(query).sort("revision", DESCENDING).limit(limit)
            return [event(version) for version in await found.to_list(limit)]

    async def feed(
        self, sites: frozenset[str] | None, *, after: tuple[datetime, str] | None,
        until: datetime, limit: int,
    ) -> list[Event]:  # fmt: skip
        query: Document = {"recorded_at": {"$lte": until}}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        if after:
            at, id = after
            later = {"recorded_at": {"$gt": at, "$lte": until}}
            same = {"recorded_at": at, "_id": {"$gt": id}}
            query = {**query, "recorded_at": {"$gte": at, "$lte": until}, "$or": [later, same]}
        order = [("recorded_at", ASCENDING), ("_id", ASCENDING)]
        with translated():
            found = self._versions.find(query, {"document": 0}).sort(order).limit(limit)
            return [event(version) for version in await found.to_list(limit)]

    async def _before(self, version: Document) -> Document | None:
        return await self._latest({"asset": version["asset"], "revision": version["revision"] - 1})

    async def _latest(self, query: Document) -> Document | None:
        with translated():
            found = self._versions.find(query).sort("revision", DESCENDING).limit(1)
            versions: Sequence[Document] = await found.to_list(1)
        return versions[0] if versions else None


def _asset(version: Document) -> Asset:
    return documents.asset({"_id": version["asset"], **version["document"]})


def event(version: Document) -> Event:
    """What a version says happened."""
    return Event(
        id=version["_id"],
        asset_id=version["asset"],
        revision=version["revision"],
        at=version["at"],
        recorded_at=version["recorded_at"],
        site=version["site"],
        source=version["source"],
        actor=version["actor"],
        cause=version["cause"],
        changes=version["changes"],
    )
