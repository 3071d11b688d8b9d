"""What a table has no more, on the real store: its word goes, its assets stay."""

import asyncio
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contract.test_store_races import Published, Silent

from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.domain.assets.model import Asset, Reachability
from isthmus.inventory.domain.assets.precedence import POLICY
from isthmus.inventory.domain.tables.import_jobs import Format, ImportJob
from isthmus.inventory.domain.tables.mappings import mapping
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.inventory.handlers.tables.withdrawals import Withdrawals
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1 import report_pb2

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOB = ImportJob(
    "20260301T120000000-1",
    mapping("m", {"system": "sap", "site": "hagen", "external_id": "N", "columns": {"name": "M"}}),
    Format.CSV, 10, False, "mara", NOON,
)  # fmt: skip


def told(target: str, protocol: str, *, minutes: int = 0, **attributes: str) -> Any:
    """The record of a report on the press with the serial number 1."""
    id = f"00000000-0000-0000-0000-{zlib.crc32(f'{target}{minutes}'.encode()):012}"
    message = report_pb2.Report(
        id=id, site="hagen", target=target, protocol=protocol, observed_at=NOON,
        reachability=report_pb2.REACHABILITY_ONLINE,
    )  # fmt: skip
    message.observed_at.FromDatetime(NOON.replace(minute=minutes))
    message.keys.add(tier=report_pb2.KEY_TIER_UNIQUE, scope="global", kind="serial", value="s/1")
    for name, value in attributes.items():
        message.attributes.add(name=name, value=value, confidence=1)
    return Record(message, f"hagen/{target}", "normalizer.reports.v1", 0, 0, None)


class Inventory:
    """One replica, with what it has published."""

    def __init__(self, store: MongoAssets, database: Any) -> None:
        self.topic = Published()
        commits = Commits(store, self.topic)
        self.reports = Reports(store, commits, Silent())
        self.withdrawals = Withdrawals(store, commits, lambda: POLICY)
        self._store, self._database = store, database

    async def take(self, *records: Any) -> None:
        await self.reports(Batch(list(records)))

    async def assets(self) -> list[Asset]:
        return await self._store.assets(None, "", 10)


@pytest.fixture
async def inventory(database: Any) -> Inventory:
    """An inventory that knows a press from itself and from the books."""
    store = MongoAssets(database)
    await store.prepare()
    made = Inventory(store, database)
    await made.take(
        told("press", "modbus", name="PRESS-1", firmware="3.20"),
        told("sap:1", "import", owner="Press shop", firmware="3.10", location="hall 2"),
    )
    return made


async def test_the_word_of_a_row_goes_and_its_asset_stays(inventory: Inventory) -> None:
    """What the device says stays; it is history, signed by who asked for the import."""
    [before] = await inventory.assets()
    assert before.attributes["owner"] == "Press shop"

    assert await inventory.withdrawals.concerned(["hagen/sap:1", "hagen/sap:2"]) == {
        "hagen/sap:1": before.id
    }
    found = await inventory.withdrawals.withdraw(["hagen/sap:1", "hagen/sap:2"], JOB)

    [after] = await inventory.assets()
    assert found == {"hagen/sap:1": before.id}
    assert after.id == before.id
    assert after.sources == ("hagen/press",)
    assert after.attributes == {"name": "PRESS-1", "firmware": "3.20"}
    assert after.revision == before.revision + 1
    changes = [topic for topic, _ in inventory.topic.last]
    assert set(changes) == {"inventory.assets.v1", "inventory.changes.v1"}


async def test_what_is_withdrawn_twice_is_withdrawn_once(inventory: Inventory) -> None:
    """An import that is begun again, and two at once, write one version."""
    [before] = await inventory.assets()

    await asyncio.gather(*(inventory.withdrawals.withdraw(["hagen/sap:1"], JOB) for _ in "ab"))
    await inventory.withdrawals.withdraw(["hagen/sap:1"], replace(JOB, id="another"))

    [after] = await inventory.assets()
    assert after.revision == before.revision + 1


async def test_a_row_that_comes_back_is_heard_again(inventory: Inventory) -> None:
    """It joins the asset that it was of, by what that is known by."""
    [before] = await inventory.assets()
    await inventory.withdrawals.withdraw(["hagen/sap:1"], JOB)

    await inventory.take(told("sap:1", "import", minutes=9, owner="Tool shop"))

    [after] = await inventory.assets()
    assert after.id == before.id
    assert after.attributes["owner"] == "Tool shop"


async def test_the_last_word_on_an_asset_is_remembered(inventory: Inventory) -> None:
    """An asset of the books alone is not left without a name; no source describes it any more."""
    message = told("sap:9", "import", name="SAW", owner="Tool shop")
    message.message.keys[0].value = "s/9"
    await inventory.take(message)

    await inventory.withdrawals.withdraw(["hagen/sap:9"], JOB)

    saw = next(each for each in await inventory.assets() if not each.sources)
    assert saw.attributes == {"name": "SAW", "owner": "Tool shop"}
    assert saw.reachability in (Reachability.OFFLINE, Reachability.NOT_ASKED)
