"""When assets last answered, as exactly as their sources know: the assets themselves lag behind."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from isthmus.inventory.adapters.queries import Document, among
from isthmus.inventory.domain.assets.model import Reachability

VIEWS = ("views.source", "views.reachability")
"""What must be read of an asset to say so."""


async def last_seen(seen: Any, assets: Iterable[Document]) -> dict[str, datetime]:
    """The latest time at which a source that reaches the asset said what it had said before."""
    reaching = {
        view["source"]: asset["_id"]
        for asset in assets
        for view in asset["views"]
        if Reachability(view["reachability"]).answers
    }
    latest: dict[str, datetime] = {}
    for each in await among(seen, "_id", reaching, projection={"at": 1}):
        id, at = reaching[each["_id"]], each["at"]
        latest[id] = max(latest.get(id, at), at)
    return latest


def exactly(known: datetime | None, latest: datetime | None) -> datetime | None:
    """The later of what the asset and what its sources know."""
    return max(filter(None, (known, latest)), default=None)
