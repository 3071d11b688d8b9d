"""Saved views in MongoDB."""

from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING

from isthmus.inventory.domain.query import SavedView
from isthmus.runtime.store import translated


class MongoViews:
    """The collection `views`; a ViewStore."""

    def __init__(self, database: Any) -> None:
        self._views = database["views"]

    async def view(self, name: str) -> SavedView | None:
        with translated():
            document = await self._views.find_one({"_id": name})
        return _view(document) if document else None

    async def put(self, view: SavedView) -> bool:
        with translated():
            result = await self._views.replace_one({"_id": view.name}, _document(view), upsert=True)
        return not result.matched_count

    async def remove(self, name: str) -> bool:
        with translated():
            result = await self._views.delete_one({"_id": name})
        return bool(result.deleted_count)

    async def listed(self, after: str, limit: int) -> list[SavedView]:
        with translated():
            found = self._views.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
            return [_view(document) for document in await found.to_list(limit)]


def _document(view: SavedView) -> dict[str, Any]:
    said = asdict(view)
    return {"_id": said.pop("name"), **said, "fields": list(view.fields)}


def _view(document: dict[str, Any]) -> SavedView:
    said = {**document, "name": document["_id"], "fields": tuple(document["fields"])}
    del said["_id"]
    return SavedView(**said)
