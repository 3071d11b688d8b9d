"""Rows of the inventory's own work on a real store: no broker, reports of the golden devices.

Ours and the raw writes of the same documents take turns, so that both meet the same machine; the
fastest of several rounds counts for each.
"""

import asyncio
import json
import random
import resource
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from motor.motor_asyncio import AsyncIOMotorClient
from prometheus_client import CollectorRegistry
from pymongo import InsertOne, UpdateOne

from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.domain.assets.model import Tier
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.report_pb2 import REACHABILITY_ONLINE, Report
from tests.bench.recording import Recorded
from tests.bench.rig import ROOT, Row, mongodb

BATCH = 500
DEVICES = 2_000
ROUNDS = 3
SIZES = (1_000, 10_000, 100_000)
FLAT = 500  # reports measured at each size
MANY = 1_000_000
MINUTE = 60
Records = list[Record[Report]]
Documents = list[dict[str, Any]]


async def changed(_: Recorded) -> AsyncIterator[Row]:
    """Reports of new devices, of another firmware, and of nothing new, beside raw writes."""
    async with _store() as database:
        handler = await _handler(database)
        first = await _taken_per_s(handler, _fleet(0))
        await _taken_per_s(handler, _fleet(MINUTE))
        again = max([await _taken_per_s(handler, _fleet(n * MINUTE)) for n in range(2, 5)])
        raw_again = max([await _raw_seen_per_s(database) for _ in range(ROUNDS)])
        ours, raw, alone = [], [], []
        for number in range(ROUNDS):
            ours.append(await _taken_per_s(handler, _fleet((9 + number) * MINUTE, f"9.{number}")))
            versions = await _versions(database, number + 2)
            raw.append(await _raw_per_s(database, versions, with_versions=True))
            alone.append(await _raw_per_s(database, versions, with_versions=False))
        raw_first = await _raw_inserts_per_s(database)
    goal = "0.6 of raw bulk_write"
    yield Row("inventory.reports_per_s", max(ours), "1/s", max(raw), goal)
    yield Row("inventory.reports_to_assets_alone", max(ours), "1/s", max(alone), goal)
    yield Row("inventory.new_reports_per_s", first, "1/s", raw_first, goal)
    goal = "0.8 of raw bulk_write"
    yield Row("inventory.unchanged_reports_per_s", again, "1/s", raw_again, goal)


async def flatness(_: Recorded) -> AsyncIterator[Row]:
    """The cost of a report of another firmware with more and more assets in the store."""
    costs = []
    for size in SIZES:
        async with _store() as database:
            handler = await _handler(database)
            await _filled(database, handler, size)
            chosen = random.Random(size).sample(range(size), FLAT)
            rounds = [[_record(n, (9 + r) * MINUTE, f"9.{r}") for n in chosen] for r in range(3)]
            costs.append(1 / max([await _taken_per_s(handler, records) for records in rounds]))
    print(", ".join(f"{n}: {s * 1e6:.0f} us" for n, s in zip(SIZES, costs, strict=True)))
    yield Row("inventory.flatness", max(costs) / min(costs), "", 1.0, "1.2")


async def replicas(_: Recorded) -> AsyncIterator[Row]:
    """Two processes on one store beside one; how long each computes shows who is the limit."""
    async with _store_at() as (uri, database):
        await _taken_per_s(await _handler(database), _fleet(0))
        one, two = [], []
        for number in range(ROUNDS):
            one.append(await _together(uri, 1, 2 * number + 1))
            two.append(await _together(uri, 2, 2 * number + 2))
    for name, (wall_s, busy_s) in (("one", min(one)), ("two", min(two))):
        print(f"{name}: {DEVICES / wall_s:.0f}/s, each computes {busy_s / wall_s:.0%} of the time")
    goal = "1.6, if the store is not the limit"
    yield Row("inventory.replicas", min(one)[0] / min(two)[0], "", 1.0, goal)


async def _together(uri: str, processes: int, minute: int) -> tuple[float, float]:
    """Seconds until all devices have told another firmware, and those of them spent computing."""
    shares = [list(range(DEVICES))[number::processes] for number in range(processes)]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, _kinds_met) for _ in shares))
        began = time.perf_counter()
        busy = await asyncio.gather(
            *(loop.run_in_executor(pool, _replica, uri, share, minute) for share in shares)
        )
        return time.perf_counter() - began, max(busy)


def _kinds_met() -> int:
    time.sleep(0.5)  # so that each process takes one of these, and has imported everything
    return len(_kinds())


def _replica(uri: str, numbers: Sequence[int], minute: int) -> float:
    """Have one replica take the devices' reports; its CPU-seconds."""
    began = time.process_time()

    async def take() -> None:
        client: Any = AsyncIOMotorClient(uri, tz_aware=True, w="majority", journal=True)
        commits = Commits(store := MongoAssets(client["bench"]), Nowhere())
        handler = Reports(store, commits, InventoryMetrics(CollectorRegistry()))
        await _taken_per_s(handler, [_record(n, minute * MINUTE, f"7.{minute}") for n in numbers])

    asyncio.run(take())
    return time.process_time() - began


async def memory(_: Recorded) -> AsyncIterator[Row]:
    """Bytes that the process grows by over a million reports, of which most say nothing new."""
    async with _store() as database:
        handler = await _handler(database)
        rounds, base = MANY // DEVICES, 0
        for number in range(rounds):
            await _taken_per_s(handler, _fleet(number // 10))
            if number == rounds // 10:
                base = _resident_bytes()
    grown = _resident_bytes() - base
    yield Row("inventory.grown_bytes_per_million_reports", grown, "B", base, "flat")


class Nowhere:
    """Stands for Kafka: what is published goes nowhere."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Take them."""


@asynccontextmanager
async def _store() -> AsyncIterator[Any]:
    async with _store_at() as (_, database):
        yield database


@asynccontextmanager
async def _store_at() -> AsyncIterator[tuple[str, Any]]:
    async with mongodb() as uri:
        client: Any = AsyncIOMotorClient(uri, tz_aware=True, w="majority", journal=True)
        yield uri, client["bench"]
        client.close()


async def _handler(database: Any) -> Reports:
    store = MongoAssets(database)
    for each in (store, MongoDirectory(database)):
        await each.prepare()  # whoever reads assets wants indexes, and every write pays for them
    commits = Commits(store, Nowhere())
    return Reports(store, commits, InventoryMetrics(CollectorRegistry()))


async def _taken_per_s(handler: Reports, records: Records) -> float:
    began = time.perf_counter()
    for at in range(0, len(records), BATCH):
        await handler(Batch(records[at : at + BATCH]))
    return len(records) / (time.perf_counter() - began)


async def _versions(database: Any, revision: int) -> Documents:
    found: Documents = await database["versions"].find({"revision": revision}).to_list(None)
    return found


async def _raw_per_s(database: Any, versions: Documents, *, with_versions: bool) -> float:
    """The same assets written once more as one version later, and the same versions inserted."""
    run = uuid.uuid4().hex
    updates = [
        UpdateOne(
            {"_id": v["asset"], "revision": v["revision"]},
            {"$set": {**v["document"], "path": f"{v['document']['path']}/{run[:3]}"}},
        )
        for v in versions
    ]
    inserts = [InsertOne({**v, "_id": f"{v['_id']}-{run}", "revision": -1}) for v in versions]
    began = time.perf_counter()
    for at in range(0, len(updates), BATCH):
        if with_versions:
            await database["versions"].bulk_write(inserts[at : at + BATCH], ordered=False)
        await database["assets"].bulk_write(updates[at : at + BATCH], ordered=False)
    return len(updates) / (time.perf_counter() - began)


async def _raw_seen_per_s(database: Any) -> float:
    seen = await database["seen"].find({}).to_list(None)
    updates = [
        UpdateOne(
            {"_id": each["_id"], "digest": each["digest"]},
            {"$max": {"at": each["at"] + timedelta(seconds=9)}},
        )
        for each in seen
    ]
    began = time.perf_counter()
    for at in range(0, len(updates), BATCH):
        await database["seen"].bulk_write(updates[at : at + BATCH], ordered=False)
    return len(updates) / (time.perf_counter() - began)


async def _raw_inserts_per_s(database: Any) -> float:
    """The first versions, the assets and the claims once more, under other ids."""
    first = await _versions(database, 1)
    keys = await database["identity_keys"].find({}).to_list(None)
    inserts = {
        "identity_keys": [InsertOne({**k, "_id": f"{k['_id']}-x"}) for k in keys],
        "versions": [InsertOne({**v, "_id": f"{v['_id']}-x"}) for v in first],
        "assets": [InsertOne({"_id": f"{v['asset']}-x", **v["document"]}) for v in first],
    }
    began = time.perf_counter()
    for name, several in inserts.items():
        for at in range(0, len(several), BATCH):
            await database[name].bulk_write(several[at : at + BATCH], ordered=False)
    return len(first) / (time.perf_counter() - began)


async def _filled(database: Any, handler: Reports, size: int) -> None:
    """As many assets as `size`: the first ones through the front door, the others as they are."""
    await _taken_per_s(handler, [_record(n, 0) for n in range(BATCH)])
    made = await _versions(database, 1)
    patterns = {v["document"]["sources"][0]: v for v in made}
    for start in range(BATCH, size, BATCH):
        numbers = range(start, min(size, start + BATCH))
        several = [_like(patterns[f"hagen/device-{n % BATCH}"], n) for n in numbers]
        await database["versions"].insert_many([v for v, _ in several])
        await database["assets"].insert_many(
            [{"_id": v["asset"], **v["document"]} for v, _ in several]
        )
        await database["identity_keys"].insert_many([key for _, keys in several for key in keys])


def _like(version: dict[str, Any], number: int) -> tuple[dict[str, Any], Documents]:
    """The version of another device of the same kind, and the claims on its keys."""
    said = _record(number, 0).message
    assert said is not None
    id, source = str(uuid.UUID(int=number + 1)), f"hagen/device-{number}"
    keys = sorted((int(k.tier), k.scope, k.kind, k.value) for k in said.keys)
    view = {**version["document"]["views"][0], "source": source, "report_id": said.id}
    document = {
        **version["document"],
        "views": [{**view, "keys": [list(key) for key in keys]}],
        "proven": [list(key) for key in keys if key[0] <= Tier.UNIQUE],
        "sources": [source],
        "targets": [source],
    }
    claims = [f"{scope}|{kind}|{value}" for _, scope, kind, value in keys]
    claims.append(f"hagen|source|{source}")
    made = {**version, "_id": f"{id}/1", "asset": id, "document": document}
    return made, [{"_id": claim, "asset": id} for claim in dict.fromkeys(claims)]


def _fleet(second: int, firmware: str = "") -> Records:
    return [_record(number, second, firmware) for number in range(DEVICES)]


def _record(number: int, second: int, firmware: str = "") -> Record[Report]:
    """A report of the device of that number, each second as its kind said it."""
    kinds = _kinds()
    said = Report()
    said.CopyFrom(kinds[number % len(kinds)])
    said.site, said.target = "hagen", f"device-{number}"
    said.id = str(uuid.UUID(int=number << 64 | second))
    for key in said.keys:
        key.scope = key.scope if key.scope == "global" else "hagen"
        key.value = f"{key.value}/{number}"
    said.observed_at.seconds = 1_780_000_000 + second
    for each in said.attributes:
        if firmware and each.name == "firmware":
            each.value = firmware
    return Record(said, f"hagen/{said.target}", "normalizer.reports.v1", 0, number, None)


@cache
def _kinds() -> tuple[Report, ...]:
    """Reports of the golden cases that are about an endpoint and tell a firmware."""
    found = []
    for path in sorted((ROOT / "tests" / "golden").glob("*/report.json")):
        found += [r for r in _reports(path.read_text()) if _is_whole(r)]
    return tuple(found)


def _reports(text: str) -> Iterable[Report]:
    return [ParseDict(each, Report()) for each in json.loads(text).get("reports", ())]


def _is_whole(report: Report) -> bool:
    told = {each.name for each in report.attributes}
    online = report.reachability == REACHABILITY_ONLINE
    return online and not report.device and "firmware" in told and bool(report.keys)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])  # proc(5): resident, in pages
    return pages * resource.getpagesize()
