"""Discovery jobs: asked for and ended by people, carried on by what the collectors say."""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from google.protobuf.json_format import MessageToDict

from isthmus.inventory.domain.instants import milliseconds
from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    FindingVerdict,
    Job,
    Step,
    advanced,
    cancelled,
    job,
    target_row,
)
from isthmus.inventory.domain.polling.discovery import Progress as Hosts
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.rows import Invalid, expected, site
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.handlers.polling.orders import job_record
from isthmus.inventory.handlers.polling.wanted import Wanted
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.polling import JobStore, SiteTopics
from isthmus.runtime.codec import Outgoing, from_timestamp
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import discovery_pb2 as pb

REQUIRED = ("id", "discovery", "site", "kind")
STATES = {
    pb.DISCOVERY_EVENT_KIND_STARTED: DiscoveryState.RUNNING,
    pb.DISCOVERY_EVENT_KIND_PROGRESS: DiscoveryState.RUNNING,  # of a job that has asked anybody yet
    pb.DISCOVERY_EVENT_KIND_FOUND: DiscoveryState.RUNNING,
    pb.DISCOVERY_EVENT_KIND_FINISHED: DiscoveryState.FINISHED,
    pb.DISCOVERY_EVENT_KIND_CANCELLED: DiscoveryState.CANCELLED,
    pb.DISCOVERY_EVENT_KIND_REFUSED: DiscoveryState.REFUSED,
}


@dataclass(frozen=True)
class Approval:
    """The targets that were made of findings, and what was not taken and why."""

    targets: Sequence[Target]
    refused: Sequence[tuple[str, str]]


class Discoveries:
    """What people do with jobs and with what they found."""

    def __init__(
        self,
        store: JobStore,
        topics: SiteTopics,
        targets: Wanted[Target],
        *,
        written: Callable[[], None],
    ) -> None:
        self._store = store
        self._topics = topics
        self._targets = targets
        self._written = written

    async def start(self, row: object) -> Job:
        """The job that `row` asks for, handed to the collectors. Raises Invalid."""
        made = job(row, str(uuid.uuid4()), now())
        site(made.site, await self._topics.sites())
        await self._store.write([(made, [job_record(made)])])
        self._written()
        return made

    async def cancel(self, id: str) -> Job | None:
        """Stop a job; None when there is none of that id."""
        for _ in range(TRIES):
            found = (await self._store.known([id])).get(id)
            if found is None or (ended := cancelled(found, now())) == found:
                return found
            if await self._store.write([(ended, [job_record(ended)])]):
                self._written()
                return ended
        raise outrun()

    async def approve(
        self,
        id: str,
        addresses: Collection[str] | None,
        *,
        profile: str,
        interval_s: float,
        path: str,
        credential: str | None = None,
    ) -> Approval:
        """Make targets of what waits, or of `addresses` alone. Raises Invalid."""
        targets, refused, decided = [], [], []
        for finding in await self._chosen(id, addresses):
            try:
                row = target_row(finding, profile, interval_s, path, credential)
                target, _ = await self._targets.put(row)
            except Invalid as error:
                refused.append((finding.address, str(error)))
                continue
            targets.append(target)
            decided.append(_decided(finding, FindingVerdict.APPROVED, target.id))
        await self._store.decide(decided)
        return Approval(targets, refused)

    async def ignore(self, id: str, addresses: Collection[str] | None) -> list[Finding]:
        """Keep what waits, or `addresses` alone, out of the way from now on. Raises Invalid."""
        chosen = await self._chosen(id, addresses)
        ignored = [_decided(finding, FindingVerdict.IGNORED) for finding in chosen]
        await self._store.decide(ignored)
        return ignored

    async def _chosen(self, id: str, addresses: Collection[str] | None) -> list[Finding]:
        found = await self._store.findings(id)
        if addresses is None:
            return [finding for finding in found if finding.verdict is FindingVerdict.WAITING]
        known = {finding.address for finding in found}
        for address in addresses:
            if address not in known:
                wanted = "an address that this job found"
                raise Invalid("addresses", expected(address, wanted))
        return [finding for finding in found if finding.address in addresses]


class DiscoveryEvents:
    """The handler of what the collectors say of jobs."""

    def __init__(self, store: JobStore, *, written: Callable[[], None]) -> None:
        self._store = store
        self._written = written

    async def __call__(self, batch: Batch[pb.DiscoveryEvent]) -> Iterable[Outgoing]:
        """Carry the jobs on, and write their new state back to the collectors' topic."""
        findings: list[Finding] = []
        steps: list[Step] = []
        for record in batch.records:
            if record.message is None:
                continue
            try:
                steps.append(step(record.message))
                if record.message.kind == pb.DISCOVERY_EVENT_KIND_FOUND:
                    findings.append(finding(record.message))
            except Rejected as error:
                batch.reject(record, error)
        await self._store.find(findings)
        await self._advance(steps)
        return ()

    async def _advance(self, steps: Sequence[Step]) -> None:
        for _ in range(TRIES):
            jobs = await self._store.known({each.job for each in steps})
            after = dict(jobs)
            for each in steps:
                if each.job in after:
                    after[each.job] = advanced(after[each.job], each)
            changed = [
                (replace(new, revision=jobs[id].revision + 1), [job_record(new)])
                for id, new in after.items()
                if new != jobs[id]
            ]
            if not changed or await self._store.write(changed):
                if changed:
                    self._written()
                return
        raise outrun()


def step(event: pb.DiscoveryEvent) -> Step:
    """What an event says of its job; raises Rejected."""
    if event.kind not in STATES or not event.HasField("at"):
        kind = event.kind
        raise Rejected(f"DiscoveryEvent.kind: {kind}, expected a value of its enum, and a time")
    said = event.progress
    waits = event.kind == pb.DISCOVERY_EVENT_KIND_PROGRESS and not said.cursor
    return Step(
        job=event.discovery,
        state=DiscoveryState.WAITING if waits else STATES[event.kind],
        at=_at(event),
        collector=event.collector,
        progress=Hosts(said.cursor, said.asked, said.answered, said.skipped),
        reason=event.reason,
    )


def finding(event: pb.DiscoveryEvent) -> Finding:
    """What was found; raises Rejected."""
    host, _, port = event.address.rpartition(":")
    if not host or not port.isdigit() or len(event.fact) != len(event.text):
        shown = f"{event.address[:80]!r}, {len(event.fact)} facts, {len(event.text)} texts"
        raise Rejected(f"DiscoveryEvent.address: {shown}, expected host:port and as many of each")
    return Finding(
        site=event.site,
        job=event.discovery,
        address=event.address,
        protocol=event.protocol,
        endpoint=_plain(MessageToDict(event.endpoint)),
        facts=dict(zip(event.fact, event.text, strict=True)),
        found_at=_at(event),
    )


def _plain(fields: dict[str, object]) -> dict[str, object]:
    """Struct knows no whole numbers; an endpoint has them."""
    return {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in fields.items()}


def _decided(finding: Finding, verdict: FindingVerdict, target: str = "") -> Finding:
    return replace(finding, verdict=verdict, decided_at=now(), target=target)


def _at(event: pb.DiscoveryEvent) -> datetime:
    return milliseconds(from_timestamp(event.at))
