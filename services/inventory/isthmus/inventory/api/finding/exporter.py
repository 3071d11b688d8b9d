"""The route of the assets' metrics."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from isthmus.inventory.adapters.finding.exporter import NEEDS, metrics
from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.api.finding.listing import REFUSED, Filter
from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.query import Listing, Selection
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.finding import AssetListing
from isthmus.runtime.access import Viewer

PAGE = 500


def serve_exporter(
    http: FastAPI,
    listing: AssetListing,
    assets_max: int,
    now: Callable[[], datetime] = clock.now,
    own: Callable[[], Own] = undefined,
) -> None:
    """Add the route to `http`; at most `assets_max` assets are shown to one scrape."""

    @http.get(
        "/metrics/assets",
        tags=["assets"],
        summary="Prometheus metrics of assets",
        description="What an asset is, whether it answers, its health, when it was last seen, and "
        "days until its support, sale or warranty ends. Bounded: "
        "`isthmus_inventory_cut_assets` says how many were left out; narrow a scrape job with "
        "`filter`.",
        response_class=PlainTextResponse,
        responses=REFUSED,
    )
    async def exported(who: Viewer, filter: Filter = "") -> Response:
        at = now()
        selection = Selection(parse(filter, at, own()), (), who.sites)
        found: list[Any] = []
        after = None
        while len(found) < assets_max:
            size = min(PAGE, assets_max - len(found))
            page = await listing.page(Listing(selection, (), NEEDS, size, after))
            found += page.items
            if (after := page.last) is None:
                break
        cut = await listing.count(selection) - len(found) if after else 0
        return Response(metrics(found, cut, at), media_type=CONTENT_TYPE_LATEST)
