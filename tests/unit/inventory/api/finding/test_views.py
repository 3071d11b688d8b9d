"""Saved views over HTTP, on what is in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.api.finding.views import serve_views
from isthmus.inventory.domain.query import SavedView
from isthmus.runtime.http import api

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VIEW = {
    "filter": "end_of_support < now",
    "sort": "-criticality",
    "fields": ["name", "custom.cabinet"],
    "description": "What nobody mends.",
}


@dataclass
class Kept:
    """Views in memory."""

    views: dict[str, SavedView] = field(default_factory=dict)

    async def view(self, name: str) -> SavedView | None:
        return self.views.get(name)

    async def put(self, view: SavedView) -> bool:
        new = view.name not in self.views
        self.views[view.name] = view
        return new

    async def remove(self, name: str) -> bool:
        return self.views.pop(name, None) is not None

    async def listed(self, after: str, limit: int) -> list[SavedView]:
        return [self.views[name] for name in sorted(self.views) if name > after][:limit]


@pytest.fixture
def kept() -> Kept:
    """No views yet."""
    return Kept()


def _client(kept: Kept, role: str = "operator@*") -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_listing(http, None, kept)  # type: ignore[arg-type]  # no list is asked for
    serve_views(http, kept, lambda: NOW)
    sign_in(http, role)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_a_view_is_made_changed_read_and_removed(kept: Kept) -> None:
    """201 when there was none, 200 when it takes the place of one, 404 when there is none."""
    client = _client(kept)

    assert (await client.get("/v1/views/old")).status_code == 404
    assert (await client.put("/v1/views/old", json=VIEW)).status_code == 201
    assert (await client.get("/v1/views/old")).json() == {**VIEW, "name": "old"}
    assert (await client.put("/v1/views/old", json={})).status_code == 200
    assert (await client.get("/v1/views/old")).json()["filter"] == ""
    assert (await client.delete("/v1/views/old")).status_code == 204
    assert (await client.delete("/v1/views/old")).status_code == 404


async def test_views_are_listed_by_name(kept: Kept) -> None:
    """Page by page."""
    client = _client(kept)
    for name in "cab":
        await client.put(f"/v1/views/{name}", json={})

    first = (await client.get("/v1/views", params={"limit": 2})).json()
    last = (await client.get("/v1/views", params={"limit": 2, "cursor": first["next"]})).json()

    assert [view["name"] for view in first["items"] + last["items"]] == ["a", "b", "c"]
    assert last["next"] is None


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"filter": "vendr = x"}, "filter", "column 1: there is no field 'vendr'"),
        ({"sort": "tags"}, "sort", "tags has several values"),
        ({"fields": ["vendr"]}, "fields", "did you mean vendor?"),
        ({"colour": "red"}, "colour", "Extra inputs are not permitted"),
    ],
)
async def test_a_view_that_could_not_be_used_is_not_saved(
    kept: Kept, change: dict[str, Any], field: str, reason: str
) -> None:
    """Whoever saves it is told why, and not whoever uses it."""
    reply = await _client(kept).put("/v1/views/old", json={**VIEW, **change})

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == field
    assert reason in reply.json()["fields"][0]["reason"]
    assert not kept.views


async def test_a_viewer_uses_views_and_saves_none(kept: Kept) -> None:
    """They are everybody's."""
    await _client(kept).put("/v1/views/old", json={})
    viewer = _client(kept, "viewer@hagen")

    assert (await viewer.get("/v1/views/old")).status_code == 200
    assert (await viewer.put("/v1/views/old", json={})).status_code == 403
    assert (await viewer.delete("/v1/views/old")).status_code == 403
