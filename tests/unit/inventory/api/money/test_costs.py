"""Costs and forecasts over HTTP, on what is in memory."""

from datetime import date
from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.unit.inventory.books import World, asset

from isthmus.inventory.api.money.costs import serve_costs
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.money import rate_table
from isthmus.runtime.http import api

ON = "2026-03-31"
PRESS: dict[str, Any] = {
    "purchase_price": "4850.00", "currency": "EUR", "depreciation": "straight_line",
    "useful_life_months": "96", "residual_value": "50", "purchased_on": "2015-02-11",
    "commissioned_on": "2015-04-01", "running_cost_per_year": "120.00",
    "downtime_cost_per_hour": "900", "class_": "plc", "purdue_level": "1",
    "end_of_support": "2027", "replacement_cost": "7200", "warranty_until": "2017-04-01",
}  # fmt: skip


@pytest.fixture
def world() -> World:
    """A press with a contract and a log, and something bought in dollars on another site."""
    world = World()
    laptop = asset("b", "nordwerk/lyon/office", purchase_price="500", currency="USD",
                   purchased_on="2024-01-01", class_="laptop")  # fmt: skip
    world.holdings.put(asset("a", **PRESS), laptop)
    row = {"kind": "support", "supplier": "Grossmann", "start": "2024-01-01", "amount": "300",
           "currency": "EUR", "period": "quarter", "site": "hagen"}  # fmt: skip
    world.contracts.put("c", contract(row))
    log = {"asset": "a", "kind": "corrective", "started_at": "2025-05-06T06:00:00Z",
           "labour": "100.00", "currency": "USD", "downtime_hours": "3.5"}  # fmt: skip
    world.maintenance.put("w", work(log))
    table = {"date": "2026-03-27", "base": "EUR", "rates": {"USD": "1.25", "JPY": "160"}}
    world.rates.put("2026-03-27", rate_table(table))
    return world


def client(world: World, *roles: str) -> httpx.AsyncClient:
    """A client of the API with these roles, on 31 March 2026."""
    http = api("inventory", "")
    serve_costs(http, world.costs, today=lambda: date(2026, 3, 31))
    sign_in(http, *(roles or ("viewer@*",)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://inventory")


async def test_the_cost_of_an_asset_shows_what_it_is_made_of(world: World) -> None:
    """Bought 4850, running 11 * 120, 2700 of the contract, 80 of labour, 3.5 * 900, worth 50."""
    body = (await client(world).get(f"/v1/assets/a/cost?on={ON}")).json()

    assert body["terms"] == {
        "purchase": "4850.00", "running": "1320.00", "contracts": "2700.00",
        "maintenance": "80.00", "downtime": "3150.00", "book_value": "-50.00",
    }  # fmt: skip
    assert (body["total"], body["currency"], body["complete"]) == ("12050.00", "EUR", True)
    assert body["rates"] == {"USD": {"rate": "0.8", "date": "2026-03-27"}}
    assert body["lines"][2] == {
        "term": "contracts", "amount": "2700.00", "currency": "EUR",
        "says": "100.00% of 2700.00 EUR, Grossmann", "contract": "c",
    }  # fmt: skip


async def test_a_cost_in_another_currency_has_its_minor_unit(world: World) -> None:
    """12050 EUR are 12050 * 160 yen, without cents."""
    body = (await client(world).get("/v1/assets/a/cost?currency=JPY")).json()

    assert (body["total"], body["terms"]["book_value"]) == ("1928000", "-8000")


async def test_what_is_missing_or_has_no_rate_is_said(world: World) -> None:
    """A total with holes is not called complete."""
    body = (await client(world).get(f"/v1/assets/b/cost?on={ON}&currency=GBP")).json()

    assert (body["total"], body["complete"]) == ("0.00", False)
    assert body["not_converted"] == [
        {"term": "purchase", "amount": "500.00", "currency": "USD",
         "reason": "no rate from USD to GBP from 2026-02-28 to 2026-03-31"},
    ]  # fmt: skip
    assert {"field": "running_cost_per_year", "reason": "not known: not counted"} in body["missing"]


async def test_costs_are_summed_by_it_and_ot(world: World) -> None:
    """Both in one report; 500 dollars are 400 euros."""
    body = (await client(world).get(f"/v1/costs?by=domain&currency=EUR&on={ON}")).json()

    assert [(each["group"], each["assets"], each["total"]) for each in body["items"]] == [
        ("IT", 1, "400.00"), ("OT", 1, "12050.00"),
    ]  # fmt: skip
    assert body["items"][0]["missing"]["depreciation"] == 1
    assert (body["unassigned"], body["next"]) == ([], None)
    assert body["rates"]["USD"]["date"] == "2026-03-27"


async def test_costs_by_asset_come_page_by_page(world: World) -> None:
    """Each asset a group."""
    first = (await client(world).get("/v1/costs?by=asset&currency=EUR&limit=1")).json()
    rest = (
        await client(world).get(f"/v1/costs?by=asset&currency=EUR&cursor={first['next']}")
    ).json()

    assert [each["group"] for each in first["items"] + rest["items"]] == ["a", "b"]
    assert rest["next"] is None


async def test_a_contract_that_no_asset_bears_is_said(world: World) -> None:
    """Nothing stands below its path."""
    world.contracts.put("d", contract({**world.contracts.kept["c"][0].value.row, "path": "x"}))  # type: ignore[union-attr]  # just put there

    body = (await client(world).get(f"/v1/costs?by=site&currency=EUR&on={ON}")).json()

    assert [(each["contract"], each["amount"]) for each in body["unassigned"]] == [("d", "2700.00")]


async def test_sites_are_those_that_one_may_see(world: World) -> None:
    """In sums, forecasts, and for one asset; another site asked for gives nothing."""
    lyon = client(world, "viewer@lyon")

    sums = (await lyon.get("/v1/costs?by=site&currency=EUR")).json()["items"]
    forecast = (await lyon.get("/v1/forecast")).json()["items"]
    nothing = (await lyon.get("/v1/forecast?site=hagen")).json()["items"]

    assert [each["group"] for each in sums] == ["lyon"]
    assert ([each["site"] for each in forecast], nothing) == (["lyon"], [])
    for path in ("cost", "ends", "keep-or-replace?years=1&currency=EUR"):
        reply = await lyon.get(f"/v1/assets/a/{path}")
        assert reply.status_code == 404
        assert reply.json()["detail"] == "id: there is no asset 'a'"


async def test_a_forecast_counts_every_asset_in_each_of_three(world: World) -> None:
    """The support contract is open-ended, the life ends with 2027, the warranty is over."""
    body = (await client(world).get("/v1/forecast?site=hagen")).json()
    [hagen] = body["items"]

    assert (body["on"], hagen["assets"]) == (ON, 1)
    assert {s: [b for b, n in counts.items() if n] for s, counts in hagen["ends"].items()} == {
        "warranty": ["over"], "support_contract": ["no_date"], "end_of_life": ["within_24_months"],
    }  # fmt: skip
    assert hagen["replacement"] == {"within_24_months": {"EUR": "7200.00"}}


async def test_the_ends_of_one_asset(world: World) -> None:
    """Each with its state, its last day, and how far away it is."""
    body = (await client(world).get("/v1/assets/a/ends")).json()

    assert body["end_of_life"] == {
        "state": "known", "last_day": "2027-12-31", "bucket": "within_24_months",
    }  # fmt: skip
    assert body["support_contract"]["state"] == "supported_no_date"


async def test_keep_or_replace_shows_both_options(world: World) -> None:
    """With their terms, what is taken for granted, and no verdict."""
    path = "/v1/assets/a/keep-or-replace?years=5&currency=EUR&interest=0.06&successor_running=90"

    body = (await client(world).get(path)).json()

    assert set(body["keep"]["terms"]) == set(body["replace"]["terms"])
    assert body["replace"]["terms"]["running"] == "90.00"
    assert (body["keep"]["terms"]["capital"], body["interest"]) == ("3.00", "0.06")
    assert len(body["assumed"]) == 5
    assert (body["complete"], body["missing"]) == (True, [])
    assert body["break_even"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/assets/a/cost?on=2026-02-30", "on"),
        ("/v1/assets/a/cost?on=9999-12-31", "on"),
        ("/v1/assets/a/cost?currency=euro", "currency"),
        ("/v1/costs?by=site&currency=eur", "currency"),
        ("/v1/costs?by=colour&currency=EUR", "by"),
        ("/v1/costs?by=site", "currency"),
        ("/v1/forecast?on=tomorrow", "on"),
        ("/v1/assets/a/ends?on=tomorrow", "on"),
        ("/v1/assets/a/keep-or-replace?years=0&currency=EUR", "years"),
        ("/v1/assets/a/keep-or-replace?years=1&currency=EUR&interest=6", "interest"),
        (
            "/v1/assets/a/keep-or-replace?years=1&currency=EUR&successor_running=-1",
            "successor_running",
        ),
    ],
)
async def test_a_wrong_question_is_a_problem_that_names_the_field(
    world: World, path: str, field: str
) -> None:
    """With its value and what was expected."""
    reply = await client(world).get(path)

    assert reply.status_code == 422
    assert [each["field"].removeprefix("query.") for each in reply.json()["fields"]] == [field]
