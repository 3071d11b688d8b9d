"""What this process keeps of the partitions it owns: open alarms, sources, and what is due."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.machine import next_deadline
from isthmus.alerting.domain.rules.conditions import NoData
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.handlers.alarms.deadlines import Deadlines
from isthmus.alerting.handlers.rules.book import RuleBook

SETTLE = timedelta(seconds=2)
"""After so long without a report, a partition is taken to be read to its end."""
EPOCH = datetime.fromtimestamp(0, UTC)
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(order=True, frozen=True, slots=True)
class Missed:
    """When a source counts as silent for a rule, unless it is heard until then."""

    at: datetime
    source: str
    rule: str


@dataclass
class Partition:
    """One owned partition of a topic that subjects are heard on."""

    number: int
    heard_at: datetime | None
    """Wall clock of its last batch here, at first of its assignment; None while one is judged."""
    began_at: datetime | None = None
    """Time of the first report here: a source that a former owner heard has its turn from then."""
    watermark: datetime = EPOCH
    """Newest report: how far the partition's own time has come, however late it is read."""
    open: dict[str, dict[str, Alarm]] = field(default_factory=dict)
    """Open alarms, by subject and rule."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    sources: dict[str, Source] = field(default_factory=dict)
    waiting: list[Missed] = field(default_factory=list)
    """A heap with one entry for each source and silence rule that waits for it."""
    waited: set[tuple[str, str]] = field(default_factory=set)
    """The pairs of source and rule in the heap."""
    overdue: dict[tuple[str, str], tuple[datetime, datetime]] = field(default_factory=dict)
    """By source and rule: when it was last heard, and since when (wall clock) it is missed."""
    generation: int = 0
    """That of the rules by which it waits."""

    def keep(self, alarm: Alarm) -> None:
        """Remember `alarm` while it is open."""
        of_subject = self.open.setdefault(alarm.subject, {})
        if alarm.open:
            of_subject[alarm.rule] = alarm
        else:
            of_subject.pop(alarm.rule, None)
        if not of_subject:
            del self.open[alarm.subject]
        due_at = next_deadline(alarm) if alarm.open else None
        self.deadlines.set((alarm.subject, alarm.rule), due_at)

    def hear(self, heard: Iterable[Source], now: datetime, rules: RuleBook) -> None:
        """Remember the sources of a batch that is dealt with, and miss them from now on."""
        self.heard_at = now
        first = self.began_at is None
        for source in heard:
            self.sources[source.name] = source
            self.began_at = self.began_at or source.last_at
            self.watermark = max(self.watermark, source.last_at)
            self._miss(source, rules)
        if first and self.began_at is not None:
            for source in self.sources.values():
                self._miss(source, rules)

    @property
    def opened(self) -> int:
        """How many alarms are open."""
        return sum(len(of_subject) for of_subject in self.open.values())

    def last_at(self, source: Source) -> datetime:
        """When `source` was last heard, as far as this process can know."""
        return max(source.last_at, self.began_at or EPOCH)

    def wait_again(self, subject: str, rule: str) -> None:
        """A deadline was reached, and what follows from it could not be stored."""
        alarm = self.open.get(subject, {}).get(rule)
        if alarm is not None:
            self.keep(alarm)

    def clock(self, now: datetime) -> datetime:
        """The time up to which every report is taken to have been read."""
        if self.heard_at is not None and now - self.heard_at >= SETTLE:
            return now
        return min(self.watermark, now)

    def missed(self, now: datetime, rules: RuleBook) -> Iterator[tuple[Source, Rule, timedelta]]:
        """Sources that are silent by the partition's own time, and stay so for their grace."""
        if self.generation != rules.generation:
            self._wait_anew(rules)
        reached = min(self.watermark, now)
        while self.waiting and self.waiting[0].at <= reached:
            entry = heapq.heappop(self.waiting)
            pair = (entry.source, entry.rule)
            self.waited.discard(pair)
            _, last_at, window = self._silence(pair, rules)
            if last_at + window > reached:
                self._wait(last_at + window, pair)
            else:
                self.overdue.setdefault(pair, (last_at, now))
        yield from self._silent(now, rules)

    def _silent(self, now: datetime, rules: RuleBook) -> Iterator[tuple[Source, Rule, timedelta]]:
        for pair, (heard, since) in list(self.overdue.items()):
            source, last_at, window = self._silence(pair, rules)
            if last_at > heard:
                del self.overdue[pair]
                self._wait(last_at + window, pair)
            elif now - since >= source.grace:
                yield source, rules.by_name[pair[1]], window

    def _silence(
        self, pair: tuple[str, str], rules: RuleBook
    ) -> tuple[Source, datetime, timedelta]:
        source, rule = self.sources[pair[0]], rules.by_name[pair[1]]
        assert isinstance(rule.watched, NoData), "only these rules wait"
        return source, self.last_at(source), rule.watched.window(source.interval_s)

    def settle(self, source: str, rule: str) -> None:
        """Forget a silence that was dealt with; the next report starts the wait anew."""
        self.overdue.pop((source, rule), None)

    def _wait_anew(self, rules: RuleBook) -> None:
        """The rules have changed: wait for what they wait for now."""
        self.generation = rules.generation
        self.waiting.clear()
        self.waited.clear()
        self.overdue.clear()
        if self.began_at is not None:
            for source in self.sources.values():
                self._miss(source, rules)

    def _miss(self, source: Source, rules: RuleBook) -> None:
        if not source.interval_s:
            return  # it reports once, as a row of a table does: its silence is no news
        for rule, silence in rules.of(source.asset_class, part=source.part).silences:
            window = silence.window(source.interval_s)
            self._wait(self.last_at(source) + window, (source.name, rule.name))

    def _wait(self, at: datetime, pair: tuple[str, str]) -> None:
        if pair not in self.waited:
            heapq.heappush(self.waiting, Missed(at, *pair))
            self.waited.add(pair)
