"""Alarms in MongoDB, one document each.

Only calls that Motor and PyMongo's AsyncMongoClient share are used. The next version of an alarm
is a compare-and-set on `revision`; its transitions and its outbox stand in the same document.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.alerting.adapters.alarms import documents
from isthmus.alerting.adapters.alarms.documents import PROJECTION
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.ports.alarms import Filter, Page, Place, Version
from isthmus.runtime.store import DUPLICATE_KEY, pending, translated

TRANSITIONS_MAX = 100
"""Transitions that an alarm's document keeps for the API; the topic has them all."""
EPOCH = datetime.fromtimestamp(0, UTC)
IN_MAX = 50
"""Ids in one question: a store may need time that grows with the square of a list."""
INDEXES = {
    "open": ["stream", "partition", "open", "_id"],
    "rested": ["rested_at"],
    "raised": ["-raised_at", "-_id"],
    "site": ["site", "-raised_at", "-_id"],
    "state": ["state", "-raised_at", "-_id"],
}
LATEST_FIRST = [("raised_at", DESCENDING), ("_id", DESCENDING)]


class Alarms:
    """The alarms of the service."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            for name, names in INDEXES.items():
                await self.collection.create_index([_direction(n) for n in names], name=name)

    async def write(self, versions: Sequence[Version]) -> set[str]:
        """See AlarmStore."""
        return await self._write(versions, _next)

    async def forget(self, versions: Sequence[Version]) -> set[str]:
        """See AlarmStore."""
        return await self._write(versions, _last)

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """See AlarmStore."""
        found: dict[str, Alarm] = {}
        with translated():
            for some in _parts(ids):
                async for each in self.collection.find({"_id": {"$in": some}}, PROJECTION):
                    found[each["_id"]] = documents.alarm(each)
        return found

    async def open(self, stream: str, partition: int, after: str, limit: int) -> list[Alarm]:
        """See AlarmStore."""
        wanted = {"stream": stream, "partition": partition, "open": True, "_id": {"$gt": after}}
        return await self._sought(wanted, [("_id", ASCENDING)], limit)

    async def rested(self, before: datetime, limit: int) -> list[Alarm]:
        """See AlarmStore."""
        wanted = {"rested_at": {"$lte": before}}
        return await self._sought(wanted, [("rested_at", ASCENDING)], limit)

    async def page(self, wanted: Filter, limit: int, after: Place | None) -> Page:
        """See AlarmStore."""
        found: list[Alarm] = []
        for raised in _ranges(wanted.since or EPOCH, after):
            query = _query(wanted) | raised
            found += await self._sought(query, LATEST_FIRST, limit + 1 - len(found))
            if len(found) > limit:
                break
        last = found[limit - 1] if len(found) > limit else None
        place = (last.raised_at, last.id) if last and last.raised_at else None
        return Page(tuple(found[:limit]), place)

    async def transitions(self, id: str) -> list[Transition]:
        """See AlarmStore."""
        with translated():
            document = await self.collection.find_one({"_id": id}, {"transitions": 1})
        return [documents.transition(each) for each in (document or {}).get("transitions", [])]

    async def _sought(
        self, wanted: Mapping[str, Any], order: list[tuple[str, int]], limit: int
    ) -> list[Alarm]:
        with translated():
            cursor = self.collection.find(wanted, PROJECTION).sort(order).limit(limit)
            return [documents.alarm(document) async for document in cursor]

    async def _write(
        self, versions: Sequence[Version], updated: Callable[[Version, str], UpdateOne]
    ) -> set[str]:
        if not versions:
            return set()
        token = uuid4().hex
        with translated():
            try:
                result = await self.collection.bulk_write(
                    [updated(version, token) for version in versions], ordered=False
                )
            except BulkWriteError as error:
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise
            else:
                if result.matched_count + result.upserted_count == len(versions):
                    return set()
            return await self._others({version.alarm.id for version in versions}, token)

    async def _others(self, ids: set[str], token: str) -> set[str]:
        """Those of `ids` that were not written with `token`."""
        mine: set[str] = set()
        for some in _parts(ids):
            found = self.collection.find({"_id": {"$in": some}, "written": token}, {"_id": 1})
            mine |= {document["_id"] async for document in found}
        return ids - mine


def _next(version: Version, token: str) -> UpdateOne:
    document = documents.document(version.alarm) | {"written": token}
    push: dict[str, Any] = {}
    if version.transitions:
        steps = [documents.step(transition) for transition in version.transitions]
        push["transitions"] = {"$each": steps, "$slice": -TRANSITIONS_MAX}
    return _compare_and_set(version, {"$set": document}, push)


def _last(version: Version, token: str) -> UpdateOne:
    document = documents.forgotten(version.alarm) | {"written": token}
    gone = dict.fromkeys([*documents.document(version.alarm), "transitions"] - document.keys(), "")
    return _compare_and_set(version, {"$set": document, "$unset": gone}, {})


def _compare_and_set(version: Version, update: dict[str, Any], push: dict[str, Any]) -> UpdateOne:
    if version.outbox:
        push["outbox"] = {"$each": pending(version.outbox)}
    before = version.alarm.revision - 1
    return UpdateOne(
        # Of a first version there must be none: the upsert of a second one is a duplicate key.
        {"_id": version.alarm.id, "revision": before},
        {**update, **({"$push": push} if push else {})},
        upsert=before == 0,
    )


def _ranges(since: datetime, after: Place | None) -> Iterator[dict[str, Any]]:
    """Where a page may find its alarms, one range of the index after the other."""
    if after is None:
        yield {"raised_at": {"$gte": since}}
        return
    at, id = after
    yield {"raised_at": at, "_id": {"$lt": id}}
    yield {"raised_at": {"$gte": since, "$lt": at}}


def _query(wanted: Filter) -> dict[str, Any]:
    said = {
        "state": wanted.state and wanted.state.value,
        "priority": wanted.priority,
        "asset_class": wanted.asset_class,
        "rule": wanted.rule,
        "held": wanted.suppressed,
        "site": None if wanted.sites is None else {"$in": sorted(wanted.sites)},
        "path": wanted.path and {"$regex": f"^{re.escape(wanted.path)}(/|$)"},
    }
    return {name: value for name, value in said.items() if value is not None}


def _direction(name: str) -> tuple[str, int]:
    return (name[1:], DESCENDING) if name.startswith("-") else (name, ASCENDING)


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), IN_MAX):
        yield ordered[start : start + IN_MAX]
