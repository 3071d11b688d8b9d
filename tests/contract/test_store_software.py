"""The software portfolio on the real store: products, versions, hosts, and what ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.inventory.books import asset

from isthmus.inventory.adapters import software
from isthmus.inventory.adapters.assets.documents import document
from isthmus.inventory.adapters.relations import MongoRelations
from isthmus.inventory.adapters.software import MongoSoftware
from isthmus.inventory.domain.assets.model import (
    Asset,
    Health,
    Reachability,
    Relation,
    Status,
    View,
)
from isthmus.inventory.domain.money.forecast import End, Knowledge
from isthmus.inventory.domain.relations.relations import Act, Declared, RelationKind
from isthmus.inventory.domain.software import Cost, Product
from isthmus.inventory.handlers.software import Portfolio

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HAGEN, LYON = "nordwerk/hagen", "nordwerk/lyon"


@pytest.fixture
async def portfolio(database: Any) -> Portfolio:
    """The portfolio of an inventory that has no software yet."""
    store = MongoSoftware(database)
    await store.prepare()
    return Portfolio(store, MongoRelations(database))


async def held(database: Any, *assets: Asset) -> None:
    await database["assets"].insert_many([{"_id": a.id, **document(a)} for a in assets])


def installed(id: str, on: str, path: str = HAGEN, **said: str) -> Asset:
    """Software that a report has found on the host of a source."""
    fields = {"class": "application", "vendor": "Inductive Automation", "family": "Ignition"}
    made = asset(id, path, **{**fields, **said})
    relation = Relation("installed_on", on)
    seen = View(f"{on}/software-{id}", made.site, path, NOON, "r", Reachability.ONLINE,
                Health.UNKNOWN, "", {}, (), relation=relation)  # fmt: skip
    return replace(made, views=(seen,))


async def test_installations_are_counted_by_product_and_version(
    portfolio: Portfolio, database: Any
) -> None:
    """However a maker is written; by host and site, with what ends first and what it costs."""
    await held(
        database,
        installed("a", "hagen/scada", software="8.1", end_of_support="2026-02"),
        installed("b", "hagen/scada", software="8.3", lifecycle="supported_no_date"),
        installed("c", "lyon/scada", LYON, software="8.1", end_of_support="2027",
                  vendor="INDUCTIVE  automation", purchase_price="100.50", currency="EUR"),
        installed("d", "lyon/mes", LYON, purchase_price="1.5", running_cost_per_year="12",
                  currency="EUR"),
        replace(installed("e", "lyon/x", LYON), status=Status.IGNORED),
        asset("f", **{"class": "plc", "vendor": "Siemens"}),
    )  # fmt: skip

    [found] = await portfolio.products(None, "", 10)

    assert (found.vendor, found.name) == ("Inductive Automation", "Ignition")
    assert (found.tally.installations, found.tally.hosts, found.tally.sites) == (
        4, {"hagen/scada", "lyon/scada", "lyon/mes"}, {"hagen", "lyon"},
    )  # fmt: skip
    assert found.tally.costs == {"EUR": Cost("EUR", Decimal("102.00"), Decimal(12))}
    ends = {version: release.end for version, release in found.releases.items()}
    assert ends == {
        "8.1": End(Knowledge.KNOWN, date(2026, 2, 28)),
        "8.3": End(Knowledge.SUPPORTED_NO_DATE),
        "": End(Knowledge.UNKNOWN),
    }
    assert found.releases["8.1"].tally.hosts == {"hagen/scada", "lyon/scada"}
    assert found.ended(NOON.date()) == 2


async def test_products_come_page_by_page(portfolio: Portfolio, database: Any) -> None:
    """By maker and name; only of sites that one may see."""
    await held(
        database,
        *(installed(f"{n}", f"hagen/h{n}", family=f"P{n % 5}") for n in range(40)),
        installed("l", "lyon/h", LYON, family="P1"),
    )

    async def pages(sites: frozenset[str] | None) -> list[Product]:
        found: list[Product] = []
        while some := await portfolio.products(sites, found[-1].key if found else "", 2):
            found += some
        return found

    everything, lyon = await pages(None), await pages(frozenset({"lyon"}))

    assert [(each.name, each.tally.installations) for each in everything] == [
        ("P0", 8), ("P1", 9), ("P2", 8), ("P3", 8), ("P4", 8),
    ]  # fmt: skip
    assert [(each.name, each.tally.installations) for each in lyon] == [("P1", 1)]


async def test_the_list_of_products_is_read_again_beside_who_asks(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks after some minutes is answered at once, and the next one knows what is new."""
    store = MongoSoftware(database)
    await held(database, installed("a", "hagen/h", family="P1"))
    assert await store.keys() == ["inductive automation|p1"]
    await held(database, installed("b", "hagen/h", family="P2"))
    assert len(await store.keys()) == 1

    monkeypatch.setattr(software, "FRESH_S", 0)
    assert len(await store.keys()) == 1
    async with asyncio.timeout(10):
        while len(await store.keys()) < 2:
            await asyncio.sleep(0.01)


async def test_an_application_runs_and_is_used_where_people_say(
    portfolio: Portfolio, database: Any
) -> None:
    """One that no report has found installed; the sites of its users are those one may see."""
    await held(
        database,
        asset("mes", HAGEN, **{"class": "application", "name": "MES", "software": "4"}),
        asset("host", HAGEN, **{"class": "server"}),
        asset("user", LYON, **{"class": "hmi"}),
    )
    relations = MongoRelations(database)
    for kind, start, end in (("runs_on", "mes", "host"), ("uses", "user", "mes")):
        said = Declared(f"{start}|{end}", RelationKind(kind), start, end, "", "mara", NOON)
        await relations.declare(said, Act(NOON, "mara", "declared", ""), ("hagen", "hagen"))

    [found] = await portfolio.products(None, "", 10)
    [seen] = await portfolio.products(frozenset({"hagen"}), "", 10)

    assert (found.vendor, found.name) == ("", "MES")
    assert found.tally.hosts == found.releases["4"].tally.hosts == {"host"}
    assert found.used_by == {"lyon"}
    assert seen.used_by == set()
