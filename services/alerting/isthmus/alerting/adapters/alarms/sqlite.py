"""Alarms in one SQLite file, for a site that has no store of its own.

The same promises as in MongoDB: a version is stored only on its predecessor, together with its
transitions and what must be published. A commit is on the disk before it returns
(`synchronous=FULL`), so that a power cut loses nothing that was told.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from isthmus.alerting.adapters.alarms import documents
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.ports.alarms import Filter, Page, Place, Version
from isthmus.runtime.errors import Retryable

T = TypeVar("T")
TRANSITIONS_MAX = 100
"""Transitions of an alarm that are kept."""
EPOCH = datetime.fromtimestamp(0, UTC)
TIME = "$at"
SOUGHT = (
    "stream", "partition", "open", "rested_at", "raised_at", "site", "state", "priority",
    "asset_class", "path", "rule", "held",
)  # fmt: skip
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS alarms (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, document TEXT NOT NULL,
    {", ".join(SOUGHT)}
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open ON alarms (stream, partition, open, id);
CREATE INDEX IF NOT EXISTS raised ON alarms (raised_at, id);
CREATE INDEX IF NOT EXISTS rested ON alarms (rested_at);
CREATE TABLE IF NOT EXISTS transitions (
    alarm TEXT, seq INTEGER, document TEXT, PRIMARY KEY (alarm, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, key BLOB, value BLOB, headers TEXT
);
"""
INSERT = f"""
INSERT INTO alarms (id, revision, document, {", ".join(SOUGHT)})
VALUES (?, ?, ?, {", ".join("?" * len(SOUGHT))}) ON CONFLICT DO NOTHING
"""
UPDATE = f"""
UPDATE alarms SET revision = ?, document = ?, {", ".join(f"{name} = ?" for name in SOUGHT)}
WHERE id = ? AND revision = ?
"""


class SqliteAlarms:
    """The alarms of one site, in one file that one process has open."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = asyncio.Lock()
        self._opened: sqlite3.Connection | None = None

    async def prepare(self) -> None:
        """Make the file and its tables; idempotent."""
        await self._do(lambda connection: connection.executescript(SCHEMA))

    async def close(self) -> None:
        """Let go of the file."""
        async with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    async def write(self, versions: Sequence[Version]) -> set[str]:
        """See AlarmStore."""
        return await self._do(lambda c: {v.alarm.id for v in versions if not _stored(c, v)})

    async def forget(self, versions: Sequence[Version]) -> set[str]:
        """See AlarmStore."""
        return await self._do(lambda c: {v.alarm.id for v in versions if not _forgotten(c, v)})

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """See AlarmStore."""
        places = ", ".join("?" * len(ids))
        found = await self._alarms(f"WHERE id IN ({places})", [*ids])
        return {alarm.id: alarm for alarm in found}

    async def open(self, stream: str, partition: int, after: str, limit: int) -> list[Alarm]:
        """See AlarmStore."""
        where = "WHERE stream = ? AND partition = ? AND open = 1 AND id > ? ORDER BY id LIMIT ?"
        return await self._alarms(where, [stream, partition, after, limit])

    async def rested(self, before: datetime, limit: int) -> list[Alarm]:
        """See AlarmStore."""
        where = "WHERE rested_at <= ? ORDER BY rested_at LIMIT ?"
        return await self._alarms(where, [_ms(before), limit])

    async def page(self, wanted: Filter, limit: int, after: Place | None) -> Page:
        """See AlarmStore."""
        terms = list(_terms(wanted))
        if after is not None:
            terms.append(("(raised_at, id) < (?, ?)", [_ms(after[0]), after[1]]))
        where = " AND ".join(term for term, _ in terms)
        values = [value for _, some in terms for value in some]
        order = f"WHERE {where} ORDER BY raised_at DESC, id DESC LIMIT ?"
        found = await self._alarms(order, [*values, limit + 1])
        last = found[limit - 1] if len(found) > limit else None
        place = (last.raised_at, last.id) if last and last.raised_at else None
        return Page(tuple(found[:limit]), place)

    async def transitions(self, id: str) -> list[Transition]:
        """See AlarmStore."""
        query = "SELECT document FROM transitions WHERE alarm = ? ORDER BY seq"
        rows = await self._do(lambda c: c.execute(query, [id]).fetchall())
        return [documents.transition(_read(text)) for (text,) in rows]

    async def _alarms(self, where: str, values: list[Any]) -> list[Alarm]:
        query = f"SELECT id, document FROM alarms {where}"
        rows = await self._do(lambda c: c.execute(query, values).fetchall())
        return [documents.alarm({"_id": id, **_read(text)}) for id, text in rows]

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In one transaction, in a thread: the disk may take its time."""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._worked, work)
            except sqlite3.Error as error:
                raise Retryable(f"store: {self._file.name}: {error}") from error

    def _worked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._opened is None:
            self._opened = sqlite3.connect(self._file, check_same_thread=False)
            self._opened.execute("PRAGMA journal_mode = WAL")
            self._opened.execute("PRAGMA synchronous = FULL")
        with self._opened as connection:
            return work(connection)


def _stored(connection: sqlite3.Connection, version: Version) -> bool:
    alarm = version.alarm
    if not _set(connection, alarm, documents.document(alarm)):
        return False
    rows = [(alarm.id, step.seq, _text(documents.step(step))) for step in version.transitions]
    connection.executemany("INSERT INTO transitions VALUES (?, ?, ?)", rows)
    if rows:
        old = [alarm.id, version.transitions[-1].seq - TRANSITIONS_MAX]
        connection.execute("DELETE FROM transitions WHERE alarm = ? AND seq <= ?", old)
    _publish(connection, version)
    return True


def _forgotten(connection: sqlite3.Connection, version: Version) -> bool:
    if not _set(connection, version.alarm, documents.forgotten(version.alarm)):
        return False
    connection.execute("DELETE FROM transitions WHERE alarm = ?", [version.alarm.id])
    _publish(connection, version)
    return True


def _set(connection: sqlite3.Connection, alarm: Alarm, document: dict[str, Any]) -> bool:
    text, sought = _text(document), [_ms(document.get(name)) for name in SOUGHT]
    if alarm.revision == 1:
        found = connection.execute(INSERT, [alarm.id, 1, text, *sought])
    else:
        values = [alarm.revision, text, *sought, alarm.id, alarm.revision - 1]
        found = connection.execute(UPDATE, values)
    return found.rowcount == 1


def _publish(connection: sqlite3.Connection, version: Version) -> None:
    for record in version.outbox:
        headers = json.dumps([[name, value.decode()] for name, value in record.headers])
        connection.execute(
            "INSERT INTO outbox (topic, key, value, headers) VALUES (?, ?, ?, ?)",
            [record.topic, record.key, record.value, headers],
        )


def _terms(wanted: Filter) -> Iterator[tuple[str, list[Any]]]:
    yield "raised_at >= ?", [_ms(wanted.since or EPOCH)]
    said = {
        "state": wanted.state and wanted.state.value,
        "priority": wanted.priority,
        "asset_class": wanted.asset_class,
        "rule": wanted.rule,
        "held": wanted.suppressed,
    }
    yield from ((f"{name} = ?", [value]) for name, value in said.items() if value is not None)
    if wanted.sites is not None:
        yield f"site IN ({', '.join('?' * len(wanted.sites))})", [*wanted.sites]
    if wanted.path:
        # "0" follows "/": everything below the place, and not its neighbours.
        yield "(path = ? OR (path >= ? AND path < ?))", [
            wanted.path, f"{wanted.path}/", f"{wanted.path}0",
        ]  # fmt: skip


def _ms(value: Any) -> Any:
    """A time as a whole number of milliseconds, as the documents keep it."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(milliseconds=1)
    return value


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, default=lambda at: {TIME: _ms(at)})


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text, object_hook=_time)
    return found


def _time(value: dict[str, Any]) -> Any:
    return EPOCH + timedelta(milliseconds=value[TIME]) if TIME in value else value
