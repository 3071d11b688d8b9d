"""What was still bad after maintenance, in MongoDB: one document an owner and occurrence.

Only calls that Motor and PyMongo's AsyncMongoClient share are used.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.alerting.ports.quiet import Bad, Part
from isthmus.runtime.store import translated

PARTS_MAX = 256
"""Owners of alarms, topic and partition, whose parts are put together to one report."""


class Reports:
    """The reports of the service."""

    def __init__(self, collection: Any, retention_s: float) -> None:
        self.collection = collection
        self._retention = timedelta(seconds=retention_s)

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self.collection.create_index([("window", 1), ("end", -1)], name="window")
            await self.collection.create_index("expires_at", expireAfterSeconds=0, name="retention")

    async def add(self, part: Part) -> bool:
        """See ReportStore."""
        id = f"{part.window}|{part.start.isoformat()}|{part.owner}"
        made = asdict(part) | {"_id": id, "expires_at": part.end + self._retention}
        made["still_bad"] = [asdict(each) for each in part.still_bad]
        with translated():
            try:
                await self.collection.insert_one(made)
            except DuplicateKeyError:
                return False
        return True

    async def of(self, window: str, before: Any, limit: int) -> list[Part]:
        """See ReportStore."""
        wanted: dict[str, Any] = {"window": window}
        if before is not None:
            wanted["end"] = {"$lt": before}
        found: list[Part] = []
        ends: set[Any] = set()
        with translated():
            cursor = self.collection.find(wanted).sort([("end", DESCENDING)])
            async for each in cursor.limit(limit * PARTS_MAX):
                ends.add(each["end"])
                if len(ends) > limit:
                    break
                found.append(_part(each))
        return found


def _part(document: Mapping[str, Any]) -> Part:
    names = ("window", "site", "start", "end", "owner", "at", "count")
    bad = tuple(Bad(**each) for each in document["still_bad"])
    return Part(**{name: document[name] for name in names}, still_bad=bad)
