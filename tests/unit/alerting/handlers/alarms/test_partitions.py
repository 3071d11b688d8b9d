"""The bookkeeping of one partition."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import Alarm, Condition
from isthmus.alerting.domain.rules.conditions import NoData
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.handlers.alarms.partitions import SETTLE, Partition
from isthmus.alerting.handlers.rules.book import RuleBook

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm("a", "r", "hagen/t", "hagen", "", "high", "", "temperature", 0)
SOURCE = Source("hagen/t", "hagen", "", 0, NOW, 2)
RULES = RuleBook([Rule("silent", "low", "", "", NoData(3, 30))])


def test_only_alarms_that_are_not_normal_are_kept() -> None:
    """Memory grows with trouble, not with time."""
    partition = Partition(0, NOW)
    partition.keep(replace(ALARM, condition=Condition.ACTIVE))
    assert partition.opened == 1
    partition.keep(ALARM)
    partition.keep(ALARM)

    assert partition.open == {}


def test_a_source_waits_once_however_often_it_is_heard() -> None:
    """The heap has an entry for each source, not for each report."""
    partition = Partition(0, NOW)
    for second in range(100):
        heard = replace(SOURCE, last_at=NOW + timedelta(seconds=second))
        partition.hear([heard], NOW, RULES)

    assert len(partition.waiting) == 1


def test_time_is_the_newest_report_until_the_partition_is_quiet() -> None:
    """Never later than the wall clock: a collector's clock may be ahead."""
    partition = Partition(0, NOW)
    partition.hear([replace(SOURCE, last_at=NOW + timedelta(hours=1))], NOW, RULES)
    assert partition.clock(NOW) == NOW
    partition.watermark = NOW - timedelta(hours=1)

    assert partition.clock(NOW) == NOW - timedelta(hours=1)
    assert partition.clock(NOW + SETTLE) == NOW + SETTLE


def test_rules_are_looked_up_by_class_once() -> None:
    """The same index serves all devices of a class."""
    assert RULES.of("plc") is RULES.of("plc")
    assert RULES.of("plc") is not RULES.of("cnc")
