"""The alarm of a rule on a subject before anything happened."""

from datetime import UTC, datetime

from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.alerting.domain.rules.blank import ASSETS, again, on_asset, on_group, on_source
from isthmus.alerting.domain.rules.conditions import Behind
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.domain.rules.subject import Subject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Rule(
    "r",
    "low",
    "",
    "Look.",
    Behind(3),
    consequence="people",
    impact="Falls.",
    runbook="x",
    version=4,
)


def test_an_alarm_carries_what_its_rule_says_it_may_harm() -> None:
    """And which version of the rule says so."""
    alarm = on_source(Source("hagen/t", "hagen", "p", 7, NOW, 2, "plc"), RULE)

    assert (alarm.id, alarm.subject) == (alarm_id("r", "hagen/t"), "hagen/t")
    assert (alarm.consequence, alarm.runbook, alarm.rule_version) == ("people: Falls.", "x", 4)
    assert (alarm.partition, alarm.asset_class, alarm.watches) == (7, "plc", "delay")


def test_an_alarm_on_an_asset_is_kept_by_who_owns_the_assets_partition() -> None:
    """Its stream is the inventory's topic."""
    alarm = on_asset(Subject("a", "hagen", "p", "plc"), RULE, 3)

    assert (alarm.stream, alarm.partition, alarm.subject) == (ASSETS, 3, "a")


def test_an_alarm_on_a_group_stands_where_the_group_stands() -> None:
    """All groups are judged in one place."""
    line = on_group("nordwerk/hagen/press-shop/line-1", "hagen", RULE)

    assert (line.partition, line.path, line.site) == (0, line.subject, "hagen")
    assert on_group("hagen", "hagen", RULE).path == ""


def test_an_alarm_made_again_is_on_the_same_subject() -> None:
    """Under the rule as it is now."""
    alarm = on_asset(Subject("a", "hagen", "p", "plc"), RULE, 3)

    assert again(alarm, RULE) == alarm
