"""Counters by site and ten minutes in MongoDB, one document each.

Only calls that Motor and PyMongo's AsyncMongoClient share are used. A document says how far it is
counted in each partition of the transitions, and grows only from there: what is read again is not
counted again.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.alerting.domain.quiet.kpis import Slot
from isthmus.alerting.ports.quiet import Counted, Gain, SlotKey
from isthmus.runtime.store import DUPLICATE_KEY, translated

IN_MAX = 50
"""Ids in one question: a store may need time that grows with the square of a list."""
NUMBERS = ("annunciated", "held", "acknowledged", "seen_soon", "waited_s", "others")
TALLIES = ("priorities", "alarms", "chattering")


class Slots:
    """The counters of the service."""

    def __init__(self, collection: Any, retention_s: float) -> None:
        self.collection = collection
        self._retention = timedelta(seconds=retention_s)

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self.collection.create_index([("site", 1), ("start", 1)], name="site")
            await self.collection.create_index([("start", 1)], name="start")
            await self.collection.create_index("expires_at", expireAfterSeconds=0, name="retention")

    async def read(self, keys: Collection[SlotKey]) -> dict[SlotKey, Counted]:
        """See SlotStore."""
        ids = {_id(key): key for key in keys}
        wanted = {"offsets": 1, "alarms": 1}
        found = {}
        with translated():
            for some in _parts(ids):
                async for each in self.collection.find({"_id": {"$in": some}}, wanted):
                    offsets = {int(name): offset for name, offset in each["offsets"].items()}
                    found[ids[each["_id"]]] = Counted(offsets, frozenset(each.get("alarms", ())))
        return found

    async def add(self, gains: Sequence[Gain]) -> set[SlotKey]:
        """See SlotStore."""
        if not gains:
            return set()
        token = uuid4().hex
        with translated():
            try:
                await self.collection.bulk_write(
                    [self._grown(gain, token) for gain in gains], ordered=False
                )
            except BulkWriteError as error:
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise
            return await self._others({_id(_key(gain)): _key(gain) for gain in gains}, token)

    async def between(
        self, sites: frozenset[str] | None, since: datetime, until: datetime, limit: int
    ) -> list[Slot]:
        """See SlotStore."""
        period: dict[str, Any] = {"start": {"$gte": since, "$lt": until}}
        queries = [period] if sites is None else [{"site": s, **period} for s in sorted(sites)]
        found: list[Slot] = []
        with translated():
            for query in queries:
                cursor = self.collection.find(query).limit(limit - len(found))
                found += [_slot(each) async for each in cursor]
                if len(found) >= limit:
                    break
        return found

    def _grown(self, gain: Gain, token: str) -> UpdateOne:
        slot, place = gain.slot, f"offsets.{gain.partition}"
        more = {name: said for name in NUMBERS if (said := getattr(slot, name))}
        for name in TALLIES:
            more |= {f"{name}.{key}": count for key, count in getattr(slot, name).items()}
        said = {"site": slot.site, "start": slot.start, place: gain.offset, "written": token}
        said["expires_at"] = slot.start + self._retention
        update: dict[str, Any] = {"$set": said}
        if more:
            update["$inc"] = more
        # Of a partition that is not counted yet there is nothing: the upsert of a slot that
        # another partition has begun is a duplicate key, or finds it.
        counted = {"_id": _id(_key(gain)), place: gain.before}
        return UpdateOne(counted, update, upsert=gain.before is None)

    async def _others(self, keys: Mapping[str, SlotKey], token: str) -> set[SlotKey]:
        """Those of `keys` that were not written with `token`."""
        lost = dict(keys)
        for some in _parts(keys):
            found = self.collection.find({"_id": {"$in": some}, "written": token}, {"_id": 1})
            async for each in found:
                del lost[each["_id"]]
        return set(lost.values())


def _key(gain: Gain) -> SlotKey:
    return gain.slot.site, gain.slot.start


def _id(key: SlotKey) -> str:
    return f"{key[0]}|{int(key[1].timestamp())}"


def _slot(document: Mapping[str, Any]) -> Slot:
    start = document["start"].astimezone(UTC)
    slot = Slot(document["site"], start, **{n: document.get(n, 0) for n in NUMBERS})
    for name in TALLIES:
        setattr(slot, name, Counter(document.get(name, {})))
    return slot


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), IN_MAX):
        yield ordered[start : start + IN_MAX]
