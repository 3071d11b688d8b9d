"""The HTTP interface around a store in memory."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from isthmus.alerting.api.routes import _cursor, _place, routes
from isthmus.alerting.domain.alarm import alarm_id
from isthmus.runtime.http import api

HOT = alarm_id("hot", "hagen/t")


@pytest.fixture
async def http(service: Any, report: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes; one alarm is raised."""
    await service.hear(report(0, temperature=85))
    app = api("alerting", "")
    app.include_router(routes(service.memory, service.ledger, service.now))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        yield client


async def test_an_alarm_is_listed_with_the_agreed_fields(http: httpx.AsyncClient) -> None:
    """Names and words are a contract with everyone who reads them."""
    listed = (await http.get("/v1/alarms")).json()
    [item] = listed["items"]

    assert listed["next"] is None
    assert set(item) == {
        "id", "rule", "subject", "site", "path", "state", "priority", "message", "first_action",
        "condition", "value", "unit", "asset_id", "asset_class", "raised_at", "cleared_at",
        "acknowledged_at", "acknowledged_by", "seq",
    }  # fmt: skip
    assert (item["id"], item["state"], item["condition"]) == (HOT, "unacknowledged", "temperature")


async def test_the_transitions_of_an_alarm_are_told(http: httpx.AsyncClient) -> None:
    """Of one that there is."""
    told = (await http.get(f"/v1/alarms/{HOT}/transitions")).json()
    missing = await http.get("/v1/alarms/unknown/transitions")

    assert [(step["seq"], step["kind"]) for step in told["items"]] == [(1, "raised")]
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("id", "seq", "status"), [(HOT, 1, 200), (HOT, 2, 409), ("unknown", 1, 404), (HOT, 0, 422)]
)
async def test_an_acknowledgement_is_taken_only_for_what_was_seen(
    http: httpx.AsyncClient, id: str, seq: int, status: int
) -> None:
    """Found, at this `seq`, and not yet acknowledged."""
    body = {"by": "a", "comment": "", "seq": seq}
    answer = await http.post(f"/v1/alarms/{id}/acknowledge", json=body)

    assert answer.status_code == status


async def test_what_is_acknowledged_already_is_a_conflict(http: httpx.AsyncClient) -> None:
    """The answer says why."""
    await http.post(f"/v1/alarms/{HOT}/acknowledge", json={"by": "a", "seq": 1})
    old = await http.post(f"/v1/alarms/{HOT}/acknowledge", json={"by": "b", "seq": 1})
    new = await http.post(f"/v1/alarms/{HOT}/acknowledge", json={"by": "b", "seq": 2})

    assert old.json()["detail"] == "seq: 1, but the alarm is at 2: look at it again"
    assert new.json()["detail"] == "nothing to acknowledge: the alarm is acknowledged"


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=fDE=", "state=broken", "limit=0", "limit=1001"]
)
async def test_a_wrong_question_is_answered_with_422(http: httpx.AsyncClient, query: str) -> None:
    """Never with a guess."""
    assert (await http.get(f"/v1/alarms?{query}")).status_code == 422


async def test_while_the_store_is_down_the_answer_is_503(
    http: httpx.AsyncClient, service: Any
) -> None:
    """The client may ask again."""
    service.memory.down = True
    answer = await http.get("/v1/alarms")

    assert (answer.status_code, answer.json()["detail"]) == (503, "store: down")


def test_a_cursor_leads_back_to_its_place(service: Any) -> None:
    """Also when the id holds what parts them."""
    place = (service.now(), "a|b")

    assert _place(_cursor(*place)) == place
