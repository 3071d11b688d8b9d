"""Rules meet only the reports that concern them, and say what those mean."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.alarms.alarm import Quality
from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.conditions import (
    Behind,
    Change,
    Condition,
    Expression,
    Limit,
    Limits,
    NoData,
    Rate,
    State,
    Threshold,
    Watched,
)
from isthmus.alerting.domain.rules.index import index
from isthmus.alerting.domain.rules.judge import Hearing, judge, silent
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOT = Threshold("temperature", "Cel", Limits((Limit(80),), deadband=5))
LEVELS = Threshold("temperature", "Cel", Limits((Limit(80, "hi"), Limit(90, "hihi")), deadband=5))
RISE = Rate("level", "%", Limits((Limit(10),), deadband=2), per_s=60, over_s=30)


def a_rule(watched: Watched, *classes: str, message: str = "{source}") -> Rule:
    return Rule("r", "high", message, "Look.", watched, classes=frozenset(classes))


def reading(**fields: object) -> Reading:
    return Reading("hagen/t", "hagen", "p", NOW, 2, **fields)  # type: ignore[arg-type]


def measured(value: float, unit: str = "Cel", metric: str = "temperature") -> Reading:
    return reading(metric=[metric], value=[value], unit=[unit])


def known(**fields: object) -> Source:
    return Source("hagen/t", "hagen", "p", 0, NOW, 2, **fields)  # type: ignore[arg-type]


def signals(rule: Rule, read: Reading, asset_class: str = "", **before: str) -> list[Signal]:
    """What a rule is told whose alarm is open."""
    hearing = Hearing(read, known(watched=before), open={"r"})
    return [s.signal for _, s in judge(hearing, index([rule], asset_class))]


def samples(rule: Rule, hearing: Hearing) -> list[Sample]:
    return [sample for _, sample in judge(hearing, index([rule], ""))]


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
    cold = Limits((Limit(-80),), rising=False, deadband=5)

    assert cold.place(-value).signal == HOT.limits.place(value).signal


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
    [sample] = samples(rule, Hearing(measured(85)))

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
    [sample] = samples(rule, Hearing(new, known(watched={"firmware": "3.10"})))

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

    assert bool(rules.by_metric or rules.always or rules.changes or rules.silences) is holds


@pytest.mark.parametrize(
    ("value", "signal", "level", "holds"),
    [
        (91, Signal.BEYOND, "hihi", "hihi"),
        (88, Signal.BEYOND, "hi", "hihi"),
        (84, Signal.BEYOND, "hi", "hi"),
        (78, Signal.INSIDE, "", ""),
    ],
)
def test_a_level_holds_until_its_own_deadband_is_left(
    value: float, signal: Signal, level: str, holds: str
) -> None:
    """So that a value at the upper set point does not call a person again and again."""
    [sample] = samples(a_rule(LEVELS), Hearing(measured(value), open={"r"}))

    assert (sample.signal, sample.level, sample.holds) == (signal, level, holds)


def test_a_rule_without_an_open_alarm_is_told_only_of_what_raises_one() -> None:
    """Nearly all reports say that all is well, to nearly all rules."""
    every = [a_rule(HOT), a_rule(State("health", frozenset({"failure"}))), a_rule(NoData(3, 30))]
    well = reading(metric=["temperature"], value=[20], unit=["Cel"], health="normal")

    assert list(judge(Hearing(well), index(every, ""))) == []


def test_a_value_that_is_none_freezes_an_open_alarm_and_raises_none() -> None:
    """The device itself says that it did not measure."""
    read = reading(bad=["temperature"])
    [frozen] = samples(a_rule(HOT), Hearing(read, open={"r"}))

    assert frozen.quality is Quality.BAD
    assert samples(a_rule(HOT), Hearing(read)) == []


@pytest.mark.parametrize(
    ("after_s", "level", "expected"),
    [
        (30, 56.0, [Signal.BEYOND]),
        (30, 54.9, []),
        (29, 90.0, []),
        (301, 90.0, []),
        (60, 60.1, [Signal.BEYOND]),
    ],
)
def test_a_rate_is_judged_over_its_window(
    after_s: float, level: float, expected: list[Signal]
) -> None:
    """Not before the window ends, and not when it began so long ago that nobody knows."""
    began = known(measured={"r": (NOW - timedelta(seconds=after_s), 50.0)})
    read = measured(level, "%", "level")

    assert [s.signal for s in samples(a_rule(RISE), Hearing(read, began))] == expected


def test_a_counter_that_begins_anew_has_no_rate() -> None:
    """Its device was restarted."""
    counter = Rate("octets_out", "By", Limits((Limit(1),), rising=False), 1, 30, counter=True)
    began = known(measured={"r": (NOW - timedelta(seconds=30), 5000.0)})

    assert samples(a_rule(counter), Hearing(measured(3, "By", "octets_out"), began)) == []
    [stopped] = samples(a_rule(counter), Hearing(measured(5000, "By", "octets_out"), began))
    assert (stopped.signal, stopped.value, stopped.unit) == (Signal.BEYOND, 0.0, "By/s")


def test_a_report_is_late_when_others_are_far_ahead_of_it() -> None:
    """By the newest report of its partition, not by the wall clock."""
    rule = a_rule(Behind(300))

    assert samples(rule, Hearing(reading(), lag_s=300)) == []
    assert [s.signal for s in samples(rule, Hearing(reading(), lag_s=301))] == [Signal.BEYOND]


def an_expression(*reads: str, holds: bool | None = True, **units: str) -> Rule:
    def said(_: object) -> bool:
        if holds is None:
            raise ValueError("no number")
        return holds

    return a_rule(Condition(Expression("text", frozenset(reads), units, said)), message="{reason}")


def test_a_condition_is_judged_when_everything_that_it_reads_is_known() -> None:
    """Report, asset and context; a metric only in the unit that is meant."""
    rule = an_expression("metric.flow", "asset.zone", "attribute.model", "site", flow="m3/h")
    whole = reading(metric=["flow"], value=[1.5], unit=["m3/h"], attributes={"model": "M"})
    other = reading(metric=["flow"], value=[1.5], unit=["l/s"], attributes={"model": "M"})
    facts = {"zone": ""}

    [sample] = samples(rule, Hearing(whole, facts=lambda: facts))
    assert sample.message == (
        "asset.zone is not known, attribute.model is M, metric.flow is 1.5, site is hagen"
    )
    assert samples(rule, Hearing(other, facts=lambda: facts)) == []
    assert samples(rule, Hearing(whole)) == []
    assert samples(an_expression("attribute.serial"), Hearing(whole)) == []


def test_a_condition_that_fails_is_told_and_says_nothing() -> None:
    """It neither raises nor clears."""
    told: list[str] = []
    hearing = Hearing(reading(), open={"r"}, failed=lambda rule, reason: told.append(reason))

    assert samples(an_expression("site", holds=None), hearing) == []
    assert told == ["no number"]
    assert [s.signal for s in samples(an_expression("site", holds=False), hearing)] == [
        Signal.CLEAR
    ]
