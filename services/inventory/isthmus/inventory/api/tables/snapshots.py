"""The whole inventory in files, as of one instant, and whether such files are whole."""

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from isthmus.inventory.adapters.tables.tables import Workbook, csv_text
from isthmus.inventory.api.cursors import spoken
from isthmus.inventory.api.tables.exports import coverage_list
from isthmus.inventory.domain.feed.completeness import Watermark
from isthmus.inventory.domain.query import Selection, matches
from isthmus.inventory.domain.tables import registers
from isthmus.inventory.domain.tables.registers import Coverages, coverage_rows
from isthmus.inventory.handlers.tables.exports import NAMES, Exports, Item, cells

ASSETS, TABLE, REGISTER = "assets.jsonl", "assets.csv", "cisa-ot.xlsx"
COVERAGE = "cisa-ot-coverage.json"
MANIFEST = "manifest.json"
FORMAT = 1
PARTIAL = ".partial"
CHUNK_BYTES = 1_048_576


@dataclass(frozen=True)
class Stated:
    """What a manifest says beside its files."""

    as_of: datetime
    marks: Sequence[Watermark] = ()


async def write(exports: Exports, folder: Path, stated: Stated) -> list[Path]:
    """Write all files in one pass over the assets, the manifest last: with it, they are whole."""
    (folder / MANIFEST).unlink(missing_ok=True)
    made = _Files(folder)
    async for items in exports.items(Selection(as_of=stated.as_of)):
        await asyncio.to_thread(made.take, items)
    counts = await asyncio.to_thread(made.close)
    manifest = {
        "format": FORMAT,
        "as_of": stated.as_of,
        "assets": sum(made.sites.values()),
        "sites": dict(sorted(made.sites.items())),
        "watermarks": [
            {"site": mark.name, "complete_until": mark.until, "targets": mark.targets,
             "late": mark.late}
            for mark in stated.marks
        ],
        "files": [_described(folder / name, rows) for name, rows in counts.items()],
    }  # fmt: skip
    _replace(folder / MANIFEST, json.dumps(manifest, default=spoken, indent=2))
    return [*(folder / name for name in counts), folder / MANIFEST]


class _Files:
    """The files while they are written; each takes its place when all are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = _partial(folder / ASSETS).open("w", encoding="utf-8")
        self._table = _partial(folder / TABLE).open("w", encoding="utf-8", newline="")
        self._book = Workbook()
        self._register = self._book.sheet("OT assets")
        self._register.append(registers.HEADINGS)
        self._table.write(csv_text([NAMES]))
        self._coverages = Coverages()
        self._registered = 0
        self.sites: Counter[str] = Counter()

    def take(self, items: Sequence[Item]) -> None:
        """Write some assets to each file."""
        self.sites.update(str(item["site"]) for item in items)
        self._lines.writelines(
            f"{json.dumps(item, default=spoken, ensure_ascii=False)}\n" for item in items
        )
        self._table.write(csv_text(cells(item, NAMES) for item in items))
        for item in items:
            if matches(registers.IS_OT, item):
                row = registers.row(item)
                self._coverages.take(row)
                self._register.append(row)
                self._registered += 1

    def close(self) -> dict[str, int]:
        """Give all files their names; how many rows each has."""
        self._lines.close()
        self._table.close()
        sheet = self._book.sheet("Coverage")
        for row in coverage_rows(self._coverages.listed()):
            sheet.append(row)
        self._book.save(_partial(self._folder / REGISTER))
        known = coverage_list(self._coverages).model_dump_json(indent=2)
        _partial(self._folder / COVERAGE).write_text(known, encoding="utf-8")
        assets = sum(self.sites.values())
        counts = {ASSETS: assets, TABLE: assets, REGISTER: self._registered, COVERAGE: 1}
        for name in counts:
            os.replace(_partial(self._folder / name), self._folder / name)
        return counts


def verify(folder: Path) -> list[str]:
    """What is wrong with a snapshot; nothing when it is whole and says what its manifest says."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(each["name"]): each for each in manifest["files"]}
        sites, stated = manifest["sites"], manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST}: {error}, expected the manifest of a snapshot that was finished"]
    if stated != FORMAT:
        return [f"{MANIFEST}: format {stated!r}, expected {FORMAT}"]
    wrong = [reason for each in files.values() for reason in _differs(folder, each)]
    return wrong or list(_miscounted(folder / ASSETS, sites))


def _differs(folder: Path, said: dict[str, Any]) -> Iterator[str]:
    path = folder / Path(said["name"]).name
    if not path.is_file():
        yield f"{path.name}: missing, expected {said['bytes']} bytes"
        return
    found = _described(path, said["rows"])
    for name in ("bytes", "sha256"):
        if found[name] != said[name]:
            yield f"{path.name}: {name} {found[name]}, expected {said[name]}"


def _miscounted(path: Path, sites: dict[str, int]) -> Iterator[str]:
    """Assets that are not counted as the manifest counts them, or not in the order of their ids."""
    counted: Counter[str] = Counter()
    last = ""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            item = json.loads(line)
            if item["id"] <= last:
                yield f"{path.name}: line {number}: id {item['id']}, expected one after {last}"
            last = item["id"]
            counted[item["site"]] += 1
    for site in sorted(counted.keys() | sites.keys()):
        if counted[site] != sites.get(site, 0):
            yield f"{path.name}: {counted[site]} assets of {site}, expected {sites.get(site, 0)}"


def _described(path: Path, rows: int) -> dict[str, Any]:
    return {
        "name": path.name,
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": _digest(_chunks(path)),
    }


def _digest(chunks: Iterable[bytes]) -> str:
    made = hashlib.sha256()
    for chunk in chunks:
        made.update(chunk)
    return made.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _replace(path: Path, text: str) -> None:
    _partial(path).write_text(text, encoding="utf-8")
    os.replace(_partial(path), path)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)
