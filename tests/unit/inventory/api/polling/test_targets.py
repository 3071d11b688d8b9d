"""The routes of targets, on what is in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.polling.targets import serve_targets
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.ports.polling import Standing
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
    """One target, or nothing at all while it is away."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    changed: bool = True
    away: bool = False

    async def listed(self, **query: Any) -> list[Standing[Target]]:
        if self.away:
            raise Retryable("store: away")
        self.asked.append(query)
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
    """A client of the API for an engineer, without a network."""
    return _client(parts, "engineer@hagen")


def _client(parts: Everything, *roles: str) -> httpx.AsyncClient:
    http = api("inventory", "")
    serve_targets(http, parts, parts)  # type: ignore[arg-type]  # one stands for both
    sign_in(http, *roles)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_targets_are_listed_of_the_sites_in_scope(
    client: httpx.AsyncClient, parts: Everything
) -> None:
    """And of one of them, where that is asked for."""
    targets = await client.get("/v1/targets")
    for site in ("hagen", "atlantis"):
        await client.get("/v1/targets", params={"site": site})

    assert [target["target"] for target in targets.json()["items"]] == ["plc"]
    assert targets.json()["next"] is None
    hagen = frozenset({"hagen"})
    assert [asked["sites"] for asked in parts.asked] == [hagen, hagen, frozenset()]


async def test_who_may_only_look_changes_nothing(parts: Everything) -> None:
    """403 on a site that they see, 404 on any other."""
    client = _client(parts, "viewer@hagen", "engineer@lyon")

    replies = [await client.post("/v1/targets", json=ROW | {"site": s}) for s in ("hagen", "x")]
    removal = await client.delete("/v1/targets/hagen/plc")

    assert [reply.status_code for reply in replies] == [403, 404]
    assert removal.status_code == 403


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

    reply = await client.get("/v1/targets")

    assert (reply.status_code, reply.json()["detail"]) == (503, "store: away")
