"""Looking at alarms over HTTP, around a store in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in

from isthmus.alerting.api.alarms.routes import _cursor, _events, _place, serve_alarms
from isthmus.alerting.domain.alarms.alarm import State, alarm_id
from isthmus.alerting.domain.alarms.place import Reached
from isthmus.alerting.handlers.alarms.following import Following, News
from isthmus.alerting.ports.alarms import Filter
from isthmus.runtime.audience import LISTENERS_OF_ONE_MAX, Audience
from isthmus.runtime.http import api

HOT = alarm_id("hot", "hagen/t")


@pytest.fixture
async def following(service: Any) -> Following:
    """A follower that has not read anything."""
    made = Following((service.owned,), Audience())
    made.start({0: 0})
    return made


@pytest.fixture
async def app(service: Any, report: Any, following: Following) -> FastAPI:
    """The routes, for a viewer of hagen; one alarm is raised there, and one in lyon."""
    elsewhere = report(0, temperature=85)
    elsewhere.site = "lyon"
    await service.hear(report(0, temperature=85), elsewhere)
    made = api("alerting", "")
    serve_alarms(made, service.memory, following)
    sign_in(made, "viewer@hagen")
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes."""
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
        "acknowledged_at", "acknowledged_by", "seq", "phase", "quality", "level", "suppressed_by",
        "rule_version", "consequence", "runbook", "criticality", "safety_impact",
        "process_impact", "realarm_at", "realarms", "chatters", "first_out", "chattering",
    }  # fmt: skip
    assert (item["id"], item["state"], item["condition"]) == (HOT, "unacknowledged", "temperature")
    assert item["phase"] == "active"


async def test_what_is_asked_for_goes_into_the_query(http: httpx.AsyncClient, service: Any) -> None:
    """With the sites that they may see, and no others."""
    await http.get(
        "/v1/alarms?state=shelved&priority=high&class=plc&path=a/b&rule=hot&suppressed=true"
        "&since=2026-01-01T00:00:00Z"
    )
    assert service.memory.wanted == Filter(
        frozenset({"hagen"}), State.SHELVED, "high", "plc", "a/b", "hot",
        datetime(2026, 1, 1, tzinfo=UTC), True,
    )  # fmt: skip
    await http.get("/v1/alarms?site=lyon")

    assert service.memory.wanted.sites == frozenset()


async def test_one_alarm_comes_with_what_happened_to_it_and_its_seq_as_etag(
    http: httpx.AsyncClient,
) -> None:
    """Everything that a person needs before they act."""
    answer = await http.get(f"/v1/alarms/{HOT}")
    told = (await http.get(f"/v1/alarms/{HOT}/transitions")).json()

    assert answer.headers["etag"] == '"1"'
    assert answer.json()["transitions"] == told["items"]
    assert [(step["seq"], step["kind"]) for step in told["items"]] == [(1, "raised")]
    assert told["items"][0]["annunciate"] is True


@pytest.mark.parametrize("path", ["", "/transitions"])
@pytest.mark.parametrize("id", ["unknown", alarm_id("hot", "lyon/t")])
async def test_an_alarm_that_they_may_not_see_is_not_there(
    http: httpx.AsyncClient, id: str, path: str
) -> None:
    """As one that there is not."""
    missing = await http.get(f"/v1/alarms/{id}{path}")

    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x", "cursor=fDE=", "state=broken", "limit=0", "limit=1001", "priority=urgent",
        "since=1", "since=2026-01-01T00:00:00",
    ],
)  # fmt: skip
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


def news(offset: int, **fields: Any) -> News:
    """A transition that somebody follows."""
    said: dict[str, Any] = {
        "alarm_id": "a", "rule": "r", "subject": "hagen/t", "site": "hagen", "path": "p",
        "level": "", "message": "m", "by": "", "comment": "", "unit": "Cel", "seq": 1,
        "kind": "raised", "state": "unacknowledged", "priority": "high",
        "at": datetime(2026, 1, 1, tzinfo=UTC), "value": 1.0, "annunciate": True,
        "suppressed": (),
    }  # fmt: skip
    return News(0, offset, **{**said, **fields})


async def given(*items: News | None) -> AsyncIterator[News | None]:
    for each in items:
        yield each


async def test_each_event_of_the_stream_names_the_place_after_it() -> None:
    """Who comes again with it misses nothing; a comment keeps the connection alive."""
    events = [e async for e in _events(given(news(4), None), Reached({0: 4, 1: 9}), whole=True)]

    assert [(e.event, str(e.id)) for e in events] == [
        (None, "0-4.1-9"),
        ("transition", "0-5.1-9"),
        (None, "0-5.1-9"),
    ]
    assert '"kind":"raised"' in str(events[1].data)


async def test_who_comes_too_late_hears_of_the_gap_first() -> None:
    """They read the list anew."""
    [first] = [e async for e in _events(given(), Reached({0: 4}), whole=False)]

    assert (first.event, str(first.id)) == ("gap", "0-4")


async def test_a_stream_is_of_the_sites_that_they_may_see(app: FastAPI, following: Any) -> None:
    """And, if they like, only of what a person shall hear of."""
    seen: list[Any] = []

    def stream(who: str, wants: Any, after: Any) -> Any:
        seen.append([wants(news(0)), wants(news(0, site="lyon")), wants(news(0, annunciate=False))])
        return True, given()

    following.stream = stream
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        first = await client.get("/v1/alarms/stream")
        await client.get("/v1/alarms/stream?annunciated=true&site=hagen")
        wrong = await client.get("/v1/alarms/stream", headers={"Last-Event-ID": "x"})

    assert first.headers["content-type"].startswith("text/event-stream")
    assert seen == [[True, False, True], [True, False, False]]
    assert wrong.status_code == 422


async def test_too_many_streams_of_one_client_are_refused(
    http: httpx.AsyncClient, following: Following
) -> None:
    """Later, perhaps."""
    mine = [following.stream("mara", lambda _: True, None) for _ in range(LISTENERS_OF_ONE_MAX)]
    answer = await http.get("/v1/alarms/stream")

    assert mine
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
