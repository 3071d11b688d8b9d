"""Takes batches of reports into the inventory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from isthmus.inventory.domain.assets.ledger import lookups, settle, silent_endpoints
from isthmus.inventory.domain.assets.model import Report
from isthmus.inventory.domain.assets.plan import Plan, Removal, Write
from isthmus.inventory.domain.assets.precedence import POLICY, Policy
from isthmus.inventory.handlers.assets import records
from isthmus.inventory.handlers.assets.acquaintance import Acquaintance
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.assets import AssetStore, Measures, Noted
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

REQUIRED = ("id", "site", "target", "reachability")


class _Arrived(NamedTuple):
    """A report that came in, and what it says in short."""

    record: Record[report_pb2.Report]
    message: report_pb2.Report
    endpoint: str
    source: str
    at: datetime
    digest: bytes


class Reports:
    """The handler of the reports' topic."""

    def __init__(self, store: AssetStore, commits: Commits, measures: Measures) -> None:
        self._store = store
        self._commits = commits
        self._measures = measures
        self._acquaintance = Acquaintance()
        self.policy: Policy = POLICY

    def follow(self, policy: Policy) -> None:
        """Let the words of other sources count from now on."""
        self.policy = policy

    async def __call__(self, batch: Batch[report_pb2.Report]) -> Iterable[Outgoing]:
        """Make the store agree with the batch; what that publishes goes through the journal."""
        arrived = [made for record in batch.records if (made := self._arrived(batch, record))]
        news = self._news(arrived)
        again = [each for each in arrived if each.endpoint not in news]
        fresh = [each for each in arrived if each.endpoint in news]
        if not await self._are_unchanged(again):
            again, fresh = [], arrived
        self._measures.unchanged(len(again))
        await self._settle(batch, fresh)
        self._measures.known(each.at for each in arrived)
        return ()

    def _arrived(
        self, batch: Batch[report_pb2.Report], record: Record[report_pb2.Report]
    ) -> _Arrived | None:
        message = record.message
        if message is None:
            return None
        try:
            at = records.observed_at(message)
        except Rejected as error:
            batch.reject(record, error)
            return None
        endpoint = f"{message.site}/{message.target}"
        source = f"{endpoint}/{message.device}" if message.device else endpoint
        return _Arrived(record, message, endpoint, source, at, records.digest(message))

    def _news(self, arrived: Iterable[_Arrived]) -> set[str]:
        """Endpoints of which anything is new: what stands behind one depends on it."""
        knows = self._acquaintance.says_again
        return {e.endpoint for e in arrived if not knows(e.source, e.digest, e.at)}

    async def _are_unchanged(self, again: Sequence[_Arrived]) -> bool:
        """Have the store note them; what it has not noted is not remembered either."""
        kept = False
        try:
            kept = await self._store.unchanged(self._noted(again))
        finally:
            for each in () if kept else again:
                self._acquaintance.forget(each.source)
        return kept

    def _noted(self, again: Iterable[_Arrived]) -> list[Noted]:
        found = ((e.source, self._acquaintance.note(e.source, e.at)) for e in again)
        return list({source: noted for source, noted in found if noted}.values())

    async def _settle(self, batch: Batch[report_pb2.Report], arrived: Iterable[_Arrived]) -> None:
        told = list(self._understood(batch, arrived))
        reports = [report for _, report in told]
        if not reports:
            return
        traces = {report.id: each.record.traceparent for each, report in told}
        claims, endpoints = lookups(reports), silent_endpoints(reports)
        sources = {report.source for report in reports}
        for _ in range(TRIES):
            snapshot = await self._store.snapshot(claims, endpoints, sources)
            plan = settle(reports, snapshot, self.policy)
            if await self._commits.carry_out(plan, traces):
                await self._learn(plan, [each for each, _ in told])
                self._count(plan, reports)
                return
            self._measures.raced()
        raise outrun()

    def _understood(
        self, batch: Batch[report_pb2.Report], arrived: Iterable[_Arrived]
    ) -> Iterator[tuple[_Arrived, Report]]:
        for each in arrived:
            try:
                yield each, records.report(each.message)
            except Rejected as error:
                batch.reject(each.record, error)

    async def _learn(self, plan: Plan, arrived: Sequence[_Arrived]) -> None:
        """Remember what the store has noted; a source that changed is noted with its next read."""
        said = {each.message.id: each.digest for each in arrived}
        digests = {seen.source: said[seen.report_id] for seen in plan.seen}
        await self._store.seen(plan.seen, digests)
        for each in arrived:
            self._acquaintance.forget(each.source)
        for seen in plan.seen:
            self._acquaintance.learn(seen.source, digests[seen.source], seen.observed_at)

    def _count(self, plan: Plan, reports: Sequence[Report]) -> None:
        changing: list[Write | Removal] = [*plan.gains, *plan.losses, *plan.removals]
        for each in changing:
            for change in each.changes:
                self._measures.changed(change.kind)
        self._measures.unchanged(max(0, len(reports) - len(changing)))
