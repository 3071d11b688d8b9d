"""The file of a small site, and the lock beside its spool."""

import asyncio
import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from isthmus.collector.adapters.files import FolderLock, SiteFile, SoleOwner
from isthmus.collector.ports import SiteRows
from isthmus.runtime.errors import IsthmusError, Rejected

GOOD = "targets: [{target: a}]\nzones: [{path: e/s}]\n"


@dataclass
class Taker:
    """Remembers what it was given."""

    versions: list[SiteRows] = field(default_factory=list)
    released: int = 0
    refuses: bool = False

    async def take(self, rows: SiteRows) -> None:
        if self.refuses:
            raise Rejected("zone hagen/x: envelope.gap_s: -1: expected more")
        self.versions.append(rows)

    async def release(self) -> None:
        self.released += 1


@pytest.fixture
def taker() -> Taker:
    """It has taken nothing yet."""
    return Taker()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file."""
    path = tmp_path / "hagen.yaml"
    path.write_text(GOOD)
    return path


def watched(path: Path, taker: Taker) -> SiteFile:
    return SiteFile(path, taker.take, taker.release)


def write(path: Path, text: str | None) -> None:
    """Write the file; None removes it."""
    path.unlink() if text is None else path.write_text(text)


def errors(log: list[dict[str, Any]]) -> list[str]:
    return [each["reason"] for each in log if each["log_level"] == "error"]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is logged."""
    said: list[dict[str, Any]] = []

    class Log:
        def error(self, event: str, **fields: Any) -> None:
            said.append({"event": event, "log_level": "error", **fields})

        def info(self, event: str, **fields: Any) -> None:
            said.append({"event": event, "log_level": "info", **fields})

    monkeypatch.setattr("isthmus.collector.adapters.files.log", Log())
    return said


async def test_the_file_is_taken_at_start_and_let_go_at_the_end(path: Path, taker: Taker) -> None:
    """With a sentence for each row that names file and line."""
    async with watched(path, taker):
        [rows] = taker.versions
        assert (rows.targets, rows.zones) == ([{"target": "a"}], [{"path": "e/s"}])
        assert rows.sentence("zones", 0, "gap_s: 1: no") == f"{path}:2: zones.0: gap_s: 1: no"
        assert taker.released == 0
    assert taker.released == 1


async def test_a_change_is_taken_once_it_has_come_to_rest(path: Path, taker: Taker) -> None:
    """Two looks a second apart; an unchanged file is not read again."""
    async with watched(path, taker) as file:
        await file.look()
        write(path, "targets: []\n")
        await file.look()
        assert len(taker.versions) == 1
        write(path, "targets: [{target: b}]\n# and so on\n")
        await file.look()
        assert len(taker.versions) == 1
        await file.look()
        await file.look()
    assert [rows.targets for rows in taker.versions] == [[{"target": "a"}], [{"target": "b"}]]


async def test_a_change_is_taken_within_five_seconds(path: Path, taker: Taker) -> None:
    """Without anybody's help."""
    async with watched(path, taker) as file:
        watching = asyncio.create_task(file.run())
        write(path, "targets: []\n")
        async with asyncio.timeout(5):
            while len(taker.versions) < 2:
                await asyncio.sleep(0.05)
        watching.cancel()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("targets: [\n", ":2: no YAML: "),
        ("targets: [{target: 2024-13-45}]\n", ":1: no YAML: month must be in 1..12"),
        ("target: []\n", ":1: target: unknown field; did you mean 'targets'?"),
        ("targets: {a: 1}\n", ":1: targets: "),
        ("- a\n", ":1: "),
        (None, ": No such file or directory"),
    ],
)
async def test_a_broken_file_is_said_once_and_the_last_good_one_holds(
    path: Path, taker: Taker, log: list[dict[str, Any]], text: str | None, says: str
) -> None:
    """One line with file, line and field; mended, it is taken."""
    async with watched(path, taker) as file:
        write(path, text)
        for _ in range(4):
            await file.look()
        assert len(taker.versions) == 1
        [said] = errors(log)
        assert said.startswith(f"{path}{says}")
        write(path, "targets: [{target: b}]\n")
        for _ in range(2):
            await file.look()
    assert taker.versions[-1].targets == [{"target": "b"}]


async def test_a_file_that_could_not_be_opened_is_taken_once_it_can(
    path: Path, taker: Taker, monkeypatch: pytest.MonkeyPatch, log: list[dict[str, Any]]
) -> None:
    """Copied with the wrong rights, which are then mended: its content does not change again."""
    async with watched(path, taker) as file:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "read_text", _not_permitted)  # root may read everything
            write(path, "targets: [{target: b}]\n")
            for _ in range(3):
                await file.look()
        os.chmod(path, 0o640)
        for _ in range(2):
            await file.look()
    assert errors(log) == [f"{path}: Permission denied"]
    assert taker.versions[-1].targets == [{"target": "b"}]


def _not_permitted(path: Path, *_: object) -> str:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


async def test_rules_that_nobody_understands_are_said_once(
    path: Path, taker: Taker, log: list[dict[str, Any]]
) -> None:
    """The file stays watched."""
    async with watched(path, taker) as file:
        taker.refuses = True
        write(path, "zones: [{}]\n")
        for _ in range(4):
            await file.look()
    assert errors(log) == ["zone hagen/x: envelope.gap_s: -1: expected more"]


@pytest.mark.parametrize("text", ["targets: [", None])
async def test_a_file_that_is_broken_at_start_ends_the_service_with_one_sentence(
    path: Path, taker: Taker, text: str | None
) -> None:
    """It names the setting."""
    write(path, text)
    with pytest.raises(IsthmusError, match=f"{path}.*ISTHMUS_TARGETS__FILE"):
        async with watched(path, taker):
            pass


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """It names who has the folder; a lock whose owner is gone holds nobody up."""
    folder = tmp_path / "new" / "spool"
    async with FolderLock(folder):
        with pytest.raises(IsthmusError, match=f"held by process {os.getpid()}; one collector"):
            async with FolderLock(folder):
                pass
    async with FolderLock(folder):
        pass


async def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    """For example below a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(IsthmusError, match="Not a directory; mend ISTHMUS_SPOOL__FOLDER"):
        async with FolderLock(tmp_path / "file" / "spool"):
            pass


def test_who_owns_a_site_alone_needs_no_fence() -> None:
    """No other process can have its devices."""
    assert SoleOwner().open(3600)
