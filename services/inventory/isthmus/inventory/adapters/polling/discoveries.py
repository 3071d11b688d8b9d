"""Discovery jobs and findings in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from pymongo import ASCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    FindingVerdict,
    Job,
    Probe,
    Progress,
)
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.store import DUPLICATE_KEY, pending, translated

FINDINGS_MAX = 4096 * 12  # every address of a job, at every port that it may ask
Document = dict[str, Any]


class MongoJobs:
    """The collections `discoveries` and `findings`."""

    def __init__(self, database: Any) -> None:
        self._jobs = database["discoveries"]
        self._findings = database["findings"]

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            await self._findings.create_index("jobs", name="jobs")

    async def jobs(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[Job]:
        query: Document = {"_id": {"$gt": after}}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        with translated():
            found = self._jobs.find(query, {"outbox": 0}).sort("_id", ASCENDING).limit(limit)
            return [_job(each) for each in await found.to_list(limit)]

    async def known(self, ids: Collection[str]) -> Mapping[str, Job]:
        if not ids:
            return {}
        with translated():
            found = self._jobs.find({"_id": {"$in": list(ids)}}, {"outbox": 0})
            return {each["_id"]: _job(each) for each in await found.to_list(len(ids))}

    async def write(self, jobs: Sequence[tuple[Job, Sequence[Outgoing]]]) -> bool:
        operations = [_writing(job, records) for job, records in jobs]
        with translated():
            try:
                await self._jobs.bulk_write(operations, ordered=False)
            except BulkWriteError as error:
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise
                return False
        return True

    async def find(self, findings: Sequence[Finding]) -> None:
        operations = [each for finding in findings for each in _finding_out(finding)]
        with translated():
            if operations:
                await self._findings.bulk_write(operations)

    async def findings(self, job: str) -> list[Finding]:
        with translated():
            found = self._findings.find({"jobs": job}).sort("_id", ASCENDING)
            return [_finding(each, job) for each in await found.to_list(FINDINGS_MAX)]

    async def decide(self, findings: Sequence[Finding]) -> None:
        operations = [UpdateOne({"_id": each.id}, {"$set": _verdict(each)}) for each in findings]
        with translated():
            if operations:
                await self._findings.bulk_write(operations, ordered=False)


def _writing(job: Job, records: Sequence[Outgoing]) -> UpdateOne:
    document = {**asdict(job), "state": job.state.value}
    del document["id"]
    before = job.revision - 1
    return UpdateOne(
        {"_id": job.id, "revision": before if before else {"$exists": False}},
        {"$set": document, "$push": {"outbox": {"$each": pending(records)}}},
        upsert=True,
    )


def _job(document: Document) -> Job:
    said = {f.name: document[f.name] for f in fields(Job) if f.name in document}
    return Job(
        **{
            **said,
            "id": document["_id"],
            "ranges": tuple(document["ranges"]),
            "probes": tuple(Probe(**each) for each in document["probes"]),
            "state": DiscoveryState(document["state"]),
            "progress": Progress(**document["progress"]),
        }
    )


def _finding_out(finding: Finding) -> list[UpdateOne]:
    """What was found, and that it waits; again, when it was approved before and is no target."""
    said = {
        "site": finding.site,
        "address": finding.address,
        "protocol": finding.protocol,
        "endpoint": dict(finding.endpoint),
        "facts": [[name, text] for name, text in finding.facts.items()],
        "found_at": finding.found_at,
    }
    noted = UpdateOne(
        {"_id": finding.id},
        {
            "$set": said,
            "$addToSet": {"jobs": finding.job},
            "$setOnInsert": {
                "verdict": FindingVerdict.WAITING.value,
                "decided_at": None,
                "target": "",
            },
        },
        upsert=True,
    )
    approved_before = {
        "_id": finding.id,
        "verdict": FindingVerdict.APPROVED.value,
        "decided_at": {"$lt": finding.found_at},
        "found_at": {"$lt": finding.found_at},  # a collector's clock may be ahead of ours
    }
    again = {"verdict": FindingVerdict.WAITING.value, "target": ""}
    return [UpdateOne(approved_before, {"$set": again}), noted]


def _verdict(finding: Finding) -> Document:
    return {
        "verdict": finding.verdict.value,
        "decided_at": finding.decided_at,
        "target": finding.target,
    }


def _finding(document: Document, job: str) -> Finding:
    return Finding(
        site=document["site"],
        job=job,
        address=document["address"],
        protocol=document["protocol"],
        endpoint=document["endpoint"],
        facts=dict(document["facts"]),
        found_at=document["found_at"],
        verdict=FindingVerdict(document["verdict"]),
        decided_at=document["decided_at"],
        target=document["target"],
    )
