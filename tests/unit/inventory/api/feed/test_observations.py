"""The routes that say what became of an observation."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.access import sign_in

from isthmus.inventory.api.feed.observations import serve_observations
from isthmus.inventory.domain.feed.tracing import Looked, Question, Stage, Step, Trace, Traced
from isthmus.inventory.handlers.assets.curation import Unknown
from isthmus.runtime.http import api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"
CHANGE = {
    "id": "c", "kind": "changed", "field": "firmware", "before": "1", "after": "2", "evidence": "",
}  # fmt: skip
STEP = Step(Stage.CHANGED, "it changed firmware of its asset")
TRACE = Trace(
    ID, STEP, "hagen/plc", NOON, NOON, "c-0", "ok", "",
    [Traced("r", "hagen/plc", STEP, "a1", [CHANGE])],
    [Looked("collector.observations.v1", NOON, None, 12, True)],
)  # fmt: skip


@dataclass
class Tracing:
    """Knows one observation."""

    asked: list[tuple[Question, Any]] = field(default_factory=list)

    async def trace(self, question: Question, sites: Any) -> Trace:
        self.asked.append((question, sites))
        if question.id not in ("", ID):
            raise Unknown(f"there is no {question.shown}")
        return TRACE


@pytest.fixture
def tracing() -> Tracing:
    """What stands behind the routes."""
    return Tracing()


@pytest.fixture
def client(tracing: Tracing) -> httpx.AsyncClient:
    """Somebody who may look at hagen."""
    http = api("inventory", "")
    serve_observations(http, tracing, lambda: NOON)  # type: ignore[arg-type]
    sign_in(http, "viewer@hagen")
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://test")


async def test_an_observation_is_told_with_its_reports_and_how_far_was_looked(
    client: httpx.AsyncClient, tracing: Tracing
) -> None:
    """In the last quarter of an hour unless somebody names a time; on the caller's sites."""
    said = (await client.get(f"/v1/observations/{ID}")).json()

    assert (said["stage"], said["source"]) == ("changed", "hagen/plc")
    assert said["reports"][0]["changes"] == [CHANGE]
    assert said["looked"][0]["records"] == 12
    quarter = timedelta(minutes=15)
    assert tracing.asked == [(Question(NOON - quarter, NOON + quarter, ID), frozenset({"hagen"}))]


async def test_a_source_and_a_time_are_the_other_way_to_ask(
    client: httpx.AsyncClient, tracing: Tracing
) -> None:
    """A time without a zone is UTC."""
    query = {"source": "hagen/gw/unit-3", "at": "2026-03-01T06:00:00", "within_s": "60"}
    reply = await client.get("/v1/observations", params=query)

    assert reply.status_code == 200
    at, minute = NOON - timedelta(hours=6), timedelta(minutes=1)
    [(question, _)] = tracing.asked
    assert question == Question(at - minute, at + minute, "", "hagen/gw/unit-3", at)


async def test_an_unknown_observation_is_a_problem(client: httpx.AsyncClient) -> None:
    """With where was looked."""
    reply = await client.get("/v1/observations/7b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10")

    assert (reply.status_code, reply.json()["detail"][:11]) == (404, "there is no")


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/observations/seven", {}, "id"),
        (f"/v1/observations/{ID}", {"within_s": "0"}, "within_s"),
        (f"/v1/observations/{ID}", {"source": "hagen"}, "source"),
        (f"/v1/observations/{ID}", {"at": "0001-01-01T00:00:00Z"}, "at"),
        (f"/v1/observations/{ID}", {"at": "9999-12-31T23:59:59-12:00"}, "at"),
        ("/v1/observations", {}, "source"),
        ("/v1/observations", {"source": "hagen/"}, "source"),
    ],
)
async def test_a_wrong_question_names_its_field(
    client: httpx.AsyncClient, path: str, query: dict[str, str], field: str
) -> None:
    """Before anything is looked through."""
    reply = await client.get(path, params=query)

    assert (reply.status_code, reply.json()["fields"][0]["field"]) == (422, field)
