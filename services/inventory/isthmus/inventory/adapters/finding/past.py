"""The fleet as it was, in two questions: to what has changed since, and to what has not.

An asset that has not changed since is in `assets` as it was then. Of any other, the version that
ended what it was then says so: it came later, and `since` is when the version before it had come.
So a question reads what a site has now, and the versions that came after that time. Two questions,
and not one with `$unionWith`: inside of that a server may use no index.
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
SPAN = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def prepare(versions: Any) -> None:
    """Make the indexes; idempotent."""
    with translated():
        await versions.create_index([("was.site", ASCENDING), ("at", ASCENDING)], name="ended")
        await versions.create_index("at", name="at")


def unchanged(as_of: datetime) -> Document:
    """What assets meet that are as they were then."""
    return {"changed_at": {"$lte": as_of}}


def ended(matching: Sequence[Document], as_of: datetime) -> list[Document]:
    """The stages that find what other assets were then, where they meet the stages `matching`."""
    then = {"at": {"$gt": as_of}, "since": {"$lte": as_of}}
    first, *rest = ({"$match": _renamed(stage["$match"])} for stage in matching)
    first["$match"].pop("was.merged_into", None)  # what was, was an asset; this has no index
    return [
        {"$match": {**first["$match"], **then}},
        *rest,
        {"$replaceRoot": {"newRoot": {"$mergeObjects": ["$was", {"_id": "$asset"}]}}},
    ]


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

    Looked for in spans that double, because a server that does not walk an index in its order
    would read all that came before, or after.
    """
    if await reaches(versions, at):
        return None
    with translated():
        if not await versions.find_one({}, {"_id": 1}):
            return None
        unknown = known = at
        now, width = datetime.now(UTC), SPAN
        while known < now and not await _any(versions, unknown, known):
            unknown, known, width = known, min(known + width, now), 2 * width
        while known - unknown > EXACTLY:
            half = unknown + (known - unknown) / 2
            if await _any(versions, unknown, half):
                known = half
            else:
                unknown = half
    return known.replace(microsecond=0)


async def reaches(versions: Any, at: datetime) -> bool:
    """Whether there is any version of `at` or before."""
    end, width = at, SPAN
    with translated():
        while end > EPOCH:
            begin = max(end - width, EPOCH)
            if await _any(versions, begin, end):
                return True
            end, width = begin, 2 * width
    return False


async def _any(versions: Any, after: datetime, until: datetime) -> bool:
    span = {"at": {"$gt": after, "$lte": until}}
    return await versions.find_one(span, {"_id": 1}) is not None
