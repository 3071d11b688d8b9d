"""A snapshot in files, and what its check finds."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from tests.unit.inventory.handlers.tables.test_exports import Assets, asset

from isthmus.inventory.api.tables.snapshots import Stated, verify, write
from isthmus.inventory.domain.feed.completeness import Watermark
from isthmus.inventory.handlers.tables.exports import Exports

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
MARK = Watermark("hagen", NIGHT, None, 7, 1)


async def taken(folder: Path, count: int = 3) -> Assets:
    """A snapshot of so many assets, one of them of no OT level."""
    assets = Assets([
        asset(n, purdue_level="5" if n == 0 else "1", site="lyon" if n == 1 else "hagen")
        for n in range(count)
    ])  # fmt: skip
    await write(Exports(assets), folder, Stated(NIGHT, [MARK]))  # type: ignore[arg-type]
    return assets


async def test_a_snapshot_is_whole_and_of_one_instant(tmp_path: Path) -> None:
    """All assets twice, the register with its coverage, and a manifest that says so."""
    assets = await taken(tmp_path)

    assert {listing.selection.as_of for listing in assets.asked} == {NIGHT}
    assert sorted(os.listdir(tmp_path)) == [
        "assets.csv", "assets.jsonl", "cisa-ot-coverage.json", "cisa-ot.xlsx", "manifest.json",
    ]  # fmt: skip
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["as_of"] == "2026-03-01T02:00:00Z"
    assert (manifest["assets"], manifest["sites"]) == (3, {"hagen": 2, "lyon": 1})
    assert manifest["watermarks"] == [
        {"site": "hagen", "complete_until": "2026-03-01T02:00:00Z", "targets": 7, "late": 1}
    ]
    assert [each["rows"] for each in manifest["files"]] == [3, 3, 2, 1]
    lines = (tmp_path / "assets.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["0000", "0001", "0002"]
    book = openpyxl.load_workbook(tmp_path / "cisa-ot.xlsx")
    assert len(list(book["OT assets"].values)) == 3
    assert verify(tmp_path) == []


async def test_a_snapshot_takes_the_place_of_the_one_of_the_same_day(tmp_path: Path) -> None:
    """Nothing of the first is left."""
    await taken(tmp_path, 5)
    await taken(tmp_path, 2)

    assert len((tmp_path / "assets.jsonl").read_text().splitlines()) == 2
    assert verify(tmp_path) == []


async def test_a_snapshot_that_was_cut_short_has_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that of the one before."""
    await taken(tmp_path)

    async def away(listing: object) -> None:
        raise OSError("gone")

    assets = Assets([])
    monkeypatch.setattr(assets, "page", away)
    with pytest.raises(OSError, match="gone"):
        await write(Exports(assets), tmp_path, Stated(NIGHT))  # type: ignore[arg-type]

    [reason] = verify(tmp_path)
    assert reason.startswith("manifest.json: ")


@pytest.mark.parametrize("name", ["assets.jsonl", "assets.csv", "cisa-ot.xlsx"])
async def test_a_file_that_changed_is_found(tmp_path: Path, name: str) -> None:
    """By a byte that is other, one that is too many, or when it is missing."""
    await taken(tmp_path)
    whole = (tmp_path / name).read_bytes()

    (tmp_path / name).write_bytes(whole[:-1] + b"?")
    assert [each.split()[:2] for each in verify(tmp_path)] == [[f"{name}:", "sha256"]]
    (tmp_path / name).write_bytes(whole + b"\n")
    assert [each.split()[1] for each in verify(tmp_path)] == ["bytes", "sha256"]
    (tmp_path / name).unlink()
    assert verify(tmp_path) == [f"{name}: missing, expected {len(whole)} bytes"]


async def test_counts_that_do_not_agree_are_found(tmp_path: Path) -> None:
    """Site by site."""
    await taken(tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text()) | {"sites": {"hagen": 3}}
    path.write_text(json.dumps(manifest))

    assert verify(tmp_path) == [
        "assets.jsonl: 2 assets of hagen, expected 3",
        "assets.jsonl: 1 assets of lyon, expected 0",
    ]


async def test_a_manifest_of_another_format_is_refused(tmp_path: Path) -> None:
    """A check that does not know it proves nothing."""
    await taken(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))

    assert verify(tmp_path) == ["manifest.json: format 2, expected 1"]
