"""The routes, on what is in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from isthmus.inventory.api.routes import serve
from isthmus.inventory.domain.model import Asset
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.domain.targets import Target
from isthmus.inventory.ports import SiteSummary, Standing
from isthmus.runtime.errors import Retryable
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET = Target("hagen", "plc", "x/hagen", 2.0, "m340", {"protocol": "modbus"})
ROW = {
    "site": "hagen", "target": "plc", "path": "x/hagen", "interval_s": 2, "profile": "m340",
    "endpoint": {"protocol": "modbus"},
}  # fmt: skip


@dataclass
class Everything:
    """Three assets and one target, or nothing at all while it is away."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    changed: bool = True
    away: bool = False

    async def asset(self, id: str) -> Asset | None:
        return Asset(id, NOON, NOON) if id in "abc" else None

    async def assets(self, **query: Any) -> list[Asset]:
        if self.away:
            raise Retryable("store: away")
        self.asked.append(query)
        ids = [id for id in "abc" if id > query["after"]]
        return [Asset(id, NOON, NOON) for id in ids[: query["limit"]]]

    async def sites(self) -> list[SiteSummary]:
        return [SiteSummary("hagen", 3, 2, None)]

    async def listed(self, **query: Any) -> list[Standing[Target]]:
        return [Standing(TARGET, NOON, 1)]

    async def put(self, row: Any) -> tuple[Target, bool]:
        if row["interval_s"] <= 0:
            raise Invalid("interval_s", "0, expected seconds, above 0")
        if row["target"] == "twin":
            raise Taken("endpoint", "is the one of target 'hagen/plc'")
        return TARGET, self.changed

    async def remove(self, id: str) -> bool:
        return id == TARGET.id


@pytest.fixture
def parts() -> Everything:
    """What stands behind the API."""
    return Everything()


@pytest.fixture
def client(parts: Everything) -> httpx.AsyncClient:
    """A client of the API, without a network."""
    http = api("inventory", "")
    serve(http, parts, parts, parts)  # type: ignore[arg-type]  # one stands for all three
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_pages_lead_from_one_to_the_next(client: httpx.AsyncClient) -> None:
    """`next` is the cursor of the following page, and null on the last."""
    found, cursor = [], ""
    for _ in range(2):
        page = (await client.get("/v1/assets", params={"limit": 2, "cursor": cursor})).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert found == ["a", "b", "c"]
    assert cursor is None


async def test_assets_are_filtered_by_site_and_class(
    client: httpx.AsyncClient, parts: Everything
) -> None:
    """Under the names that the fields have."""
    await client.get("/v1/assets", params={"site": "hagen", "class": "plc"})

    assert parts.asked == [{"site": "hagen", "class_": "plc", "after": "", "limit": 100}]


async def test_one_asset_is_found_or_the_problem_says_so(client: httpx.AsyncClient) -> None:
    """RFC 9457, naming the field."""
    found, missing = [await client.get(f"/v1/assets/{id}") for id in "az"]

    assert found.json()["id"] == "a"
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["detail"] == "id: there is no asset 'z'"


async def test_sites_and_targets_are_listed(client: httpx.AsyncClient) -> None:
    """As the store says."""
    sites, targets = (await client.get("/v1/sites")), (await client.get("/v1/targets"))

    assert [site["online"] for site in sites.json()["items"]] == [2]
    assert [target["target"] for target in targets.json()["items"]] == ["plc"]
    assert targets.json()["next"] is None


async def test_a_target_is_created_once(client: httpx.AsyncClient, parts: Everything) -> None:
    """201 when it was written, 200 when it was so already."""
    created = await client.post("/v1/targets", json=ROW)
    parts.changed = False
    repeated = await client.post("/v1/targets", json=ROW)

    assert (created.status_code, repeated.status_code) == (201, 200)
    assert created.json()["endpoint"] == {"protocol": "modbus"}


async def test_a_wrong_target_is_a_problem_that_names_the_field(client: httpx.AsyncClient) -> None:
    """With the value and what was expected."""
    wrong = await client.post("/v1/targets", json=ROW | {"interval_s": 0})

    assert wrong.status_code == 422
    assert wrong.json()["fields"] == [
        {"field": "interval_s", "reason": "0, expected seconds, above 0"}
    ]


async def test_an_endpoint_that_is_read_already_is_a_conflict(client: httpx.AsyncClient) -> None:
    """409, naming the other target: it is that one that has to change first."""
    reply = await client.post("/v1/targets", json=ROW | {"target": "twin"})

    assert reply.status_code == 409
    assert reply.json()["detail"] == "endpoint: is the one of target 'hagen/plc'"


async def test_a_target_is_removed_or_the_problem_says_that_there_is_none(
    client: httpx.AsyncClient,
) -> None:
    """204 without a body, 404 with the name."""
    removed, missing = [await client.delete(f"/v1/targets/hagen/{t}") for t in ("plc", "x")]

    assert (removed.status_code, removed.content) == (204, b"")
    assert missing.status_code == 404
    assert missing.json()["detail"] == "target: there is no target 'hagen/x'"


async def test_a_store_that_is_away_is_a_problem_of_ours(
    client: httpx.AsyncClient, parts: Everything
) -> None:
    """503: the same request may succeed later."""
    parts.away = True

    reply = await client.get("/v1/assets")

    assert (reply.status_code, reply.json()["detail"]) == (503, "store: away")
