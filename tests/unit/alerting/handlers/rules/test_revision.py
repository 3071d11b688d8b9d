"""When a rule changes, its open alarms follow it or are closed with the reason."""

from dataclasses import replace
from typing import Any

import pytest

from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.alerting.domain.rules.conditions import Limit, Limits, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.rules.book import Stored
from isthmus.alerting.handlers.rules.revision import Revision

HOT = alarm_id("hot", "hagen/t")


@pytest.fixture
def revision(service: Any) -> Revision:
    """Of the reports' partitions."""
    return Revision([service.owned], service.ledger, service.rules, service.now)


def changed(service: Any, **fields: Any) -> Rule:
    rule: Rule = service.rules.by_name["hot"]
    return replace(rule, version=1, **fields)


async def test_an_alarm_goes_on_under_its_rule_as_it_is_now(
    service: Any, report: Any, revision: Revision
) -> None:
    """Other words and limits are no other alarm: the next report is judged by them."""
    await service.hear(report(0, temperature=85))
    higher = Threshold("temperature", "Cel", Limits((Limit(90),), deadband=1))
    service.rules.store("hot", Stored(1, changed(service, first_action="Run.", watched=higher)))
    await revision.revise()
    alarm = service.memory.alarms[HOT]
    assert (alarm.first_action, alarm.rule_version, alarm.in_alarm) == ("Run.", 1, True)
    await service.hear(report(2, temperature=85))

    assert service.steps() == [("hot", 1, "raised"), ("hot", 2, "cleared")]


@pytest.mark.parametrize("stored", [Stored(1, None), Stored(1, None, deleted=True)])
async def test_an_alarm_of_a_rule_that_is_gone_is_closed(
    service: Any, report: Any, revision: Revision, stored: Stored
) -> None:
    """Switched off; a shipped rule that was only deleted in the store holds again."""
    await service.hear(report(0, temperature=85))
    service.rules.store("hot", stored)
    await revision.revise()
    await revision.revise()
    steps = [("hot", 1, "raised")] + ([] if stored.deleted else [("hot", 2, "closed")])

    assert service.steps() == steps


async def test_an_alarm_is_closed_when_its_rule_watches_something_else(
    service: Any, report: Any, revision: Revision
) -> None:
    """It would never be told how that stands."""
    await service.hear(report(0, temperature=85))
    other = Threshold("pressure", "bar", Limits((Limit(3),)))
    service.rules.store("hot", Stored(1, changed(service, watched=other)))
    await revision.revise()

    assert service.steps()[-1] == ("hot", 2, "closed")
    assert service.memory.history[HOT][-1].comment == "the rule watches pressure now"


async def test_a_change_that_came_while_nobody_owned_the_partition_is_found(
    service: Any, successor: Any, report: Any
) -> None:
    """Alarms are compared as they are loaded."""
    await service.hear(report(0, temperature=85))
    successor.rules.store("hot", Stored(1, None))
    revision = Revision([successor.owned], successor.ledger, successor.rules, successor.now)
    await successor.assign(0)
    await revision.revise()

    assert service.steps()[-1] == ("hot", 2, "closed")
