"""Rules on trial make the transitions that they would make in service."""

from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import Behaviour
from isthmus.alerting.domain.rules.conditions import (
    Condition,
    Expression,
    Limit,
    Limits,
    NoData,
    Threshold,
)
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.trial import Trial

START = datetime(2026, 1, 1, tzinfo=UTC)
DELAYED = Behaviour(on=timedelta(seconds=5), off=timedelta(seconds=5))
HOT = Rule("hot", "low", "{value:g}", "Look.", Threshold("t", "Cel", Limits((Limit(80),))), DELAYED)
SILENT = Rule("silent", "low", "", "Look.", NoData(3, 30))


def hear(trial: Trial, second: float, value: float, source: str = "hagen/t") -> None:
    at = START + timedelta(seconds=second)
    site = source.partition("/")[0]
    trial.hear(Reading(source, site, "p", at, 10, metric=["t"], value=[value], unit=["Cel"]), at)


def steps(trial: Trial) -> list[tuple[str, float, str]]:
    return [
        (t.alarm.rule, (t.transition.at - START).total_seconds(), t.transition.kind.value)
        for t in trial.told
    ]


def test_delays_run_while_time_passes() -> None:
    """Without any further report."""
    trial = Trial((HOT,))
    hear(trial, 0, 85)
    trial.until(START + timedelta(seconds=4.9))
    assert steps(trial) == []
    trial.until(START + timedelta(seconds=5))
    hear(trial, 6, 70)
    trial.until(START + timedelta(seconds=60))

    assert steps(trial) == [("hot", 0.0, "raised"), ("hot", 6.0, "cleared")]


def test_a_source_is_missed_once_until_it_is_heard_again() -> None:
    """And a second time after that."""
    trial = Trial((SILENT,))
    hear(trial, 0, 1)
    hear(trial, 100, 1)
    trial.until(START + timedelta(seconds=200))

    assert steps(trial) == [
        ("silent", 30.0, "raised"),
        ("silent", 100.0, "cleared"),
        ("silent", 130.0, "raised"),
    ]


def test_what_cannot_be_judged_is_told_with_its_reason() -> None:
    """A test of a rule must not pass because the rule never worked."""

    def fails(known: object) -> bool:
        raise ValueError("no such overload")

    expression = Expression("", frozenset({"metric.t"}), {"t": "Cel"}, fails)
    trial = Trial((Rule("bad", "low", "", "", Condition(expression)),))
    hear(trial, 0, 1)

    assert trial.failed == [("bad", "no such overload")]
