"""The commands of the inventory: a snapshot of all of it for a nightly job, and its check."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from isthmus.inventory.adapters.feed.rolls import MongoRolls
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.api.tables import snapshots
from isthmus.inventory.api.tables.snapshots import Stated
from isthmus.inventory.domain.feed.completeness import Watermark
from isthmus.inventory.domain.instants import milliseconds
from isthmus.inventory.handlers.feed.completeness import Completeness
from isthmus.inventory.handlers.tables.exports import Exports
from isthmus.inventory.settings import Settings
from isthmus.runtime.commands import say
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import load
from isthmus.runtime.store import connect


def snapshot(out: str) -> int:
    """Write all assets and the OT register into a folder named after the day (UTC)."""
    as_of = milliseconds(datetime.now(UTC))
    folder = Path(out) / f"{as_of:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in asyncio.run(_snapshot(load(Settings), folder, as_of)):
        print(file)
    return 0


def verify(folder: str) -> int:
    """Say what is wrong with a snapshot; 1 when anything is."""
    if not Path(folder).is_dir():
        raise IsthmusError(f"FOLDER: {folder!r} is no folder, expected that of a snapshot")
    wrong = snapshots.verify(Path(folder))
    for reason in wrong:
        say(reason)
    if not wrong:
        print(f"{folder}: whole")
    return int(bool(wrong))


async def _snapshot(settings: Settings, folder: Path, as_of: datetime) -> list[Path]:
    database = connect(settings.store)
    try:
        completeness = Completeness(MongoRolls(database), _Nobody())
        await completeness.look()
        stated = Stated(as_of, completeness.marks(None))
        return await snapshots.write(Exports(MongoDirectory(database)), folder, stated)
    finally:
        database.client.close()


class _Nobody:
    """Nobody watches a command."""

    def show(self, marks: Iterable[Watermark]) -> None:
        """Say nothing."""
