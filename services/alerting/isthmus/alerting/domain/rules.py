"""Rules, and what a report says about the alarms that they watch."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from isthmus.alerting.domain.alarm import NO_DELAY, Delays, Sample, Signal

UNKNOWN = "unknown"
NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Reading:
    """What rules need of one report; texts in the platform's words."""

    source: str
    site: str
    path: str
    at: datetime
    interval_s: float
    reachability: str = UNKNOWN
    reachability_reason: str = ""
    health: str = UNKNOWN
    health_reason: str = ""
    part: bool = False
    """Is it a part of another device, which answers for it?"""
    attributes: Mapping[str, str] = field(default_factory=dict)
    metric: Sequence[str] = ()
    value: Sequence[float] = ()
    unit: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Threshold:
    """A metric above or below its set point; it is back once past the deadband."""

    metric: str
    unit: str
    above: float | None = None
    below: float | None = None
    deadband: float = 0.0

    @property
    def limit(self) -> float:
        """The set point."""
        return self.above if self.above is not None else self.below or 0.0

    def signal(self, value: float) -> Signal:
        """Where `value` stands."""
        excess = value - self.limit if self.above is not None else self.limit - value
        if excess > 0:
            return Signal.BEYOND
        return Signal.CLEAR if excess <= -self.deadband else Signal.INSIDE


@dataclass(frozen=True, slots=True)
class State:
    """Reachability or health is one of some words; what nobody knows neither raises nor clears."""

    of: str
    among: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """A canonical attribute has another value than before."""

    attribute: str


@dataclass(frozen=True, slots=True)
class NoData:
    """No report for so many intervals, and at least for so long."""

    intervals: float
    silent_s: float

    def window(self, interval_s: float) -> timedelta:
        """How long a source with this interval may be silent."""
        return timedelta(seconds=max(self.intervals * interval_s, self.silent_s))


Watched = Threshold | State | Change | NoData


@dataclass(frozen=True, slots=True)
class Rule:
    """What raises an alarm, how urgent it is, and what to do first."""

    name: str
    priority: str
    message: str
    """Template of one sentence; FIELDS says what it may hold."""
    first_action: str
    watched: Watched
    delays: Delays = NO_DELAY
    classes: frozenset[str] = frozenset()
    """Device classes that it is for; empty means all."""

    @property
    def watches(self) -> str:
        """The word for what it watches: a metric, `reachability`, `health`, `silence`, …"""
        match self.watched:
            case Threshold(metric=metric):
                return metric
            case State(of=of):
                return of
            case Change(attribute=attribute):
                return attribute
            case NoData():
                return "silence"

    def sentence(self, source: str, **known: object) -> str:
        """The alarm's message; what is not known here stays empty."""
        return self.message.format_map({**FIELDS, "source": source, **known})


FIELDS: Mapping[str, object] = {
    "source": "",
    "value": 0.0,
    "unit": "",
    "limit": 0.0,
    "state": "",
    "reason": "",
    "before": "",
    "after": "",
    "silent_s": 0.0,
}
"""What a message may name, with stand-ins of the right type."""


@dataclass(frozen=True)
class Index:
    """The rules for one device class, by what they watch: a report meets no other."""

    metrics: Mapping[str, tuple[Rule, ...]]
    states: tuple[tuple[Rule, State], ...]
    changes: tuple[tuple[Rule, Change], ...]
    silences: tuple[tuple[Rule, NoData], ...]

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes whose last value must be kept."""
        return frozenset(change.attribute for _, change in self.changes)


def index(rules: Iterable[Rule], asset_class: str, *, part: bool = False) -> Index:
    """The rules that concern devices of `asset_class`; empty when it is not known yet.

    A part is read with its device: whether it answers and is heard is told of the device, once,
    and not again of each of its hundred modules and programs.
    """
    metrics: dict[str, tuple[Rule, ...]] = {}
    states, changes, silences = [], [], []
    for rule in rules:
        if rule.classes and asset_class not in rule.classes:
            continue
        match rule.watched:
            case Threshold(metric=metric):
                metrics[metric] = (*metrics.get(metric, ()), rule)
            case State(of=of) if not (part and of == "reachability"):
                states.append((rule, rule.watched))
            case Change():
                changes.append((rule, rule.watched))
            case NoData() if not part:
                silences.append((rule, rule.watched))
    return Index(metrics, tuple(states), tuple(changes), tuple(silences))


def judge(
    reading: Reading, rules: Index, before: Mapping[str, str]
) -> Iterator[tuple[Rule, Sample]]:
    """What `reading` says about each rule; `before` holds the attributes of the last reading."""
    if rules.metrics:
        yield from _levels(reading, rules)
    for rule, state in rules.states:
        if (sample := _word(rule, state, reading)) is not None:
            yield rule, sample
    for rule, change in rules.changes:
        if (sample := _change(rule, change, reading, before)) is not None:
            yield rule, sample
    for rule, _ in rules.silences:
        yield rule, Sample(reading.at, Signal.CLEAR)


def silent(rule: Rule, source: str, last_at: datetime, window: timedelta) -> Sample:
    """What it says that nothing came from `source` for `window`."""
    silent_s = window.total_seconds()
    message = rule.sentence(source, silent_s=silent_s)
    return Sample(last_at + window, Signal.BEYOND, message, silent_s, "s")


def _levels(reading: Reading, rules: Index) -> Iterator[tuple[Rule, Sample]]:
    for metric, value, unit in zip(reading.metric, reading.value, reading.unit, strict=True):
        for rule in rules.metrics.get(metric, ()):
            if (sample := _level(rule, reading, value, unit)) is not None:
                yield rule, sample


def _level(rule: Rule, reading: Reading, value: float, unit: str) -> Sample | None:
    threshold = rule.watched
    if not isinstance(threshold, Threshold) or unit != threshold.unit or not math.isfinite(value):
        return None
    signal = threshold.signal(value)
    message = ""
    if signal is Signal.BEYOND:
        message = rule.sentence(reading.source, value=value, unit=unit, limit=threshold.limit)
    return Sample(reading.at, signal, message, value, unit)


def _word(rule: Rule, state: State, reading: Reading) -> Sample | None:
    word, reason = (
        (reading.health, reading.health_reason)
        if state.of == "health"
        else (reading.reachability, reading.reachability_reason)
    )
    if word in (UNKNOWN, NOT_ASKED):
        return None
    if word not in state.among:
        return Sample(reading.at, Signal.CLEAR)
    message = rule.sentence(reading.source, state=word, reason=reason or "no reason given")
    return Sample(reading.at, Signal.BEYOND, message)


def _change(
    rule: Rule, change: Change, reading: Reading, before: Mapping[str, str]
) -> Sample | None:
    then, now = before.get(change.attribute), reading.attributes.get(change.attribute)
    if not then or not now or then == now:
        return None
    message = rule.sentence(reading.source, before=then, after=now)
    return Sample(reading.at, Signal.BEYOND, message, momentary=True)
