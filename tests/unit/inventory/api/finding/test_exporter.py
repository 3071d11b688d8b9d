"""The metrics of assets, as Prometheus reads them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tests.access import sign_in

from isthmus.inventory.api.finding.exporter import serve_exporter
from isthmus.inventory.domain.query import Listing, Place, Selection
from isthmus.inventory.ports.finding import Facet, Page, SiteSummary
from isthmus.runtime.http import api

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRESS = {
    "id": "a", "site": "hagen", "path": "x/hagen", "class": "plc", "vendor": "Siemens",
    "name": 'press "1"', "reachability": "online", "health": "off_spec", "last_seen_at": NOON,
    "end_of_support": "2026-12", "warranty_until": "2026-11-20",
}  # fmt: skip
PLANNED = {"id": "b", "site": "hagen", "reachability": "not_asked", "health": "unknown"}


class Assets:
    """Some assets, page by page."""

    def __init__(self, *items: Mapping[str, Any]) -> None:
        self._items = items
        self.selection = Selection()

    async def page(self, listing: Listing) -> Page:
        self.selection = listing.selection
        start = int(listing.after.id) if listing.after else 0
        end = min(start + min(listing.limit, 1), len(self._items))
        more = Place((), str(end)) if end < len(self._items) else None
        return Page(self._items[start:end], more)

    async def count(self, selection: Selection) -> int:
        return len(self._items)

    async def earliest(self, at: datetime) -> datetime | None:
        raise NotImplementedError

    async def facets(self, selection: Selection, names: Sequence[str]) -> list[Facet]:
        return []

    async def sites(self, scope: frozenset[str] | None) -> list[SiteSummary]:
        return []


async def scraped(assets: Assets, most: int = 9, **query: str) -> dict[tuple[str, ...], float]:
    """The samples by name and the values of their labels."""
    http = api("inventory", "")
    serve_exporter(http, assets, most, now=lambda: NOON)
    sign_in(http, "viewer@hagen")
    transport = httpx.ASGITransport(http)
    async with httpx.AsyncClient(transport=transport, base_url="http://inventory") as client:
        reply = await client.get("/metrics/assets", params=query)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


async def test_an_asset_is_a_handful_of_samples() -> None:
    """What it is, whether it answers, how it is, when it was seen, when it ends."""
    found = await scraped(Assets(PRESS))

    (info,) = [key for key in found if key[0] == "isthmus_asset_info"]
    assert {"a", "hagen", "x/hagen", "plc", "Siemens", 'press "1"'} <= set(info)
    assert found["isthmus_asset_up", "a"] == 1
    health = {key[2]: value for key, value in found.items() if key[0] == "isthmus_asset_health"}
    assert [status for status, value in health.items() if value] == ["off_spec"]
    assert found["isthmus_asset_last_seen_timestamp_seconds", "a"] == NOON.timestamp()
    assert found["isthmus_asset_end_days", "a", "end_of_support"] == 38
    assert found["isthmus_asset_end_days", "a", "warranty_until"] == -3


async def test_what_nobody_asks_is_neither_up_nor_down() -> None:
    """An asset that only the books know."""
    found = await scraped(Assets(PLANNED))

    assert ("isthmus_asset_up", "b") not in found
    assert ("isthmus_asset_last_seen_timestamp_seconds", "b") not in found


async def test_what_is_too_much_is_cut_and_counted() -> None:
    """Bounded: a scrape never grows with the enterprise."""
    found = await scraped(Assets(PRESS, PLANNED, PLANNED), most=2)

    assert found["isthmus_inventory_exported_assets",] == 2
    assert found["isthmus_inventory_cut_assets",] == 1
    assert (await scraped(Assets(PRESS, PLANNED), most=2))["isthmus_inventory_cut_assets",] == 0


async def test_a_scrape_is_narrowed_by_filter_and_scope() -> None:
    """One job for each class, say."""
    assets = Assets(PRESS)
    await scraped(assets, filter="class = plc")

    assert assets.selection.sites == frozenset({"hagen"})
    assert "plc" in repr(assets.selection.condition)
