"""The audit log in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.runtime.door.model import below as places
from isthmus.runtime.guard import Entry
from isthmus.runtime.store import translated

Document = dict[str, Any]


class MongoAudit:
    """The collection `audit`: entries are added, get their outcome once, and end with their time.

    `_id` grows with time, so that it is order, cursor and time range in one.
    """

    def __init__(self, database: Any, retention_s: float) -> None:
        self._entries = database["audit"]
        self._retention = timedelta(seconds=retention_s)

    async def prepare(self) -> None:
        """Make the indexes; idempotent. The store itself removes what has expired."""
        with translated():
            await self._entries.create_index("expires_at", expireAfterSeconds=0, name="retention")
            for name in ("names", "below"):
                keys = [(name, ASCENDING), ("_id", DESCENDING)]
                await self._entries.create_index(keys, name=name)

    async def add(self, entry: Entry) -> None:
        """Keep `entry` (`guard.Audit`)."""
        document = {
            **asdict(entry),
            "_id": entry.id,
            "resources": list(entry.resources),
            "names": sorted({entry.who, entry.identity}),
            "below": list(places(entry.path)),
            "expires_at": entry.at + self._retention,
        }
        del document["id"]
        with translated():
            try:
                await self._entries.insert_one(document)
            except DuplicateKeyError:
                pass  # the driver tried again what had arrived

    async def close(self, entry: Entry) -> None:
        """Give an open entry its outcome; one that has it keeps it (`guard.Audit`)."""
        outcome = {
            "status": entry.status,
            "reason": entry.reason,
            "route": entry.route,
            "resources": list(entry.resources),
        }
        with translated():
            await self._entries.update_one({"_id": entry.id, "status": None}, {"$set": outcome})

    async def entries(
        self,
        *,
        who: str | None,
        below: str | None,
        since: datetime | None,
        until: datetime | None,
        before: str,
        limit: int,
    ) -> list[Entry]:
        query: Document = (
            {"_id": _between(since, until, before)} if since or until or before else {}
        )
        if who:
            query["names"] = who
        if below:
            query["below"] = places(below)[-1]
        with translated():
            found = self._entries.find(query).sort("_id", DESCENDING).limit(limit)
            return [_entry(each) for each in await found.to_list(limit)]


def _between(since: datetime | None, until: datetime | None, before: str) -> Document:
    upper = [edge for edge in (before, _first(until) if until else "") if edge]
    return {
        **({"$gte": _first(since)} if since else {}),
        **({"$lt": min(upper)} if upper else {}),
    }


def _first(at: datetime) -> str:
    """What every id from `at` on is not below."""
    return f"{max(0, int(at.timestamp() * 1000)):012x}"


def _entry(document: Document) -> Entry:
    said = {each.name: document[each.name] for each in fields(Entry) if each.name in document}
    return Entry(**{**said, "id": document["_id"], "resources": tuple(document["resources"])})
