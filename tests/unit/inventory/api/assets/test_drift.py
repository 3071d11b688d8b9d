"""What should be there against what is, over HTTP."""

import httpx
from tests.access import sign_in
from tests.unit.inventory.domain.world import Inventory, report, serial

from isthmus.inventory.api.assets.drift import serve_drift
from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.assets.precedence import POLICY
from isthmus.runtime.http import api


class Holdings:
    """Seven devices that no book knows; asked in pages."""

    def __init__(self) -> None:
        world = Inventory()
        for number in range(7):
            world.take(report(f"plc-{number}", 0, serial(f"s/{number}")))
        self._assets = sorted(world.assets.values(), key=lambda asset: asset.id)
        self.asked: list[frozenset[str] | None] = []

    async def assets(self, sites: frozenset[str] | None, after: str, limit: int) -> list[Asset]:
        self.asked.append(sites)
        seen = [a for a in self._assets if sites is None or a.site in sites]
        return [asset for asset in seen if asset.id > after][:limit]

    async def asset(self, id: str, sites: frozenset[str] | None) -> Asset | None:
        return next((asset for asset in self._assets if asset.id == id), None)


def client(holdings: Holdings, *roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_drift(http, holdings, lambda: POLICY)
    sign_in(http, *roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_every_drift_is_on_one_page() -> None:
    """The cursor leads through all assets, and ends."""
    asking, found, cursor = client(Holdings(), "viewer@*"), [], ""
    while cursor is not None:
        page = (await asking.get("/v1/drift", params={"limit": 3, "cursor": cursor})).json()
        found += page["items"]
        cursor = page["next"]

    assert len({each["asset_id"] for each in found}) == len(found) == 7
    assert {each["kind"] for each in found} == {"unexpected"}


async def test_only_kinds_and_sites_that_are_asked_for_and_may_be_seen() -> None:
    """A site out of scope is empty, not refused."""
    holdings = Holdings()
    asking = client(holdings, "viewer@hagen")
    pages = [
        (await asking.get("/v1/drift", params=query)).json()["items"]
        for query in ({"kind": "missing"}, {"site": "lyon"}, {"site": "hagen"})
    ]

    assert [len(items) for items in pages] == [0, 0, 7]
    hagen = frozenset({"hagen"})
    assert holdings.asked == [hagen, frozenset(), hagen]
