"""What a report says about the alarms that its rules watch."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from isthmus.alerting.domain.alarms.alarm import Quality
from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.conditions import (
    FORGOTTEN,
    Behind,
    Change,
    Condition,
    Count,
    Expression,
    Near,
    Rate,
    State,
    Threshold,
)
from isthmus.alerting.domain.rules.index import Index
from isthmus.alerting.domain.rules.reading import NOT_ASKED, UNKNOWN, Reading, text_of
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source

Facts = Mapping[str, object]
Judged = tuple[Rule, Sample]


@dataclass
class Hearing:
    """One report before its rules, with what is known besides."""

    reading: Reading
    known: Source | None = None
    """Its source as it was before this report."""
    open: Collection[str] = ()
    """Rules whose alarm on this source is not normal: only these are told that all is well."""
    lag_s: float = 0.0
    """How far the report lies behind the newest one of its partition."""
    facts: Callable[[], Facts | None] = lambda: None
    """What the inventory says of the asset behind the source; None while it is not known."""
    failed: Callable[[Rule, str], None] = lambda rule, reason: None
    """Hears of a rule whose expression cannot be said of this report, and why."""

    @cached_property
    def metrics(self) -> dict[str, tuple[float, str]]:
        """Value and unit by metric."""
        reading = self.reading
        pairs = zip(reading.value, reading.unit, strict=True)
        return dict(zip(reading.metric, pairs, strict=True))


def judge(hearing: Hearing, rules: Index) -> Iterator[Judged]:
    """What a report says about each rule: that its condition holds, or no longer holds."""
    reading = hearing.reading
    if rules.by_metric:
        yield from _measured(hearing, rules.by_metric)
        yield from _unmeasured(hearing, rules.by_metric)
    for name in rules.by_attribute.keys() & reading.attributes.keys():
        for rule in rules.by_attribute[name]:
            yield from _said(rule, hearing)
    for rule in rules.always:
        yield from _said(rule, hearing)
    if rules.changes and hearing.known is not None:
        yield from _changes(hearing, hearing.known.watched, rules.changes)
    for rule, _ in rules.silences:
        if rule.name in hearing.open:
            yield rule, Sample(reading.at, Signal.CLEAR)


def silent(rule: Rule, source: str, last_at: datetime, window: timedelta) -> Sample:
    """What it says that nothing came from `source` for `window`."""
    silent_s = window.total_seconds()
    message = rule.sentence(source, silent_s=silent_s)
    return Sample(last_at + window, Signal.BEYOND, message, silent_s, "s")


def window(base: tuple[datetime, float] | None, rate: Rate, at: datetime) -> float | None:
    """Seconds since `base`; None when it is no beginning of a window that ends at `at`."""
    if base is None:
        return None
    elapsed_s = (at - base[0]).total_seconds()
    return elapsed_s if rate.over_s <= elapsed_s <= rate.over_s * FORGOTTEN else None


def _measured(hearing: Hearing, rules: Mapping[str, list[Rule]]) -> Iterator[Judged]:
    reading = hearing.reading
    for metric, value, unit in zip(reading.metric, reading.value, reading.unit, strict=True):
        for rule in rules.get(metric, ()):
            watched = rule.watched
            if type(watched) is Threshold:
                if unit == watched.unit and math.isfinite(value):
                    yield from _level(rule, watched, hearing, value)
            elif type(watched) is Rate:
                if unit == watched.unit and math.isfinite(value):
                    yield from _rate(rule, watched, hearing, value)
            else:
                yield from _said(rule, hearing)


def _unmeasured(hearing: Hearing, rules: Mapping[str, list[Rule]]) -> Iterator[Judged]:
    at = hearing.reading.at
    for metric in hearing.reading.bad:
        for rule in rules.get(metric, ()):
            if rule.name in hearing.open:
                yield rule, Sample(at, Signal.INSIDE, quality=Quality.BAD)


def _level(
    rule: Rule, watched: Threshold | Rate, hearing: Hearing, value: float, unit: str = ""
) -> Iterator[Judged]:
    limits = watched.limits
    if not limits.beyond(value) and rule.name not in hearing.open:
        return  # nothing to say: nearly every report ends here
    yield rule, stood(rule, hearing.reading.source, hearing.reading.at, value, unit or watched.unit)


def stood(rule: Rule, source: str, at: datetime, value: float, unit: str) -> Sample:
    """What it says of a rule with set points that `value` stands where it does."""
    watched = rule.watched
    assert isinstance(watched, Threshold | Rate | Near | Count), "only these have set points"
    stand = watched.limits.place(value)
    if stand.signal is not Signal.BEYOND:
        return Sample(at, stand.signal, "", value, unit)
    message = rule.sentence(source, value=value, unit=unit, limit=stand.limit.value)
    level, holds = stand.limit.level, stand.holds
    return Sample(at, stand.signal, message, value, unit, level=level, holds=holds)


def _rate(rule: Rule, rate: Rate, hearing: Hearing, value: float) -> Iterator[Judged]:
    base = hearing.known.measured.get(rule.name) if hearing.known else None
    elapsed_s = window(base, rate, hearing.reading.at)
    if base is None or elapsed_s is None or (rate.counter and value < base[1]):
        return
    unit = f"{rate.unit}/{PER.get(rate.per_s, f'{rate.per_s:g}.s')}"
    yield from _level(rule, rate, hearing, (value - base[1]) / elapsed_s * rate.per_s, unit)


PER = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d"}
"""Units of time in UCUM."""


def _said(rule: Rule, hearing: Hearing) -> Iterator[Judged]:
    match rule.watched:
        case State() as state:
            verdict = _word(rule, state, hearing.reading)
        case Behind(behind_s=behind_s):
            late = hearing.lag_s > behind_s
            verdict = rule.sentence(hearing.reading.source, silent_s=hearing.lag_s) if late else ""
        case Condition(expression=expression):
            verdict = _expressed(rule, expression, hearing)
        case _:
            return
    at = hearing.reading.at
    if verdict:
        yield rule, Sample(at, Signal.BEYOND, verdict)
    elif verdict is not None and rule.name in hearing.open:
        yield rule, Sample(at, Signal.CLEAR)


def _word(rule: Rule, state: State, reading: Reading) -> str | None:
    """The alarm's sentence, nothing if all is well, None if nobody knows."""
    word, reason = (
        (reading.health, reading.health_reason)
        if state.of == "health"
        else (reading.reachability, reading.reachability_reason)
    )
    if word in (UNKNOWN, NOT_ASKED):
        return None
    if word not in state.among:
        return ""
    return rule.sentence(reading.source, state=word, reason=reason or "no reason given")


def _expressed(rule: Rule, expression: Expression, hearing: Hearing) -> str | None:
    """The same for an expression."""
    known: dict[str, object] = {}
    for name in expression.reads:
        value = _known(name, expression, hearing)
        if value is None:
            return None
        known[name] = value
    try:
        holds = expression.holds(known)
    except ValueError as error:
        hearing.failed(rule, str(error))
        return None
    return rule.sentence(hearing.reading.source, reason=reasons(known)) if holds else ""


def reasons(known: Mapping[str, object]) -> str:
    """What an expression was told, for a person."""
    return ", ".join(f"{name} is {_shown(known[name])}" for name in sorted(known))


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value}" or "not known"


def _known(name: str, expression: Expression, hearing: Hearing) -> object:
    """The value of `name`; None if it is not known."""
    reading = hearing.reading
    kind, _, rest = name.partition(".")
    match kind + ".":
        case _ if not rest:
            return CONTEXT[name](reading)
        case "metric.":
            value, unit = hearing.metrics.get(rest, (None, ""))
            return value if unit == expression.units.get(rest) else None
        case "attribute.":
            return reading.attributes.get(rest) or None
        case _:
            facts = hearing.facts()
            return None if facts is None else facts.get(rest, "")


CONTEXT: Mapping[str, Callable[[Reading], object]] = {
    "health": lambda reading: reading.health,
    "path": lambda reading: reading.path,
    "reachability": lambda reading: reading.reachability,
    "site": lambda reading: reading.site,
    "source": lambda reading: reading.source,
    "today": lambda reading: f"{reading.at:%Y-%m-%d}",
}
"""Words that an expression may read of every report."""


def _changes(
    hearing: Hearing, before: Mapping[str, str], rules: Mapping[str, list[Rule]]
) -> Iterator[Judged]:
    reading = hearing.reading
    for of, then in before.items():
        now = text_of(reading, of)
        if not now or now == then:
            continue
        for rule in rules.get(of, ()):
            if isinstance(rule.watched, Change) and _matters(rule.watched, now):
                message = rule.sentence(reading.source, before=then, after=now)
                yield rule, Sample(reading.at, Signal.BEYOND, message, momentary=True)


def _matters(change: Change, now: str) -> bool:
    return not change.to or now in change.to
