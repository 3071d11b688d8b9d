"""The command `touches`."""

import asyncio
import csv
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from isthmus.collector.handlers.ledger import COLUMNS, TOPIC, Extract
from isthmus.collector.settings import Settings
from isthmus.runtime.commands import moment, say
from isthmus.runtime.errors import Rejected
from isthmus.runtime.extract import TopicExtract
from isthmus.runtime.settings import load


class Batches(Protocol):
    """What gives the records of a topic."""

    def batches(self) -> AsyncIterator[tuple[Sequence[Any], int]]:
        """Records, with how many are still to come."""
        ...


def touches(site: str, target: str | None, since: str | None, until: str | None) -> int:
    """Write the ledger of `site` to standard output, and how far it is to standard error."""
    extract = Extract(site, target, moment("--from", since), moment("--to", until))
    key = f"{site}/{target}" if target else None
    kafka = load(Settings, collector={"site": site}).kafka
    topic = TopicExtract(kafka, TOPIC, key=key, since=extract.since)
    asyncio.run(written(topic, extract))
    return 0


async def written(topic: Batches, extract: Extract) -> None:
    """Write the rows of `extract` out of `topic`."""
    table = csv.writer(sys.stdout)
    table.writerow(COLUMNS)
    read = rows = 0
    async for records, remaining in topic.batches():
        for record in records:
            try:
                found = list(extract.rows(record))
            except Rejected as error:
                say(f"left out: partition {record.partition} offset {record.offset}: {error}")
                continue
            table.writerows(found)
            rows += len(found)
        read += len(records)
        say(f"{read} records read, {max(0, remaining - len(records))} to come, {rows} rows")
    sys.stdout.flush()
    if not rows:
        say(f"nothing was sent on site {extract.site} in that time, or {TOPIC} has forgotten it")
