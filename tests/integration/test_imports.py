"""A table from the API to the inventory: over a real Kafka, the normaliser, and a real store."""

import csv
import io
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from tests.integration.test_inventory import Service, dropped, until

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = ("Equipment", "Werk", "Hersteller", "Typ", "Seriennr", "Wert", "Wrg")
MAPPING = {
    "system": "sap",
    "site": {"column": "Werk", "values": {"1000": "hagen", "2000": "lyon"}},
    "external_id": "Equipment",
    "columns": {
        "vendor": "Hersteller",
        "model": "Typ",
        "serial": "Seriennr",
        "purchase_price": {"column": "Wert", "decimal_comma": True},
        "currency": "Wrg",
    },
}
GOOD = [
    ("1", "1000", "SIEMENS AG", "6ES7 513-1AL02-0AB0", "S C-E1N12345", "4.850,00", "EUR"),
    ("2", "2000", "ABB", "ACS880", "D-0815", "1.200,00", "EUR"),
]
BAD = [
    ("3", "3000", "ABB", "ACS880", "D-0816", "1.200,00", "EUR"),
    ("4", "1000", "ABB", "ACS880", "D-0817", "n. b.", "EUR"),
]


@dataclass
class Plant:
    """The inventory and the normaliser, each in a process of its own."""

    inventory: Service
    normalizer: Process

    async def send(self, path: str, content: bytes | str, media: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.inventory.url, timeout=20) as client:
            headers = {"content-type": media}
            return await client.post(path, content=content, headers=headers)

    async def taken(self, content: bytes | str, media: str = "text/csv") -> dict[str, Any]:
        """The import of a file, once it is done."""
        reply = await self.send("/v1/imports?mapping=sap", content, media)
        assert reply.status_code == 202, reply.text
        job: dict[str, Any] = {}

        async def done() -> bool:
            job.update(await self.inventory.get(reply.headers["location"]))
            return bool(job["state"] == "finished")

        await until(done, self.inventory.process.tail)
        return job

    async def assets(self, count: int) -> list[dict[str, Any]]:
        """The assets, by external id."""
        found = await self.inventory.assets(count)
        return sorted(found, key=lambda each: str(each["sources"]))

    async def changes(self) -> list[str]:
        """Everything that ever happened to an asset."""
        items = (await self.inventory.get("/v1/changes", limit="1000"))["items"]
        return [change["id"] for event in items for change in event["changes"]]


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([HEADINGS, *rows])
    return file.getvalue()


def as_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet("Assets", 0)
    for row in [HEADINGS, *rows]:
        sheet.append(list(row))
    book.save(file)
    return file.getvalue()


@asynccontextmanager
async def started(kafka: str, uri: str, folder: Path, **environs: str) -> AsyncIterator[Plant]:
    """Both services, with a mapping; `environs` are the inventory's."""
    port = free_port()
    environ = os.environ | {
        "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": kafka,
        "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
        "ISTHMUS_HTTP__PORT": str(port),
    }
    command = [sys.executable, "-m", "isthmus.normalizer"]
    normalizer = Process("normalizer", command, folder / "normalizer.log", environ)
    async with dropped(Service(kafka, uri, folder)) as inventory:
        inventory.process = inventory.replica("inventory", inventory.port, **environs)
        normalizer.start()
        try:
            await inventory.start()
            await ready.until(normalizer, lambda: ready.http(f"http://127.0.0.1:{port}/readyz"))
            async with httpx.AsyncClient(base_url=inventory.url) as client:
                made = await client.put("/v1/import-mappings/sap", json=MAPPING)
            assert made.status_code == 201, made.text
            yield Plant(inventory, normalizer)
        finally:
            normalizer.stop()


@pytest.fixture
async def plant(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Plant]:
    """Both services on the broker and the store of the tests."""
    async with started(kafka, mongodb, tmp_path) as running:
        yield running


async def test_a_table_becomes_assets_and_the_same_again_changes_nothing(plant: Plant) -> None:
    """As CSV with errors, as CSV again, and as a workbook: its good rows are assets, once."""
    first = await plant.taken(as_csv([*GOOD, *BAD]))
    assets = await plant.assets(2)

    assert [each["site"] for each in assets] == ["hagen", "lyon"]
    assert [each["vendor"] for each in assets] == ["Siemens", "ABB"]
    assert [each["purchase_price"] for each in assets] == ["4850.00", "1200.00"]
    assert assets[0]["sources"] == ["hagen/sap:1"]
    errors = (await plant.inventory.get(f"/v1/imports/{first['id']}/errors"))["items"]
    assert [(each["row"], each["column"], each["field"]) for each in errors] == [
        (4, "B", "site"), (5, "F", "purchase_price"),
    ]  # fmt: skip

    before = [each["revision"] for each in assets], await plant.changes()
    for content, media in ((as_csv([*GOOD, *BAD]), "text/csv"), (as_xlsx(GOOD), XLSX)):
        again = await plant.taken(content, media)
        rows = (await plant.inventory.get(f"/v1/imports/{again['id']}/rows"))["items"]
        assert {each["verdict"] for each in rows if each["verdict"] != "gone"} == {"unchanged"}

    # A row that does change comes behind the others: when it is there, they have been taken in.
    await plant.taken(as_csv([*GOOD, ("5", "1000", "WAGO", "750-880", "W-1", "310,00", "EUR")]))
    settled = await plant.assets(3)
    assert [each["revision"] for each in settled[:1]] == before[0][:1]
    known = {each["id"] for each in assets}
    assert {each["id"]: each["revision"] for each in settled if each["id"] in known} == dict(
        zip([each["id"] for each in assets], before[0], strict=True)
    )
    assert set(before[1]) <= set(await plant.changes())


async def test_a_changed_cell_changes_its_asset_alone(plant: Plant) -> None:
    """With the row's source as the reason."""
    await plant.taken(as_csv(GOOD))
    hagen, lyon = await plant.assets(2)
    dearer = [(*GOOD[0][:5], "4.900,00", "EUR"), GOOD[1]]

    await plant.taken(as_xlsx(dearer), XLSX)

    async def changed() -> bool:
        return bool((await plant.assets(2))[0]["purchase_price"] == "4900.00")

    await until(changed, plant.inventory.process.tail)
    assert (await plant.assets(2))[1]["revision"] == lyon["revision"]
    history = (await plant.inventory.get(f"/v1/assets/{hagen['id']}/history"))["items"]
    assert history[0]["source"] == "hagen/sap:1"
    assert [each["field"] for each in history[0]["changes"]] == ["purchase_price"]
