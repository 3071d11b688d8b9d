"""Tenants in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from collections.abc import Collection, Mapping
from typing import Any

from pymongo import ASCENDING

from isthmus.runtime.door.model import Tenant
from isthmus.runtime.store import translated

NAMES_MAX = 50
"""Tenants of one identity that count, by name: the longest list that the store looks up by key."""


class MongoTenants:
    """The collection `tenants`: names of sets of sites."""

    def __init__(self, database: Any) -> None:
        self._tenants = database["tenants"]

    async def put(self, tenant: Tenant) -> None:
        said = {
            "sites": list(tenant.sites),
            "updated_at": tenant.updated_at,
            "updated_by": tenant.updated_by,
        }
        with translated():
            await self._tenants.replace_one({"_id": tenant.name}, said, upsert=True)

    async def tenant(self, name: str) -> Tenant | None:
        with translated():
            found = await self._tenants.find_one({"_id": name})
        return _tenant(found) if found else None

    async def listed(self, *, after: str, limit: int) -> list[Tenant]:
        with translated():
            found = self._tenants.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
            return [_tenant(each) for each in await found.to_list(limit)]

    async def remove(self, name: str) -> bool:
        with translated():
            removed = await self._tenants.delete_one({"_id": name})
        return bool(removed.deleted_count)

    async def sites(self, tenants: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The sites of those that are known (`guard.Tenants`)."""
        names = sorted(tenants)[:NAMES_MAX]
        with translated():
            found = self._tenants.find({"_id": {"$in": names}})
            return {each["_id"]: frozenset(each["sites"]) async for each in found}


def _tenant(document: dict[str, Any]) -> Tenant:
    return Tenant(
        name=document["_id"],
        sites=tuple(document["sites"]),
        updated_at=document["updated_at"],
        updated_by=document["updated_by"],
    )
