"""The commands of the inventory: a snapshot of all of it, for a nightly job."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.api.tables import files
from isthmus.inventory.api.tables.exports import coverage_list
from isthmus.inventory.domain.query import Selection
from isthmus.inventory.domain.tables.registers import Coverages
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.inventory.settings import Settings
from isthmus.runtime.settings import load
from isthmus.runtime.store import connect

PARTIAL = ".partial"


def snapshot(out: str) -> int:
    """Write all assets and the OT register into a folder named after the day (UTC)."""
    folder = Path(out) / f"{datetime.now(UTC):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in asyncio.run(_snapshot(load(Settings), folder)):
        print(file)
    return 0


async def _snapshot(settings: Settings, folder: Path) -> list[Path]:
    database = connect(settings.store)
    try:
        return await write(Exports(MongoDirectory(database)), folder)
    finally:
        database.client.close()


async def write(exports: Exports, folder: Path) -> list[Path]:
    """Write each file of a snapshot; one that is there is whole, also when this is cut short."""
    everything, coverages = Selection(), Coverages()
    assets, csv, book, known = (
        folder / name
        for name in ("assets.jsonl", "assets.csv", "cisa-ot.xlsx", "cisa-ot-coverage.json")
    )
    await _text(assets, exports.lines(everything))
    await _text(csv, files.csv(exports.assets(everything)))
    register = exports.register(everything, coverages)
    await files.save(_partial(book), "OT assets", register, coverages)
    os.replace(_partial(book), book)
    await _text(known, _once(coverage_list(coverages).model_dump_json(indent=2)))
    return [assets, csv, book, known]


async def _text(path: Path, chunks: AsyncIterator[str]) -> None:
    with _partial(path).open("w", encoding="utf-8", newline="") as file:
        async for chunk in chunks:
            file.write(chunk)
    os.replace(_partial(path), path)


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)
