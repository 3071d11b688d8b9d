"""Takes tables of other systems in: keeps each file, and works at one after another."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import structlog

from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.import_jobs import (
    ATTEMPTS_MAX,
    JOBS_KEPT,
    Format,
    ImportJob,
    ImportState,
)
from isthmus.inventory.domain.tables.imports import FILE_BYTES_MAX
from isthmus.inventory.domain.tables.mappings import ImportMapping
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.handlers.tables.import_run import ImportRun, World
from isthmus.runtime.errors import IsthmusError, Retryable

log = structlog.get_logger()
PART_BYTES = 1024 * 1024
LEASE = timedelta(seconds=300)  # longer than a workbook takes to be opened
SWEEP_S = 10
RETRY_S = 2
ORPHANED = timedelta(days=1)


class TooLarge(Invalid):
    """A file of more bytes than an import may have."""


class _Lost(Exception):
    """Another replica works at the job."""


class Imports:
    """Accepts files, and takes them in; every replica may run it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._owner = uuid.uuid4().hex
        self._added = asyncio.Event()

    async def start(
        self,
        mapping: ImportMapping,
        format: Format,
        body: AsyncIterator[bytes],
        *,
        dry_run: bool,
        requested_by: str,
        sites: frozenset[str] | None,
        withdraw: bool = False,
        gone_max: int | None = None,
    ) -> ImportJob:
        """The job that takes `body` in, kept until it is done; raises Invalid."""
        at = now()
        id = f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03}-{uuid.uuid4().hex[:8]}"
        size = await self._keep(id, body, at)
        job = ImportJob(
            id, mapping, format, size, dry_run, requested_by, at, sites, withdraw, gone_max
        )
        await self._store.add(job)
        self._added.set()
        return job

    async def run(self) -> None:
        """Work at what waits until cancelled; what a stopped replica began is found by a sweep."""
        while True:
            self._added.clear()
            try:
                while job := await self._store.take(self._owner, now(), now() + LEASE):
                    await self.work(job)
            except Retryable as error:
                log.warning("imports_blocked", reason=str(error))
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._added.wait()
            except TimeoutError:
                pass

    async def work(self, job: ImportJob) -> None:
        """Take a job to its end, however long the store or the broker is away."""
        while True:
            try:
                await self._end(await self._worked(job))
                return
            except _Lost:
                return
            except asyncio.CancelledError:
                await self._store.release(job.id, self._owner)
                raise
            except Retryable as error:
                log.warning("import_waits", job=job.id, reason=str(error))
                await asyncio.sleep(RETRY_S)
                job = await self._as_written(job)

    async def _keep(self, id: str, body: AsyncIterator[bytes], at: datetime) -> int:
        """Keep a file in parts; the number of its bytes."""
        size = number = 0
        waiting = bytearray()
        try:
            async for chunk in body:
                size += len(chunk)
                if size > FILE_BYTES_MAX:
                    raise TooLarge("file", f"expected at most {FILE_BYTES_MAX // 2**20} MiB")
                waiting += chunk
                while len(waiting) > PART_BYTES:
                    await self._store.keep_part(id, number, bytes(waiting[:PART_BYTES]), at)
                    del waiting[:PART_BYTES]
                    number += 1
            if not size:
                raise Invalid("file", "empty, expected a table")
            await self._store.keep_part(id, number, bytes(waiting), at)
        except BaseException:
            await self._store.drop_file(id)
            raise
        return size

    async def _worked(self, job: ImportJob) -> ImportJob:
        """`job` when all of its rows are dealt with; raises Retryable and _Lost."""
        if job.attempts > ATTEMPTS_MAX:
            return job.ended(
                ImportState.FAILED, now(), f"begun {ATTEMPTS_MAX} times, never finished"
            )
        run = ImportRun(job, self._world, self._progress)
        try:
            await run.run()
        except Invalid as error:
            return run.job.ended(ImportState.FAILED, now(), str(error))
        except (IsthmusError, _Lost):
            raise
        except Exception as error:
            log.error("import_failed", job=job.id, exc_info=error)
            reason = f"unexpected {type(error).__name__}; the log of the service has more"
            return run.job.ended(ImportState.FAILED, now(), reason)
        return run.job.ended(ImportState.FINISHED, now())

    async def _as_written(self, job: ImportJob) -> ImportJob:
        """The job with its last progress; as it is, while the store is away."""
        try:
            return await self._store.job(job.id) or job
        except Retryable:
            return job

    async def _progress(self, job: ImportJob) -> None:
        if not await self._store.write(job, self._owner, now() + LEASE):
            raise _Lost

    async def _end(self, job: ImportJob) -> None:
        await self._progress(job)
        await self._store.drop_file(job.id)
        await self._store.prune(job.mapping.name, JOBS_KEPT, now() - ORPHANED)
        log.info("import_ended", job=job.id, state=job.state.value, rows=job.counts.rows)
