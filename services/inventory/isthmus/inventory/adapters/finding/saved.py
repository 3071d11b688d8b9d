"""Saved views in MongoDB."""

from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from isthmus.inventory.domain.rows import Taken
from isthmus.inventory.domain.views import SavedView
from isthmus.runtime.store import translated

EVERYBODY = ""


class MongoViews:
    """The collection `views`; a ViewStore.

    The id says who may use it: `name|owner`, or `name|` when it is shared, which makes a shared
    name unique. No name has a bar in it.
    """

    def __init__(self, database: Any) -> None:
        self._views = database["views"]

    async def view(self, name: str, user: str) -> SavedView | None:
        ids = [_id(name, user), _id(name, EVERYBODY)]
        with translated():
            found = await self._views.find({"_id": {"$in": ids}}).to_list(2)
        # One's own hides the one that is shared.
        return _view(max(found, key=lambda each: len(each["_id"]))) if found else None

    async def put(self, view: SavedView) -> bool:
        id, other = _id(view.name, view.owner), _id(view.name, EVERYBODY)
        if view.shared:
            id, other = other, id
        mine = {"_id": id, "owner": view.owner}
        with translated():
            try:
                result = await self._views.replace_one(mine, _document(id, view), upsert=True)
            except DuplicateKeyError:
                reason = f"{view.name!r} is shared by somebody else, expected another name"
                raise Taken("name", reason) from None
            former = await self._views.delete_one({"_id": other, "owner": view.owner})
        return not (result.matched_count or former.deleted_count)

    async def remove(self, name: str, owner: str) -> bool:
        removed = 0
        with translated():
            for id in (_id(name, owner), _id(name, EVERYBODY)):
                result = await self._views.delete_one({"_id": id, "owner": owner})
                removed += result.deleted_count
        return bool(removed)

    async def listed(self, user: str, after: str, limit: int) -> list[SavedView]:
        query = {"_id": {"$gt": after}, "user": {"$in": [user, EVERYBODY]}}
        with translated():
            found = self._views.find(query).sort("_id", ASCENDING).limit(limit)
            return [_view(document) for document in await found.to_list(limit)]


def _id(name: str, user: str) -> str:
    return f"{name}|{user}"


def _document(id: str, view: SavedView) -> dict[str, Any]:
    user = EVERYBODY if view.shared else view.owner
    return {**asdict(view), "_id": id, "fields": list(view.fields), "user": user}


def _view(document: dict[str, Any]) -> SavedView:
    said = {name: document[name] for name in SavedView.__dataclass_fields__}
    return SavedView(**{**said, "fields": tuple(said["fields"])})
