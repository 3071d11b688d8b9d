"""How old reports are when the rules have judged them."""

from collections.abc import Callable, Iterable
from datetime import datetime

from isthmus.runtime.codec import Outgoing, from_timestamp
from isthmus.runtime.consume import Batch, Handler
from isthmus.telemetry.v1.report_pb2 import Report


def aged(
    handler: Handler[Report], judged: Callable[[Iterable[datetime]], object]
) -> Handler[Report]:
    """`handler`, after which `judged` hears when the reports that it took were observed."""

    async def handle(batch: Batch[Report]) -> Iterable[Outgoing]:
        made = await handler(batch)
        judged([from_timestamp(report.observed_at) for report in _taken(batch)])
        return made

    return handle


def _taken(batch: Batch[Report]) -> Iterable[Report]:
    for record in batch.records:
        place = record.topic, record.partition, record.offset
        if record.message is not None and place not in batch.rejected:
            yield record.message
