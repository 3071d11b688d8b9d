"""The books in MongoDB, and what contracts cover; only calls that both clients share."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Generic

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.inventory.adapters.queries import LIVE, Document, among, portions
from isthmus.inventory.domain.assets.model import Status
from isthmus.inventory.domain.money.books import B, Version
from isthmus.inventory.domain.money.contracts import Coverage, Stock
from isthmus.inventory.ports.money import DueEntry
from isthmus.runtime.errors import Retryable
from isthmus.runtime.store import translated

COUNTED = [status.value for status in Status if status is not Status.IGNORED]
PLACES_MAX = 50_000  # of one site: 16 MB of an answer hold some more
NO_VERSIONS = {"versions": 0}
PRICE = {"input": "$attributes.purchase_price", "to": "decimal", "onError": None, "onNull": None}


class MongoBook(Generic[B]):
    """One collection of contracts, of work or of exchange rates.

    A document holds all its versions: who, when, and what stood there since. What is removed
    stays, without a row, so that its history does.
    """

    def __init__(self, collection: Any, parse: Callable[[object], B]) -> None:
        self._collection = collection
        self._parse = parse

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            for name in ("site", "about"):
                keys = [(name, ASCENDING), ("cursor", ASCENDING)]
                await self._collection.create_index(keys, name=name)
            await self._collection.create_index("cursor", name="cursor")

    async def latest(self, id: str) -> Version[B] | None:
        with translated():
            document = await self._collection.find_one({"_id": id}, NO_VERSIONS)
        return self._version(id, document) if document else None

    async def versions(self, id: str) -> list[Version[B]]:
        with translated():
            document = await self._collection.find_one({"_id": id}, {"versions": 1})
        return [self._version(id, each) for each in document["versions"]] if document else []

    async def write(self, version: Version[B]) -> bool:
        made = _document(version)
        standing = {"_id": version.id, "revision": version.revision - 1}
        with translated():
            if version.revision > 1:
                update = {"$set": {**made, **_found_by(version)}, "$push": {"versions": made}}
                return bool((await self._collection.update_one(standing, update)).modified_count)
            first = {"_id": version.id, **made, **_found_by(version), "versions": [made]}
            try:
                await self._collection.insert_one(first)
            except DuplicateKeyError:
                return False
        return True

    async def listed(
        self, *, sites: frozenset[str] | None, about: str = "", after: str, limit: int
    ) -> list[Version[B]]:
        query: Document = {"cursor": {"$gt": after}}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        if about:
            query["about"] = about
        with translated():
            found = self._collection.find(query, NO_VERSIONS).sort("cursor", ASCENDING).limit(limit)
            return [self._version(each["_id"], each) for each in await found.to_list(limit)]

    async def about(self, things: Collection[str]) -> list[Version[B]]:
        found = await among(self._collection, "about", things, projection=NO_VERSIONS)
        documents = {each["_id"]: each for each in found}
        ordered = sorted(documents.values(), key=lambda each: str(each["cursor"]))
        return [self._version(each["_id"], each) for each in ordered]

    def _version(self, id: str, document: Document) -> Version[B]:
        row = document["row"]
        return Version(
            id=id,
            revision=document["revision"],
            at=document["at"],
            by=document["by"],
            value=self._parse(row) if row is not None else None,
            request=document["request"],
        )


def _document(version: Version[Any]) -> Document:
    return {
        "revision": version.revision,
        "at": version.at,
        "by": version.by,
        "row": version.value.row if version.value else None,
        "request": version.request,
    }


def _found_by(version: Version[Any]) -> Document:
    """What lists and look-ups find it by: nothing once it was removed."""
    if version.value is None:
        return {"site": None, "about": [], "cursor": None}
    value = version.value
    return {"site": value.site, "about": list(value.about), "cursor": version.cursor}


class MongoDueWork:
    """The collection of the maintenance log, by the day on which its work is due again."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Make the index; idempotent."""
        with translated():
            await self._collection.create_index("row.next_due_on", name="next_due_on")

    async def due(
        self, sites: frozenset[str] | None, first: date, last: date, after: str, limit: int
    ) -> list[DueEntry]:
        query: Document = {
            "row.next_due_on": {"$gte": first.isoformat(), "$lte": last.isoformat()},
            "_id": {"$gt": after},
        }
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        with translated():
            found = self._collection.find(query, {"row.asset": 1}).sort("_id", ASCENDING)
            documents = await found.limit(limit).to_list(limit)
        return [DueEntry(each["_id"], each["row"]["asset"]) for each in documents]


class MongoCovered:
    """What contracts cover, by the collection `assets`, which is only read."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._assets = database["assets"]

    async def places(self, site: str) -> list[Stock]:
        key = {"site": "$site", "path": "$path", "currency": "$attributes.currency"}
        found: dict[tuple[str, str], Stock] = {}
        for group in await self._sums({"site": site} if site else {}, key):
            where = (group["_id"]["site"], group["_id"]["path"])
            before = found.get(where, Stock(*where, 0, {}))
            prices = {**before.prices, **_price(group, group["_id"].get("currency"))}
            found[where] = Stock(*where, before.assets + group["assets"], prices)
        return list(found.values())

    async def named(self, ids: Collection[str]) -> Coverage:
        prices: dict[str, Decimal] = {}
        for some in portions(await self._now(ids)):
            for group in await self._sums({"_id": {"$in": some}}, "$attributes.currency"):
                for code, price in _price(group, group["_id"]).items():
                    prices[code] = prices.get(code, Decimal(0)) + price
        return Coverage(len(ids), prices)

    async def _now(self, ids: Collection[str]) -> set[str]:
        """The assets that these have become."""
        live, ahead = set[str](), set(ids)
        while ahead:
            found = await among(self._assets, "_id", ahead, projection={"merged_into": 1})
            live |= {each["_id"] for each in found if "merged_into" not in each}
            ahead = {each["merged_into"] for each in found if each.get("merged_into")}
        return live

    async def _sums(self, where: Document, key: Any) -> list[Document]:
        """How many assets there are by `key`, which has their currency, and what they cost."""
        group = {"_id": key, "assets": {"$sum": 1}, "price": {"$sum": {"$convert": PRICE}}}
        counted = [{"$match": {**where}}] if where else []
        stages = [*counted, {"$match": {"status": {"$in": COUNTED}, **LIVE}}, {"$group": group}]
        with translated():
            answer = await self._database.command(
                "aggregate", "assets", pipeline=stages, cursor={"batchSize": PLACES_MAX}
            )
        found: list[Document] = answer["cursor"]["firstBatch"]
        if answer["cursor"]["id"]:
            raise Retryable(f"assets stand at more than {PLACES_MAX} places of one site")
        return found

    async def now(self, id: str) -> str:
        return next(iter(await self._now([id])), id)

    async def merged(self, ids: Collection[str]) -> Mapping[str, str]:
        now: dict[str, str] = {id: id for id in ids}
        ahead = set(ids)
        while ahead:
            found = await among(self._assets, "merged_into", ahead, projection={"merged_into": 1})
            now |= {each["_id"]: now[each["merged_into"]] for each in found}
            ahead = {each["_id"] for each in found}
        return {former: id for former, id in now.items() if former != id}


def _price(group: Document, currency: str | None) -> dict[str, Decimal]:
    """The sum of a group by its currency; nothing where nobody says a price."""
    price = Decimal(str(group["price"]))
    return {currency or "": price} if price else {}
