"""What is kept of a source between its reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.rules.conditions import Change, Limit, Limits, Rate
from isthmus.alerting.domain.rules.index import index
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import GRACE, heard

FIRMWARE = index([Rule("f", "low", "", "", Change("firmware"))], "")
MODE = index([Rule("m", "low", "", "", Change("metric.mode"))], "")
RISE = Rate("level", "%", Limits((Limit(10),)), per_s=60, over_s=30)
RATED = index([Rule("r", "low", "", "", RISE)], "")
NO_RULES = index([], "")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = Reading(
    "hagen/t", "hagen", "p", NOW, 2, attributes={"class": "plc", "firmware": "1", "vendor": "V"}
)


def test_a_source_keeps_its_class_and_what_rules_watch() -> None:
    """Not everything a report says is needed for the next one."""
    source = heard(None, FIRST, 7, FIRMWARE)

    assert (source.name, source.partition, source.last_at) == ("hagen/t", 7, NOW)
    assert (source.asset_class, source.watched) == ("plc", {"firmware": "1"})


def test_a_report_that_says_less_takes_nothing_away() -> None:
    """A device that does not answer is still what it was."""
    known = heard(None, FIRST, 7, FIRMWARE)
    later = NOW + timedelta(seconds=2)
    offline = replace(FIRST, at=later, attributes={})

    assert heard(known, offline, 7, FIRMWARE) == replace(known, last_at=later)


def test_a_source_is_a_part_while_its_reports_say_so() -> None:
    """So that it is missed with its device."""
    part = heard(None, replace(FIRST, part=True), 7, NO_RULES)

    assert part.part
    assert not heard(part, FIRST, 7, NO_RULES).part


def test_a_source_has_one_more_interval_to_be_heard_after_a_standstill() -> None:
    """Each source must have had its turn before it counts as silent."""
    source = heard(None, FIRST, 7, NO_RULES)

    assert source.grace == timedelta(seconds=2) + GRACE


def test_a_metric_that_counts_states_is_kept_as_text() -> None:
    """So that its change is told like that of an attribute."""
    read = replace(FIRST, metric=["mode"], value=[3.0], unit=["1"])

    assert heard(None, read, 7, MODE).watched == {"metric.mode": "3"}


def test_the_value_that_begins_a_window_is_kept_until_it_ends() -> None:
    """It is no change that the store must know."""
    source = heard(None, levelled(0, 50), 7, RATED)
    within = heard(source, levelled(29, 60), 7, RATED)
    after = heard(within, levelled(30, 61), 7, RATED)

    assert source.measured == within.measured == {"r": (NOW, 50.0)}
    assert after.measured == {"r": (NOW + timedelta(seconds=30), 61.0)}
    assert replace(source, last_at=after.last_at) == after


def levelled(second: float, level: float) -> Reading:
    at = NOW + timedelta(seconds=second)
    return replace(FIRST, at=at, metric=["level"], value=[level], unit=["%"])
