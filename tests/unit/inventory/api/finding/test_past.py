"""Questions about the past over HTTP."""

from typing import Any

import httpx
import pytest
from tests.unit.inventory.api.finding.test_listing import NOW, Memory, client, memory, scopes

from isthmus.inventory.domain.query import Compare, Operator

__all__ = ["client", "memory", "scopes"]
A_MONTH_AGO = "2026-02-01T00:00:00Z"


async def _reason(client: httpx.AsyncClient, path: str, **query: Any) -> tuple[str, str]:
    reply = await client.get(path, params=query)
    assert reply.status_code == 422, reply.text
    [field] = reply.json()["fields"]
    return field["field"], field["reason"]


async def test_now_in_a_filter_is_then(client: httpx.AsyncClient, memory: Memory) -> None:
    """What was out of support then, and not what is by now."""
    query = {"filter": "discovered_at < now", "as_of": A_MONTH_AGO}

    assert (await client.get("/v1/assets", params=query)).status_code == 200

    [listing] = memory.asked
    then = listing.selection.as_of
    assert then.isoformat() == "2026-02-01T00:00:00+00:00"
    assert Compare("discovered_at", Operator.LESS, then) in listing.selection.condition.conditions


async def test_a_time_without_a_zone_is_utc(client: httpx.AsyncClient, memory: Memory) -> None:
    """A day is its begin."""
    await client.get("/v1/assets/facets", params={"by": "vendor", "as_of": "2026-02-01"})

    assert memory.asked[0].as_of.isoformat() == "2026-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ({"as_of": "2026-03-02T00:00:00Z"}, "as_of", "expected a time that is past"),
        ({"as_of": "2025-01-01"}, "as_of", f"expected {NOW.isoformat()} or later"),
        ({"as_of": A_MONTH_AGO, "filter": "last_seen_at < now"}, "filter", "has no history"),
        ({"as_of": A_MONTH_AGO, "sort": "-last_seen_at"}, "sort", "has no history"),
    ],
)
async def test_what_nobody_knows_of_the_past_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], field: str, reason: str
) -> None:
    """With the field, and with what could be asked instead."""
    name, said = await _reason(client, "/v1/assets", **query)

    assert name == field
    assert reason in said


async def test_a_cursor_is_of_one_time(client: httpx.AsyncClient) -> None:
    """Another time is another query."""
    query = {"limit": "1", "as_of": A_MONTH_AGO}
    cursor = (await client.get("/v1/assets", params=query)).json()["next"]

    name, _ = await _reason(client, "/v1/assets", limit=1, cursor=cursor)

    assert name == "cursor"
