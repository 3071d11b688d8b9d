"""Maintenance windows in MongoDB, one document each.

Only calls that Motor and PyMongo's AsyncMongoClient share are used.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from isthmus.alerting.domain.quiet.maintenance import Window
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.store import pending, translated

NAMES = [field.name for field in fields(Window) if field.name != "id"]
LISTS = ("paths", "classes", "tags", "assets", "rules")


class Windows:
    """The windows of the service; what is deleted leaves its version, so that it is not lost."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Windows are few and found by id: there is nothing to make."""

    async def write(self, window: Window, outbox: tuple[Outgoing, ...]) -> bool:
        """See WindowStore."""
        update: dict[str, Any] = {"$set": _document(window)}
        update["$push"] = {"outbox": {"$each": pending(outbox)}}
        with translated():
            try:
                result = await self.collection.update_one(
                    {"_id": window.id, "version": window.version - 1},
                    update,
                    upsert=window.version == 1,
                )
            except DuplicateKeyError:
                return False  # of a first version there must be none
        return bool(result.matched_count or result.upserted_id is not None)

    async def all(self) -> list[Window]:
        """See WindowStore."""
        with translated():
            return [_window(each) async for each in self.collection.find({}, {"outbox": 0})]


def _document(window: Window) -> dict[str, Any]:
    made = {name: getattr(window, name) for name in NAMES}
    made |= {name: list(made[name]) for name in LISTS}
    # A time by the clock on the wall is no instant: BSON would take it for one of UTC.
    made["starts"] = window.starts.isoformat()
    made["duration"] = window.duration.total_seconds()
    return made


def _window(document: Mapping[str, Any]) -> Window:
    known = {name: document[name] for name in NAMES if name in document}
    known |= {name: tuple(known.get(name, ())) for name in LISTS}
    known["starts"] = datetime.fromisoformat(known["starts"])
    known["duration"] = timedelta(seconds=known["duration"])
    return Window(id=document["_id"], **known)
