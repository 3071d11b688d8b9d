"""Rows of finding assets: requests through the ASGI application, beside the bare store.

The reference of a row is the same question as one query by hand, without anything of ours, asked
in turn with the request: so both meet the same store, cache and neighbours.
"""

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from motor.motor_asyncio import AsyncIOMotorClient

from isthmus.inventory.adapters.assets.documents import document
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.saved import MongoViews
from isthmus.inventory.adapters.queries import LIVE
from isthmus.inventory.api.finding.listing import serve_listing
from isthmus.inventory.domain.assets.model import Asset, Health, Key, Reachability, Said, Tier, View
from isthmus.runtime.http import api
from tests.access import sign_in
from tests.bench.recording import Recorded
from tests.bench.rig import Row, mongodb

ASSETS = 100_000
SITES = 53  # a prime: every site has every class and maker
BATCH = 1_000
SAMPLES = 100
LIMIT = 100
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLASSES = ("plc", "hmi", "drive", "meter", "switch", "server", "robot", "ups")
VENDORS = (
    "Siemens",
    "Schneider Electric",
    "ABB",
    "Rockwell Automation",
    "WAGO",
    "Beckhoff",
    "Moxa",
)
Ask = Callable[[int], Awaitable[Any]]


@dataclass(frozen=True)
class Question:
    """One kind of request, and the bare query that answers the same; both by the number asked."""

    name: str
    request: Ask
    bare: Ask


async def directory(_: Recorded) -> AsyncIterator[Row]:
    """The slowest of a hundred lists, searches and facets, each on another site or device."""
    async with mongodb() as uri:
        client: Any = AsyncIOMotorClient(uri, tz_aware=True)
        database = client["directory"]
        reading = MongoDirectory(database)
        await reading.prepare()
        for number in range(0, ASSETS, BATCH):
            await database["assets"].insert_many(list(_documents(number)), ordered=False)
        http = api("inventory", "")
        serve_listing(http, reading, MongoViews(database))
        sign_in(http, "viewer@*")
        transport = httpx.ASGITransport(http)
        async with httpx.AsyncClient(transport=transport, base_url="http://inventory") as asked:
            for question in _questions(asked, database):
                yield await _measured(question)
        client.close()


async def _measured(question: Question) -> Row:
    ours, store = [], []
    for number in range(SAMPLES):
        ours.append(await _ms(question.request, number))
        store.append(await _ms(question.bare, number))
    medians = " ms, bare ".join(f"{sorted(each)[SAMPLES // 2]:.0f}" for each in (ours, store))
    print(f"{question.name}: median {medians} ms")
    name = f"inventory.{question.name}_p99_ms"
    return Row(name, _p99(ours), "ms", _p99(store), "1.2 of the bare query and 10 ms; 300")


def _p99(figures: list[float]) -> float:
    return sorted(figures)[len(figures) * 99 // 100 - 1]


async def _ms(ask: Ask, number: int) -> float:
    began = time.perf_counter()
    await ask(number)
    return (time.perf_counter() - began) * 1000


def _questions(client: httpx.AsyncClient, database: Any) -> Iterator[Question]:
    assets = database["assets"]

    async def get(path: str, **query: Any) -> None:
        reply = await client.get(path, params=query)
        assert reply.json()["items"], reply.text

    async def found(query: Any, *sort: tuple[str, int]) -> None:
        cursor = assets.find({**query, **LIVE}, {"views": 0}).sort([*sort, ("_id", 1)])
        assert await cursor.limit(LIMIT + 1).to_list(None)

    async def counted(query: Any, *paths: str) -> None:
        facets = {f"f{n}": [{"$sortByCount": f"${path}"}] for n, path in enumerate(paths)}
        stages = [{"$match": {**query, **LIVE}}, {"$facet": facets}]
        await database.command("aggregate", "assets", pipeline=stages, cursor={})

    def site(number: int) -> str:
        return f"site-{number % SITES:02}"

    def beginning(number: int) -> dict[str, Any]:
        word = _name(number * ASSETS // SAMPLES)[:-1].lower()
        return {"tokens": {"$gte": word, "$lt": f"{word}\uffff"}}

    yield Question(
        "list",
        lambda n: get("/v1/assets", filter=f"site = {site(n)} and class = plc", sort="name"),
        lambda n: found({"site": site(n), "attributes.class": "plc"}, ("attributes.name", 1)),
    )
    yield Question(
        "search",
        lambda n: get("/v1/assets", search=_name(n * ASSETS // SAMPLES)[:-1]),
        lambda n: found(beginning(n)),
    )
    yield Question(
        "facets",
        lambda n: get("/v1/assets/facets", by="vendor,class,criticality", site=site(n)),
        lambda n: counted(
            {"site": site(n)}, "attributes.vendor", "attributes.class", "attributes.criticality"
        ),
    )


def _name(number: int) -> str:
    return f"{CLASSES[number % len(CLASSES)].upper()}-{number:06}"


def _documents(first: int) -> Iterator[dict[str, Any]]:
    for number in range(first, first + BATCH):
        asset = _asset(number)
        yield {"_id": asset.id, **document(asset)}


def _asset(number: int) -> Asset:
    site = f"site-{number % SITES:02}"
    path = f"nordwerk/{site}/hall-{number % 4}/line-{number % 40}/cell-{number % 90}"
    attributes = {
        "class": CLASSES[number % len(CLASSES)],
        "vendor": VENDORS[number % len(VENDORS)],
        "family": f"Family {number % 300}",
        "model": f"M {number % 900}",
        "serial": f"S{number:08}",
        "order_code": f"OC{number % 900}",
        "firmware": f"2.{number % 30}",
        "name": _name(number),
        "criticality": ("high", "medium", "low")[number % 3],
        "purdue_level": "1",
        "end_of_support": f"20{20 + number % 15}-{1 + number % 12:02}",
        "owner": f"Team {number % 60}",
        "tags": f"line-{number % 40}",
        "purchase_price": f"{number % 9000}.50",
        "currency": "EUR",
    }
    view = View(
        source=f"{site}/target-{number}",
        site=site,
        path=path,
        observed_at=NOON,
        report_id=str(uuid.UUID(int=number)),
        reachability=Reachability.ONLINE,
        health=Health.NORMAL,
        health_reason="",
        attributes={name: Said(value) for name, value in attributes.items()},
        keys=(
            Key(Tier.UNIQUE, "global", "serial", f"maker/s{number:08}"),
            Key(
                Tier.WEAK, site, "address", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            ),
        ),
    )
    return Asset(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
        discovered_at=NOON - timedelta(days=number % 900),
        changed_at=NOON - timedelta(minutes=number),
        views=(view,),
        attributes=attributes,
        site=site,
        path=path,
        reachability=Reachability.ONLINE,
        health=Health.NORMAL,
        last_seen_at=NOON,
        revision=1,
    )
