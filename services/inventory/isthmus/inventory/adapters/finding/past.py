"""The fleet as it was, in stages of an aggregation: what has changed since, and what has not.

An asset that has not changed since is in `assets` as it was then. Of any other, the version that
ended what it was then says so: it came later, and `since` is when the version before it had come.
So a question reads what a site has now, and the versions that came after that time.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING

from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.query import EVERYTHING, And, Compare, Condition, Operator
from isthmus.runtime.store import translated

VERSIONS = "versions"
WINDOWS = 256
"""Ids are UUIDs: so many ranges of them have about as many assets each."""
HEXADECIMAL = re.compile("[0-9a-f]{2}")
EXACTLY = timedelta(seconds=1)


async def prepare(versions: Any) -> None:
    """Make the indexes; idempotent."""
    with translated():
        await versions.create_index([("was.site", ASCENDING), ("at", ASCENDING)], name="ended")
        await versions.create_index("at", name="at")


def unchanged(as_of: datetime) -> Document:
    """What assets meet that are as they were then."""
    return {"changed_at": {"$lte": as_of}}


def ended(matching: Sequence[Document], as_of: datetime) -> Document:
    """The stage that adds what other assets were then, where they meet the stages `matching`."""
    then = {"at": {"$gt": as_of}, "since": {"$lte": as_of}}
    first, *rest = ({"$match": _renamed(stage["$match"])} for stage in matching)
    stages = [
        {"$match": {**first["$match"], **then}},
        *rest,
        {"$replaceRoot": {"newRoot": {"$mergeObjects": ["$was", {"_id": "$asset"}]}}},
    ]
    return {"$unionWith": {"coll": VERSIONS, "pipeline": stages}}


def _renamed(query: Document) -> Document:
    """The query of an asset, asked of the version that ended it."""
    return {
        key if key.startswith("$") else "asset" if key == "_id" else f"was.{key}": (
            [_renamed(each) for each in test] if key.startswith("$") else test
        )
        for key, test in query.items()
    }


def windows(last: str) -> list[Condition]:
    """Ranges of ids from that of `last` on, in order, each twice as wide as the one before.

    So a page reads little more than it shows: the ranges that come after it are not read.
    """
    begin, width = int(last[:2], 16) if HEXADECIMAL.match(last) else 0, 1
    found: list[Condition] = []
    while begin < WINDOWS:
        end = begin + width
        lower = Compare("id", Operator.AT_LEAST, f"{begin:02x}" if begin else "")
        upper = Compare("id", Operator.LESS, f"{end:02x}") if end < WINDOWS else EVERYTHING
        found.append(And((lower, upper)))
        begin, width = end, 2 * width
    return found


async def earliest(versions: Any, at: datetime) -> datetime | None:
    """None when history reaches back to `at`, or there is none; else when it begins, to a second.

    Found by halving, because a server that does not walk an index in its order would read all.
    """
    with translated():
        if await _before(versions, at) or not await versions.find_one({}, {"_id": 1}):
            return None
        unknown, known = at, datetime.now(UTC)
        while known - unknown > EXACTLY:
            half = unknown + (known - unknown) / 2
            if await _before(versions, half):
                known = half
            else:
                unknown = half
    return known.replace(microsecond=0)


async def _before(versions: Any, at: datetime) -> bool:
    return await versions.find_one({"at": {"$lte": at}}, {"_id": 1}) is not None
