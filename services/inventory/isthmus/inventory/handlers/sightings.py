"""Keeps what devices have seen of each other."""

from collections.abc import Iterable, Sequence

import structlog

from isthmus.inventory.domain.relations.links import MAC, Sighting, SightingKind, Table, table
from isthmus.inventory.ports.relations import SightingStore
from isthmus.runtime.codec import Outgoing, from_timestamp
from isthmus.runtime.consume import Batch, Handler
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

log = structlog.get_logger()
COLUMNS = ("port", "mac", "address", "name", "remote_port", "description")
KINDS = {report_pb2.SightingKind.Value(f"SIGHTING_KIND_{kind.name}"): kind for kind in SightingKind}


class Sighted:
    """Keeps what the devices of reports have seen."""

    def __init__(self, store: SightingStore) -> None:
        self._store = store

    def after(self, handler: Handler[report_pb2.Report]) -> Handler[report_pb2.Report]:
        """`handler`, and then the sightings of the same batch."""

        async def both(batch: Batch[report_pb2.Report]) -> Iterable[Outgoing]:
            made = await handler(batch)
            await self.note([r.message for r in batch.records if r.message is not None])
            return made

        return both

    async def note(self, reports: Sequence[report_pb2.Report]) -> None:
        """Keep the latest table of each source, where it differs from the one that is kept."""
        tables: dict[str, Table] = {}
        for report in reports:
            if report.HasField("sightings"):
                try:
                    said = sighted(report)
                except Rejected as error:
                    log.warning("sightings_refused", report=report.id, reason=str(error))
                    continue
                if said.source not in tables or tables[said.source].at <= said.at:
                    tables[said.source] = said
        if tables:
            kept = await self._store.digests(list(tables))
            new = [t for t in tables.values() if kept.get(t.source) != t.digest]
            await self._store.keep(new)


def sighted(report: report_pb2.Report) -> Table:
    """What the device of a report has seen; raises Rejected."""
    said = report.sightings
    lengths = {len(said.kind), *(len(getattr(said, name)) for name in COLUMNS)}
    if len(lengths) != 1:
        raise Rejected(f"Report.sightings: columns of {sorted(lengths)} entries, expected as many")
    source = "/".join(filter(None, (report.site, report.target, report.device)))
    rows = zip(said.kind, *(getattr(said, name) for name in COLUMNS), strict=True)
    return table(source, report.site, from_timestamp(report.observed_at), map(_sighting, rows))


def _sighting(row: tuple[int, str, str, str, str, str, str]) -> Sighting:
    kind, port, mac, *more = row
    if kind not in KINDS or (mac and not MAC.fullmatch(mac)):
        shown = f"kind {kind}, mac {mac[:20]!r}"
        raise Rejected(f"Report.sightings: {shown}, expected a kind and aa:bb:cc:dd:ee:ff")
    return Sighting(KINDS[kind], port, mac, *more)
