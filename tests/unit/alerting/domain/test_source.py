"""What is kept of a source between its reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.rules import Reading
from isthmus.alerting.domain.source import GRACE, heard

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = Reading(
    "hagen/t", "hagen", "p", NOW, 2, attributes={"class": "plc", "firmware": "1", "vendor": "V"}
)


def test_a_source_keeps_its_class_and_what_rules_watch() -> None:
    """Not everything a report says is needed for the next one."""
    source = heard(None, FIRST, 7, frozenset({"firmware"}))

    assert (source.name, source.partition, source.last_at) == ("hagen/t", 7, NOW)
    assert (source.asset_class, source.watched) == ("plc", {"firmware": "1"})


def test_a_report_that_says_less_takes_nothing_away() -> None:
    """A device that does not answer is still what it was."""
    known = heard(None, FIRST, 7, frozenset({"firmware"}))
    later = NOW + timedelta(seconds=2)
    offline = replace(FIRST, at=later, attributes={})

    assert heard(known, offline, 7, frozenset({"firmware"})) == replace(known, last_at=later)


def test_a_source_is_a_part_while_its_reports_say_so() -> None:
    """So that it is missed with its device."""
    part = heard(None, replace(FIRST, part=True), 7, frozenset())

    assert part.part
    assert not heard(part, FIRST, 7, frozenset()).part


def test_a_source_has_one_more_interval_to_be_heard_after_a_standstill() -> None:
    """Each source must have had its turn before it counts as silent."""
    source = heard(None, FIRST, 7, frozenset())

    assert source.grace == timedelta(seconds=2) + GRACE
