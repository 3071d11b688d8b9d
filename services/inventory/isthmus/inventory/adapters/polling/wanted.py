"""Targets and zones in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Generic

from pymongo import ASCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.inventory.adapters.queries import among
from isthmus.inventory.ports.polling import Publishing, Standing, T
from isthmus.runtime.store import DUPLICATE_KEY, pending, translated

Document = dict[str, Any]
PROFILES_MAX = 10_000


class MongoWanted(Generic[T]):
    """One collection of targets, or of zones.

    The unique index on `place` is the claim of an endpoint: it moves with the document, in the
    same update. What is removed leaves a stub, so that its tombstone is published and a seed file
    does not bring it back.
    """

    def __init__(self, collection: Any, kind: type[T]) -> None:
        self._collection = collection
        self._kind = kind

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            async for each in self._collection.find({"place": {"$exists": False}}):
                place = self._version(each).value.place
                await self._collection.update_one({"_id": each["_id"]}, {"$set": {"place": place}})
            await self._collection.create_index("place", unique=True, name="place")

    async def known(self, ids: Collection[str]) -> Mapping[str, Standing[T]]:
        found = await among(self._collection, "_id", ids, projection={"outbox": 0})
        return {each["_id"]: self._version(each) for each in found}

    async def put(self, versions: Sequence[Publishing[T]]) -> Mapping[str, str]:
        with translated():
            try:
                await self._collection.bulk_write([_put(each) for each in versions], ordered=False)
            except BulkWriteError as error:
                errors = error.details["writeErrors"]
                if any(each["code"] != DUPLICATE_KEY for each in errors):
                    raise
                refused = [versions[each["index"]].version for each in errors]
                holders = await self.holders([_place(each) for each in refused])
                ids = [each.value.id for each in refused]
                return {
                    id: holders.get(_place(each), id) for id, each in zip(ids, refused, strict=True)
                }
        return {}

    async def listed(
        self, *, sites: frozenset[str] | None, after: str, limit: int
    ) -> list[Standing[T]]:
        query: Document = {"_id": {"$gt": after}, "removed": {"$ne": True}}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        return [self._version(each) for each in await self._find(query, limit)]

    async def holders(self, places: Collection[str]) -> Mapping[str, str]:
        found = await among(self._collection, "place", places, projection={"place": 1})
        return {each["place"]: each["_id"] for each in found}

    async def _find(self, query: Document, limit: int) -> list[Document]:
        with translated():
            found = self._collection.find(query, {"outbox": 0}).sort("_id", ASCENDING).limit(limit)
            return list(await found.to_list(limit)) if limit else []

    def _version(self, document: Document) -> Standing[T]:
        said = {f.name: document[f.name] for f in fields(self._kind) if f.name in document}  # type: ignore[arg-type]  # a Wanted is a dataclass
        lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
        return Standing(
            value=self._kind(**(said | lists)),
            updated_at=document["updated_at"],
            revision=document.get("revision", 0),
            seed=document.get("seed"),
            removed=document.get("removed", False),
        )


class MongoProfiles:
    """The collection `targets`, which is only read."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def profiles(self) -> frozenset[str]:
        stages = [{"$match": {"removed": {"$ne": True}}}, {"$group": {"_id": "$profile"}}]
        with translated():
            answer = await self._database.command(
                "aggregate", "targets", pipeline=stages, cursor={"batchSize": PROFILES_MAX}
            )
        return frozenset(each["_id"] for each in answer["cursor"]["firstBatch"])


def _put(publishing: Publishing[Any]) -> UpdateOne:
    version = publishing.version
    before = version.revision - 1
    written = {
        **asdict(version.value),
        "place": _place(version),
        "updated_at": version.updated_at,
        "revision": version.revision,
        "seed": version.seed,
        "removed": version.removed,
    }
    return UpdateOne(
        {"_id": version.value.id, "revision": before if before else {"$exists": False}},
        {"$set": written, "$push": {"outbox": {"$each": pending([publishing.record])}}},
        upsert=True,
    )


def _place(version: Standing[Any]) -> str:
    """What it claims; what is removed claims nothing but its own id."""
    return str(version.value.id if version.removed else version.value.place)
