"""Reads installed software from the collection `assets`; writes nothing but its index."""

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

from isthmus.inventory.adapters.queries import LIVE, Document, among
from isthmus.inventory.domain.assets.model import Status
from isthmus.inventory.domain.software import FIELDS, INSTALLED, Installation, installation
from isthmus.runtime.store import translated

FRESH_S = 300
"""How long the list of products counts before it is read again beside who asks: a store may read
all installations to make it."""
NEVER = float("-inf")
COUNTED = {"status": {"$ne": Status.IGNORED.value}, **LIVE}
MEMBERS = {
    **{f"attributes.{name}": 1 for name in FIELDS},
    "product": 1,
    "site": 1,
    "views.relation": 1,
}


class MongoSoftware:
    """The assets that are software, by their products; an Installations."""

    def __init__(self, database: Any) -> None:
        self._assets = database["assets"]
        self._keys: tuple[float, list[str]] = (NEVER, [])
        self._reading: asyncio.Task[list[str]] | None = None

    async def prepare(self) -> None:
        """Make the index; idempotent."""
        with translated():
            await self._assets.create_index("product", name="product")

    async def keys(self) -> Sequence[str]:
        read_at, keys = self._keys
        if self._reading is None and time.monotonic() - read_at >= FRESH_S:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._was_read)
        if self._reading and read_at == NEVER:
            keys = await asyncio.shield(self._reading)
        return keys

    async def _read(self) -> list[str]:
        with translated():
            keys = sorted(await self._assets.distinct("product", {"product": {"$gt": ""}}))
        self._keys = time.monotonic(), keys
        return keys

    def _was_read(self, reading: "asyncio.Task[list[str]]") -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # whoever waits is told; else the next one asks again

    async def installed(
        self, keys: Collection[str], sites: frozenset[str] | None
    ) -> list[Installation]:
        where = COUNTED if sites is None else {**COUNTED, "site": {"$in": sorted(sites)}}
        found = await among(self._assets, "product", keys, where=where, projection=MEMBERS)
        found.sort(key=lambda each: (str(each["product"]), str(each["_id"])))
        return [_installation(each) for each in found]


def _installation(document: Document) -> Installation:
    relations = (view.get("relation") for view in document["views"])
    hosts = {source for kind, source, _ in filter(None, relations) if kind == INSTALLED}
    return installation(
        document["_id"], document["product"], document["site"], hosts, document["attributes"]
    )
