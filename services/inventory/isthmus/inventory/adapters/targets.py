"""Targets in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, UpdateOne

from isthmus.inventory.domain.targets import Target
from isthmus.inventory.ports import Publishing
from isthmus.runtime.store import pending, translated

Document = dict[str, Any]


class MongoTargets:
    """The collection `targets`."""

    def __init__(self, database: Any) -> None:
        self._targets = database["targets"]

    async def known(self, ids: Collection[str]) -> Mapping[str, Target]:
        found = await self._find({"_id": {"$in": list(ids)}}, len(ids))
        return {each["_id"]: _target(each) for each in found}

    async def put(self, targets: Sequence[Publishing]) -> None:
        with translated():
            await self._targets.bulk_write([_putting(each) for each in targets], ordered=False)

    async def targets(
        self, *, site: str | None, after: str, limit: int
    ) -> list[tuple[Target, datetime]]:
        query: Document = {"_id": {"$gt": after}}
        if site is not None:
            query["site"] = site
        return [(_target(each), each["updated_at"]) for each in await self._find(query, limit)]

    async def _find(self, query: Document, limit: int) -> list[Document]:
        with translated():
            found = self._targets.find(query, {"outbox": 0}).sort("_id", ASCENDING).limit(limit)
            return list(await found.to_list(limit)) if limit else []


def _putting(publishing: Publishing) -> UpdateOne:
    return UpdateOne(
        {"_id": publishing.target.id},
        {
            "$set": {**asdict(publishing.target), "updated_at": publishing.updated_at},
            "$push": {"outbox": {"$each": pending([publishing.record])}},
        },
        upsert=True,
    )


def _target(document: Document) -> Target:
    return Target(
        site=document["site"],
        target=document["target"],
        path=document["path"],
        interval_s=document["interval_s"],
        profile=document["profile"],
        endpoint=document["endpoint"],
    )
