"""Rules over HTTP: list, look, store, delete, try."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in
from tests.unit.alerting.handlers.rules.test_stored import NOW, Shelf

from isthmus.alerting.adapters.rules.parts import RulePart, parsed
from isthmus.alerting.api.rules.routes import serve_rules
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.stored import StoredRules
from isthmus.runtime.http import api

FOG = {
    "name": "fog",
    "priority": "low",
    "message": "{value:.0f} m",
    "impact": "i",
    "first_action": "f",
    "consequence": "people",
    "classes": ["weather_station"],
    "threshold": {"metric": "visibility", "unit": "m", "below": 1000},
}
LATE = {**FOG, "name": "late", "classes": None, "behind": {"behind_s": 300}, "threshold": None}


@pytest.fixture
async def stored() -> StoredRules:
    """The rules that people have stored."""
    shipped = [RulePart.model_validate(each) for each in (FOG, LATE)]
    book = RuleBook(part.rule() for part in shipped)
    return StoredRules(Shelf(), book, parsed, written=lambda: None, now=lambda: NOW)


@pytest.fixture
async def app(stored: StoredRules) -> FastAPI:
    """The routes, for an engineer of every site."""
    made = api("alerting", "")
    shipped = {each["name"]: RulePart.model_validate(each) for each in (FOG, LATE)}
    serve_rules(made, shipped, stored)  # type: ignore[arg-type]
    sign_in(made, "engineer@*")
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        yield client


def fog(below: float) -> dict[str, Any]:
    return {**FOG, "threshold": {"metric": "visibility", "unit": "m", "below": below}}


async def test_rules_are_listed_by_name_with_where_they_are_from(http: httpx.AsyncClient) -> None:
    """In pages, by class and kind."""
    await http.put("/v1/rules/fog", json=fog(500))
    first = (await http.get("/v1/rules", params={"limit": 1})).json()
    second = (await http.get("/v1/rules", params={"cursor": first["next"]})).json()
    printers = (await http.get("/v1/rules", params={"class": "printer"})).json()
    behind = (await http.get("/v1/rules", params={"kind": "behind"})).json()

    [item] = first["items"]
    assert (item["rule"]["name"], item["origin"], item["version"]) == ("fog", "stored", 1)
    assert (item["by"], second["next"]) == ("mara", None)
    assert [i["rule"]["name"] for i in second["items"]] == ["late"]
    assert printers["items"] == behind["items"] == second["items"]


async def test_a_rule_is_explained(http: httpx.AsyncClient) -> None:
    """In words, with the tag by which it may be changed."""
    answer = await http.get("/v1/rules/fog")

    assert answer.headers["etag"] == '"0"'
    assert answer.json()["explanation"]["for"] == "weather_station"
    assert (await http.get("/v1/rules/mist")).status_code == 404


async def test_a_stored_rule_is_in_force_and_its_versions_are_kept(
    http: httpx.AsyncClient, stored: StoredRules
) -> None:
    """Who, when, what; deleted, the shipped one holds again."""
    put = await http.put("/v1/rules/fog", json=fog(500), headers={"If-Match": '"0"'})
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    assert stored.book.by_name["fog"].version == 1
    assert (await http.delete("/v1/rules/fog", headers={"If-Match": '"1"'})).status_code == 204
    assert (await http.delete("/v1/rules/fog")).status_code == 404
    assert stored.book.by_name["fog"].version == 0
    versions = (await http.get("/v1/rules/fog/versions")).json()["items"]

    assert [(v["version"], v["deleted"], v["by"]) for v in versions] == [
        (1, False, "mara"),
        (2, True, "mara"),
    ]
    assert (await http.get("/v1/rules/mist/versions")).status_code == 404


async def test_a_rule_that_somebody_else_has_changed_meanwhile_is_not_overwritten(
    http: httpx.AsyncClient,
) -> None:
    """The tag of what was read decides."""
    await http.put("/v1/rules/fog", json=fog(500))
    stale = await http.put("/v1/rules/fog", json=fog(400), headers={"If-Match": '"0"'})
    right = await http.put("/v1/rules/fog", json=fog(400), headers={"If-Match": '"1"'})

    assert (stale.status_code, right.status_code) == (412, 200)
    assert stale.json()["detail"] == "If-Match: '\"0\"', but the rule is at 1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"priority": "urgent"}, "priority.one"),
        ({"colour": "red"}, "colour"),
        ({"threshold": {"metric": "visibility", "unit": "m"}}, "threshold"),
    ],
)
async def test_a_wrong_rule_is_refused_field_by_field(
    http: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    """Nothing of it is stored."""
    answer = await http.put("/v1/rules/fog", json={**FOG, **change})

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["fields"]] == [field]
    other = await http.put("/v1/rules/mist", json=FOG)
    assert other.json()["detail"] == "name: 'fog', expected 'mist' as in the path"
    assert (await http.get("/v1/rules/fog")).json()["origin"] == "shipped"


@pytest.mark.parametrize("roles", [["engineer@hagen"], ["operator@*"]])
async def test_only_who_is_engineer_everywhere_changes_rules(
    app: FastAPI, http: httpx.AsyncClient, roles: list[str]
) -> None:
    """A rule holds for every site."""
    sign_in(app, *roles)

    assert (await http.put("/v1/rules/fog", json=FOG)).status_code == 403
    assert (await http.delete("/v1/rules/fog")).status_code in (403, 404)
    assert (await http.get("/v1/rules")).status_code == 200


async def test_a_rule_is_tried_before_it_is_stored(http: httpx.AsyncClient) -> None:
    """With reports that somebody posts; nobody is told."""
    reports = [
        {"at_s": 0, "metrics": {"visibility": "900 m"}},
        {"at_s": 60, "metrics": {"visibility": "1100 m"}},
    ]
    body = {
        "rule": FOG,
        "asset_class": "weather_station",
        "start": "2026-01-01T00:00:00Z",
        "reports": reports,
    }
    answer = (await http.post("/v1/rules/test", json=body)).json()

    assert answer["failed"] == []
    assert [(t["kind"], t["message"]) for t in answer["transitions"]] == [
        ("raised", "900 m"),
        ("cleared", "900 m"),
    ]
