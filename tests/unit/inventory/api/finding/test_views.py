"""Saved views over HTTP, on what is in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.api.finding.views import serve_views
from isthmus.inventory.domain.rows import Taken
from isthmus.inventory.domain.views import SavedView
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

    async def view(self, name: str, user: str) -> SavedView | None:
        return self.views.get(f"{name}|{user}") or self.views.get(f"{name}|")

    async def put(self, view: SavedView) -> bool:
        own, common = f"{view.name}|{view.owner}", f"{view.name}|"
        standing = self.views.get(common)
        if view.shared and standing and standing.owner != view.owner:
            raise Taken("name", f"{view.name!r} is shared by somebody else, expected another name")
        new = not await self.remove(view.name, view.owner)
        self.views[common if view.shared else own] = view
        return new

    async def remove(self, name: str, owner: str) -> bool:
        mine = [id for id in (f"{name}|{owner}", f"{name}|")
                if id in self.views and self.views[id].owner == owner]  # fmt: skip
        return any([self.views.pop(id) for id in mine])

    async def listed(self, user: str, after: str, limit: int) -> list[SavedView]:
        seen = [id for id, v in self.views.items() if v.shared or v.owner == user]
        return [self.views[id] for id in sorted(seen) if id > after][:limit]


@pytest.fixture
def kept() -> Kept:
    """No views yet."""
    return Kept()


def _client(kept: Kept, role: str = "operator@*", name: str = "mara") -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_listing(http, None, kept)  # type: ignore[arg-type]  # no list is asked for
    serve_views(http, kept, lambda: NOW)
    sign_in(http, role, name=name)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_a_view_is_made_changed_read_and_removed(kept: Kept) -> None:
    """201 when there was none, 200 when it takes the place of one, 404 when there is none."""
    client = _client(kept)

    assert (await client.get("/v1/views/old")).status_code == 404
    assert (await client.put("/v1/views/old", json=VIEW)).status_code == 201
    assert (await client.get("/v1/views/old")).json() == {
        **VIEW, "name": "old", "owner": "mara", "shared": False,
    }  # fmt: skip
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


async def test_a_viewer_uses_shared_views_and_saves_none(kept: Kept) -> None:
    """Those that are not shared are their owner's."""
    for name, shared in (("old", True), ("mine", False)):
        await _client(kept).put(f"/v1/views/{name}", json={"shared": shared})
    viewer = _client(kept, "viewer@hagen", "tom")

    assert (await viewer.get("/v1/views/old")).json()["owner"] == "mara"
    assert (await viewer.get("/v1/views/mine")).status_code == 404
    assert [v["name"] for v in (await viewer.get("/v1/views")).json()["items"]] == ["old"]
    assert (await viewer.put("/v1/views/old", json={})).status_code == 403
    assert (await viewer.delete("/v1/views/old")).status_code == 403


async def test_only_who_shared_a_view_changes_it(kept: Kept) -> None:
    """Anybody else saves one of the same name for themselves, which goes before it."""
    mara, ada = _client(kept), _client(kept, name="ada")
    await mara.put("/v1/views/old", json={"shared": True, "description": "hers"})

    taken = await ada.put("/v1/views/old", json={"shared": True})
    own = await ada.put("/v1/views/old", json={"description": "own"})

    assert (taken.status_code, taken.json()["fields"][0]["field"]) == (409, "name")
    assert own.status_code == 201
    assert (await ada.get("/v1/views/old")).json()["description"] == "own"
    assert (await ada.delete("/v1/views/old")).status_code == 204
    assert (await ada.delete("/v1/views/old")).status_code == 404
    assert (await ada.get("/v1/views/old")).json()["description"] == "hers"
