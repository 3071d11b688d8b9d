"""Alarms and sources in MongoDB, one document each.

Only calls that Motor and PyMongo's AsyncMongoClient share are used. The next version of an alarm
is a compare-and-set on `revision`; its transitions and its outbox stand in the same document.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.alerting.domain.alarm import Alarm, Condition, Kind, State, Transition
from isthmus.alerting.domain.source import Source
from isthmus.alerting.ports import Page, Version
from isthmus.runtime.store import DUPLICATE_KEY, pending, translated

TRANSITIONS_MAX = 100
"""Transitions that an alarm's document keeps for the API; the topic has them all."""


class Alarms:
    """The alarms of the service."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self.collection.create_index(
                [("partition", ASCENDING), ("condition", ASCENDING)], name="open"
            )
            await self.collection.create_index(
                [("raised_at", DESCENDING), ("_id", DESCENDING)], name="raised"
            )

    async def write(self, versions: Sequence[Version]) -> set[str]:
        """See AlarmStore."""
        if not versions:
            return set()
        token = uuid4().hex
        ids = [version.alarm.id for version in versions]
        with translated():
            try:
                result = await self.collection.bulk_write(
                    [_compare_and_set(version, token) for version in versions], ordered=False
                )
            except BulkWriteError as error:
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise
            else:
                if result.matched_count + result.upserted_count == len(versions):
                    return set()
            mine = self.collection.find({"_id": {"$in": ids}, "written": token}, {"_id": 1})
            return set(ids) - {document["_id"] async for document in mine}

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """See AlarmStore."""
        if not ids:
            return {}
        with translated():
            found = self.collection.find({"_id": {"$in": list(ids)}}, PROJECTION)
            return {document["_id"]: _alarm(document) async for document in found}

    async def open(self, partition: int) -> list[Alarm]:
        """See AlarmStore."""
        wanted = {"partition": partition, "condition": {"$ne": Condition.NORMAL.value}}
        with translated():
            return [_alarm(d) async for d in self.collection.find(wanted, PROJECTION)]

    async def page(
        self, site: str | None, state: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Page:
        """See AlarmStore."""
        wanted: dict[str, Any] = {"seq": {"$gt": 0}}
        wanted |= {"site": site} if site else {}
        wanted |= {"state": state} if state else {}
        if after:
            at, id = after
            wanted["$or"] = [{"raised_at": {"$lt": at}}, {"raised_at": at, "_id": {"$lt": id}}]
        with translated():
            cursor = self.collection.find(wanted, PROJECTION)
            cursor = cursor.sort([("raised_at", DESCENDING), ("_id", DESCENDING)])
            found = [_alarm(document) async for document in cursor.limit(limit + 1)]
        last = found[limit - 1] if len(found) > limit else None
        place = (last.raised_at, last.id) if last and last.raised_at else None
        return Page(tuple(found[:limit]), place)

    async def transitions(self, id: str) -> list[Transition] | None:
        """See AlarmStore."""
        with translated():
            document = await self.collection.find_one({"_id": id}, {"transitions": 1})
        if document is None:
            return None
        return [_transition(each) for each in document.get("transitions", [])]


class Sources:
    """The sources of reports, as they were last heard."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Make the index; idempotent."""
        with translated():
            await self.collection.create_index("partition", name="partition")

    async def save(self, sources: Iterable[Source]) -> None:
        """See SourceStore."""
        writes = [_newer(source) for source in sources]
        if not writes:
            return
        with translated():
            try:
                await self.collection.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # The upsert of an older one meets the newer one's id: that one stays.
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise

    async def load(self, partition: int) -> list[Source]:
        """See SourceStore."""
        with translated():
            found = self.collection.find({"partition": partition})
            return [_source(document) async for document in found]


def _compare_and_set(version: Version, token: str) -> UpdateOne:
    alarm = version.alarm
    document = asdict(alarm) | {"state": alarm.state.value, "written": token}
    document["condition"] = alarm.condition.value
    del document["id"]
    push: dict[str, Any] = {}
    if version.transitions:
        steps = [_document(transition) for transition in version.transitions]
        push["transitions"] = {"$each": steps, "$slice": -TRANSITIONS_MAX}
    if version.outbox:
        push["outbox"] = {"$each": pending(version.outbox)}
    before = alarm.revision - 1
    return UpdateOne(
        # Of a first version there must be none: the upsert of a second one is a duplicate key.
        {"_id": alarm.id, "revision": before},
        {"$set": document, **({"$push": push} if push else {})},
        upsert=before == 0,
    )


def _newer(source: Source) -> UpdateOne:
    document = asdict(source)
    name = document.pop("name")
    older = {"_id": name, "last_at": {"$lte": source.last_at}}
    return UpdateOne(older, {"$set": document}, upsert=True)


def _document(transition: Transition) -> dict[str, Any]:
    kind, state = transition.kind.value, transition.state.value
    return asdict(transition) | {"kind": kind, "state": state}


def _alarm(document: Mapping[str, Any]) -> Alarm:
    # A document of another version may have other fields: absent ones take their defaults.
    known = {name: document[name] for name in ALARM if name in document}
    known["condition"] = Condition(known["condition"])
    return Alarm(id=document["_id"], **known)


def _source(document: Mapping[str, Any]) -> Source:
    known = {name: document[name] for name in SOURCE if name in document}
    return Source(name=document["_id"], **known)


def _transition(document: Mapping[str, Any]) -> Transition:
    known = {"kind": Kind(document["kind"]), "state": State(document["state"])}
    return Transition(**{**document, **known})


ALARM = [field.name for field in fields(Alarm) if field.name != "id"]
SOURCE = [field.name for field in fields(Source) if field.name != "name"]
PROJECTION = dict.fromkeys(ALARM, 1)
