"""Deliveries, announced alarms and who works for which receiver, in MongoDB.

Only calls that Motor and PyMongo's AsyncMongoClient share are used.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from isthmus.alerting.domain.notices.delivery import (
    Announced,
    Attempt,
    Delivery,
    DeliveryState,
    Pending,
    Verdict,
)
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.runtime.store import DUPLICATE_KEY, translated

Document = dict[str, Any]
ATTEMPTS_MAX = 20
"""Attempts that a delivery shows, the last ones."""
IN_MAX = 50
LOOK_MAX = 500
COUNT_MAX = 10_000
QUEUE = {"receiver": "due_at", "line": "seq", "alarm": "seq"}
"""Indexes of what waits."""


class MongoDeliveries:
    """The collections `waiting`, `deliveries` (those that ended), `announced` and `receivers`.

    What waits stands apart, because moving a document out of a short queue costs less than keeping
    the indexes of a long history true, and because it must not expire with it.
    """

    def __init__(self, database: Any, retention_s: float) -> None:
        self._waiting = database["waiting"]
        self._ended = database["deliveries"]
        self._announced = database["announced"]
        self._receivers = database["receivers"]
        self._retention = timedelta(seconds=retention_s)

    async def prepare(self) -> None:
        """Make the indexes; idempotent. The store itself removes what has expired."""
        with translated():
            for name, field in QUEUE.items():
                await self._waiting.create_index([(name, ASCENDING), (field, ASCENDING)])
            await self._ended.create_index("order")
            for name in ("alarm", "receiver", "state"):
                await self._ended.create_index([(name, ASCENDING), ("order", ASCENDING)])
            await self._ended.create_index("expires_at", expireAfterSeconds=0, name="retention")
            await self._announced.create_index("receivers", name="receivers")

    async def insert(self, deliveries: Iterable[Delivery]) -> int:
        """See DeliveryStore."""
        given = {each.id: each for each in deliveries}
        with translated():
            ended = await self._known(list(given))
            fresh = [each for id, each in given.items() if id not in ended]
            queued = [_document(each) for each in fresh if each.state is DeliveryState.WAITING]
            count = await _insert(self._waiting, queued)
            late = [each for each in fresh if each.state is not DeliveryState.WAITING]
            return count + await _insert(self._ended, [self._history(each) for each in late])

    async def cancel(self, alarm_id: str, before_seq: int) -> int:
        """See DeliveryStore."""
        wanted = {"alarm": alarm_id, "step": {"$gt": 0}, "seq": {"$lt": before_seq}}
        with translated():
            found = [_delivery(each) async for each in self._waiting.find(wanted)]
            ended = [self._history(replace(each, state=DeliveryState.CANCELLED)) for each in found]
            # One that is being sent in this moment ends as sent: whoever comes second leaves it.
            await _insert(self._ended, ended)
            await self._delete([each.id for each in found])
        return len(found)

    async def announced(self, ids: Collection[str]) -> dict[str, Announced]:
        """See DeliveryStore."""
        found: dict[str, Announced] = {}
        with translated():
            for some in _parts(list(ids)):
                async for each in self._announced.find({"_id": {"$in": some}}):
                    found[each["_id"]] = _announced(each)
        return found

    async def announce(self, after: Mapping[str, Announced | None]) -> None:
        """See DeliveryStore."""
        writes = [_write(id, each) for id, each in after.items()]
        if not writes:
            return
        with translated():
            try:
                await self._announced.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # The upsert of an older one meets the newer one's id: that one stays.
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise

    async def standing(self, receiver: str) -> AsyncIterator[Notice]:
        """See DeliveryStore."""
        with translated():
            async for each in self._announced.find({"receivers": receiver}):
                if not each["quiet"]:
                    yield _notice(each["notice"])

    async def due(self, receiver: str, now: datetime) -> list[Delivery]:
        """See DeliveryStore."""
        wanted = {"receiver": receiver, "due_at": {"$lte": now}}
        with translated():
            ripe = self._waiting.find(wanted).sort("due_at", ASCENDING).limit(LOOK_MAX)
            found = [_delivery(each) async for each in ripe]
            first = await self._first({each.line for each in found})
        return [each for each in found if each.notice.seq == first.get(each.line)]

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """See DeliveryStore."""
        ended = [each for each in deliveries if each.state is not DeliveryState.WAITING]
        again = [_again(each) for each in deliveries if each.state is DeliveryState.WAITING]
        with translated():
            await _insert(self._ended, [self._history(each) for each in ended], replacing=True)
            await self._delete([each.id for each in ended])
            if again:
                await self._waiting.bulk_write(again, ordered=False)

    async def waiting(self, receiver: str, now: datetime) -> tuple[int, datetime | None]:
        """See DeliveryStore."""
        wanted = {"receiver": receiver, "due_at": {"$lte": now}}
        with translated():
            count = await self._waiting.count_documents(wanted, limit=COUNT_MAX)
            oldest = self._waiting.find(wanted, {"due_at": 1}).sort("due_at", ASCENDING)
            found = await oldest.limit(1).to_list(1)
        return count, found[0]["due_at"] if found else None

    async def find(self, id: str) -> Delivery | None:
        """See DeliveryStore."""
        with translated():
            found = await self._waiting.find_one({"_id": id})
            found = found or await self._ended.find_one({"_id": id})
        return _delivery(found) if found else None

    async def replay(self, id: str, now: datetime) -> bool:
        """See DeliveryStore."""
        with translated():
            found = await self._ended.find_one({"_id": id})
            if found is None:
                return False
            again = replace(_delivery(found), state=DeliveryState.WAITING, due_at=now, tries=0)
            queued = await _insert(self._waiting, [_document(again)])
            await self._ended.delete_one({"_id": id})
        return bool(queued)

    async def page(
        self,
        *,
        sites: frozenset[str] | None,
        receiver: str | None,
        state: DeliveryState | None,
        alarm_id: str | None,
        before: str,
        limit: int,
    ) -> list[tuple[str, Delivery]]:
        """See DeliveryStore."""
        # Without a bound the store would not take the index of the order.
        wanted: Document = {"order": {"$lt": before} if before else {"$gt": ""}}
        wanted |= {"receiver": receiver} if receiver else {}
        wanted |= {"state": state.value} if state else {}
        wanted |= {"alarm": alarm_id} if alarm_id else {}
        wanted |= {"site": {"$in": sorted(sites)}} if sites is not None else {}
        asked = [self._waiting] * (state in (None, DeliveryState.WAITING))
        asked += [self._ended] * (state is not DeliveryState.WAITING)
        found: dict[str, Delivery] = {}
        with translated():
            for collection in asked:
                listed = collection.find(wanted).sort("order", DESCENDING).limit(limit)
                found |= {each["order"]: _delivery(each) async for each in listed}
        return sorted(found.items(), reverse=True)[:limit]

    async def hold(self, receiver: str, holder: str, now: datetime, until: datetime) -> bool:
        """See DeliveryStore."""
        mine = {"$set": {"holder": holder, "until": until}}
        with translated():
            same = await self._receivers.update_one({"_id": receiver, "holder": holder}, mine)
            if same.matched_count:
                return True
            try:
                free = {"_id": receiver, "until": {"$lt": now}}
                await self._receivers.update_one(free, mine, upsert=True)
            except DuplicateKeyError:
                return False  # it is there, and held
        return True

    async def release(self, receiver: str, holder: str) -> None:
        """See DeliveryStore."""
        with translated():
            await self._receivers.delete_one({"_id": receiver, "holder": holder})

    async def stand(self, receiver: str, holder: str, standing: Standing) -> None:
        """See DeliveryStore."""
        with translated():
            await self._receivers.update_one(
                {"_id": receiver, "holder": holder}, {"$set": {"standing": asdict(standing)}}
            )

    async def stood(self) -> dict[str, Standing]:
        """See DeliveryStore."""
        with translated():
            found = [each async for each in self._receivers.find({})]
        return {d["_id"]: Standing(**d["standing"]) for d in found if "standing" in d}

    async def _known(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that have ended."""
        found: set[str] = set()
        for some in _parts(ids):
            ended = self._ended.find({"_id": {"$in": some}}, {"_id": 1})
            found |= {each["_id"] async for each in ended}
        return found

    async def _first(self, lines: Collection[str]) -> dict[str, int]:
        """The lowest `seq` that waits in each line."""
        first: dict[str, int] = {}
        for some in _parts(list(lines)):
            async for each in self._waiting.find({"line": {"$in": some}}, {"line": 1, "seq": 1}):
                first[each["line"]] = min(each["seq"], first.get(each["line"], each["seq"]))
        return first

    async def _delete(self, ids: Sequence[str]) -> None:
        for some in _parts(ids):
            await self._waiting.delete_many({"_id": {"$in": some}})

    def _history(self, delivery: Delivery) -> Document:
        return _document(delivery) | {"expires_at": delivery.queued_at + self._retention}


async def _insert(
    collection: Any, documents: Sequence[Document], *, replacing: bool = False
) -> int:
    """Insert those that are not there, and replace the others if told to; how many were new."""
    if not documents:
        return 0
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        wrong = error.details["writeErrors"]
        if any(each["code"] != DUPLICATE_KEY for each in wrong):
            raise
        there = [documents[each["index"]] for each in wrong]
        for each in there if replacing else ():
            await collection.replace_one({"_id": each["_id"]}, each)
        return len(documents) - len(there)
    return len(documents)


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), IN_MAX):
        yield list(names[start : start + IN_MAX])


def _document(delivery: Delivery) -> Document:
    notice = delivery.notice
    milliseconds = int(delivery.queued_at.timestamp() * 1000)
    return {
        "_id": delivery.id,
        "order": f"{milliseconds:013x}-{delivery.id}",
        "alarm": notice.alarm_id,
        "seq": notice.seq,
        "site": notice.site,
        "receiver": delivery.receiver,
        "line": delivery.line,
        "step": delivery.step,
        "group": delivery.group,
        "state": delivery.state.value,
        "queued_at": delivery.queued_at,
        "due_at": delivery.due_at,
        "tries": delivery.tries,
        "attempts": [_tried(each) for each in delivery.attempts[-ATTEMPTS_MAX:]],
        "notice": _said(notice),
    }


def _tried(attempt: Attempt) -> Document:
    return asdict(attempt) | {"verdict": attempt.verdict.value}


def _said(notice: Notice) -> Document:
    said = {name: value for name, value in asdict(notice).items() if value not in ("", None)}
    return said | {"event": notice.event.value}


def _write(id: str, announced: Announced | None) -> UpdateOne | DeleteOne:
    if announced is None:
        return DeleteOne({"_id": id})
    seq = announced.notice.seq
    said = {
        "seq": seq,
        "receivers": list(announced.receivers),
        "since": announced.since,
        "pending": [asdict(each) for each in announced.pending],
        "quiet": announced.quiet,
        "notice": _said(announced.notice),
    }
    return UpdateOne({"_id": id, "seq": {"$lte": seq}}, {"$set": said}, upsert=True)


def _again(delivery: Delivery) -> UpdateOne:
    tried = [_tried(each) for each in delivery.attempts[-ATTEMPTS_MAX:]]
    changed = {"due_at": delivery.due_at, "tries": delivery.tries, "attempts": tried}
    return UpdateOne({"_id": delivery.id}, {"$set": changed})


def _delivery(document: Document) -> Delivery:
    return Delivery(
        notice=_notice(document["notice"]),
        receiver=document["receiver"],
        queued_at=document["queued_at"],
        due_at=document["due_at"],
        step=document["step"],
        group=document["group"],
        state=DeliveryState(document["state"]),
        tries=document["tries"],
        attempts=tuple(
            Attempt(**each | {"verdict": Verdict(each["verdict"])}) for each in document["attempts"]
        ),
    )


def _announced(document: Document) -> Announced:
    return Announced(
        notice=_notice(document["notice"]),
        receivers=tuple(document["receivers"]),
        since=document["since"],
        pending=tuple(Pending(**each) for each in document["pending"]),
        quiet=document["quiet"],
    )


def _notice(document: Document) -> Notice:
    # A document of another version may have other fields: absent ones take their defaults.
    known = {name: document[name] for name in NOTICE if name in document}
    return Notice(**known | {"event": Event(known["event"])})


NOTICE = [field.name for field in fields(Notice)]
