"""Reports become samples of the alarms whose rules concern them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from isthmus.alerting.domain.alarm import Alarm, Sample, Signal, alarm_id
from isthmus.alerting.domain.rules import Reading, Rule, judge
from isthmus.alerting.domain.source import Source, heard
from isthmus.alerting.handlers.assets import Assets
from isthmus.alerting.handlers.ledger import Entry, Ledger
from isthmus.alerting.handlers.owned import Owned
from isthmus.alerting.handlers.partitions import Now, Partition, RuleBook
from isthmus.alerting.handlers.records import reading
from isthmus.alerting.ports import SourceStore
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.report_pb2 import Report


@dataclass
class Heard:
    """What one batch says of the sources of one partition, until all of it is stored."""

    partition: Partition
    sources: dict[str, Source] = field(default_factory=dict)
    raised: set[str] = field(default_factory=set)
    """Sources that may have an alarm which is not known as open yet."""
    changed: set[str] = field(default_factory=set)
    """Sources that are new, or differ in more than the time they were heard."""

    def source(self, name: str) -> Source | None:
        """The source as it was last heard."""
        return self.sources.get(name) or self.partition.sources.get(name)


class Reports:
    """Judges reports; the records it makes go out through the alarms' outbox."""

    def __init__(
        self,
        owned: Owned,
        ledger: Ledger,
        assets: Assets,
        rules: RuleBook,
        sources: SourceStore,
        now: Now,
    ) -> None:
        self._owned = owned
        self._ledger = ledger
        self._assets = assets
        self._rules = rules
        self._sources = sources
        self._now = now

    async def handle(self, batch: Batch[Report]) -> Iterable[Outgoing]:
        """See Handler: a report that is not newer than its source's last one changes nothing."""
        partitions = await self._owned.partitions({r.partition for r in batch.records})
        async with self._owned.lock:
            batches = {number: Heard(partition) for number, partition in partitions.items()}
            for partition in partitions.values():
                partition.heard_at = None
            entries = list(self._entries(batch, batches))
            await self._ledger.record(entries)
            for each in batches.values():
                # After the alarms: a change that is known as judged must have been judged.
                await self._sources.save([each.sources[name] for name in each.changed])
                each.partition.hear(each.sources.values(), self._now(), self._rules)
        if any(entry.open and entry.open.deadline for entry in entries):
            self._owned.changed.set()
        return ()

    def _entries(self, batch: Batch[Report], batches: dict[int, Heard]) -> Iterator[Entry]:
        for record in batch.records:
            if record.message is None:
                batch.reject(record, Rejected("value: empty, expected a Report"))
                continue
            try:
                read = reading(record.message)
            except Rejected as error:
                batch.reject(record, error)
                continue
            yield from self._judged(read, batches[record.partition], record.traceparent)

    def _judged(self, read: Reading, batch: Heard, traceparent: bytes | None) -> Iterator[Entry]:
        known = batch.source(read.source)
        if known is not None and read.at <= known.last_at:
            return
        rules = self._rules.of(_class(read, known), part=read.part)
        source = heard(known, read, batch.partition.number, rules.attributes)
        batch.sources[read.source] = source
        if known is None or replace(known, last_at=read.at) != source:
            batch.changed.add(read.source)
        for rule, sample in judge(read, rules, known.watched if known else {}):
            if sample.signal is Signal.BEYOND:
                batch.raised.add(read.source)
            if read.source in batch.raised or read.source in batch.partition.open:
                yield self._entry(batch.partition, source, rule, sample, traceparent)

    def _entry(
        self,
        partition: Partition,
        source: Source,
        rule: Rule,
        sample: Sample,
        traceparent: bytes | None,
    ) -> Entry:
        place = self._assets.place(source.name)
        return Entry(partition, blank(source, rule), rule, sample, place, traceparent)


def blank(source: Source, rule: Rule) -> Alarm:
    """The alarm of `rule` on `source` before anything happened."""
    return Alarm(
        id=alarm_id(rule.name, source.name),
        rule=rule.name,
        subject=source.name,
        site=source.site,
        path=source.path,
        priority=rule.priority,
        first_action=rule.first_action,
        watches=rule.watches,
        partition=source.partition,
        asset_class=source.asset_class,
    )


def _class(read: Reading, known: Source | None) -> str:
    return read.attributes.get("class") or (known.asset_class if known else "")
