"""What the inventory's word on an asset says about the alarms that rules on assets watch."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.conditions import Assertion, Happened, Near
from isthmus.alerting.domain.rules.judge import Judged, reasons, stood
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import Subject, last_day


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an asset."""

    at: datetime
    kind: str
    field: str = ""
    before: str = ""
    after: str = ""


def examine(
    subject: Subject, rules: Iterable[Rule], open: Collection[str], at: datetime, today: date
) -> Iterator[Judged]:
    """What `subject` says about each rule today; `open` rules alone are told that all is well."""
    for rule in rules:
        sample = None
        match rule.watched:
            case Assertion():
                sample = _assertion(rule, rule.watched, subject, at, today)
            case Near():
                sample = _near(rule, rule.watched, subject, at, today)
        if sample and (sample.signal is not Signal.CLEAR or rule.name in open):
            yield rule, sample


def happened(subject: Subject, happening: Happening, rules: Iterable[Rule]) -> Iterator[Judged]:
    """What something that happened to `subject` says about each rule."""
    for rule in rules:
        watched = rule.watched
        if not isinstance(watched, Happened) or happening.kind not in watched.kinds:
            continue
        if watched.field and happening.field != watched.field:
            continue
        before, after = happening.before, happening.after
        said = rule.sentence(subject.called, before=before, after=after, state=happening.kind)
        yield rule, Sample(happening.at, Signal.BEYOND, said, momentary=True)


def _assertion(
    rule: Rule, watched: Assertion, subject: Subject, at: datetime, today: date
) -> Sample | None:
    known = subject.bound(watched.expression.reads, today)
    try:
        holds = watched.expression.holds(known)
    except ValueError:
        return None  # an attribute of another form than the rule expects says nothing
    if not holds:
        return Sample(at, Signal.CLEAR)
    return Sample(at, Signal.BEYOND, rule.sentence(subject.called, reason=reasons(known)))


def _near(rule: Rule, watched: Near, subject: Subject, at: datetime, today: date) -> Sample | None:
    until = last_day(subject.text(watched.field))
    if until is None:
        return Sample(at, Signal.CLEAR)
    sample = stood(rule, subject.called, at, float((until - today).days), "d")
    return sample if sample.signal is Signal.BEYOND else replace(sample, signal=Signal.CLEAR)
