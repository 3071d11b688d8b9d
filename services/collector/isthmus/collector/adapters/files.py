"""The file of a small site, with its targets and zones; and the lock that gives it one owner."""

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.documents import Document
from isthmus.collector.ports import SiteRows
from isthmus.runtime.errors import IsthmusError, Rejected

log = structlog.get_logger()
LOOK_S = 1.0
Version = tuple[int, int, int]


class Content(BaseModel):
    """What the file may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: list[Any] = Field(default=[])
    zones: list[Any] = Field(default=[])


class SiteFile:
    """Hands over the rows of the file, and again after each change; a broken file changes nothing.

    A version is taken when it was the same twice, a second apart: an editor may write in pieces.
    """

    def __init__(
        self,
        file: Path,
        take: Callable[[SiteRows], Awaitable[None]],
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self._file = file
        self._take = take
        self._release = release
        self._seen: Version | None = None
        self._taken: Version | None = None

    async def __aenter__(self) -> Self:
        """Take the file as it is; raises IsthmusError when it is no good."""
        try:
            self._seen = self._taken = self._version()
            await self._read()
        except (Rejected, OSError) as error:
            raise IsthmusError(
                f"{_reason(self._file, error)}; mend ISTHMUS_TARGETS__FILE"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._release()

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Take a version that is new and has come to rest; one that is no good is said once."""
        try:
            version, seen = self._version(), self._seen
            self._seen = version
            if version in (self._taken, None) or version != seen:
                return
            self._taken = version
            await self._read()
        except (Rejected, OSError) as error:
            log.error("targets_file_kept", reason=_reason(self._file, error))
        else:
            log.info("targets_file_taken", file=str(self._file))

    def _version(self) -> Version | None:
        try:
            stat = self._file.stat()
        except OSError:
            if self._seen is None:
                return None
            self._seen = None  # so that it is said once
            raise
        # The time of the last change of anything: that of the content does not tell a `chmod`.
        return stat.st_ctime_ns, stat.st_ino, stat.st_size

    async def _read(self) -> None:
        document, content = await asyncio.to_thread(self._checked)

        def sentence(part: str, row: int, text: str) -> str:
            return document.mistake((part, row), text)

        await self._take(SiteRows(content.targets, content.zones, sentence))

    def _checked(self) -> tuple[Document, Content]:
        try:
            text = self._file.read_text()
        except UnicodeDecodeError as error:
            raise Rejected(f"{self._file}: no UTF-8 at byte {error.start}") from error
        document = Document(str(self._file), text)
        return document, document.check(Content)


class SoleOwner:
    """The fence of a process that shares its devices with nobody: always open."""

    def open(self, for_s: float) -> bool:
        return True


class FolderLock:
    """Keeps a second process out of a folder for as long as this one lives, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lock"
        self._held: IO[str] | None = None

    async def __aenter__(self) -> Self:
        """Take the lock; raises IsthmusError when another process has it."""
        try:
            self._lock()
        except BlockingIOError as error:
            raise IsthmusError(
                f"{self._file}: held by process {_holder(self._file)}; "
                "one collector reads a site from a file, stop one of the two"
            ) from error
        except OSError as error:
            raise IsthmusError(
                f"{self._file}: {error.strerror}; mend ISTHMUS_SPOOL__FOLDER"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._held is not None:
            self._held.close()

    def _lock(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        held = self._file.open("a")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        self._held = held


def _holder(file: Path) -> str:
    return file.read_text().strip() or "unknown"


def _reason(file: Path, error: Exception) -> str:
    return f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
