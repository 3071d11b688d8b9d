"""What people do about alarms over HTTP: who may what, on what they saw."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in

from isthmus.alerting.api.alarms.acts import BY_ENGINEERS, BY_OPERATORS, serve_acts
from isthmus.alerting.domain.alarms.alarm import Place, alarm_id
from isthmus.runtime.http import api

HOT = alarm_id("hot", "hagen/t")
SHELF: dict[str, Any] = {"seq": 1, "duration_s": 3600, "comment": "sensor is being replaced"}


@pytest.fixture
async def app(service: Any, report: Any) -> FastAPI:
    """The routes; one alarm is raised."""
    await service.hear(report(0, temperature=85))
    made = api("alerting", "")
    serve_acts(made, service.ledger, service.now)
    sign_in(made, "operator@hagen")
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes, an operator in hagen unless the test says otherwise."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        yield client


async def act(http: httpx.AsyncClient, name: str, id: str = HOT, **body: Any) -> httpx.Response:
    """Do something about an alarm."""
    return await http.post(f"/v1/alarms/{id}/{name}", json={"seq": 1, **body})


@pytest.mark.parametrize(
    ("id", "seq", "status"), [(HOT, 1, 200), (HOT, 2, 409), ("unknown", 1, 404), (HOT, 0, 422)]
)
async def test_an_acknowledgement_is_taken_only_for_what_was_seen(
    http: httpx.AsyncClient, id: str, seq: int, status: int
) -> None:
    """Found, at this `seq`, and not yet acknowledged."""
    assert (await act(http, "acknowledge", id, seq=seq)).status_code == status


async def test_an_act_is_signed_with_the_name_of_who_is_signed_in(
    http: httpx.AsyncClient, service: Any
) -> None:
    """Never with a name that somebody sends."""
    forged = await act(http, "acknowledge", by="somebody else")
    done = await act(http, "acknowledge", comment="on my way")

    assert forged.status_code == 422
    assert done.json()["acknowledged_by"] == "mara"
    last = service.memory.history[HOT][-1]
    assert (last.by, last.comment) == ("mara", "on my way")


async def test_what_is_acknowledged_already_is_a_conflict(http: httpx.AsyncClient) -> None:
    """The answer says why."""
    await act(http, "acknowledge")
    old = await act(http, "acknowledge")
    new = await act(http, "acknowledge", seq=2)

    assert old.json()["detail"] == "seq: 1, but the alarm is at 2: look at it again"
    assert new.json()["detail"] == "nothing to acknowledge: the alarm is acknowledged"


@pytest.mark.parametrize("name", [*BY_OPERATORS, *BY_ENGINEERS])
async def test_every_act_needs_the_role_on_the_alarm_s_site(
    http: httpx.AsyncClient, app: FastAPI, name: str
) -> None:
    """Who may not even see it does not learn that it is there."""
    sign_in(app, "engineer@lyon", "viewer@hagen")
    assert (await act(http, name, comment="x")).status_code == 403
    sign_in(app, "engineer@lyon")
    assert (await act(http, name, comment="x")).status_code == 404
    sign_in(app, "viewer@hagen")
    assert (await act(http, name, comment="x")).status_code == 403


@pytest.mark.parametrize("name", BY_ENGINEERS)
async def test_an_operator_takes_nothing_out_of_service(http: httpx.AsyncClient, name: str) -> None:
    """That needs the leave of maintenance."""
    assert (await act(http, name, comment="x")).status_code == 403


async def test_an_alarm_goes_out_of_service_and_comes_back(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    """With the reason, for all to see."""
    sign_in(app, "engineer@hagen")
    no_reason = await act(http, "take-out-of-service")
    out = await act(http, "take-out-of-service", comment="overhaul")
    back = await act(http, "return-to-service", seq=2)

    assert no_reason.json()["fields"] == [
        {"field": "comment", "reason": "empty, expected the reason"}
    ]
    assert (out.json()["state"], out.json()["suppressed_by"][0]["reason"]) == (
        "out_of_service", "overhaul",
    )  # fmt: skip
    assert (back.json()["state"], back.json()["suppressed_by"]) == ("unacknowledged", [])


async def test_a_shelf_has_a_reason_and_an_end_within_the_limit(http: httpx.AsyncClient) -> None:
    """The rule's limit is eight hours."""
    no_reason = await act(http, "shelve", **{**SHELF, "comment": ""})
    too_long = await act(http, "shelve", **{**SHELF, "duration_s": 8 * 3600 + 1})
    done = await act(http, "shelve", **SHELF, one_shot=True)
    [held] = done.json()["suppressed_by"]
    ended = await act(http, "unshelve", seq=2)

    assert no_reason.status_code == 422
    assert too_long.json()["fields"] == [
        {"field": "duration_s", "reason": "expected more than 0 and at most 28800 s"}
    ]
    assert done.json()["state"] == "shelved"
    assert (held["until"], held["one_shot"], held["by"]) == ("2026-01-01T01:00:00Z", True, "mara")
    assert ended.json()["state"] == "unacknowledged"


async def test_an_alarm_that_safety_depends_on_is_shelved_by_an_engineer(
    http: httpx.AsyncClient, app: FastAPI, service: Any
) -> None:
    """ISA-18.2: whoever may hide an alarm must know what it may harm."""
    service.memory.alarms[HOT] = service.memory.alarms[HOT].at(
        Place("asset", "plc", "p", safety_impact="direct")
    )
    refused = await act(http, "shelve", **SHELF)
    sign_in(app, "engineer@hagen")

    assert (refused.status_code, (await act(http, "shelve", **SHELF)).status_code) == (403, 200)


async def test_of_several_alarms_each_has_its_own_answer(
    http: httpx.AsyncClient, service: Any, report: Any
) -> None:
    """In the order in which they were named; one that they may not see is not there."""
    elsewhere = report(0, temperature=85)
    elsewhere.site = "lyon"
    await service.hear(report(0, "u", temperature=85), elsewhere)
    ids = [HOT, alarm_id("hot", "hagen/u"), alarm_id("hot", "lyon/t"), "unknown"]
    named = [{"id": id, "seq": seq} for id, seq in zip(ids, (7, 1, 1, 1), strict=True)]
    done = await http.post("/v1/alarms/acknowledge", json={"alarms": named, "comment": "power"})
    results = done.json()["items"]

    assert [(each["id"], each["done"], each["seq"]) for each in results] == [
        (ids[0], False, 1), (ids[1], True, 2), (ids[2], False, None), (ids[3], False, None),
    ]  # fmt: skip
    assert results[0]["reason"] == "seq: 7, but the alarm is at 1: look at it again"
    assert results[2]["reason"] == f"no alarm has the id {ids[2]!r}"
    twice = await http.post("/v1/alarms/acknowledge", json={"alarms": named[:1] * 2})
    assert twice.json()["fields"][0]["field"] == "alarms"


async def test_several_alarms_are_shelved_together(http: httpx.AsyncClient) -> None:
    """Each within the limit of its own rule."""
    body = {"alarms": [{"id": HOT, "seq": 1}], "comment": "works", "duration_s": 60}
    [result] = (await http.post("/v1/alarms/shelve", json=body)).json()["items"]
    body = {"alarms": [{"id": HOT, "seq": 2}], "comment": "works", "duration_s": 30_000}
    [refused] = (await http.post("/v1/alarms/shelve", json=body)).json()["items"]

    assert (result["done"], result["state"]) == (True, "shelved")
    assert refused["reason"] == "duration_s: expected more than 0 and at most 28800 s"
