"""Alarms on groups are judged by one replica, from what all of them publish."""

from types import SimpleNamespace
from typing import Any

import pytest

from isthmus.alerting.domain.rules.conditions import Count, Limit, Limits
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.records import ALARMS
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.groups import GroupAlarms
from isthmus.telemetry.v1.report_pb2 import Reachability

TWO = Count(frozenset({"offline"}), "site", Limits((Limit(1),)))
RULES = RuleBook([Rule("site-down", "high", "{value:.0f} of {source}", "Look.", TWO)])
OFFLINE = {"reachability": Reachability.REACHABILITY_OFFLINE}


def published(service: Any, groups: GroupAlarms) -> None:
    for record in service.memory.published:
        if record.topic == ALARMS:
            groups.handle(
                SimpleNamespace(key=record.key, value=record.value, headers=record.headers,
                                topic=ALARMS, partition=0, offset=0)
            )  # fmt: skip


@pytest.fixture
def groups(service: Any) -> GroupAlarms:
    """Counts what `service` publishes."""
    return GroupAlarms(service.owned, service.ledger, service.assets, RULES, service.now)


async def test_a_group_is_raised_with_its_alarms_and_cleared_with_them(
    service: Any, report: Any, groups: GroupAlarms
) -> None:
    """The subject is the group."""
    await service.hear(report(0, "a", **OFFLINE))
    published(service, groups)
    await groups.judge()
    assert ("site-down", 1, "raised") not in service.steps()
    await service.hear(report(1, "b", **OFFLINE))
    published(service, groups)
    service.second = 1
    await groups.judge()
    await groups.judge()
    assert service.steps().count(("site-down", 1, "raised")) == 1
    await service.hear(report(2, "a"))
    published(service, groups)
    service.second = 2
    await groups.judge()

    assert service.steps()[-1] == ("site-down", 2, "cleared")
    [alarm] = [a for a in service.memory.alarms.values() if a.rule == "site-down"]
    assert (alarm.subject, alarm.site, alarm.message) == ("hagen", "hagen", "2 of hagen")


async def test_only_the_owner_of_the_first_partition_judges_groups(
    service: Any, successor: Any, report: Any
) -> None:
    """All replicas count; one tells."""
    for target in "ab":
        await service.hear(report(0, target, **OFFLINE))
    other = GroupAlarms(successor.owned, successor.ledger, successor.assets, RULES, successor.now)
    await successor.assign(1)
    published(service, other)
    await other.judge()
    assert all(rule != "site-down" for rule, _, _ in service.steps())
    await successor.assign(0)
    await other.judge()

    assert ("site-down", 1, "raised") in service.steps()


def test_a_record_that_is_no_alarm_is_left_out(groups: GroupAlarms) -> None:
    """The others count."""
    groups.handle(
        SimpleNamespace(key=b"x", value=b"\xff", headers=[], topic=ALARMS, partition=0, offset=0)
    )
