"""What was heard of targets, in MongoDB: one document for each site and partition.

Thousands of targets stand in one document, which is written whole: packed columns, because as
lists they would cost the store, and everybody who reads them, several times as much.
"""

import struct
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.inventory.adapters.queries import Document, among
from isthmus.inventory.domain.feed.completeness import Heard, Wanted
from isthmus.inventory.ports.feed import Roll
from isthmus.runtime.store import translated


class MongoRolls:
    """The collection `rolls`, and what it needs of `targets`."""

    def __init__(self, database: Any) -> None:
        self._rolls = database["rolls"]
        self._targets = database["targets"]

    async def prepare(self) -> None:
        """Make the index; idempotent."""
        with translated():
            await self._targets.create_index([("updated_at", ASCENDING)], name="updated")

    async def roll(self, site: str, partition: int) -> Roll:
        with translated():
            found = await self._rolls.find_one({"_id": _id(site, partition)})
        return _roll(found) if found else Roll(site, partition, {})

    async def rolls(self, known: Collection[Roll]) -> list[Roll]:
        mine = {_id(roll.site, roll.partition): roll for roll in known}
        with translated():
            stored = await self._rolls.find({}, {"revision": 1}).to_list(None)
        same = {e["_id"] for e in stored if e["_id"] in mine
                and mine[e["_id"]].revision == e["revision"]}  # fmt: skip
        other = await among(self._rolls, "_id", [e["_id"] for e in stored if e["_id"] not in same])
        return [*(mine[id] for id in same), *map(_roll, other)]

    async def keep(self, roll: Roll) -> bool:
        written = {**_columns(roll.heard), "revision": roll.revision}
        id = _id(roll.site, roll.partition)
        with translated():
            if roll.revision == 1:
                fresh = {"_id": id, "site": roll.site, "partition": roll.partition, **written}
                try:
                    await self._rolls.insert_one(fresh)
                except DuplicateKeyError:
                    return False
                return True
            before = {"_id": id, "revision": roll.revision - 1}
            result = await self._rolls.update_one(before, {"$set": written})
        return bool(result.matched_count)

    async def wanted(self, since: datetime) -> tuple[Mapping[str, Wanted], datetime]:
        members = {"updated_at": 1, "removed": 1}
        with translated():
            cursor = self._targets.find({"updated_at": {"$gte": since}}, members)
            found = await cursor.to_list(None)
        last = max((each["updated_at"] for each in found), default=since)
        return {each["_id"]: _wanted(each) for each in found}, last


def _id(site: str, partition: int) -> str:
    return f"{site}|{partition}"


def _wanted(document: Document) -> Wanted:
    since_ms = int(document["updated_at"].timestamp() * 1000)
    return Wanted(since_ms, bool(document.get("removed", False)))


def _columns(heard: Mapping[str, Heard]) -> Document:
    collectors = sorted({each.collector for each in heard.values()})
    numbers = {name: number for number, name in enumerate(collectors)}
    return {
        "targets": "\n".join(heard),
        "slots_ms": _packed([each.slot_ms for each in heard.values()]),
        "intervals_ms": _packed([each.interval_ms for each in heard.values()]),
        "by": _packed([numbers[each.collector] for each in heard.values()]),
        "collectors": collectors,
    }


def _roll(document: Document) -> Roll:
    names = document["collectors"]
    targets = document["targets"].split("\n") if document["targets"] else []
    slots, intervals, by = (_unpacked(document[c]) for c in ("slots_ms", "intervals_ms", "by"))
    said = map(Heard._make, zip(slots, intervals, map(names.__getitem__, by), strict=True))
    heard = dict(zip(targets, said, strict=True))
    return Roll(document["site"], document["partition"], heard, document["revision"])


def _packed(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)


def _unpacked(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 8}q", packed)
