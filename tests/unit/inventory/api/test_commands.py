"""The snapshot that a nightly job takes."""

import json
from pathlib import Path

import pytest
from tests.unit.inventory.handlers.tables.test_exports import Assets, asset

from isthmus.inventory.api.commands import snapshot, write
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.runtime.errors import IsthmusError


async def test_a_snapshot_is_four_whole_files(tmp_path: Path) -> None:
    """All assets twice, the register of OT assets, and how much of it is known."""
    assets = [asset(n, purdue_level="1") for n in range(3)]

    written = await write(Exports(Assets(assets)), tmp_path)  # type: ignore[arg-type]

    assert [path.name for path in written] == [
        "assets.jsonl", "assets.csv", "cisa-ot.xlsx", "cisa-ot-coverage.json",
    ]  # fmt: skip
    lines = (tmp_path / "assets.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["0000", "0001", "0002"]
    known = json.loads((tmp_path / "cisa-ot-coverage.json").read_text())
    assert known["items"][0]["assets"] == 3


async def test_a_snapshot_of_the_same_day_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """File by file, each of them whole at any time."""
    for count in (1, 2):
        assets = [asset(n) for n in range(count)]
        await write(Exports(Assets(assets)), tmp_path)  # type: ignore[arg-type]

    assert len((tmp_path / "assets.jsonl").read_text().splitlines()) == 2


def test_a_snapshot_without_a_store_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence for the one who reads the job's log."""
    for name, value in {
        "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "ACCESS__MODE": "off",
        "STORE__URI": "mongodb://127.0.0.1:9",
        "STORE__DATABASE": "isthmus",
        "STORE__TIMEOUT_S": "0.2",
    }.items():
        monkeypatch.setenv(f"ISTHMUS_{name}", value)

    with pytest.raises(IsthmusError, match="store: "):
        snapshot(str(tmp_path))
