"""What a list is asked for, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.assets.models import AssetOut
from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.domain.query import (
    Listing,
    Place,
    Selection,
    Sort,
    after,
    matches,
    sorting,
)
from isthmus.inventory.domain.views import SavedView
from isthmus.inventory.ports.finding import Facet, Page, SiteSummary
from isthmus.runtime.http import api

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASSETS: list[dict[str, Any]] = [
    {"id": "a", "site": "hagen", "class": "plc", "vendor": "Siemens", "last_seen_at": NOW},
    {"id": "b", "site": "hagen", "class": "hmi", "vendor": "ABB"},
    {"id": "c", "site": "lyon", "class": "plc", "vendor": "Siemens"},
]
VIEW = SavedView("siemens", "vendor = Siemens", "-site", ("site",))


@dataclass
class Memory:
    """Three assets and one view."""

    asked: list[Any] = field(default_factory=list)

    def _found(self, selection: Selection) -> list[dict[str, Any]]:
        scope = selection.sites
        here = [each for each in ASSETS if scope is None or each["site"] in scope]
        return [each for each in here if matches(selection.condition, each)]

    async def page(self, listing: Listing) -> Page:
        self.asked.append(listing)
        found = self._found(listing.selection)
        for each in reversed(listing.order):
            found.sort(key=lambda asset: str(asset.get(each.field)), reverse=each.descending)
        if listing.after:
            rest = after(listing.order, listing.after)
            found = [each for each in found if matches(rest, each)]
        shown = found[: listing.limit]
        last = _place(shown[-1], listing.order) if len(found) > len(shown) else None
        return Page(shown, last)

    async def count(self, selection: Selection) -> int:
        return len(self._found(selection))

    async def facets(self, selection: Selection, names: Sequence[str]) -> list[Facet]:
        self.asked.append(selection)
        return [Facet(name, {"Siemens": len(self._found(selection))}, 0, 1) for name in names]

    async def earliest(self, at: datetime) -> datetime | None:
        return NOW if at < NOW - timedelta(days=90) else None

    async def sites(self, scope: frozenset[str] | None) -> list[SiteSummary]:
        return [SiteSummary(site, 1, 1, NOW) for site in sorted(scope or {"every"})]

    async def view(self, name: str, user: str) -> SavedView | None:
        return VIEW if name == VIEW.name else None


def _place(asset: dict[str, Any], order: Sequence[Sort]) -> Place:
    return Place(tuple(asset[each.field] for each in order), asset["id"])


@pytest.fixture
def memory() -> Memory:
    """What stands behind the API."""
    return Memory()


@pytest.fixture
def scopes() -> list[str]:
    """Sites of the one who asks."""
    return ["*"]


@pytest.fixture
def client(memory: Memory, scopes: list[str]) -> httpx.AsyncClient:
    """A client of the API, without a network."""
    http = api("inventory", "")
    serve_listing(http, memory, memory, lambda: NOW)  # type: ignore[arg-type]  # the view alone
    sign_in(http, *(f"viewer@{scope}" for scope in scopes))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def _ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    reply = await client.get("/v1/assets", params=query)
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json()["items"]]


async def _refused(client: httpx.AsyncClient, path: str = "/v1/assets", **query: Any) -> Any:
    reply = await client.get(path, params=query)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.json()["fields"][0]


async def test_conditions_of_all_parameters_hold_together(client: httpx.AsyncClient) -> None:
    """Filter, site, class and a saved view."""
    assert await _ids(client) == ["a", "b", "c"]
    assert await _ids(client, filter="vendor = Siemens") == ["a", "c"]
    assert await _ids(client, site="hagen") == ["a", "b"]
    assert await _ids(client, filter="vendor = Siemens", site="hagen") == ["a"]
    assert await _ids(client, **{"class": "plc", "filter": "vendor = Siemens or id = b"}) == [
        "a",
        "c",
    ]
    assert await _ids(client, view="siemens", site="lyon") == ["c"]
    assert await _ids(client, filter="last_seen_at >= now-1d") == ["a"]


async def test_pages_lead_from_one_to_the_next(client: httpx.AsyncClient) -> None:
    """`next` is the cursor of the following page, and null on the last; a total is on request."""
    query = {"limit": "1", "sort": "-vendor,id", "filter": "id is known"}
    pages: list[Any] = [{"next": ""}]
    for _ in range(3):
        asked = {**query, "cursor": pages[-1]["next"]}
        pages.append((await client.get("/v1/assets", params=asked)).json())

    assert [item["id"] for page in pages[1:] for item in page["items"]] == ["a", "c", "b"]
    assert [page["next"] is None for page in pages[1:]] == [False, False, True]
    assert {page["total"] for page in pages[1:]} == {None}
    counted = (await client.get("/v1/assets", params={"limit": 1, "count": True})).json()
    assert (len(counted["items"]), counted["total"]) == (1, 3)


async def test_a_cursor_of_another_query_is_refused(client: httpx.AsyncClient) -> None:
    """Also when only the filter, the order or the site is another."""
    query = {"limit": "1", "sort": "vendor", "filter": "id is known"}
    cursor = (await client.get("/v1/assets", params=query)).json()["next"]

    for other in ({"sort": "-vendor"}, {"filter": "vendor is known"}, {"site": "hagen"}):
        refused = await _refused(client, **{**query, **other, "cursor": cursor})
        assert refused["field"] == "cursor"
    assert await _ids(client, **{**query, "limit": "9", "cursor": cursor}) == ["a", "c"]


async def test_a_list_asks_for_no_more_than_it_shows(
    client: httpx.AsyncClient, memory: Memory
) -> None:
    """Order, members, words and limit go down into the query."""
    await _ids(client, sort="-name", fields="name, custom.cabinet,name", search="Press", limit=7)

    [listing] = memory.asked
    assert listing.order == (Sort("name", True),)
    assert listing.fields == ("name", "custom.cabinet")
    assert listing.selection.words == ("press",)
    assert listing.limit == 7


async def test_a_saved_view_says_what_is_not_asked_for(
    client: httpx.AsyncClient, memory: Memory
) -> None:
    """Its order and its members, unless there are others."""
    assert await _ids(client, view="siemens") == ["c", "a"]
    await _ids(client, view="siemens", sort="vendor", fields="class")

    own, other = memory.asked
    assert (own.order, own.fields) == (sorting("-site"), ("site",))
    assert (other.order, other.fields) == (sorting("vendor"), ("class",))


async def test_facets_count_what_is_asked_for(client: httpx.AsyncClient) -> None:
    """Each field once, in the order asked for."""
    query = {"by": "vendor, class,vendor", "filter": "vendor = Siemens"}
    facets = (await client.get("/v1/assets/facets", params=query)).json()["items"]

    values = [{"value": "Siemens", "assets": 2}]
    assert facets == [
        {"field": name, "values": values, "other": 0, "unknown": 1} for name in ("vendor", "class")
    ]


@pytest.mark.parametrize("scopes", [["lyon"]])
async def test_nobody_sees_more_than_their_sites(client: httpx.AsyncClient, memory: Memory) -> None:
    """In a list, in facets and among the sites: the scope is part of the query."""
    assert await _ids(client) == ["c"]
    await client.get("/v1/assets/facets", params={"by": "vendor"})
    sites = (await client.get("/v1/sites")).json()["items"]

    assert memory.asked[0].selection.sites == memory.asked[1].sites == frozenset({"lyon"})
    assert [site["site"] for site in sites] == ["lyon"]


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ({"filter": "vendr = x"}, "filter", "column 1: there is no field 'vendr'; did you mean"),
        ({"sort": "tags"}, "sort", "tags has several values"),
        ({"fields": "vendr"}, "fields", "did you mean vendor?"),
        ({"search": "a b c d e f g h i j k"}, "search", "11 words, expected at most 10"),
        ({"view": "mine"}, "view", "there is no view 'mine'"),
        ({"cursor": "x"}, "cursor", "expected `next` of the page before"),
    ],
)
async def test_a_mistake_is_named(
    client: httpx.AsyncClient, query: dict[str, str], field: str, reason: str
) -> None:
    """With the parameter, what it says and what was expected."""
    refused = await _refused(client, **query)

    assert refused["field"] == field
    assert reason in refused["reason"]


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ("", "0 fields, expected one to 10"),
        (",".join(f"custom.f{n}" for n in range(11)), "11 fields, expected one to 10"),
        ("last_seen_at", "last_seen_at is a time"),
        ("vendr", "did you mean vendor?"),
    ],
)
async def test_a_facet_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, by: str, reason: str
) -> None:
    """So that nobody counts by what no two assets share."""
    assert reason in (await _refused(client, "/v1/assets/facets", by=by))["reason"]


async def test_members_of_an_asset_that_no_query_names_may_be_asked_for(
    client: httpx.AsyncClient, memory: Memory
) -> None:
    """Every member that the API shows is one of `fields`."""
    names = [each.alias or name for name, each in AssetOut.model_fields.items()]
    await _ids(client, fields=",".join(names))

    assert set(memory.asked[0].fields) == set(names)
