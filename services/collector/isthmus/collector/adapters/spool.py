"""Spools: what waits for Kafka, in memory or in an SQLite file that outlives the process."""

import asyncio
import json
import sqlite3
import time
import zlib
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog

from isthmus.collector.ports import Depth, SpoolMeasure, Taken
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import IsthmusError, Retryable

log = structlog.get_logger()
T = TypeVar("T")
Subject = tuple[str, bytes | None]

# Ranks: the order in which records go when there is no room; within a rank the oldest goes first.
SUPERSEDED, NEWEST, CHANGE = range(3)
FILE = "spool.sqlite"
VERSION = 1
WAL_BYTES = 4 * 1024 * 1024
DROP_RECORDS = 64
FAR = 2**63 - 1
NO_VALUE = 2**32 - 1
# https://www.sqlite.org/rescode.html
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SCHEMA = f"""
BEGIN;
CREATE TABLE records (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  taken_at_s REAL NOT NULL,
  rank INTEGER NOT NULL,
  topic TEXT NOT NULL,
  key BLOB,
  packed BLOB NOT NULL
) STRICT;
CREATE INDEX by_rank ON records (rank);
CREATE UNIQUE INDEX newest ON records (topic, key) WHERE rank = {NEWEST};
INSERT INTO sqlite_sequence (name, seq) VALUES ('records', {{above}});
PRAGMA user_version = {VERSION};
COMMIT;
"""


class MemorySpool:
    """A spool that ends with the process."""

    durable = False

    def __init__(
        self,
        measure: SpoolMeasure,
        *,
        records_max: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._measure = measure
        self._records_max = records_max
        self._clock = clock
        self._records: dict[int, tuple[float, int, Outgoing]] = {}
        self._ranks: tuple[list[int], ...] = ([], [], [])
        self._newest: dict[Subject, int] = {}
        self._bytes = 0
        self.last = 0

    async def put(self, taken: Sequence[Taken]) -> Sequence[int]:
        numbers = range(self.last + 1, self.last + 1 + len(taken))
        for number, each in zip(numbers, taken, strict=True):
            self._add(number, each)
        self.last += len(taken)
        full = max(0, len(self._records) - self._records_max)
        for _ in range(full):
            self._forget(next(rank[0] for rank in self._ranks if rank))
        if full:
            self._measure.dropped(full, "full")
        return numbers

    async def oldest(self, records_max: int, upto: int) -> Sequence[tuple[int, Outgoing]]:
        found: list[tuple[int, Outgoing]] = []
        for number, (_, _, record) in self._records.items():
            if number > upto or len(found) == records_max:
                break
            found.append((number, record))
        return found

    async def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number in self._records:
                self._forget(number)

    async def depth(self) -> Depth:
        now = self._clock()
        oldest = next((at for at, _, _ in self._records.values()), now)
        held = len(self._records)
        return Depth(held, self._bytes, max(0.0, now - oldest), held / self._records_max)

    def _add(self, number: int, taken: Taken) -> None:
        subject = taken.record.topic, taken.record.key
        before = self._newest.pop(subject, None)
        if before is not None:
            self._move(before, SUPERSEDED)
        rank = CHANGE if taken.changes else NEWEST
        if rank == NEWEST:
            self._newest[subject] = number
        self._records[number] = self._clock(), rank, taken.record
        self._bytes += len(taken.record.value or b"")
        self._ranks[rank].append(number)

    def _move(self, number: int, rank: int) -> None:
        at, before, record = self._records[number]
        _discard(self._ranks[before], number)
        self._records[number] = at, rank, record
        insort(self._ranks[rank], number)

    def _forget(self, number: int) -> None:
        _, rank, record = self._records.pop(number)
        self._bytes -= len(record.value or b"")
        _discard(self._ranks[rank], number)
        if rank == NEWEST:
            del self._newest[record.topic, record.key]


def _discard(numbers: list[int], number: int) -> None:
    del numbers[bisect_left(numbers, number)]


class SqliteSpool:
    """A spool in a file (SQLite, write-ahead log); one thread writes, so that no read waits.

    A commit is on the disk before `put` returns. A file that SQLite finds damaged is set aside
    for a person, and a new one is begun.
    """

    durable = True

    def __init__(
        self,
        folder: Path,
        measure: SpoolMeasure,
        *,
        bytes_max: int,
        age_max_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = folder / FILE
        self._measure = measure
        self._open = partial(_Database, self._file, measure, bytes_max, age_max_s, clock)
        self._thread = ThreadPoolExecutor(1, "spool")
        self._database: _Database | None = None
        self.last = 0

    async def __aenter__(self) -> Self:
        """Open the file; raises IsthmusError when that cannot be mended by setting it aside."""
        try:
            self.last = await self._do(lambda database: database.last())
        except Retryable as error:
            raise IsthmusError(f"{error}; mend ISTHMUS_SPOOL__FOLDER") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        database, self._database = self._database, None
        if database is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, database.close)
        self._thread.shutdown()

    async def put(self, taken: Sequence[Taken]) -> Sequence[int]:
        numbers = await self._do(lambda database: database.put(taken))
        self.last = max([self.last, *numbers])
        return numbers

    async def oldest(self, records_max: int, upto: int) -> Sequence[tuple[int, Outgoing]]:
        return await self._do(lambda database: database.oldest(records_max, upto))

    async def remove(self, numbers: Sequence[int]) -> None:
        await self._do(lambda database: database.remove(numbers))

    async def depth(self) -> Depth:
        return await self._do(lambda database: database.depth())

    async def _do(self, ask: Callable[["_Database"], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._asked, ask)

    def _asked(self, ask: Callable[["_Database"], T]) -> T:
        try:
            try:
                return ask(self._opened())
            except (sqlite3.DatabaseError, zlib.error) as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
                return ask(self._opened())
        except (sqlite3.Error, OSError) as error:
            raise Retryable(f"spool: {self._file}: {error}") from error

    def _opened(self) -> "_Database":
        if self._database is None:
            self._database = self._open(self.last)
        return self._database

    def _set_aside(self, error: Exception) -> None:
        lost = 1  # at least: the file did not even open
        if self._database is not None:
            lost = self._database.records
            self._database.close()
            self._database = None
        aside = self._file.with_name(f"{FILE}.corrupt-{time.time_ns()}")
        for suffix in ("", "-wal", "-shm"):
            part = self._file.with_name(FILE + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        self._measure.dropped(lost, "corrupt")
        log.error("spool_set_aside", file=str(aside), records=lost, reason=str(error))


class _Database:
    """The file, used by one thread."""

    def __init__(
        self,
        file: Path,
        measure: SpoolMeasure,
        bytes_max: int,
        age_max_s: float,
        clock: Callable[[], float],
        above: int,
    ) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._measure = measure
        self._bytes_max = bytes_max
        self._age_max_s = age_max_s
        self._clock = clock
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(file, above)
        except BaseException:
            self._connection.close()
            raise
        self.records = int(self._one("SELECT count(*) FROM records"))
        self._full = False

    def _prepare(self, file: Path, above: int) -> None:
        self._sql("PRAGMA journal_mode = WAL")
        self._sql(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        self._sql("PRAGMA synchronous = FULL")
        version = self._one("PRAGMA user_version")
        if version == 0:
            # Numbers go on where those of a file that was set aside ended.
            self._connection.executescript(SCHEMA.format(above=above))
        elif version != VERSION:
            raise IsthmusError(
                f"spool: {file}: format {version}, this collector knows {VERSION}; "
                "run the newer collector until the spool is empty, or move the file away"
            )

    def close(self) -> None:
        self._connection.close()

    def last(self) -> int:
        return int(self._one("SELECT seq FROM sqlite_sequence WHERE name = 'records'"))

    def put(self, taken: Sequence[Taken]) -> list[int]:
        now = self._clock()
        with self._connection:
            self._sql("BEGIN IMMEDIATE")
            numbers = [self._insert(each, now) for each in taken]
            old = self._drop_old(now - self._age_max_s)
            full = self._drop_beyond(self._bytes_max)
        self.records += len(numbers) - old - full
        self._tell(old, full)
        return numbers

    def _insert(self, taken: Taken, now: float) -> int:
        record = taken.record
        rank = CHANGE if taken.changes else NEWEST
        subject = record.topic, record.key
        self._sql(
            f"UPDATE records SET rank = {SUPERSEDED} "
            f"WHERE topic = ? AND key IS ? AND rank = {NEWEST}",
            *subject,
        )
        places = "(taken_at_s, rank, topic, key, packed) VALUES (?, ?, ?, ?, ?)"
        row = now, rank, *subject, _packed(record)
        return int(self._sql(f"INSERT INTO records {places}", *row).lastrowid or 0)

    def _drop_old(self, before_s: float) -> int:
        """Drop what is too old; the search ends at the first record that is not."""
        young = self._sql(
            "SELECT number FROM records WHERE taken_at_s >= ? ORDER BY number LIMIT 1", before_s
        ).fetchone()
        first = young[0] if young else FAR
        return self._sql("DELETE FROM records WHERE number < ?", first).rowcount

    def _drop_beyond(self, bytes_max: int) -> int:
        dropped = 0
        while self._used_bytes() > bytes_max:
            gone = self._sql(
                "DELETE FROM records WHERE number IN "
                "(SELECT number FROM records ORDER BY rank, number LIMIT ?)",
                DROP_RECORDS,
            ).rowcount
            if not gone:
                break
            dropped += gone
        return dropped

    def oldest(self, records_max: int, upto: int) -> list[tuple[int, Outgoing]]:
        rows = self._sql(
            "SELECT number, topic, key, packed FROM records "
            "WHERE number <= ? ORDER BY number LIMIT ?",
            upto,
            records_max,
        )
        return [(row[0], _record(*row[1:])) for row in rows.fetchall()]

    def remove(self, numbers: Sequence[int]) -> None:
        # What is published twice is recognised by its id: not worth a wait for the disk.
        self._sql("PRAGMA synchronous = NORMAL")
        try:
            with self._connection:
                self._sql("BEGIN IMMEDIATE")
                gone = self._connection.executemany(
                    "DELETE FROM records WHERE number = ?", [(number,) for number in numbers]
                ).rowcount
        finally:
            self._sql("PRAGMA synchronous = FULL")
        self.records -= gone

    def depth(self) -> Depth:
        now = self._clock()
        first = self._sql("SELECT taken_at_s FROM records ORDER BY number LIMIT 1").fetchone()
        age_s, used = max(0.0, now - first[0]) if first else 0.0, self._used_bytes()
        return Depth(self.records, used, age_s, used / self._bytes_max)

    def _used_bytes(self) -> int:
        pages = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return int(pages * self._one("PRAGMA page_size"))

    def _tell(self, old: int, full: int) -> None:
        """Count what was dropped; say it once, and again after there was room."""
        for records, reason in ((old, "age"), (full, "full")):
            if records:
                self._measure.dropped(records, reason)
        if full and not self._full:
            log.error("spool_full", bytes_max=self._bytes_max, records=self.records)
        self._full = bool(full) or (self._full and self._used_bytes() > 0.9 * self._bytes_max)

    def _sql(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def _one(self, statement: str) -> Any:
        return self._sql(statement).fetchone()[0]


def _packed(record: Outgoing) -> bytes:
    """Value and headers together, which repeat each other: a little over half of their size."""
    value = record.value or b""
    length = NO_VALUE if record.value is None else len(value)
    headers = json.dumps([(name, text.decode("latin-1")) for name, text in record.headers])
    return zlib.compress(length.to_bytes(4) + value + headers.encode(), level=1)


def _record(topic: str, key: bytes | None, packed: bytes) -> Outgoing:
    unpacked = zlib.decompress(packed)
    length = int.from_bytes(unpacked[:4])
    end = 4 + (0 if length == NO_VALUE else length)
    headers = [(name, text.encode("latin-1")) for name, text in json.loads(unpacked[end:])]
    return Outgoing(topic, key, None if length == NO_VALUE else unpacked[4:end], headers)


def _is_damage(error: Exception) -> bool:
    # Extended result codes carry the primary one in their low byte.
    return isinstance(error, zlib.error) or getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT
