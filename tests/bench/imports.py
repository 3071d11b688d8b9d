"""A large table through all of it: the API, Kafka, the normaliser, the inventory, the store.

`python -m tests.bench.imports [ROWS]` imports a file of so many rows, one in a hundred with an
error, imports it again with one cell changed, and prints what each took.
"""

import asyncio
import csv
import io
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient

from isthmus.runtime import topics
from tests.bench.rig import broker, mongodb
from tests.integration.test_imports import HEADINGS, Plant, started

ROWS = 50_000
ERROR_EVERY = 100
MAKERS = ("SIEMENS AG", "ABB", "WAGO", "Schneider Electric SE", "Beckhoff")
LATE_S = 3_600


def table(rows: int, price: str) -> str:
    """A file whose last row costs `price`; every hundredth row has an error."""
    file = io.StringIO()
    made = csv.writer(file, delimiter=";")
    made.writerow(HEADINGS)
    for n in range(1, rows + 1):
        cost = "n. b." if n % ERROR_EVERY == 0 else f"{n % 9000},50"
        made.writerow(
            (n, "1000", MAKERS[n % len(MAKERS)], f"M {n % 900}", f"SN{n:08}", cost, "EUR")
        )
    made.writerow((rows + 1, "1000", "ABB", "ACS880", "SN-LAST", price, "EUR"))
    return file.getvalue()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(LATE_S):
        while not await true():
            await asyncio.sleep(0.5)


async def imported(plant: Plant, database: Any, rows: int, price: str) -> None:
    """Take the file in, and say what it took."""
    versions = await database["versions"].estimated_document_count()
    began = time.perf_counter()
    reply = await plant.send("/v1/imports?mapping=sap", table(rows, price), "text/csv")
    assert reply.status_code == 202, reply.text
    job: dict[str, Any] = {}

    async def finished() -> bool:
        job.update(await plant.inventory.get(reply.headers["location"]))
        return bool(job["state"] == "finished")

    async def arrived() -> bool:
        last = {"attributes.serial": "SN-LAST"}
        found = await database["assets"].find_one(last)
        assets = await database["assets"].estimated_document_count()
        costs = found and found["attributes"]["purchase_price"].replace(".", ",")
        return bool(costs == price and assets > good)

    good = rows - rows // ERROR_EVERY
    await until(finished)
    checked_s = time.perf_counter() - began
    await until(arrived)
    all_s = time.perf_counter() - began
    made = await database["versions"].estimated_document_count() - versions
    rate = rows / all_s
    print(f"{rows + 1} rows: published after {checked_s:.1f} s, in the store after {all_s:.1f} s")
    print(f"{rate:.0f} rows/s, {made} new versions, {job['counts']}", flush=True)


async def main(rows: int) -> None:
    """Both imports, on parts of their own."""
    with tempfile.TemporaryDirectory() as folder:
        async with broker() as kafka, mongodb() as uri:
            await topics.apply(kafka.bootstrap_servers, ("hagen", "lyon"), replication_factor=1)
            more = {"ISTHMUS_STORE__TIMEOUT_S": "60"}
            async with started(kafka.bootstrap_servers, uri, Path(folder), **more) as plant:
                client: Any = AsyncIOMotorClient(uri)
                database = client[plant.inventory.name]
                await imported(plant, database, rows, "310,00")
                await imported(plant, database, rows, "320,00")
                client.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
