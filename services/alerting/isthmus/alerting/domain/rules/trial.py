"""Rules on trial: what they make of reports and assets that somebody has recorded.

The same rules, judgement and state machine as in service, on one partition whose other sources
are heard all the time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.events import Clock, Sample
from isthmus.alerting.domain.alarms.machine import next_deadline, step
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.domain.rules.blank import on_asset, on_group, on_source
from isthmus.alerting.domain.rules.conditions import Count, NoData
from isthmus.alerting.domain.rules.examine import Happening, examine, happened
from isthmus.alerting.domain.rules.groups import Groups, Standing
from isthmus.alerting.domain.rules.index import index
from isthmus.alerting.domain.rules.judge import Hearing, judge, silent
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source, heard
from isthmus.alerting.domain.rules.subject import Subject

Due: TypeAlias = tuple[datetime, str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Told:
    """One transition of one alarm."""

    alarm: Alarm
    """As it is after the transition."""
    transition: Transition


@dataclass
class Trial:
    """What becomes of recorded events, which must be given in the order of their times."""

    rules: tuple[Rule, ...]
    told: list[Told] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Rules whose expression could not be judged, and why."""
    _alarms: dict[str, Alarm] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict)
    _silent: set[tuple[str, str]] = field(default_factory=set)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _groups: Groups = field(default_factory=Groups)

    def hear(self, reading: Reading, at: datetime) -> None:
        """A report comes at `at`; others, whatever they say, are heard up to then."""
        self.until(at)
        known = self._sources.get(reading.source)
        asset_class = reading.attributes.get("class") or (known.asset_class if known else "")
        rules = index(self.rules, asset_class, part=reading.part)
        lag_s = (at - reading.at).total_seconds()
        hearing = Hearing(
            reading,
            known,
            self._open(reading.source),
            lag_s,
            lambda: self._facts(reading.source),
            lambda rule, reason: self.failed.append((rule.name, reason)),
        )
        judged = list(judge(hearing, rules))
        source = self._sources[reading.source] = heard(known, reading, 0, rules)
        self._silent -= {(rule.name, reading.source) for rule in self.rules}
        for rule, sample in judged:
            self._apply(rule, on_source(source, rule), sample)

    def see(self, subject: Subject, at: datetime) -> None:
        """The inventory says what an asset is."""
        self.until(at)
        self._subjects[subject.id] = subject
        open = self._open(subject.id)
        for rule, sample in examine(subject, self._concerned(subject), open, at, at.date()):
            self._apply(rule, on_asset(subject, rule, 0), sample)

    def happen(self, subject: Subject, happening: Happening) -> None:
        """The inventory says that something happened to an asset."""
        self.until(happening.at)
        for rule, sample in happened(subject, happening, self._concerned(subject)):
            self._apply(rule, on_asset(subject, rule, 0), sample)

    def until(self, at: datetime) -> None:
        """Time passes."""
        while due := sorted((each for each in self._due() if each[0] <= at), key=lambda d: d[:2]):
            due[0][2]()

    def _due(self) -> Iterator[Due]:
        for alarm in self._alarms.values():
            if (deadline := next_deadline(alarm)) is not None:
                yield deadline, alarm.id, self._clock(alarm, deadline)
        for source in self._sources.values():
            for rule in self.rules:
                pair = (rule.name, source.name)
                if isinstance(rule.watched, NoData) and self._waits(rule, source, pair):
                    at = source.last_at + rule.watched.window(source.interval_s)
                    yield at, "", self._silence(rule, rule.watched, source)

    def _waits(self, rule: Rule, source: Source, pair: tuple[str, str]) -> bool:
        missed = source.interval_s > 0 and not source.part and rule.concerns(source.asset_class)
        return missed and pair not in self._silent

    def _clock(self, alarm: Alarm, at: datetime) -> Callable[[], None]:
        rule = next(rule for rule in self.rules if rule.name == alarm.rule)
        return lambda: self._step(rule, alarm, Clock(at))

    def _silence(self, rule: Rule, watched: NoData, source: Source) -> Callable[[], None]:
        def fire() -> None:
            self._silent.add((rule.name, source.name))
            window = watched.window(source.interval_s)
            sample = silent(rule, source.name, source.last_at, window)
            self._apply(rule, on_source(source, rule), sample)

        return fire

    def _apply(self, rule: Rule, blank: Alarm, sample: Sample) -> None:
        self._step(rule, self._alarms.get(blank.id, blank), sample)

    def _step(self, rule: Rule, alarm: Alarm, event: Sample | Clock) -> None:
        after, transitions = step(alarm, event, rule.behaviour, rule.levels)
        self._alarms[alarm.id] = after
        self.told += [Told(after, transition) for transition in transitions]
        if transitions and not isinstance(rule.watched, Count):
            zone = str((self._facts(alarm.subject) or {}).get("zone", ""))
            self._groups.put(alarm.id, Standing.of(after, zone) if after.in_alarm else None)
            self._count(event.at)

    def _count(self, at: datetime) -> None:
        for rule in self.rules:
            if isinstance(rule.watched, Count):
                open = {a.subject for a in self._alarms.values() if a.rule == rule.name and a.open}
                for name, sample in self._groups.judge(rule, rule.watched, open, self._members, at):
                    self._apply(rule, on_group(name, name.partition("/")[0], rule), sample)

    def _members(self, by: str, name: str) -> int:
        standing = (Standing("", s.name, s.site, "", s.path) for s in self._sources.values())
        return sum(each.group(by) == name for each in standing)

    def _concerned(self, subject: Subject) -> Iterable[Rule]:
        return [rule for rule in self.rules if rule.concerns(subject.asset_class)]

    def _open(self, subject: str) -> set[str]:
        return {a.rule for a in self._alarms.values() if a.subject == subject and a.open}

    def _facts(self, source: str) -> dict[str, object] | None:
        found = (s for s in self._subjects.values() if source == s.id or source in s.names)
        return next((dict(subject.facts) for subject in found), None)
