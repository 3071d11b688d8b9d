"""Discovery over HTTP: jobs, what they found, and what a person decides about that."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import FastAPI, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.assets.models import TargetOut, WindowModel
from isthmus.inventory.api.polling.targets import Site, refused
from isthmus.inventory.domain.polling.discovery import DiscoveryState, Finding, FindingVerdict, Job
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.polling.discoveries import Approval, Discoveries
from isthmus.inventory.ports.polling import JobStore
from isthmus.runtime.access import Engineer, Principal, Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Limit, Next, Number, Whole

JobId = Annotated[str, Path(description="Id of the job.")]
ONE = "/v1/discoveries/{id}"


class ProtocolIn(BaseModel):
    """A protocol that hosts may be asked by, with one identification request."""

    model_config = ConfigDict(extra="forbid")

    protocol: str = Field(description="`modbus`, `opcua` or `snmp`.", examples=["modbus"])
    ports: list[Whole] | None = Field(
        default=None, description="Ports to ask, at most 4; the registered one when absent."
    )
    credential: str | None = Field(
        default=None,
        description="Name of a credential; without one SNMP agents are asked for the id of their "
        "engine only.",
        examples=["hagen-snmp"],
    )


class DiscoveryIn(BaseModel):
    """A slow walk over some networks of a site: one host at a time, nothing but identification."""

    model_config = ConfigDict(extra="forbid")

    site: str = Field(description="Site that the networks belong to.", examples=["hagen"])
    ranges: list[str] = Field(
        description="Networks in CIDR notation, at most 4096 addresses in all.",
        examples=[["127.21.0.0/28"]],
    )
    protocols: list[ProtocolIn] = Field(description="What a host may be asked by.")
    window: WindowModel = Field(description="When hosts may be asked.")
    requests_per_s: Number = Field(
        default=1, description="Most requests per second of the whole job, at most 5."
    )
    note: str = Field(default="", description="Why.", examples=["new cells of line 4"])


class FindingOut(BaseModel):
    """An endpoint that answered; nothing reads it until it is approved."""

    address: str = Field(description="`host:port`.", examples=["127.21.0.8:502"])
    protocol: str = Field(description="Protocol that it answered.", examples=["modbus"])
    facts: dict[str, str] = Field(description="What it said of itself.")
    found_at: datetime = Field(description="When it last answered a discovery.")
    verdict: FindingVerdict = Field(description="`waiting` for a person, `approved` or `ignored`.")
    target: str = Field(description="Target that was made of it.", examples=["hagen/modbus-8"])

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """What the API says of `finding`."""
        return cls(
            address=finding.address,
            protocol=finding.protocol,
            facts=dict(finding.facts),
            found_at=finding.found_at,
            verdict=finding.verdict,
            target=finding.target,
        )


class DiscoveryOut(BaseModel):
    """A job as far as it has come."""

    id: str
    site: str = Field(description="Site of the networks.")
    ranges: list[str] = Field(description="Networks whose hosts are asked, in this order.")
    state: DiscoveryState = Field(description="How far it is.")
    reason: str = Field(description="Why it was refused.")
    hosts: int = Field(description="Hosts of all networks.", examples=[14])
    done: int = Field(description="Hosts that are done.", examples=[7])
    asked: int = Field(description="Hosts that something was sent to.")
    answered: int = Field(description="Hosts that answered.")
    skipped: int = Field(
        description="Hosts that nothing was sent to: targets already, or on a do-not-poll list."
    )
    requests_per_s: float = Field(description="Most requests per second.")
    window: WindowModel = Field(description="When hosts may be asked.")
    requested_by: str = Field(description="Who asked for it.")
    requested_at: datetime = Field(description="When.")
    note: str = Field(description="Why.")
    collector: str = Field(description="Collector that runs it, or ran it last.")
    changed_at: datetime | None = Field(description="When it last came further.")
    found: list[FindingOut] = Field(default=[], description="What answered; empty in a list.")

    @classmethod
    def of(cls, job: Job, found: list[Finding]) -> Self:
        """What the API says of `job`."""
        return cls(
            id=job.id,
            site=job.site,
            ranges=list(job.ranges),
            state=job.state,
            reason=job.reason,
            hosts=job.hosts,
            done=job.progress.cursor,
            asked=job.progress.asked,
            answered=job.progress.answered,
            skipped=job.progress.skipped,
            requests_per_s=job.requests_per_s,
            window=WindowModel(**job.window),
            requested_by=job.requested_by,
            requested_at=job.requested_at,
            note=job.note,
            collector=job.collector,
            changed_at=job.changed_at,
            found=[FindingOut.of(each) for each in found],
        )


class DiscoveryPage(BaseModel):
    """Some jobs, by id."""

    items: list[DiscoveryOut]
    next: Next


class Chosen(BaseModel):
    """Which of the found endpoints are meant."""

    model_config = ConfigDict(extra="forbid")

    addresses: list[str] | None = Field(
        default=None,
        description="`host:port` of each; everything that waits when absent.",
        examples=[["127.21.0.8:502"]],
    )


class ApprovalIn(Chosen):
    """What is read from now on, and how."""

    profile: str = Field(
        default="auto", description="Device profile; `auto` finds it by what the device says."
    )
    interval_s: Number = Field(description="Seconds from one read to the next.", examples=[10])
    path: str = Field(
        description="ISA-95 equipment path.", examples=["nordwerk/hagen/press-shop/line-4"]
    )
    credential: str | None = Field(
        default=None,
        description="Name of the credential to read with; that of the job when absent.",
        examples=["hagen-snmp"],
    )


class Refusal(BaseModel):
    """An endpoint that no target was made of."""

    address: str
    reason: str


class ApprovalOut(BaseModel):
    """What became of an approval."""

    targets: list[TargetOut] = Field(description="Targets that are read from now on.")
    refused: list[Refusal] = Field(description="What was not taken, and why.")

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """What the API says of `approval`."""
        refused = [Refusal(address=address, reason=why) for address, why in approval.refused]
        return cls(targets=[TargetOut.of(each) for each in approval.targets], refused=refused)


class FindingPage(BaseModel):
    """Some found endpoints."""

    items: list[FindingOut]


def serve_discoveries(http: FastAPI, store: JobStore, discoveries: Discoveries) -> None:
    """Add the routes of discoveries to `http`."""
    _jobs(http, store, discoveries)
    _decisions(http, store, discoveries)


def _jobs(http: FastAPI, store: JobStore, discoveries: Discoveries) -> None:
    @http.get("/v1/discoveries", tags=["discoveries"], summary="Jobs", responses=INVALID)
    async def listed(
        who: Viewer, site: Site = None, limit: Limit = 100, cursor: Cursor = ""
    ) -> DiscoveryPage:
        found = await store.jobs(sites=narrowed(who.sites, site), after=cursor, limit=limit)
        more = found[-1].id if len(found) == limit else None
        return DiscoveryPage(items=[DiscoveryOut.of(each, []) for each in found], next=more)

    @http.post(
        "/v1/discoveries",
        tags=["discoveries"],
        summary="Look for devices in some networks",
        description="Runs only on collectors with `ISTHMUS_COLLECTOR__DISCOVERY=true`, within the "
        "window, one host at a time. A host that is a target already or stands on a do-not-poll "
        "list is never asked.",
        status_code=201,
        response_model=DiscoveryOut,
        responses=INVALID,
    )
    async def start(row: DiscoveryIn, who: Engineer) -> DiscoveryOut | Response:
        who.check(row.site, f"site {row.site!r}")
        try:
            said = {**row.model_dump(), "requested_by": who.name}
            return DiscoveryOut.of(await discoveries.start(said), [])
        except Invalid as error:
            return refused(error, "discovery")

    @http.get(
        ONE, tags=["discoveries"], summary="One job with what it found",
        response_model=DiscoveryOut, responses=UNKNOWN,
    )  # fmt: skip
    async def one(id: JobId, who: Viewer) -> DiscoveryOut | Response:
        job = await _job(store, id, who)
        return DiscoveryOut.of(job, await store.findings(id)) if job else _unknown(id)

    @http.delete(
        ONE, tags=["discoveries"], summary="Cancel a job: nothing more is sent within seconds",
        response_model=DiscoveryOut, responses=UNKNOWN,
    )  # fmt: skip
    async def cancel(id: JobId, who: Engineer) -> DiscoveryOut | Response:
        if not await _job(store, id, who):
            return _unknown(id)
        job = await discoveries.cancel(id)
        return DiscoveryOut.of(job, await store.findings(id)) if job else _unknown(id)


def _decisions(http: FastAPI, store: JobStore, discoveries: Discoveries) -> None:
    @http.post(
        f"{ONE}/approve", tags=["discoveries"], summary="Make targets of what was found",
        response_model=ApprovalOut, responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def approve(id: JobId, how: ApprovalIn, who: Engineer) -> ApprovalOut | Response:
        if not await _job(store, id, who):
            return _unknown(id)
        try:
            approval = await discoveries.approve(
                id, how.addresses, profile=how.profile, interval_s=how.interval_s,
                path=how.path, credential=how.credential,
            )  # fmt: skip
        except Invalid as error:
            return refused(error, "approval")
        return ApprovalOut.of(approval)

    @http.post(
        f"{ONE}/ignore", tags=["discoveries"], summary="Keep what was found out of the way",
        description="It stays ignored when a later job finds it again, until it is approved.",
        response_model=FindingPage, responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def ignore(id: JobId, chosen: Chosen, who: Engineer) -> FindingPage | Response:
        if not await _job(store, id, who):
            return _unknown(id)
        try:
            ignored = await discoveries.ignore(id, chosen.addresses)
        except Invalid as error:
            return refused(error, "choice")
        return FindingPage(items=[FindingOut.of(each) for each in ignored])


async def _job(store: JobStore, id: str, who: Principal) -> Job | None:
    job = (await store.known([id])).get(id)
    return job if job and who.may(job.site) else None


def _unknown(id: str) -> Response:
    return problem(404, f"id: there is no discovery {id!r}")
