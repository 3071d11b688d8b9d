"""Sightings in MongoDB, and those that are over; only calls that AsyncMongoClient shares."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.inventory.adapters.queries import Document, among
from isthmus.inventory.domain.relations.ageing import Ended, then
from isthmus.inventory.domain.relations.links import Sighting, SightingKind, Table
from isthmus.inventory.ports.relations import Shown
from isthmus.runtime.store import DUPLICATE_KEY, translated

COLUMNS = ("kind", "port", "mac", "address", "name", "remote_port", "description")
SHORT = {"site": 1, "digest": 1, "last_at": 1, "ttl_s": 1}
KEPT_DAYS = 400
"""As long as the log of what was asked of devices: a year can be compared with the one before."""


class MongoSightings:
    """The collections `sightings`, one document for each source, and `sightings_ended`."""

    def __init__(self, database: Any) -> None:
        self._sightings = database["sightings"]
        self._ended = database["sightings_ended"]

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self._sightings.create_index("site", name="site")
            await self._ended.create_index(
                [("site", ASCENDING), ("until", ASCENDING)], name="site_until"
            )
            await self._ended.create_index(
                "until", name="retention", expireAfterSeconds=KEPT_DAYS * 86_400
            )

    async def shown(self) -> Mapping[str, Shown]:
        with translated():
            found = await self._sightings.find({}, SHORT).to_list(None)
        return {
            d["_id"]: Shown(d["site"], d["digest"], d["last_at"], timedelta(seconds=d["ttl_s"]))
            for d in found
        }

    async def tables_of(self, sources: Collection[str]) -> Mapping[str, Table]:
        return {each["_id"]: _table(each) for each in await among(self._sightings, "_id", sources)}

    async def keep(self, tables: Sequence[tuple[Table, Ended | None]]) -> None:
        over = [InsertOne(_ended_document(ended)) for _, ended in tables if ended]
        updates = [
            UpdateOne(
                {"_id": each.source, "last_at": {"$lte": each.shown_at}},
                {"$set": _table_document(each)},
                upsert=True,
            )
            for each, _ in tables
        ]
        # What is over first: after a crash between the two, both are done again.
        await _written(self._ended, over)
        await _written(self._sightings, updates)

    async def seen_at(self, site: str, limit: int) -> list[Table]:
        with translated():
            found = self._sightings.find({"site": site}).sort("_id", ASCENDING).limit(limit)
            return [_table(each) for each in await found.to_list(limit)]

    async def seen_then(self, site: str, at: datetime, limit: int) -> list[Table]:
        """At most `limit` tables of a site as they were."""
        with translated():
            found = self._ended.find({"site": site, "until": {"$gt": at}})
            ended = [_ended(each) for each in await found.to_list(None)]
        return then(await self.seen_at(site, limit), ended, at)[:limit]


async def _written(collection: Any, writes: list[Any]) -> None:
    """Write all; what is there already is there, and a newer one stays."""
    with translated():
        try:
            if writes:
                await collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            if any(each["code"] != DUPLICATE_KEY for each in error.details["writeErrors"]):
                raise


def _columns(sightings: Iterable[Sighting]) -> Document:
    rows = [
        (s.kind.value, s.port, s.mac, s.address, s.name, s.remote_port, s.description)
        for s in sightings
    ]
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=False))
    return {name: columns.get(name, []) for name in COLUMNS}


def _sightings(document: Document) -> list[Sighting]:
    kinds = (SightingKind(each) for each in document["kind"])
    others = (document[name] for name in COLUMNS[1:])
    return [Sighting(*row) for row in zip(kinds, *others, strict=True)]


def _table_document(table: Table) -> Document:
    return {
        "site": table.site,
        "at": table.at,
        "digest": table.digest,
        **_columns(table.sightings),
        "since": [table.since.get(each, table.at) for each in table.sightings],
        "uplinks": [[port, count] for port, count in table.uplinks.items()],
        "last_at": table.shown_at,
        "ttl_s": table.ttl.total_seconds(),
    }


def _table(document: Document) -> Table:
    seen = _sightings(document)
    return Table(
        source=document["_id"],
        site=document["site"],
        at=document["at"],
        sightings=tuple(seen),
        uplinks={port: count for port, count in document["uplinks"]},
        since=dict(zip(seen, document["since"], strict=True)),
        last_at=document["last_at"],
        ttl=timedelta(seconds=document["ttl_s"]),
    )


def _ended_document(ended: Ended) -> Document:
    return {
        "_id": f"{ended.source}@{ended.until.isoformat()}",
        "source": ended.source,
        "site": ended.site,
        "until": ended.until,
        **_columns(ended.since),
        "since": list(ended.since.values()),
    }


def _ended(document: Document) -> Ended:
    since = dict(zip(_sightings(document), document["since"], strict=True))
    return Ended(document["source"], document["site"], document["until"], since)
