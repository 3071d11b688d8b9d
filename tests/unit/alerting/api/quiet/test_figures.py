"""The figures of ISA-18.2 over HTTP, around counters in memory."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.access import sign_in
from tests.unit.alerting.conftest import BLANK, START, Memory

from isthmus.alerting.api.quiet import figures
from isthmus.alerting.api.quiet.figures import serve_kpis
from isthmus.alerting.domain.quiet.kpis import SLOT, Now, Slot
from isthmus.runtime.http import api

DAY = timedelta(days=1)
STANDING = {"hagen": Now(3, START - 2 * DAY, 1, START), "lyon": Now(1, START - 3 * DAY, 0, None)}


class Slots:
    """Counters as the store keeps them; remembers what it was asked for."""

    def __init__(self, *slots: Slot) -> None:
        self.slots = list(slots)
        self.asked: list[Any] = []

    async def between(
        self, sites: frozenset[str] | None, since: datetime, until: datetime, limit: int
    ) -> list[Slot]:
        self.asked.append((sites, since, until))
        return [
            slot
            for slot in self.slots
            if (sites is None or slot.site in sites) and since <= slot.start < until
        ][:limit]


@pytest.fixture
def slots() -> Slots:
    """A busy slot and a calm one at hagen, one at oslo."""
    busy = Slot(
        "hagen", START, 20, 4, 2, 1, 1260.0, 0, Counter(low=15, medium=4, critical=1),
        Counter({"a": 12, "gone": 8}), Counter({"a": 2}),
    )  # fmt: skip
    calm = Slot("hagen", START + SLOT, 4, priorities=Counter(low=4), alarms=Counter(a=4))
    return Slots(busy, calm, Slot("oslo", START, 1, priorities=Counter(low=1)))


@pytest.fixture
def app(memory: Memory, slots: Slots) -> FastAPI:
    """The route, for a viewer of hagen."""
    memory.alarms["a"] = replace(BLANK, id="a", rule="hot", subject="hagen/t")
    made = api("alerting", "")
    serve_kpis(made, slots, memory, lambda: STANDING, lambda: START + DAY)  # type: ignore[arg-type]
    sign_in(made, "viewer@hagen")
    return made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the route."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
        yield client


async def test_the_figures_of_the_last_day_are_given_with_what_stands_now(
    http: httpx.AsyncClient,
) -> None:
    """Numbers that are not whole as decimal text."""
    answer = (await http.get("/v1/kpis", params={"operators": 2})).json()

    assert (answer["from"], answer["to"]) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    [site] = answer["items"]
    assert site == {
        "site": "hagen",
        "annunciated": 24,
        "held": 4,
        "per_10_min": "0.17",
        "busiest_10_min": 20,
        "per_operator_hour": "0.50",
        "flood_percent": "0.69",
        "priorities": [
            {"priority": "low", "count": 19, "share_percent": "79.2", "target_percent": "80.0"},
            {"priority": "medium", "count": 4, "share_percent": "16.7", "target_percent": "15.0"},
            {"priority": "high", "count": 1, "share_percent": "4.2", "target_percent": "5.0"},
        ],
        "top": [
            {"alarm_id": "a", "rule": "hot", "subject": "hagen/t", "count": 16,
             "share_percent": "66.7"},
            {"alarm_id": "gone", "rule": "", "subject": "", "count": 8, "share_percent": "33.3"},
        ],
        "top_percent": "100.0",
        "chattering": [
            {"alarm_id": "a", "rule": "hot", "subject": "hagen/t", "count": 2,
             "proposal": "shelve"},
        ],
        "acknowledged": 2,
        "mean_time_to_acknowledge_s": "630.0",
        "within_10_min_percent": "50.0",
        "stale": 3,
        "stale_since": "2025-12-30T00:00:00Z",
        "shelved": 1,
        "shelved_since": "2026-01-01T00:00:00Z",
    }  # fmt: skip


async def test_sites_are_narrowed_before_anything_is_counted(
    http: httpx.AsyncClient, app: FastAPI, slots: Slots
) -> None:
    """The question to the store has them; what stands elsewhere is not said."""
    other = (await http.get("/v1/kpis", params={"site": "oslo"})).json()
    assert other["items"] == []
    assert slots.asked[-1][0] == frozenset()
    sign_in(app, "admin@*")
    everywhere = (await http.get("/v1/kpis")).json()

    assert [item["site"] for item in everywhere["items"]] == ["hagen", "lyon", "oslo"]
    assert slots.asked[-1][0] is None
    assert everywhere["items"][1]["mean_time_to_acknowledge_s"] is None


async def test_a_period_begins_with_its_first_ten_minutes(
    http: httpx.AsyncClient, slots: Slots
) -> None:
    """So that what is counted is whole."""
    said = {"from": "2026-01-01T00:15:00Z", "to": "2026-01-01T01:00:00Z"}
    [site] = (await http.get("/v1/kpis", params=said)).json()["items"]

    assert slots.asked[-1][1] == START + SLOT
    assert (site["annunciated"], site["per_10_min"]) == (4, "0.80")


@pytest.mark.parametrize(
    "said",
    [
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    ],
)
async def test_a_period_that_is_none_or_too_long_is_refused(
    http: httpx.AsyncClient, said: dict[str, str]
) -> None:
    """With the field and what is expected."""
    answer = await http.get("/v1/kpis", params=said)

    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "from"


async def test_more_than_one_answer_holds_is_refused(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of the figures would be none."""
    monkeypatch.setattr(figures, "SLOTS_MAX", 2)

    answer = await http.get("/v1/kpis")

    assert answer.status_code == 422
    assert "ask for one site" in answer.json()["detail"]
