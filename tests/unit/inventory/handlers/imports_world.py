"""What an import needs, in memory."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from isthmus.inventory.adapters.tables.tables import read
from isthmus.inventory.domain.custom_fields import NONE, Own
from isthmus.inventory.domain.tables.import_jobs import Batch, Format, ImportJob, ImportState
from isthmus.inventory.domain.tables.mappings import ImportMapping, mapping
from isthmus.inventory.handlers.tables.import_run import World
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

OPEN = (ImportState.WAITING, ImportState.RUNNING)
MAPPING = mapping(
    "sap",
    {
        "system": "sap",
        "site": {"column": "Werk", "values": {"1000": "hagen", "2000": "lyon"}},
        "external_id": "Nr",
        "columns": {"vendor": "Maker", "serial": "Serial", "asset_number": "Asset", "path": "Path"},
        "require": ["vendor"],
    },
)
HEADINGS = "Nr,Werk,Maker,Serial,Asset,Path"


def table(*rows: str) -> bytes:
    """A file with these rows below the headings."""
    return "\n".join((HEADINGS, *rows)).encode()


def many(count: int, first: int = 0) -> list[str]:
    """Rows of as many records."""
    return [f"{n},1000,Siemens,S{n},A{n}," for n in range(first, first + count)]


async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    """The body of a request."""
    for chunk in chunks:
        yield chunk


@dataclass
class Store:
    """Keeps mappings and imports as the real one does."""

    kept: dict[str, ImportMapping] = field(default_factory=lambda: {"sap": MAPPING})
    imports: dict[str, ImportJob] = field(default_factory=dict)
    parts: dict[tuple[str, int], bytes] = field(default_factory=dict)
    noted: dict[tuple[str, int], Batch] = field(default_factory=dict)
    owners: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    async def mapping(self, name: str) -> ImportMapping | None:
        return self.kept.get(name)

    async def mappings(self, after: str, limit: int) -> list[ImportMapping]:
        return [self.kept[name] for name in sorted(self.kept) if name > after][:limit]

    async def put_mapping(self, mapping: ImportMapping) -> bool:
        new = mapping.name not in self.kept
        self.kept[mapping.name] = mapping
        return new

    async def remove_mapping(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None

    async def keep_part(self, job: str, number: int, part: bytes, at: datetime) -> None:
        self.parts[job, number] = part

    async def file(self, job: str) -> bytes:
        return b"".join(self.parts[key] for key in sorted(self.parts) if key[0] == job)

    async def drop_file(self, job: str) -> None:
        self.parts = {key: part for key, part in self.parts.items() if key[0] != job}

    async def add(self, job: ImportJob) -> None:
        self.imports[job.id] = job

    async def job(self, id: str) -> ImportJob | None:
        return self.imports.get(id)

    async def jobs(self, *, before: str, limit: int) -> list[ImportJob]:
        ids = sorted((id for id in self.imports if not before or id < before), reverse=True)
        return [self.imports[id] for id in ids[:limit]]

    async def take(self, owner: str, now: datetime, until: datetime) -> ImportJob | None:
        for id in sorted(self.imports):
            job, held = self.imports[id], self.owners.get(id)
            if job.state in OPEN and (held is None or held[1] < now):
                self.owners[id] = owner, until
                self.imports[id] = replace(job, attempts=job.attempts + 1)
                return self.imports[id]
        return None

    async def write(self, job: ImportJob, owner: str, until: datetime) -> bool:
        if self.owners.get(job.id, ("",))[0] != owner:
            return False
        self.owners[job.id] = owner, until
        self.imports[job.id] = job
        return True

    async def release(self, job: str, owner: str) -> None:
        if self.owners.pop(job, None):
            self.imports[job] = replace(self.imports[job], attempts=self.imports[job].attempts - 1)

    async def write_batch(self, job: str, batch: Batch) -> None:
        self.noted[job, batch.number] = batch

    async def batches(self, job: str, number: int, limit: int) -> list[Batch]:
        keys = sorted(key for key in self.noted if key[0] == job and key[1] >= number)
        return [self.noted[key] for key in keys[:limit]]

    async def last(self, mapping: str, before: str) -> ImportJob | None:
        good = [
            job for id, job in sorted(self.imports.items())
            if id < before and job.mapping.name == mapping
            and job.state is ImportState.FINISHED and not job.dry_run
        ]  # fmt: skip
        return good[-1] if good else None

    async def prune(self, mapping: str, keep: int, older: datetime) -> None:
        pass


@dataclass
class Topic:
    """Takes records; `away` says how many more tries fail."""

    records: list[Outgoing] = field(default_factory=list)
    away: int = 0
    until: int | None = None
    """How many batches are taken before it is away."""

    async def publish(self, records: Iterable[Outgoing]) -> None:
        if self.until is not None and self.until <= 0 and self.away:
            self.away -= 1
            raise Retryable("kafka: no acknowledgement")
        self.until = None if self.until is None else self.until - 1
        self.records += records


@dataclass
class Holders:
    """Assets by identity key."""

    assets: Mapping[str, str] = field(default_factory=dict)

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        return {key: self.assets[key] for key in claims if key in self.assets}


@dataclass
class Word:
    """What sources describe which assets."""

    assets: dict[str, str] = field(default_factory=dict)

    async def concerned(self, sources: Collection[str]) -> Mapping[str, str]:
        return {each: self.assets[each] for each in sources if each in self.assets}

    async def withdraw(self, sources: Collection[str], job: ImportJob) -> Mapping[str, str]:
        return {each: self.assets.pop(each) for each in sources if each in self.assets}


def world(
    store: Store,
    topic: Topic | None = None,
    holders: Mapping[str, str] | None = None,
    word: Word | None = None,
    own: Own = NONE,
) -> World:
    """All of it together, with the reader that the service has."""
    return World(store, read, Holders(holders or {}), topic or Topic(), word or Word(), lambda: own)


def job(id: str = "1", **more: Any) -> ImportJob:
    """An import that waits."""
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = ImportJob(id, MAPPING, Format.CSV, 10, False, "mara", at)
    return replace(made, **more)


def keys(records: Sequence[Outgoing]) -> list[str]:
    """The sources that the records are of."""
    return [(record.key or b"").decode() for record in records]
