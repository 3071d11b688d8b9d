"""Imports and their mappings in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING

from isthmus.inventory.domain.tables.import_jobs import (
    Batch,
    Counts,
    Format,
    ImportJob,
    ImportState,
    Outcome,
    RowVerdict,
)
from isthmus.inventory.domain.tables.imports import Fault
from isthmus.inventory.domain.tables.mappings import ImportMapping, mapping
from isthmus.runtime.store import translated

PARTS_MAX = 1_000
LOOK_JOBS = 20
OPEN = (ImportState.WAITING.value, ImportState.RUNNING.value)
NO_LEASE = datetime(1970, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


class MongoImports:
    """The collections `import_mappings`, `imports`, `import_files` and `import_rows`.

    Rows stand in batches, a document each: a document for each row would cost the store more than
    all the rest of an import.
    """

    def __init__(self, database: Any) -> None:
        self._mappings = database["import_mappings"]
        self._jobs = database["imports"]
        self._files = database["import_files"]
        self._rows = database["import_rows"]

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self._jobs.create_index("state", name="state")
            by_mapping = [("mapping.name", ASCENDING), ("_id", DESCENDING)]
            await self._jobs.create_index(by_mapping, name="mapping")
            await self._files.create_index("at", name="at")

    async def mapping(self, name: str) -> ImportMapping | None:
        with translated():
            found = await self._mappings.find_one({"_id": name})
        return mapping(name, json.loads(found["row"])) if found else None

    async def mappings(self, after: str, limit: int) -> list[ImportMapping]:
        with translated():
            found = self._mappings.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit)
            return [
                mapping(each["_id"], json.loads(each["row"])) for each in await found.to_list(limit)
            ]

    async def put_mapping(self, mapping: ImportMapping) -> bool:
        document = {"_id": mapping.name, "row": json.dumps(mapping.row)}
        with translated():
            result = await self._mappings.replace_one({"_id": mapping.name}, document, upsert=True)
        return bool(result.matched_count == 0)

    async def remove_mapping(self, name: str) -> bool:
        with translated():
            return bool((await self._mappings.delete_one({"_id": name})).deleted_count)

    async def keep_part(self, job: str, number: int, part: bytes, at: datetime) -> None:
        document = {"_id": f"{job}/{number:06}", "part": part, "at": at}
        with translated():
            await self._files.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def file(self, job: str) -> bytes:
        with translated():
            found = self._files.find(_of(job)).sort("_id", ASCENDING)
            return b"".join([bytes(each["part"]) for each in await found.to_list(PARTS_MAX)])

    async def drop_file(self, job: str) -> None:
        with translated():
            await self._files.delete_many(_of(job))

    async def add(self, job: ImportJob) -> None:
        document = {"_id": job.id, **_job_out(job), "owner": "", "lease_until": NO_LEASE}
        with translated():
            await self._jobs.replace_one({"_id": job.id}, document, upsert=True)

    async def job(self, id: str) -> ImportJob | None:
        with translated():
            found = await self._jobs.find_one({"_id": id})
        return _job(found) if found else None

    async def jobs(self, *, before: str, limit: int) -> list[ImportJob]:
        query: Document = {"_id": {"$lt": before}} if before else {}
        with translated():
            found = self._jobs.find(query).sort("_id", DESCENDING).limit(limit)
            return [_job(each) for each in await found.to_list(limit)]

    async def take(self, owner: str, now: datetime, until: datetime) -> ImportJob | None:
        with translated():
            found = self._jobs.find({"state": {"$in": list(OPEN)}}).sort("_id", ASCENDING)
            waiting = await found.limit(LOOK_JOBS).to_list(LOOK_JOBS)
            # One mapping's files in their order: each is compared with the one before it.
            first = {each["mapping"]["name"]: each for each in reversed(waiting)}
            for each in waiting:
                if each["lease_until"] >= now or first[each["mapping"]["name"]] is not each:
                    continue
                free = {"_id": each["_id"], "lease_until": each["lease_until"]}
                attempts = each["attempts"] + 1
                mine = {"owner": owner, "lease_until": until, "attempts": attempts}
                if (await self._jobs.update_one(free, {"$set": mine})).matched_count:
                    return _job({**each, "attempts": attempts})
        return None

    async def write(self, job: ImportJob, owner: str, until: datetime) -> bool:
        document = {**_job_out(job), "lease_until": until}
        with translated():
            mine = {"_id": job.id, "owner": owner}
            return bool((await self._jobs.update_one(mine, {"$set": document})).matched_count)

    async def release(self, job: str, owner: str) -> None:
        begun_in_vain = {"$set": {"lease_until": NO_LEASE}, "$inc": {"attempts": -1}}
        with translated():
            await self._jobs.update_one({"_id": job, "owner": owner}, begun_in_vain)

    async def write_batch(self, job: str, batch: Batch) -> None:
        document = {
            "_id": f"{job}/{batch.number:06}",
            "rows": [_outcome_out(each) for each in batch.outcomes],
            "faults": [[f.row, f.column, f.heading, f.field, f.reason] for f in batch.faults],
        }
        with translated():
            await self._rows.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def batches(self, job: str, number: int, limit: int) -> list[Batch]:
        query = {"_id": {"$gte": f"{job}/{number:06}", "$lt": f"{job}0"}}
        with translated():
            found = self._rows.find(query).sort("_id", ASCENDING).limit(limit)
            return [_batch(each) for each in await found.to_list(limit)]

    async def last(self, mapping: str, before: str) -> ImportJob | None:
        query = {
            "mapping.name": mapping,
            "_id": {"$lt": before},
            "state": ImportState.FINISHED.value,
            "dry_run": False,
        }
        with translated():
            found = self._jobs.find(query).sort("_id", DESCENDING).limit(1)
            return next((_job(each) for each in await found.to_list(1)), None)

    async def prune(self, mapping: str, keep: int, older: datetime) -> None:
        with translated():
            query = {"mapping.name": mapping}
            found = self._jobs.find(query, {"state": 1, "dry_run": 1}).sort("_id", DESCENDING)
            jobs = await found.to_list(None)
            taken = (
                j for j in jobs if j["state"] == ImportState.FINISHED.value and not j["dry_run"]
            )
            last = next(taken, {"_id": ""})["_id"]
            for each in jobs[keep:]:
                if each["_id"] != last and each["state"] not in OPEN:
                    await self._rows.delete_many(_of(each["_id"]))
                    await self._jobs.delete_one({"_id": each["_id"]})
            await self._files.delete_many({"at": {"$lt": older}})


def _of(job: str) -> Document:
    """What belongs to a job: its id with a slash before a number; 0 follows the slash."""
    return {"_id": {"$gt": f"{job}/", "$lt": f"{job}0"}}


def _job_out(job: ImportJob) -> Document:
    return {
        # As text: a heading may have what the name of a member may not.
        "mapping": {"name": job.mapping.name, "row": json.dumps(job.mapping.row)},
        "format": job.format.value,
        "bytes": job.bytes,
        "dry_run": job.dry_run,
        "requested_by": job.requested_by,
        "requested_at": job.requested_at,
        "sites": None if job.sites is None else sorted(job.sites),
        "withdraw": job.withdraw,
        "gone_max": job.gone_max,
        "state": job.state.value,
        "reason": job.reason,
        "notes": list(job.notes),
        "against": job.against,
        "published": job.published,
        "counts": asdict(job.counts),
        "attempts": job.attempts,
        "finished_at": job.finished_at,
    }


def _job(document: Document) -> ImportJob:
    said = {each.name: document[each.name] for each in fields(ImportJob) if each.name in document}
    kept, sites = document["mapping"], document["sites"]
    return ImportJob(
        **{
            **said,
            "id": document["_id"],
            "mapping": mapping(kept["name"], json.loads(kept["row"])),
            "format": Format(document["format"]),
            "sites": None if sites is None else frozenset(sites),
            "state": ImportState(document["state"]),
            "notes": tuple(document["notes"]),
            "counts": Counts(**document["counts"]),
        }
    )


def _outcome_out(outcome: Outcome) -> list[Any]:
    verdict, changed = outcome.verdict.value, list(outcome.changed)
    return [
        outcome.row, outcome.source, verdict, outcome.sums, changed, outcome.asset, outcome.by,
    ]  # fmt: skip


def _batch(document: Document) -> Batch:
    rows = document["rows"]
    return Batch(
        number=int(document["_id"].rpartition("/")[2]),
        outcomes=tuple(
            Outcome(row, source, RowVerdict(verdict), bytes(sums), tuple(changed), asset, by)
            for row, source, verdict, sums, changed, asset, by in rows
        ),
        faults=tuple(Fault(*each) for each in document["faults"]),
    )
