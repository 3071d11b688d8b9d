"""Assets and identity keys in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

from pymongo import ASCENDING, InsertOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.inventory.domain.ledger import NOBODY, Removal, Seen, Snapshot, Write
from isthmus.inventory.domain.model import Asset, Health, Key, Reachability, Tier, View
from isthmus.inventory.ports import SiteSummary
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.store import DUPLICATE_KEY, pending, translated

SITES_MAX = 10_000
IN_MAX = 50  # a server may need time that grows with the square of a list: several short ones
LIVE = {"merged_into": {"$exists": False}}
Document = dict[str, Any]


class MongoAssets:
    """The collections `assets` and `identity_keys`.

    A merged or retired asset leaves a stub that names its successor, so that a claim which
    still names it leads on.
    """

    def __init__(self, database: Any) -> None:
        self._database = database
        self._assets = database["assets"]
        self._keys = database["identity_keys"]

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self._assets.create_index("targets", name="targets")
            await self._assets.create_index([("site", ASCENDING), ("_id", ASCENDING)], name="site")
            await self._keys.create_index("asset", name="asset")

    async def snapshot(self, claims: Collection[str], endpoints: Collection[str]) -> Snapshot:
        with translated():
            found = await _among(self._keys, "_id", claims)
            holders = {each["_id"]: each["asset"] for each in found}
            documents = await self._documents(set(holders.values()))
            if endpoints:
                behind = await _among(self._assets, "targets", endpoints)
                documents |= {each["_id"]: each for each in behind}
        return Snapshot(
            claims={key: _successor(id, documents) for key, id in holders.items()},
            assets={id: _asset(d) for id, d in documents.items() if "merged_into" not in d},
        )

    async def _documents(self, ids: set[str]) -> dict[str, Document]:
        """The documents of `ids`, and of the successors that stubs among them name."""
        documents: dict[str, Document] = {}
        while ids:
            found = await _among(self._assets, "_id", ids)
            documents |= {each["_id"]: each for each in found}
            ids = {each["merged_into"] for each in found if each.get("merged_into")}
            ids -= documents.keys()
        return documents

    async def claim(self, claims: Mapping[str, str]) -> bool:
        return await _all_applied(
            self._keys, [InsertOne({"_id": key, "asset": id}) for key, id in claims.items()]
        )

    async def write(self, writes: Sequence[tuple[Write, Sequence[Outgoing]]]) -> bool:
        return await _all_applied(self._assets, [_writing(*each) for each in writes])

    async def remove(self, removals: Sequence[tuple[Removal, Sequence[Outgoing]]]) -> bool:
        if not await _all_applied(self._assets, [_removing(*each) for each in removals]):
            return False
        repointing = [
            UpdateMany({"asset": removal.asset.id}, {"$set": {"asset": removal.successor}})
            for removal, _ in removals
            if removal.successor != NOBODY
        ]
        with translated():
            if repointing:
                await self._keys.bulk_write(repointing, ordered=False)
        return True

    async def move(self, moves: Mapping[str, str]) -> None:
        updates = [UpdateOne({"_id": key}, {"$set": {"asset": id}}) for key, id in moves.items()]
        with translated():
            if updates:
                await self._keys.bulk_write(updates, ordered=False)

    async def seen(self, seen: Sequence[Seen]) -> None:
        with translated():
            if seen:
                await self._assets.bulk_write([_seeing(each) for each in seen], ordered=False)

    async def asset(self, id: str) -> Asset | None:
        with translated():
            document = await self._assets.find_one({"_id": id, **LIVE}, {"outbox": 0})
        return _asset(document) if document else None

    async def assets(
        self, *, site: str | None, class_: str | None, after: str, limit: int
    ) -> list[Asset]:
        query: Document = {"_id": {"$gt": after}, **LIVE}
        if site is not None:
            query["site"] = site
        if class_ is not None:
            query["attributes.class"] = class_
        with translated():
            found = self._assets.find(query, {"outbox": 0}).sort("_id", ASCENDING).limit(limit)
            return [_asset(document) for document in await found.to_list(limit)]

    async def sites(self) -> list[SiteSummary]:
        online = {"$cond": [{"$eq": ["$reachability", Reachability.ONLINE.value]}, 1, 0]}
        group = {
            "_id": "$site",
            "assets": {"$sum": 1},
            "online": {"$sum": online},
            "last_seen_at": {"$max": "$last_seen_at"},
        }
        stages = [{"$match": LIVE}, {"$group": group}, {"$sort": {"_id": 1}}]
        with translated():
            # As a command, because motor and AsyncMongoClient differ in aggregate().
            reply = await self._database.command(
                "aggregate",
                "assets",
                pipeline=stages,
                cursor={"batchSize": SITES_MAX},
                codec_options=self._database.codec_options,
            )
        return [
            SiteSummary(row["_id"], row["assets"], row["online"], row["last_seen_at"])
            for row in reply["cursor"]["firstBatch"]
        ]


async def _among(collection: Any, field: str, values: Collection[str]) -> list[Document]:
    """Every document whose `field` is one of `values`, without its outbox."""
    wanted = list(values)
    parts = [wanted[at : at + IN_MAX] for at in range(0, len(wanted), IN_MAX)]
    finds = (collection.find({field: {"$in": part}}, {"outbox": 0}).to_list(None) for part in parts)
    return list(chain.from_iterable(await asyncio.gather(*finds)))


async def _all_applied(collection: Any, operations: list[Any]) -> bool:
    """Whether each operation inserted or matched its document; the others are done all the same."""
    if not operations:
        return True
    with translated():
        try:
            result = await collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            errors = error.details["writeErrors"]
            if all(each["code"] == DUPLICATE_KEY for each in errors):
                return False
            raise
    return bool(result.inserted_count + result.matched_count == len(operations))


def _successor(id: str, documents: Mapping[str, Document]) -> str:
    while id in documents and "merged_into" in documents[id]:
        id = documents[id]["merged_into"]
    return id


def _writing(write: Write, records: Sequence[Outgoing]) -> InsertOne[Document] | UpdateOne:
    document, outbox = _document(write.after), pending(records)
    if write.before is None:
        return InsertOne({"_id": write.after.id, **document, "outbox": outbox})
    return UpdateOne(
        {"_id": write.before.id, "revision": write.before.revision, **LIVE},
        {"$set": document, "$push": {"outbox": {"$each": outbox}}},
    )


def _removing(removal: Removal, records: Sequence[Outgoing]) -> UpdateOne:
    return UpdateOne(
        {"_id": removal.asset.id, "revision": removal.asset.revision, **LIVE},
        {
            "$set": {"merged_into": removal.successor, "views": [], "targets": []},
            "$push": {"outbox": {"$each": pending(records)}},
        },
    )


def _seeing(seen: Seen) -> UpdateOne:
    latest = {"views.$[view].observed_at": seen.observed_at}
    if seen.alive:
        latest["last_seen_at"] = seen.observed_at
    return UpdateOne(
        {"_id": seen.asset_id, "views.source": seen.source},
        {"$max": latest},
        array_filters=[{"view.source": seen.source}],
    )


def _document(asset: Asset) -> Document:
    return {
        "site": asset.site,
        "path": asset.path,
        "attributes": dict(asset.attributes),
        "reachability": asset.reachability.value,
        "health": asset.health.value,
        "health_reason": asset.health_reason,
        "views": [_view_document(view) for view in asset.views],
        "proven": [_key_document(key) for key in sorted(asset.proven)],
        "targets": sorted({"/".join(source.split("/")[:2]) for source in asset.sources}),
        "discovered_at": asset.discovered_at,
        "changed_at": asset.changed_at,
        "last_seen_at": asset.last_seen_at,
        "revision": asset.revision,
    }


def _asset(document: Document) -> Asset:
    return Asset(
        id=document["_id"],
        discovered_at=document["discovered_at"],
        changed_at=document["changed_at"],
        views=tuple(_view(view) for view in document["views"]),
        proven=frozenset(_key(key) for key in document["proven"]),
        attributes=document["attributes"],
        site=document["site"],
        path=document["path"],
        reachability=Reachability(document["reachability"]),
        health=Health(document["health"]),
        health_reason=document["health_reason"],
        last_seen_at=document["last_seen_at"],
        revision=document["revision"],
    )


def _view_document(view: View) -> Document:
    return {
        "source": view.source,
        "site": view.site,
        "path": view.path,
        "observed_at": view.observed_at,
        "report_id": view.report_id,
        "reachability": view.reachability.value,
        "health": view.health.value,
        "health_reason": view.health_reason,
        "attributes": dict(view.attributes),
        "keys": [_key_document(key) for key in view.keys],
    }


def _view(document: Document) -> View:
    return View(
        **{
            **document,
            "reachability": Reachability(document["reachability"]),
            "health": Health(document["health"]),
            "keys": tuple(_key(key) for key in document["keys"]),
        }
    )


def _key_document(key: Key) -> list[Any]:
    return [int(key.tier), key.scope, key.kind, key.value]


def _key(parts: list[Any]) -> Key:
    return Key(Tier(parts[0]), *parts[1:])
