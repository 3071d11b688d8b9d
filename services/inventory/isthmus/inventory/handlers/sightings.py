"""Keeps what devices have seen of each other."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog

from isthmus.inventory.domain.relations.ageing import emptied, followed, time_to_live
from isthmus.inventory.domain.relations.links import MAC, Sighting, SightingKind, Table, table
from isthmus.inventory.ports.relations import Shown, SightingStore
from isthmus.runtime.codec import Outgoing, from_timestamp
from isthmus.runtime.consume import Batch, Handler
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

log = structlog.get_logger()
MEMORY_S = 600
AGAIN = 4
"""That a table is the same is noted so often before it would be stale."""
COLUMNS = ("port", "mac", "address", "name", "remote_port", "description")
KINDS = {report_pb2.SightingKind.Value(f"SIGHTING_KIND_{kind.name}"): kind for kind in SightingKind}


class Sighted:
    """Keeps what the devices of reports have seen, and ends what they do not see any more.

    What each source showed last is remembered, and read again now and then, because another
    replica may have had the source meanwhile.
    """

    def __init__(self, store: SightingStore, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock_s = clock_s
        self._read_again_s = clock_s()
        self._shown: dict[str, Shown] = {}

    def after(self, handler: Handler[report_pb2.Report]) -> Handler[report_pb2.Report]:
        """`handler`, and then the sightings of the same batch."""

        async def both(batch: Batch[report_pb2.Report]) -> Iterable[Outgoing]:
            made = await handler(batch)
            await self.note([r.message for r in batch.records if r.message is not None])
            return made

        return both

    async def note(self, reports: Sequence[report_pb2.Report]) -> None:
        """Keep the latest table of each source, where it differs from the one that is kept."""
        if self._clock_s() >= self._read_again_s:
            self._shown = dict(await self._store.shown())
            self._read_again_s = self._clock_s() + MEMORY_S
        tables: dict[str, Table] = {}
        for report in reports:
            made = self._table(report)
            if made and (made.source not in tables or tables[made.source].at <= made.at):
                tables[made.source] = made
        news = [each for each in tables.values() if self._is_news(each)]
        if news:
            before = await self._store.tables_of([each.source for each in news])
            await self._store.keep([followed(before.get(t.source), t) for t in news])
            self._shown |= {t.source: Shown(t.site, t.digest, t.at, t.ttl) for t in news}

    def _table(self, report: report_pb2.Report) -> Table | None:
        """What the report shows; an empty one when it should have shown something for long."""
        if report.HasField("sightings"):
            try:
                return sighted(report)
            except Rejected as error:
                log.warning("sightings_refused", report=report.id, reason=str(error))
                return None
        if report.reachability != report_pb2.REACHABILITY_ONLINE or not self._shown:
            return None
        source = source_of(report)
        shown = self._shown.get(source)
        at = from_timestamp(report.observed_at)
        if shown is None or at <= shown.at + shown.ttl:
            return None
        gone = emptied(source, shown.site, at, shown.ttl)
        return gone if gone.digest != shown.digest else None

    def _is_news(self, table: Table) -> bool:
        """Whether it says something else, or says again what would soon be stale."""
        shown = self._shown.get(table.source)
        if shown is None or shown.digest != table.digest:
            return True
        return table.at >= shown.at + shown.ttl / AGAIN


def source_of(report: report_pb2.Report) -> str:
    """The source name of the device of a report."""
    return "/".join(filter(None, (report.site, report.target, report.device)))


def sighted(report: report_pb2.Report) -> Table:
    """What the device of a report has seen; raises Rejected."""
    said = report.sightings
    lengths = {len(said.kind), *(len(getattr(said, name)) for name in COLUMNS)}
    if len(lengths) != 1:
        raise Rejected(f"Report.sightings: columns of {sorted(lengths)} entries, expected as many")
    rows = zip(said.kind, *(getattr(said, name) for name in COLUMNS), strict=True)
    at = from_timestamp(report.observed_at)
    made = table(source_of(report), report.site, at, map(_sighting, rows))
    return replace(made, ttl=time_to_live(report.interval_s))


def _sighting(row: tuple[int, str, str, str, str, str, str]) -> Sighting:
    kind, port, mac, *more = row
    if kind not in KINDS or (mac and not MAC.fullmatch(mac)):
        shown = f"kind {kind}, mac {mac[:20]!r}"
        raise Rejected(f"Report.sightings: {shown}, expected a kind and aa:bb:cc:dd:ee:ff")
    return Sighting(KINDS[kind], port, mac, *more)
