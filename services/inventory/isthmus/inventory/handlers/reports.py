"""Takes batches of reports into the inventory."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from isthmus.inventory.domain.ledger import (
    Plan,
    Removal,
    Write,
    lookups,
    settle,
    silent_endpoints,
)
from isthmus.inventory.domain.model import Report
from isthmus.inventory.handlers import records
from isthmus.inventory.ports import AssetStore, Measures
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected, Retryable
from isthmus.telemetry.v1 import report_pb2

REQUIRED = ("id", "site", "target", "reachability")
TRIES = 8
Traces = Mapping[str, bytes | None]


class Reports:
    """The handler of the reports' topic."""

    def __init__(
        self, store: AssetStore, measures: Measures, *, written: Callable[[], None]
    ) -> None:
        self._store = store
        self._measures = measures
        self._written = written

    async def __call__(self, batch: Batch[report_pb2.Report]) -> Iterable[Outgoing]:
        """Make the store agree with the batch; what that publishes goes through its outbox."""
        reports: list[Report] = []
        traces: dict[str, bytes | None] = {}
        for record in batch.records:
            if record.message is None:
                continue
            try:
                said = records.report(record.message)
            except Rejected as error:
                batch.reject(record, error)
            else:
                reports.append(said)
                traces[said.id] = record.traceparent
        if reports:
            await self._settle(reports, traces)
        return ()

    async def _settle(self, reports: Sequence[Report], traces: Traces) -> None:
        claims, endpoints = lookups(reports), silent_endpoints(reports)
        for _ in range(TRIES):
            plan = settle(reports, await self._store.snapshot(claims, endpoints))
            if await self._apply(plan, traces):
                self._count(plan, reports)
                return
            self._measures.raced()
        raise Retryable(f"store: other writers were faster {TRIES} times in a row")

    async def _apply(self, plan: Plan, traces: Traces) -> bool:
        """Carry out `plan` in its order; False at the first step that met another writer."""
        removals = [(r, records.removed(r, traces[r.report.id])) for r in plan.removals]
        done = (
            await self._store.claim(plan.claims)
            and await self._store.write(_with_records(plan.gains, traces))
            and await self._store.write(_with_records(plan.losses, traces))
            and await self._store.remove(removals)
        )
        if done:
            await self._store.move(plan.moves)
            await self._store.seen(plan.seen)
        if plan.gains or plan.losses or plan.removals:
            self._written()
        return done

    def _count(self, plan: Plan, reports: Sequence[Report]) -> None:
        changing: list[Write | Removal] = [*plan.gains, *plan.losses, *plan.removals]
        for each in changing:
            for change in each.changes:
                self._measures.changed(change.kind)
        self._measures.unchanged(max(0, len(reports) - len(changing)))


def _with_records(
    writes: Iterable[Write], traces: Traces
) -> list[tuple[Write, Sequence[Outgoing]]]:
    return [(write, records.written(write, traces[write.report.id])) for write in writes]
