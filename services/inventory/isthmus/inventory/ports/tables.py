"""Tables of other systems."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from isthmus.inventory.domain.tables.import_jobs import Batch, ImportJob
from isthmus.inventory.domain.tables.imports import Table as ImportTable
from isthmus.inventory.domain.tables.mappings import ImportMapping

ReadTable = Callable[[bytes, str, Sequence[str], str], ImportTable]
"""Reads a file of a format: its wanted columns, in the sheet of that name or the first.

Raises Invalid, also while its lines are read. Called in a thread.
"""


class KeyHolders(Protocol):
    """Knows which asset holds an identity key."""

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        """The id of the asset that holds each key, where one does; may raise Retryable."""


class Withdrawing(Protocol):
    """Takes back what sources said. Every method may raise Retryable, and may be repeated."""

    async def concerned(self, sources: Collection[str]) -> Mapping[str, str]:
        """The id of the asset that each source describes, where one does."""

    async def withdraw(self, sources: Collection[str], job: ImportJob) -> Mapping[str, str]:
        """Let none of them describe anything; the id of the asset that each described."""


class MappingStore(Protocol):
    """Keeps import mappings. Every method may raise Retryable."""

    async def mapping(self, name: str) -> ImportMapping | None:
        """The mapping of that name."""

    async def mappings(self, after: str, limit: int) -> list[ImportMapping]:
        """At most `limit` whose name comes after `after`, by name."""

    async def put_mapping(self, mapping: ImportMapping) -> bool:
        """Keep it, in the place of one of the same name; whether there was none."""

    async def remove_mapping(self, name: str) -> bool:
        """Forget it; False when there is none of that name."""


class ImportStore(Protocol):
    """Keeps imports: their files until they are done, and what became of each row.

    Every method may raise Retryable, and may be repeated.
    """

    async def keep_part(self, job: str, number: int, part: bytes, at: datetime) -> None:
        """Keep a part of a file, which may come before its job."""

    async def file(self, job: str) -> bytes:
        """All parts, one behind the other."""

    async def drop_file(self, job: str) -> None:
        """Forget the parts."""

    async def add(self, job: ImportJob) -> None:
        """Keep a new job; its file is whole."""

    async def job(self, id: str) -> ImportJob | None:
        """The job, or None when there is none of that id."""

    async def jobs(self, *, before: str, limit: int) -> list[ImportJob]:
        """At most `limit` whose id comes before `before` (empty: all), the newest first."""

    async def take(self, owner: str, now: datetime, until: datetime) -> ImportJob | None:
        """The oldest job that is not done and nobody works at, which is the owner's until then."""

    async def write(self, job: ImportJob, owner: str, until: datetime) -> bool:
        """Write how far it is; False when it is the owner's no more."""

    async def release(self, job: str, owner: str) -> None:
        """Leave it to whoever comes first; that it was begun does not count."""

    async def write_batch(self, job: str, batch: Batch) -> None:
        """Keep what became of some rows, in the place of a batch of the same number."""

    async def batches(self, job: str, number: int, limit: int) -> list[Batch]:
        """At most `limit` batches from that number on, by number."""

    async def last(self, mapping: str, before: str) -> ImportJob | None:
        """The newest job before `before` by that mapping that was taken to its end, no dry run."""

    async def prune(self, mapping: str, keep: int, older: datetime) -> None:
        """Forget all but the last `keep` jobs of a mapping, and parts older than `older`.

        The one that the next import will be compared with stays.
        """
