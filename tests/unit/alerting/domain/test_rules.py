"""Rules meet only the reports that concern them, and say what those mean."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.alarm import Signal
from isthmus.alerting.domain.rules import (
    Change,
    NoData,
    Reading,
    Rule,
    State,
    Threshold,
    Watched,
    index,
    judge,
    silent,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOT = Threshold("temperature", "Cel", above=80, deadband=5)


def a_rule(watched: Watched, *classes: str, message: str = "{source}") -> Rule:
    return Rule("r", "high", message, "Look.", watched, classes=frozenset(classes))


def reading(**fields: object) -> Reading:
    return Reading("hagen/t", "hagen", "p", NOW, 2, **fields)  # type: ignore[arg-type]


def measured(value: float, unit: str = "Cel", metric: str = "temperature") -> Reading:
    return reading(metric=[metric], value=[value], unit=[unit])


def signals(rule: Rule, read: Reading, asset_class: str = "", **before: str) -> list[Signal]:
    return [s.signal for _, s in judge(read, index([rule], asset_class), before)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (80.1, Signal.BEYOND),
        (80.0, Signal.INSIDE),
        (75.1, Signal.INSIDE),
        (75.0, Signal.CLEAR),
        (-40.0, Signal.CLEAR),
    ],
)
def test_above_its_set_point_a_metric_is_beyond_until_past_the_deadband(
    value: float, expected: Signal
) -> None:
    """The set point itself is not yet beyond it; the deadband's end is clear."""
    assert signals(a_rule(HOT), measured(value)) == [expected]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_below_mirrors_above(value: float) -> None:
    """The same limits with the sign turned make the same signals."""
    cold = Threshold("temperature", "Cel", below=-80, deadband=5)

    assert cold.signal(-value) == HOT.signal(value)


@pytest.mark.parametrize(
    "read",
    [
        measured(math.nan),
        measured(math.inf),
        measured(200, unit="[degF]"),
        measured(200, metric="pressure"),
        reading(reachability="offline"),
    ],
)
def test_what_is_not_a_good_value_neither_raises_nor_clears(read: Reading) -> None:
    """No number, another unit, another metric, no answer: the alarm stays as it is."""
    assert signals(a_rule(HOT), read) == []


def test_the_message_names_the_source_the_value_and_the_limit() -> None:
    """An operator reads one sentence."""
    rule = a_rule(HOT, message="{source}: {value:.1f} {unit} above {limit:.0f}")
    [(_, sample)] = judge(measured(85), index([rule], ""), {})

    assert sample.message == "hagen/t: 85.0 Cel above 80"
    assert (sample.value, sample.unit, sample.at) == (85, "Cel", NOW)


def test_unknown_reachability_and_health_say_nothing() -> None:
    """Silence about a state is not its end."""
    offline = a_rule(State("reachability", frozenset({"offline"})))
    failed = a_rule(State("health", frozenset({"failure"})))

    assert signals(offline, reading(reachability="offline")) == [Signal.BEYOND]
    assert signals(offline, reading(reachability="online")) == [Signal.CLEAR]
    assert signals(offline, reading()) == []
    assert signals(offline, reading(reachability="not_asked")) == []
    assert signals(failed, reading(reachability="online")) == []
    assert signals(failed, reading(health="failure")) == [Signal.BEYOND]
    assert signals(failed, reading(health="off_spec")) == [Signal.CLEAR]


def test_an_attribute_changes_only_from_a_value_to_another() -> None:
    """The first value, the same value and no value are no change."""
    rule = a_rule(Change("firmware"), message="{before} to {after}")
    new = reading(attributes={"firmware": "3.20"})
    [(_, sample)] = judge(new, index([rule], ""), {"firmware": "3.10"})

    assert (sample.message, sample.momentary) == ("3.10 to 3.20", True)
    assert signals(rule, new) == []
    assert signals(rule, new, firmware="3.20") == []
    assert signals(rule, reading(), firmware="3.10") == []


def test_any_report_ends_a_silence() -> None:
    """Also the report of a failed read: somebody looks at the device."""
    rule = a_rule(NoData(3, 30))

    assert signals(rule, reading(reachability="offline")) == [Signal.CLEAR]


def test_silence_is_the_longer_of_some_intervals_and_some_seconds() -> None:
    """A device that is read twice a second is not missed at once, one read hourly not too soon."""
    silence = NoData(3, 30)
    window = silence.window(2)
    sample = silent(a_rule(silence), "hagen/t", NOW, window)

    assert window == timedelta(seconds=30)
    assert silence.window(3600) == timedelta(seconds=10_800)
    assert (sample.at, sample.signal) == (NOW + window, Signal.BEYOND)


def test_a_rule_for_a_class_meets_no_other_and_none_before_the_class_is_known() -> None:
    """A rule without classes meets all."""
    ours, everyones = a_rule(HOT, "robot"), a_rule(HOT)

    assert signals(ours, measured(85), "robot") == [Signal.BEYOND]
    assert signals(ours, measured(85), "plc") == []
    assert signals(ours, measured(85)) == []
    assert signals(everyones, measured(85), "plc") == [Signal.BEYOND]


@pytest.mark.parametrize(
    ("watched", "word"),
    [
        (HOT, "temperature"),
        (State("health", frozenset({"failure"})), "health"),
        (Change("firmware"), "firmware"),
        (NoData(3, 30), "silence"),
    ],
)
def test_each_kind_of_rule_has_a_word_for_what_it_watches(watched: Watched, word: str) -> None:
    """It stands in the alarm's `condition`."""
    assert a_rule(watched).watches == word


@pytest.mark.parametrize(
    ("watched", "holds"),
    [
        (HOT, True),
        (State("health", frozenset({"failure"})), True),
        (State("reachability", frozenset({"offline"})), False),
        (Change("firmware"), True),
        (NoData(3, 30), False),
    ],
)
def test_what_a_device_tells_of_all_its_parts_is_not_judged_again_of_each(
    watched: Watched, holds: bool
) -> None:
    """Whether it answers, and whether it is heard."""
    rules = index([a_rule(watched)], "", part=True)

    assert bool(rules.metrics or rules.states or rules.changes or rules.silences) is holds
