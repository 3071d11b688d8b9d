"""API keys in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.runtime.access import Grant, Identity, Kind
from isthmus.runtime.door.model import USED_COARSE, ApiKey, matches, read, stale
from isthmus.runtime.store import translated

Document = dict[str, Any]


class MongoKeys:
    """The collection `api_keys`: each key with the digest of its secret, never the secret.

    Nothing is cached: a key that was removed opens nothing from then on, on any replica.
    """

    def __init__(self, database: Any) -> None:
        self._keys = database["api_keys"]

    async def prepare(self) -> None:
        """Make the index that keeps names apart; idempotent."""
        with translated():
            await self._keys.create_index("name", unique=True, name="name")

    async def add(self, key: ApiKey, digest: str) -> bool:
        scopes = [Grant.parsed(role).scope for role in key.roles]
        document = {**asdict(key), "_id": key.id, "digest": digest, "scopes": scopes}
        del document["id"]
        with translated():
            try:
                await self._keys.insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    async def listed(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[ApiKey]:
        query = {"_id": {"$gt": after}, **_within(sites)}
        with translated():
            found = self._keys.find(query, {"digest": 0}).sort("_id", ASCENDING).limit(limit)
            return [_key(each) for each in await found.to_list(limit)]

    async def remove(self, id: str, *, sites: frozenset[str] | None) -> bool:
        with translated():
            removed = await self._keys.delete_one({"_id": id, **_within(sites)})
        return bool(removed.deleted_count)

    async def identity(self, key: str, now: datetime) -> Identity | None:
        """Whose key it is (`guard.Keys`)."""
        parts = read(key)
        if parts is None:
            return None
        id, secret = parts
        with translated():
            found = await self._keys.find_one({"_id": id})
            if not found or not matches(secret, found["digest"]) or found["expires_at"] <= now:
                return None
            if stale(found["used_at"], now):
                unseen = {"$lte": now - USED_COARSE} if found["used_at"] else None
                await self._keys.update_one(
                    {"_id": id, "used_at": unseen}, {"$set": {"used_at": now}}
                )
        grants = frozenset(Grant.parsed(role) for role in found["roles"])
        return Identity(f"key:{id}", f"key:{found['name']}", Kind.KEY, grants)


def _within(sites: frozenset[str] | None) -> Document:
    """Keys that hold on no other site: who may not give a role may not take it away either."""
    if sites is None:
        return {}
    return {"scopes": {"$not": {"$elemMatch": {"$nin": sorted(sites)}}}}


def _key(document: Document) -> ApiKey:
    return ApiKey(
        id=document["_id"],
        name=document["name"],
        roles=tuple(document["roles"]),
        created_at=document["created_at"],
        created_by=document["created_by"],
        expires_at=document["expires_at"],
        used_at=document["used_at"],
    )
