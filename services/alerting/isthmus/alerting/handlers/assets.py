"""What the inventory says stands behind each source, kept in memory by every replica."""

import asyncio
from typing import Any

import structlog

from isthmus.alerting.domain.alarm import Place
from isthmus.alerting.handlers.records import sources
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import decode
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()


class Assets:
    """The asset behind each source; alarms never wait for it."""

    def __init__(self) -> None:
        self.complete = asyncio.Event()
        self._places: dict[str, Place] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def place(self, source: str) -> Place | None:
        """The asset behind `source`, once the inventory has said it."""
        return self._places.get(source)

    def handle(self, record: Any) -> None:
        """Take one raw record of the assets topic; a record that is none is logged and left out."""
        try:
            read = decode(record, Asset, required=("id", "site"))
        except Rejected as error:
            log.warning("asset_rejected", offset=record.offset, reason=str(error))
            return
        self._forget(read.key)
        if read.message is not None:
            asset = sources(read.message)
            self._names[read.key] = asset.names
            self._places |= dict.fromkeys(asset.names, asset.place)

    def completed(self) -> None:
        """Say that the topic was read to the end it had at start."""
        self.complete.set()

    async def check(self) -> str | None:
        """Why alarms would lack their assets now, or None."""
        return None if self.complete.is_set() else "inventory.assets.v1 is being read"

    def _forget(self, asset_id: str) -> None:
        for name in self._names.pop(asset_id, ()):
            place = self._places.get(name)
            # Another asset may have taken the source over by a merge.
            if place is not None and place.asset_id == asset_id:
                del self._places[name]
