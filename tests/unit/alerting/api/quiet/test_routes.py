"""Maintenance windows over HTTP, around a store in memory."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in
from tests.unit.alerting.conftest import START
from tests.unit.alerting.plant import Plant

from isthmus.alerting.adapters.quiet.recurrence import expand
from isthmus.alerting.api.quiet.routes import Concerned, serve_maintenance
from isthmus.alerting.ports.quiet import Bad, Part
from isthmus.runtime.http import api

WINDOWS = "/v1/maintenance-windows"
BODY = {
    "site": "hagen",
    "title": "Weekly service",
    "starts": "2026-01-03T06:00:00",
    "time_zone": "Europe/Berlin",
    "duration_s": 14400,
    "recurrence": "FREQ=WEEKLY;BYDAY=SA",
    "rules": ["hot"],
}
BAD = Bad("a", "hot", "hagen/t", "hagen", "n/hagen", "high", "unacknowledged", "85", START)


class Reports:
    """Reports as the store keeps them."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    async def add(self, part: Part) -> bool:
        self.parts.append(part)
        return True

    async def of(self, window: str, before: datetime | None, limit: int) -> list[Part]:
        found = [p for p in self.parts if p.window == window and (not before or p.end < before)]
        ends = sorted({p.end for p in found}, reverse=True)[:limit]
        return sorted((p for p in found if p.end in ends), key=lambda p: p.end, reverse=True)


@pytest.fixture
async def plant(memory: Any) -> Plant:
    """A replica with windows."""
    made = Plant(memory)
    await made.start()
    return made


@pytest.fixture
def reports() -> Reports:
    """The store of reports."""
    return Reports()


@pytest.fixture
def app(plant: Plant, reports: Reports) -> FastAPI:
    """The routes, for an engineer of hagen."""
    made = api("alerting", "")
    concerned = Concerned(plant.memory, plant.assets)
    serve_maintenance(made, plant.windows, reports, expand, concerned, plant.rules, plant.now)
    sign_in(made, "engineer@hagen")
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        yield client


async def put(http: httpx.AsyncClient, id: str = "w", **fields: Any) -> httpx.Response:
    return await http.put(f"{WINDOWS}/{id}", json={**BODY, **fields})


async def test_a_window_is_stored_and_shown_with_its_next_occurrence(
    http: httpx.AsyncClient,
) -> None:
    """Signed by who stored it; each change is a version."""
    first = await put(http)
    second = await put(http, title="Service")
    shown = await http.get(f"{WINDOWS}/w")

    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert second.json()["version"] == 2
    said = shown.json()
    assert (said["title"], said["by"], said["holds"]) == ("Service", "mara", False)
    assert said["next"] == {"start": "2026-01-03T05:00:00Z", "end": "2026-01-03T09:00:00Z"}
    assert {name: said[name] for name in BODY} == {**BODY, "title": "Service"}


async def test_a_window_that_lasts_now_says_so(http: httpx.AsyncClient, plant: Plant) -> None:
    """Its next occurrence is the one that there is."""
    await put(http)
    plant.second = (datetime(2026, 1, 3, 6) - datetime(2026, 1, 1)).total_seconds()

    assert (await http.get(f"{WINDOWS}/w")).json()["holds"] is True


async def test_a_window_that_is_deleted_is_gone(http: httpx.AsyncClient) -> None:
    """It can be stored again, as a later version."""
    await put(http)
    assert (await http.delete(f"{WINDOWS}/w")).status_code == 204
    assert (await http.get(f"{WINDOWS}/w")).status_code == 404
    assert (await http.delete(f"{WINDOWS}/w")).status_code == 404

    assert (await put(http)).json()["version"] == 3


async def test_windows_are_listed_by_id_page_by_page(http: httpx.AsyncClient, app: FastAPI) -> None:
    """Those of a site with those of every site."""
    sign_in(app, "admin@*")
    for id, site in (("a", "hagen"), ("b", "lyon"), ("c", "*"), ("d", "hagen")):
        assert (await put(http, id, site=site)).status_code == 200

    first = (await http.get(WINDOWS, params={"site": "hagen", "limit": 2})).json()
    rest = (await http.get(WINDOWS, params={"site": "hagen", "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"]] == ["a", "c"]
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["d"], None)


async def test_nobody_sees_or_stores_windows_of_sites_that_are_none_of_theirs(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    """Every site is for those who may everywhere; a viewer stores none."""
    sign_in(app, "admin@*")
    await put(http, "lyon", site="lyon")
    await put(http, "all", site="*")
    sign_in(app, "engineer@hagen")
    assert (await put(http, "new", site="lyon")).status_code == 404
    assert (await put(http, "lyon")).status_code == 404
    assert (await put(http, "new", site="*")).status_code == 403
    assert (await http.delete(f"{WINDOWS}/all")).status_code == 403
    assert (await http.delete(f"{WINDOWS}/lyon")).status_code == 404
    assert (await http.get(f"{WINDOWS}/lyon")).status_code == 404
    assert [item["id"] for item in (await http.get(WINDOWS)).json()["items"]] == ["all"]
    sign_in(app, "viewer@hagen")

    assert (await put(http, "new")).status_code == 403
    assert (await http.delete(f"{WINDOWS}/all")).status_code == 403


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"site": "Hagen!"}, "site", "match"),
        ({"title": ""}, "title", "at least 1"),
        ({"starts": "2026-03-07T06:00:00Z"}, "starts", "expected a time without a zone"),
        ({"starts": "2026-13-07T06:00:00"}, "starts", "month must be in 1..12"),
        ({"time_zone": "Berlin"}, "time_zone", "'Berlin', expected a name such as Europe/Berlin"),
        ({"duration_s": 5}, "duration_s", "greater than or equal to 60"),
        ({"recurrence": "FREQ=HOURLY"}, "recurrence", "FREQ=HOURLY: expected one of"),
        ({"recurrence": "FREQ=WEEKLY;BYDAY=SA;COUNT=0"}, "recurrence", "COUNT=0"),
        ({"recurrence": "FREQ=DAILY;UNTIL=20250101T000000Z"}, "recurrence", "never occurs again"),
        ({"recurrence": "", "starts": "2025-01-01T00:00"}, "starts", "never occurs again"),
        ({"paths": ["n//hagen"]}, "paths", "names with a `/`"),
        ({"rules": ["hot", "hott"]}, "rules.1", "there is no rule 'hott'"),
        ({"sites": ["hagen"]}, "sites", "Extra inputs"),
    ],
)
async def test_a_mistake_is_told_by_its_field(
    http: httpx.AsyncClient, fields: dict[str, Any], field: str, reason: str
) -> None:
    """And nothing is stored."""
    answer = await put(http, **fields)

    assert answer.status_code == 422
    [at_fault] = answer.json()["fields"]
    assert at_fault["field"] == field
    assert reason in at_fault["reason"]
    assert (await http.get(WINDOWS)).json()["items"] == []


async def test_a_preview_shows_when_it_occurs_and_what_it_would_hold_back(
    http: httpx.AsyncClient, plant: Plant, report: Any
) -> None:
    """Only what somebody who asks may see, and what is not normal."""
    elsewhere = report(0, "other", temperature=90)
    elsewhere.site = "lyon"
    await plant.hear(report(0, temperature=90), report(0, "slow", slow=90), elsewhere)
    await put(http)
    stored = await http.get(f"{WINDOWS}/w/preview", params={"count": 2})
    tried = await http.post(f"{WINDOWS}/preview", params={"count": 2}, json=BODY)

    assert stored.json() == tried.json()
    said = stored.json()
    assert [span["start"][:10] for span in said["occurrences"]] == ["2026-01-03", "2026-01-10"]
    assert {alarm["subject"] for alarm in said["alarms"]} == {"hagen/t"}
    assert said["complete"] is True


async def test_a_preview_of_what_cannot_be_stored_says_why(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    """As storing it would; of a site that somebody may not see, that there is none."""
    wrong = await http.post(f"{WINDOWS}/preview", json={**BODY, "rules": ["none"]})
    hidden = await http.post(f"{WINDOWS}/preview", json={**BODY, "site": "lyon"})

    assert wrong.json()["fields"][0]["field"] == "rules.0"
    assert hidden.status_code == 404
    assert (await http.get(f"{WINDOWS}/none/preview")).status_code == 404


async def test_reports_put_the_parts_of_an_occurrence_together(
    http: httpx.AsyncClient, reports: Reports
) -> None:
    """The latest first, page by page."""
    await put(http)
    for week in range(3):
        start = START + timedelta(weeks=week)
        end = start + timedelta(hours=4)
        await reports.add(Part("w", "hagen", start, end, "reports/0", end, (BAD,), 1))
        await reports.add(Part("w", "hagen", start, end, "reports/1", end, (BAD, BAD), 2))

    first = (await http.get(f"{WINDOWS}/w/reports", params={"limit": 2})).json()
    rest = (await http.get(f"{WINDOWS}/w/reports", params={"cursor": first["next"]})).json()
    assert [item["count"] for item in first["items"]] == [3, 3]
    assert len(first["items"][0]["still_bad"]) == 3
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert rest["items"][0]["start"] == "2026-01-01T00:00:00Z"
    assert (await http.get(f"{WINDOWS}/none/reports")).status_code == 404
    assert (await http.get(f"{WINDOWS}/w/reports", params={"cursor": "x"})).status_code == 422


async def test_a_report_on_every_site_shows_each_reader_their_own(
    http: httpx.AsyncClient, app: FastAPI, reports: Reports
) -> None:
    """Not even how many the others are."""
    sign_in(app, "admin@*")
    await put(http, site="*")
    bad = (BAD, Bad(*("x", "hot", "lyon/t", "lyon", "", "high", "s", "m"), START))
    await reports.add(Part("w", "*", START, START + timedelta(hours=1), "r/0", START, bad, 9))
    assert (await http.get(f"{WINDOWS}/w/reports")).json()["items"][0]["count"] == 9
    sign_in(app, "viewer@hagen")

    [item] = (await http.get(f"{WINDOWS}/w/reports")).json()["items"]
    assert (item["count"], [each["site"] for each in item["still_bad"]]) == (1, ["hagen"])


async def test_who_was_not_first_is_told_to_look_again(
    http: httpx.AsyncClient, plant: Plant
) -> None:
    """Another replica has stored it meanwhile, and this one has not read of it yet."""
    await put(http)
    store = plant.windows._store
    store.windows["w"] = plant.windows.newest["w"].gone("tom", START)  # type: ignore[attr-defined]

    assert (await put(http)).status_code == 409
    assert (await http.delete(f"{WINDOWS}/w")).status_code == 409
