"""Maintenance plans and what is due over HTTP, on what is in memory."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
from tests.access import sign_in
from tests.unit.inventory.books import MemoryBook, MemoryHoldings, asset

from isthmus.inventory.api.money.plans import serve_plans
from isthmus.inventory.domain.money.contracts import WorkKind
from isthmus.inventory.domain.money.plans import Due, DueKind, Plan
from isthmus.inventory.handlers.money.books import PLANS, Books
from isthmus.runtime.http import api

PLANS_AT = "/v1/maintenance-plans"
PLAN = {
    "title": "Grease", "kind": "preventive", "class": "press", "site": "hagen", "every_days": 180,
    "start": "2026-01-01",
}  # fmt: skip
DUE = [
    Due(DueKind.PLAN, "Grease", date(2026, 2, 1), "hagen", "p", "a", "PRESS-1",
        WorkKind.PREVENTIVE, None, Decimal("4100.50"), Decimal(4000)),
    Due(DueKind.CONTRACT, "support X", date(2026, 3, 9), "", "c"),
]  # fmt: skip


class Maintenance:
    """Two things are due; remembers what was asked."""

    today = date(2026, 3, 1)

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def due(self, sites: Any, within_days: int, after: str, limit: int) -> list[Due]:
        self.asked.append((sites, within_days))
        return [each for each in DUE if each.cursor > after][:limit]


def client(*roles: str, due: Maintenance | None = None) -> httpx.AsyncClient:
    book: MemoryBook[Plan] = MemoryBook()
    holdings = MemoryHoldings()
    holdings.put(asset("a"), asset("b", "nordwerk/lyon/x"))
    http = api("inventory", "")
    serve_plans(http, Books(PLANS, book, holdings), due or Maintenance())  # type: ignore[arg-type]
    sign_in(http, *roles or ("engineer@*",))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_a_plan_is_made_changed_read_and_removed() -> None:
    """Each answer has its revision as ETag; the history outlives it."""
    chief = client()
    made = await chief.post(PLANS_AT, json=PLAN)
    place = made.headers["location"]
    stale = await chief.put(place, json=PLAN | {"every_days": 90}, headers={"If-Match": '"7"'})
    changed = await chief.put(place, json=PLAN | {"every_days": 90}, headers={"If-Match": '"1"'})
    listed = (await chief.get(PLANS_AT)).json()

    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.json() | PLAN == made.json()
    assert (stale.status_code, changed.status_code) == (412, 200)
    assert [each["every_days"] for each in listed["items"]] == [90]
    assert (await chief.get(place)).json() == changed.json()
    assert (await chief.delete(place)).status_code == 204
    assert (await chief.get(place)).status_code == 404
    assert len((await chief.get(f"{place}/changes")).json()["items"]) == 3


async def test_a_mistake_names_its_field() -> None:
    """And who may not write there, is told so."""
    neither = await client().post(PLANS_AT, json={**PLAN, "class": None})
    unknown = await client().post(PLANS_AT, json={**PLAN, "class": None, "asset": "no"})
    lyon = await client("engineer@hagen", "viewer@lyon").post(
        PLANS_AT, json={**PLAN, "site": "lyon"}
    )
    viewer = await client("operator@*").post(PLANS_AT, json=PLAN)

    assert neither.json()["fields"][0]["field"] == "asset"
    assert unknown.json()["fields"] == [{"field": "asset", "reason": "there is no asset 'no'"}]
    assert (lyon.status_code, viewer.status_code) == (403, 403)


async def test_what_is_due_says_since_when_and_by_how_much() -> None:
    """Numbers as decimal text; of the sites that one sees; page by page."""
    due = Maintenance()
    reader = client("viewer@hagen", due=due)

    first = (await reader.get("/v1/maintenance/due", params={"limit": 1})).json()
    rest = (
        await reader.get(
            "/v1/maintenance/due", params={"limit": 9, "cursor": first["next"], "within_days": 90}
        )
    ).json()

    [item] = first["items"]
    assert (item["due_on"], item["overdue_days"]) == ("2026-02-01", 28)
    assert (item["reading"], item["due_at"], item["overdue_by"]) == ("4100.50", "4000", "100.50")
    assert [(e["kind"], e["overdue_days"], e["work"]) for e in rest["items"]] == [
        ("contract", 0, None)
    ]
    assert rest["next"] is None
    assert due.asked == [(frozenset({"hagen"}), 30), (frozenset({"hagen"}), 90)]
    assert (await reader.get("/v1/maintenance/due?within_days=-1")).status_code == 422
