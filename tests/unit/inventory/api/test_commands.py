"""The commands of a nightly job."""

from pathlib import Path

import pytest

from isthmus.inventory.api.commands import snapshot, verify
from isthmus.runtime.errors import IsthmusError


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


def test_a_folder_that_is_no_snapshot_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was expected."""
    assert verify(str(tmp_path)) == 1
    assert "manifest.json" in capsys.readouterr().err
    with pytest.raises(IsthmusError, match=r"FOLDER: .* is no folder"):
        verify(str(tmp_path / "none"))
