"""Contracts, the maintenance log and exchange rates over HTTP, on what is in memory."""

from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.books import World, asset

from isthmus.inventory.api.money.books import serve_books
from isthmus.inventory.handlers.money.books import CONTRACTS, MAINTENANCE, RATES, Books
from isthmus.runtime.http import api

CONTRACT: dict[str, Any] = {
    "kind": "maintenance", "supplier": "Grossmann", "start": "2024-01-01", "end": "2026-12-31",
    "notice_days": 90, "amount": "300.00", "currency": "EUR", "period": "quarter", "site": "hagen",
}  # fmt: skip
WORK = {
    "asset": "a", "kind": "corrective", "started_at": "2026-02-03T06:15:00+01:00",
    "downtime_hours": "3.5", "parts": "120.00", "currency": "EUR", "text": "New fan",
}  # fmt: skip
RATE = {"base": "EUR", "rates": {"USD": "1.0842"}}


def client(*roles: str, name: str = "mara", world: World | None = None) -> httpx.AsyncClient:
    """A client of the API with these roles."""
    world = world or World()
    world.holdings.put(asset("a"), asset("b", "nordwerk/lyon/x"))
    http = api("inventory", "")
    serve_books(
        http,
        Books(CONTRACTS, world.contracts, world.holdings),
        Books(MAINTENANCE, world.maintenance, world.holdings),
        Books(RATES, world.rates, world.holdings),
    )
    sign_in(http, *roles, name=name)
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


@pytest.fixture
def chief() -> httpx.AsyncClient:
    """Who may everything."""
    return client("admin@*")


async def test_a_contract_is_added_read_changed_and_removed(chief: httpx.AsyncClient) -> None:
    """Each answer has its revision as ETag; the history outlives it."""
    made = await chief.post("/v1/contracts", json=CONTRACT)
    place, etag = made.headers["Location"], made.headers["ETag"]
    read = await chief.get(place)
    changed = await chief.put(place, json={**CONTRACT, "note": "24/7"}, headers={"If-Match": etag})
    removed = await chief.delete(place, headers={"If-Match": changed.headers["ETag"]})
    gone = await chief.get(place)
    history = (await chief.get(f"{place}/changes")).json()["items"]

    assert (made.status_code, etag, made.json()["cancel_by"]) == (201, '"1"', "2026-10-02")
    assert place == f"/v1/contracts/{made.json()['id']}"
    assert read.json() == made.json()
    assert read.json() | CONTRACT == read.json()
    assert (changed.status_code, changed.headers["ETag"], changed.json()["note"]) == (
        200, '"2"', "24/7",
    )  # fmt: skip
    assert (removed.status_code, gone.status_code) == (204, 404)
    assert gone.json()["detail"] == f"contract: there is none of id '{made.json()['id']}'"
    assert [(e["revision"], e["by"], bool(e["before"]), bool(e["after"])) for e in history] == [
        (1, "mara", False, True), (2, "mara", True, True), (3, "mara", True, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 200),
        ('"1"', 200),
        ('"7", "1"', 200),
        ("*", 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ("1", 412),
        ("nonsense", 412),
    ],
)
async def test_only_who_has_read_it_changes_it(
    chief: httpx.AsyncClient, header: str | None, status: int
) -> None:
    """If-Match is compared strongly (RFC 9110, 13.1.1)."""
    place = (await chief.post("/v1/contracts", json=CONTRACT)).headers["Location"]

    reply = await chief.put(
        place,
        json={**CONTRACT, "note": "x"},
        headers={"If-Match": header} if header is not None else {},
    )

    assert reply.status_code == status


async def test_a_wrong_contract_is_a_problem_that_names_the_field(
    chief: httpx.AsyncClient,
) -> None:
    """Whether the form is wrong or what it says."""
    for change, field in (
        ({"amount": 300}, "amount"),
        ({"amount": "3,00"}, "amount"),
        ({"end": "2020-01-01"}, "end"),
        ({"assets": ["z"]}, "assets.0"),
        ({"colour": "red"}, "colour"),
    ):
        reply = await chief.post("/v1/contracts", json={**CONTRACT, **change})
        assert reply.status_code == 422
        assert [each["field"] for each in reply.json()["fields"]] == [field]


async def test_lists_come_page_by_page(chief: httpx.AsyncClient) -> None:
    """By their first day; of one site, or about one asset."""
    for start in ("2025-01-01", "2024-01-01", "2023-01-01"):
        await chief.post("/v1/contracts", json={**CONTRACT, "start": start})
    await chief.post("/v1/contracts", json={**CONTRACT, "site": "lyon", "assets": ["b"]})

    hagen = (await chief.get("/v1/contracts?site=hagen&limit=2")).json()
    rest = (await chief.get(f"/v1/contracts?site=hagen&cursor={hagen['next']}")).json()
    about = (await chief.get("/v1/contracts?asset=b")).json()

    assert [each["start"] for each in hagen["items"]] == ["2023-01-01", "2024-01-01"]
    assert ([each["start"] for each in rest["items"]], rest["next"]) == (["2025-01-01"], None)
    assert [each["assets"] for each in about["items"]] == [["b"]]


async def test_the_log_is_kept_by_operators_of_the_site() -> None:
    """What they note is read by viewers, of the same site only."""
    world = World()
    made = await client("operator@hagen", world=world).post("/v1/maintenance", json=WORK)
    place = made.headers["Location"]
    mine = await client("viewer@hagen", world=world).get(place)
    theirs = client("viewer@lyon", world=world)
    viewer = await client("viewer@*", world=world).post("/v1/maintenance", json=WORK)

    assert made.status_code == 201
    assert made.json() | {"started_at": "2026-02-03T05:15:00Z", "site": "hagen"} == made.json()
    assert (mine.status_code, mine.json()["downtime_hours"]) == (200, "3.5")
    assert (await theirs.get(place)).status_code == 404
    assert (await theirs.get(f"{place}/changes")).status_code == 404
    assert (await theirs.get("/v1/maintenance")).json()["items"] == []
    assert viewer.status_code == 403


async def test_an_entry_of_the_log_is_changed_and_removed(chief: httpx.AsyncClient) -> None:
    """As contracts are."""
    place = (await chief.post("/v1/maintenance", json=WORK)).headers["Location"]
    put = await chief.put(place, json={**WORK, "text": "Old fan"}, headers={"If-Match": '"1"'})
    listed = (await chief.get("/v1/maintenance?asset=a")).json()["items"]
    removed = await chief.delete(place)

    assert (put.status_code, [each["text"] for each in listed]) == (200, ["Old fan"])
    assert removed.status_code == 204
    assert (await chief.delete(place)).status_code == 404
    assert len((await chief.get(f"{place}/changes")).json()["items"]) == 3


async def test_contracts_are_the_engineers() -> None:
    """An operator of the site reads them, and writes none; nobody writes on another site."""
    world = World()
    reply = await client("operator@hagen", world=world).post("/v1/contracts", json=CONTRACT)
    engineer = client("engineer@lyon", "viewer@hagen", world=world)

    assert reply.status_code == 403
    assert (await engineer.post("/v1/contracts", json=CONTRACT)).status_code == 403
    assert (await engineer.get("/v1/contracts")).json() == {"items": [], "next": None}


async def test_the_rates_of_a_day_are_set_by_a_feed_that_repeats_itself(
    chief: httpx.AsyncClient,
) -> None:
    """201, then 200 for the same; who has seen something else changes nothing."""
    replies = [await chief.put("/v1/exchange-rates/2026-03-01", json=RATE) for _ in "12"]
    other = {**RATE, "rates": {"USD": "1.1"}}
    old = await chief.put("/v1/exchange-rates/2026-03-01", json=other, headers={"If-Match": '"7"'})
    seen = await chief.put("/v1/exchange-rates/2026-03-01", json=other, headers={"If-Match": '"1"'})
    read = (await chief.get("/v1/exchange-rates/2026-03-01")).json()
    history = (await chief.get("/v1/exchange-rates/2026-03-01/changes")).json()["items"]

    assert [reply.status_code for reply in [*replies, old, seen]] == [201, 200, 412, 200]
    assert (read["date"], read["rates"], read["revision"]) == ("2026-03-01", {"USD": "1.1"}, 2)
    assert len(history) == 2
    assert [r["date"] for r in (await chief.get("/v1/exchange-rates")).json()["items"]] == [
        "2026-03-01"
    ]


async def test_wrong_rates_are_problems(chief: httpx.AsyncClient) -> None:
    """A day that is none, a rate that is none; a day without rates is not there."""
    wrong_day = await chief.put("/v1/exchange-rates/2026-02-30", json=RATE)
    wrong_rate = await chief.put(
        "/v1/exchange-rates/2026-03-01", json={**RATE, "rates": {"USD": "0"}}
    )

    assert wrong_day.json()["fields"][0]["field"] == "date"
    assert wrong_rate.json()["fields"][0]["field"] == "rates.USD"
    for path in ("2026-03-01", "2026-03-01/changes"):
        assert (await chief.get(f"/v1/exchange-rates/{path}")).status_code == 404


async def test_rates_are_read_by_all_and_written_by_who_may_everywhere() -> None:
    """A rate moves every site's figures."""
    world = World()
    engineer = client("engineer@hagen", world=world)

    refused = await engineer.put("/v1/exchange-rates/2026-03-01", json=RATE)
    await client("engineer@*", world=world).put("/v1/exchange-rates/2026-03-01", json=RATE)

    assert refused.status_code == 403
    assert (await engineer.get("/v1/exchange-rates/2026-03-01")).status_code == 200
