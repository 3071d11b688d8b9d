"""Which versions a report has made, and which asset a source describes."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from isthmus.inventory.adapters.assets.history import event
from isthmus.inventory.adapters.queries import LIVE, Document, among
from isthmus.inventory.ports.assets import Event
from isthmus.runtime.store import translated

SOON = timedelta(minutes=10)
WHOLE = {"document": 0}


class MongoCauses:
    """Reads `versions` by what is indexed there: by asset, and by when they were recorded."""

    def __init__(self, database: Any) -> None:
        self._versions = database["versions"]
        self._assets = database["assets"]

    async def caused(
        self, reports: Collection[str], assets: Collection[str], since: datetime
    ) -> list[Event]:
        by = {"cause": {"$in": sorted(reports)}}
        found = await among(self._versions, "asset", assets, where=by, projection=WHOLE)
        if {each["cause"] for each in found} != set(reports):
            found += await self._recorded(by, since)  # of an asset that is part of another one now
        return [event(each) for each in {each["_id"]: each for each in found}.values()]

    async def _recorded(self, by: Document, since: datetime) -> list[Document]:
        soon = {"recorded_at": {"$gte": since, "$lte": since + SOON}}
        with translated():
            return list(await self._versions.find({**soon, **by}, WHOLE).to_list(None))

    async def holders(self, sources: Collection[str]) -> Mapping[str, str]:
        described = await among(
            self._assets, "sources", sources, where=LIVE, projection={"sources": 1}
        )
        wanted = set(sources)
        return {s: each["_id"] for each in described for s in each["sources"] if s in wanted}
