"""Keys that several devices have which are not one, for a person to look at."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, UpdateOne

from isthmus.inventory.adapters.queries import Document, among
from isthmus.inventory.domain.assets.plan import Contest
from isthmus.inventory.ports.assets import Conflict
from isthmus.runtime.store import translated

ASSETS_MAX = 8
"""A key that more devices have than this tells nothing: cloned images, default engine ids."""
LISTED_MAX = 100
"""Assets that are kept of one key: of a cloned image there may be thousands."""


class MongoConflicts:
    """The collection `conflicts`."""

    def __init__(self, database: Any) -> None:
        self._conflicts = database["conflicts"]
        self._keys = database["identity_keys"]

    async def note(self, contests: Sequence[Contest]) -> list[str]:
        """Note each; those of the keys that too many devices have."""
        if not contests:
            return []
        updates = [update for each in contests for update in _noting(each)]
        await self._conflicts.bulk_write(updates, ordered=False)
        keys = {each.key for each in contests}
        crowded = {f"assets.{ASSETS_MAX}": {"$exists": True}}
        found = await among(self._conflicts, "_id", keys, where=crowded, projection={"_id": 1})
        return [each["_id"] for each in found]

    async def listed(
        self, sites: frozenset[str] | None, *, after: str, limit: int
    ) -> list[Conflict]:
        query: Document = {"_id": {"$gt": after}, "status": "open"}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        with translated():
            found = self._conflicts.find(query).sort("_id", ASCENDING).limit(limit)
            conflicts = await found.to_list(limit)
            demoted = await self._demoted([each["_id"] for each in conflicts])
        return [_conflict(each, each["_id"] in demoted) for each in conflicts]

    async def settle(self, key: str, sites: frozenset[str] | None, *, trusted: bool) -> bool:
        query: Document = {"_id": key}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        settled = {"$set": {"status": "settled", "assets": []}}
        with translated():
            result = await self._conflicts.bulk_write([UpdateOne(query, settled)])
            if not result.matched_count:
                return False
            decision = {"$unset": {"demoted": ""}} if trusted else {"$set": {"demoted": True}}
            await self._keys.bulk_write([UpdateOne({"_id": key}, decision)])
        return True

    async def _demoted(self, keys: Sequence[str]) -> set[str]:
        found = await among(self._keys, "_id", keys, where={"demoted": True})
        return {each["_id"] for each in found}


def _noting(contest: Contest) -> list[UpdateOne]:
    """The note, unless the list of its assets is full, and its time in any case."""
    at, site = contest.cause.at, contest.cause.site
    new = {"first_at": at, "last_at": at, "site": site, "status": "open", "assets": []}
    more = {"_id": contest.key, f"assets.{LISTED_MAX - 1}": {"$exists": False}}
    return [
        UpdateOne({"_id": contest.key}, {"$setOnInsert": new}, upsert=True),
        UpdateOne(more, {"$addToSet": {"assets": {"$each": list(contest.assets)}}}),
        UpdateOne({"_id": contest.key}, {"$max": {"last_at": at}, "$set": {"status": "open"}}),
    ]


def _conflict(document: Document, demoted: bool) -> Conflict:
    return Conflict(
        document["_id"], document["assets"], document["first_at"], document["last_at"], demoted
    )
