"""The ten questions of an asset manager: each call of the page, asked of a real store."""

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from google.protobuf.json_format import ParseDict
from motor.motor_asyncio import AsyncIOMotorClient
from prometheus_client import CollectorRegistry
from tests.access import sign_in
from tests.contract.test_following_page import shows

from isthmus.inventory.adapters.assets.history import MongoHistory
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.books import MongoBook, MongoCovered
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.saved import MongoViews
from isthmus.inventory.adapters.past_relations import MongoPast
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.adapters.relations import MongoRelations
from isthmus.inventory.adapters.sightings import MongoSightings
from isthmus.inventory.api.assets.assets import serve_assets
from isthmus.inventory.api.assets.drift import serve_drift
from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.api.money.books import serve_books
from isthmus.inventory.api.money.costs import serve_costs
from isthmus.inventory.api.relations.relations import serve_relations
from isthmus.inventory.api.tables.exports import serve_exports
from isthmus.inventory.domain.assets.precedence import POLICY
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.money import rate_table
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.curation import Curation
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.inventory.handlers.money.books import CONTRACTS, MAINTENANCE, RATES, Books
from isthmus.inventory.handlers.money.costs import Costs
from isthmus.inventory.handlers.relations import Relations
from isthmus.inventory.handlers.sightings import Sighted
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.http import api
from isthmus.telemetry.v1.report_pb2 import Report

PAGE = (Path(__file__).parents[2] / "docs" / "asset-manager.md").read_text()
EXAMPLES = re.findall(r"```http\n(GET .*?)\n```\n\n```json\n(.*?)\n```", PAGE, re.S)
JANUARY = datetime(2025, 1, 10, 6, tzinfo=UTC)
MAY = datetime(2025, 5, 20, 6, tzinfo=UTC)
TODAY = datetime(2025, 6, 2, 8, tzinfo=UTC)
LINE_1 = "nordwerk/hagen/press-shop/line-1"
PLC = {"class": "plc", "vendor": "Siemens", "name": "PRESS-1", "serial": "E1N12345",
       "firmware": "V2.8.3", "purdue_level": "1", "end_of_support": "2026-10-31"}  # fmt: skip
DRIVE = {"class": "drive", "vendor": "Danfoss", "name": "DRIVE-1", "serial": "D0815",
         "firmware": "2.10", "purdue_level": "1"}  # fmt: skip
SWITCH = {"class": "switch", "vendor": "Moxa", "name": "SWITCH-1", "serial": "M77",
          "firmware": "5.5", "purdue_level": "2"}  # fmt: skip
SERVER = {"class": "server", "vendor": "Dell", "name": "MES-1", "serial": "7XK2",
          "purdue_level": "4", "end_of_support": "2027-12-31"}  # fmt: skip
BOOKED = {"class": "hmi", "name": "PANEL-2", "serial": "P-22", "asset_number": "4712-0"}
BOOKS = {
    "currency": "EUR", "purchased_on": "2020-01-15", "commissioned_on": "2020-02-01",
    "depreciation": "straight_line", "useful_life_months": "96", "residual_value": "0",
    "running_cost_per_year": "120.00", "replacement_cost": "7200.00", "owner": "Press shop",
}  # fmt: skip
SERVICE = {
    "kind": "support", "supplier": "Siemens", "number": "S-7", "start": "2024-01-01",
    "end": "2026-12-31", "amount": "600.00", "currency": "EUR", "period": "year",
}  # fmt: skip


OF_BOOKS = {"protocol": "import", "reachability": "REACHABILITY_NOT_ASKED"}


def report(target: str, said: dict[str, str], at: datetime, **more: Any) -> Record[Report]:
    """What a source says of a device."""
    kind = {"scope": "global", "kind": "serial", "tier": "KEY_TIER_UNIQUE"}
    host = {"scope": "hagen", "kind": "hostname", "tier": "KEY_TIER_WEAK"}
    message = ParseDict(
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{target}{at}")),
            "site": "hagen", "target": target, "path": f"{LINE_1}/{target}",
            "observed_at": at.isoformat(), "reachability": "REACHABILITY_ONLINE",
            "protocol": "snmp",
            "attributes": [{"name": n, "value": v, "confidence": 1} for n, v in said.items()],
            "keys": [kind | {"value": said["serial"]}, host | {"value": said["name"].lower()}],
            **more,
        },
        Report(),
    )  # fmt: skip
    return Record(message, f"hagen/{target}", "normalizer.reports.v1", 0, 0, None)


def seen(*names: str) -> dict[str, Any]:
    """What a switch has seen, port by port."""
    columns = ("mac", "address", "remote_port", "description")
    return {
        "sightings": {
            "kind": ["SIGHTING_KIND_LLDP"] * len(names),
            "port": [str(number) for number, _ in enumerate(names, 1)],
            "name": list(names),
            **{column: [""] * len(names) for column in columns},
        }
    }


class Nowhere:
    """Stands for Kafka: what is published goes nowhere."""

    async def publish(self, records: list[Outgoing]) -> None:
        """Take them."""


class Plant:
    """An inventory on a real store, as the service wires it."""

    def __init__(self, database: Any) -> None:
        self.assets, self.history = MongoAssets(database), MongoHistory(database)
        self.directory = MongoDirectory(database)
        self.relations, self.sightings = MongoRelations(database), MongoSightings(database)
        commits = Commits(self.assets, Nowhere())  # type: ignore[arg-type]  # a list will do
        reports = Reports(self.assets, commits, InventoryMetrics(CollectorRegistry()))
        self.taken = Sighted(self.sightings).after(reports)
        self.http = api("inventory", "")
        self.contracts = MongoBook(database["contracts"], contract)
        self.kept: list[Any] = [
            self.assets,
            self.directory,
            self.relations,
            self.sightings,
            self.contracts,
        ]
        self._serve(self.http, database, Curation(self.assets, self.history, commits))

    def _serve(self, http: FastAPI, database: Any, curation: Curation) -> None:
        maintenance = MongoBook(database["maintenance"], work)
        rates = MongoBook(database["exchange_rates"], rate_table)
        self.kept += [maintenance, rates]
        past = MongoPast(database)
        serve_listing(http, self.directory, MongoViews(database), lambda: TODAY)
        serve_exports(http, Exports(self.directory))
        serve_assets(http, self.assets, self.history, curation)
        serve_drift(http, self.assets, lambda: POLICY)
        serve_relations(http, Relations(self.relations, self.sightings, past, now=lambda: TODAY))
        serve_books(
            http,
            Books(CONTRACTS, self.contracts, self.assets),
            Books(MAINTENANCE, maintenance, self.assets),
            Books(RATES, rates, self.assets),
        )
        costs = Costs(self.assets, self.contracts, maintenance, rates, MongoCovered(database))
        serve_costs(http, costs, lambda: date(2025, 6, 2))
        sign_in(http, "admin@*", name="mara")

    async def take(self, *records: Record[Report]) -> None:
        """Reports that came in."""
        for record in records:
            await self.taken(Batch([record]))

    async def live(self, client: httpx.AsyncClient) -> dict[str, str]:
        """What happened to the plant of the page; the id of each asset by its name."""
        for each in self.kept:
            await each.prepare()
        await self.take(
            report("plc", PLC | {"firmware": "V2.7"}, JANUARY),
            report("drive", DRIVE, JANUARY),
            report("mes", SERVER, JANUARY),
            report("plc", PLC, MAY),
            report("switch", SWITCH, MAY, **seen("router-1", "press-1", "drive-1", "visitor")),
            report("router", {"class": "router", "name": "ROUTER-1", "serial": "R1"}, MAY),
            report(
                "erp:4712", BOOKED, MAY, protocol="import", reachability="REACHABILITY_NOT_ASKED"
            ),
        )
        items = (await client.get("/v1/assets")).json()["items"]
        ids = {item["name"]: item["id"] for item in items}
        for name, price in (("PRESS-1", "4850.00"), ("MES-1", "12000.00")):
            await self._patched(client, ids[name], BOOKS | {"purchase_price": price})
        for name in ("MES-1", "ROUTER-1", "SWITCH-1"):
            await self._patched(client, ids[name], {"status": "accepted"})
        reply = await client.post("/v1/contracts", json=SERVICE | {"assets": [ids["PRESS-1"]]})
        assert reply.status_code == 201, reply.text
        return ids

    async def _patched(self, client: httpx.AsyncClient, id: str, fields: dict[str, str]) -> None:
        found = await client.get(f"/v1/assets/{id}")
        status = {n: fields.pop(n) for n in ("status",) if n in fields}
        body = {**status, **({"fields": fields} if fields else {})}
        reply = await client.patch(
            f"/v1/assets/{id}", json=body, headers={"If-Match": found.headers["ETag"]}
        )
        assert reply.status_code == 200, reply.text


@pytest.fixture
async def plant(mongodb: str) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """The plant of the page, and the ids of its assets."""
    store: Any = AsyncIOMotorClient(mongodb, tz_aware=True)
    name = f"manager-{uuid.uuid4().hex[:8]}"
    made = Plant(store[name])
    transport = httpx.ASGITransport(made.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client, await made.live(client)
    await store.drop_database(name)
    store.close()


def calls(text: str) -> Iterator[str]:
    """The calls of one question."""
    for line in text.splitlines():
        method, path = line.split(" ", 1)
        assert method == "GET"
        yield path


def with_names(found: Any, ids: dict[str, str]) -> Any:
    """The answer with `$NAME` in the place of each id."""
    text = json.dumps(found)
    for name, id in ids.items():
        text = text.replace(id, f"${name}")
    return json.loads(text)


async def test_each_call_of_the_page_answers_what_the_page_shows(
    plant: tuple[httpx.AsyncClient, dict[str, str]],
) -> None:
    """What the page leaves out may be anything."""
    client, ids = plant
    for asked, shown in EXAMPLES:
        (path,) = calls(asked)
        for name, id in ids.items():
            path = path.replace(f"${name}", id)
        reply = await client.get(path)
        assert reply.status_code == 200, (path, reply.text)
        answer = with_names(reply.json(), ids)
        assert shows(answer, json.loads(shown)), (path, answer)


def test_there_are_ten_questions_and_more_than_ten_calls() -> None:
    """Each question is a heading with at least one call below it."""
    questions = re.split(r"^## ", PAGE, flags=re.M)[1:]

    assert len(questions) == 10
    assert all("```http\nGET " in each for each in questions)
    assert len(EXAMPLES) >= 10
