"""Reports become samples of the alarms whose rules concern them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.blank import on_source
from isthmus.alerting.domain.rules.judge import Facts, Hearing, judge
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source, heard
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import EPOCH, Now, Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.habits import Habit, Habits
from isthmus.alerting.handlers.rules.readings import observed_at, reading
from isthmus.alerting.ports.rules import SourceStore
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.report_pb2 import Report

log = structlog.get_logger()


@dataclass
class Heard:
    """What one batch says of the sources of one partition, until all of it is stored."""

    partition: Partition
    habits: dict[str, Habit | None]
    late_at: datetime
    """A report from before is late: others are far ahead of it."""
    sources: dict[str, Source] = field(default_factory=dict)
    raised: dict[str, set[str]] = field(default_factory=dict)
    """Rules by source that may have an alarm which is not known as open yet."""
    changed: set[str] = field(default_factory=set)
    """Sources that are new, or differ in more than the time they were heard."""
    learnt: dict[str, Habit | None] = field(default_factory=dict)
    """Habits to keep once the batch is stored."""
    newest: datetime = EPOCH
    """The newest of the reports that said nothing new."""

    def source(self, name: str) -> Source | None:
        """The source as it was last heard."""
        return self.sources.get(name) or self.partition.sources.get(name)

    def open(self, source: str) -> Collection[str]:
        """The rules whose alarm on `source` may not be normal."""
        opened, raised = self.partition.open.get(source, {}), self.raised.get(source)
        return opened.keys() | raised if raised else opened

    def take(self, known: Source | None, source: Source) -> None:
        """Remember `source`, and whether it must be stored."""
        self.sources[source.name] = source
        if known is None or replace(known, last_at=source.last_at) != source:
            self.changed.add(source.name)

    def repeats(self, record: Record[Report], report: Report) -> bool:
        """Does a report say nothing new? Then its source was heard, and that is all."""
        habit, name = self.habits.get(record.key), record.key
        if habit is None or name in self.partition.open or name in self.sources:
            return False
        values = habit.read(record.value or b"")
        if values is None:
            return False
        source, at = self.partition.sources[name], observed_at(report)
        if at <= source.last_at:
            return True
        if at < self.late_at or not habit.checks.quiet(values, source, at):
            return False
        source.last_at = at
        if at > self.newest:
            self.newest = at
        return True


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
        self._habits = Habits()
        self._failed: set[str] = set()

    async def handle(self, batch: Batch[Report]) -> Iterable[Outgoing]:
        """See Handler: a report that is not newer than its source's last one changes nothing."""
        partitions = await self._owned.partitions({r.partition for r in batch.records})
        async with self._owned.lock:
            batches = {number: self._begin(each) for number, each in partitions.items()}
            entries = list(self._entries(batch, batches))
            await self._ledger.record(entries)
            for each in batches.values():
                # After the alarms: a change that is known as judged must have been judged.
                await self._sources.save([each.sources[name] for name in each.changed])
                each.partition.hear(each.sources.values(), self._now(), self._rules)
                each.partition.watermark = max(each.partition.watermark, each.newest)
                each.habits.update(each.learnt)
        if any(entry.open and entry.open.deadline for entry in entries):
            self._owned.changed.set()
        return ()

    def _begin(self, partition: Partition) -> Heard:
        partition.heard_at = None
        behind = timedelta(seconds=self._rules.behind_s)
        late_at = partition.watermark - min(behind, partition.watermark - EPOCH)
        return Heard(partition, self._habits.of(partition, self._rules.generation), late_at)

    def _entries(self, batch: Batch[Report], batches: dict[int, Heard]) -> Iterator[Entry]:
        for record in batch.records:
            each, report = batches[record.partition], record.message
            if report is None:
                batch.reject(record, Rejected("value: empty, expected a Report"))
                continue
            if each.repeats(record, report):
                continue
            try:
                read = reading(report)
            except Rejected as error:
                batch.reject(record, error)
                continue
            yield from self._judged(read, record, report, each)

    def _judged(
        self, read: Reading, record: Record[Report], report: Report, batch: Heard
    ) -> Iterator[Entry]:
        name, known = read.source, batch.source(read.source)
        if known is not None and read.at <= known.last_at:
            return
        # It says something new: what its habit was, it is no longer.
        batch.habits[name] = batch.learnt[name] = None
        rules = self._rules.of(_class(read, known), part=read.part)
        source = heard(known, read, batch.partition.number, rules)
        batch.take(known, source)
        lag_s = (batch.partition.watermark - read.at).total_seconds()
        facts = partial(self._facts, name)
        hearing = Hearing(read, known, batch.open(name), lag_s, facts, self._fail)
        for rule, sample in judge(hearing, rules):
            if sample.signal is Signal.BEYOND:
                batch.raised.setdefault(name, set()).add(rule.name)
            yield self._entry(batch.partition, source, rule, sample, record.traceparent)
        if not batch.open(name) and name == record.key:
            batch.learnt[name] = self._habits.learn(record, report, rules)

    def _entry(
        self,
        partition: Partition,
        source: Source,
        rule: Rule,
        sample: Sample,
        traceparent: bytes | None,
    ) -> Entry:
        place = self._assets.place(source.name)
        opened = partition.open.get(source.name, {}).get(rule.name)
        return Entry(partition, opened or on_source(source, rule), rule, sample, place, traceparent)

    def _facts(self, source: str) -> Facts | None:
        asset = self._assets.behind(source)
        return asset.facts if asset else None

    def _fail(self, rule: Rule, reason: str) -> None:
        """Say once that the expression of `rule` cannot be judged of what is reported."""
        if rule.name not in self._failed:
            self._failed.add(rule.name)
            log.warning("rule_failed", rule=rule.name, version=rule.version, reason=reason)


def _class(read: Reading, known: Source | None) -> str:
    return read.attributes.get("class") or (known.asset_class if known else "")
