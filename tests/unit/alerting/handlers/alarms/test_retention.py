"""What is over for long is forgotten, but not its number."""

from datetime import timedelta
from typing import Any

from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.alerting.domain.alarms.events import Acknowledge
from isthmus.alerting.handlers.alarms.records import ALARMS
from isthmus.alerting.handlers.alarms.retention import Retention

HOT = alarm_id("hot", "hagen/t")
DAY_S = 86_400


def retention(service: Any) -> Retention:
    return Retention(service.memory, timedelta(days=1), service.now, lambda: None)


async def test_what_is_over_for_long_is_forgotten_with_a_tombstone(
    service: Any, report: Any
) -> None:
    """Once; what somebody has still to do with stays."""
    await service.hear(report(0, temperature=85), report(0, "u", temperature=85))
    await service.hear(report(2, temperature=70), report(2, "u", temperature=70))
    await service.ledger.act({HOT: Acknowledge(service.now(), "a", 2)}, lambda alarm: None)
    service.second = DAY_S - 1
    assert await retention(service).forget() == 0
    service.second = DAY_S + 2

    assert await retention(service).forget() == 1
    assert await retention(service).forget() == 0
    last = service.memory.published[-1]
    assert (last.topic, last.key, last.value) == (ALARMS, HOT.encode(), None)


async def test_an_alarm_that_comes_back_goes_on_counting(service: Any, report: Any) -> None:
    """Else a receiver would take its next step for one that it has had."""
    await service.hear(report(0, temperature=85), report(2, temperature=70))
    await service.ledger.act({HOT: Acknowledge(service.now(), "a", 2)}, lambda alarm: None)
    service.second = DAY_S + 2
    await retention(service).forget()
    await service.hear(report(DAY_S + 3, temperature=85, path="p"))
    alarm = service.memory.alarms[HOT]

    assert (alarm.seq, alarm.path, alarm.rule) == (4, "p", "hot")
    assert service.steps()[-1] == ("hot", 4, "raised")


async def test_a_crossing_that_never_became_an_alarm_leaves_no_tombstone(
    service: Any, report: Any
) -> None:
    """Nobody has heard of it."""
    await service.hear(report(0, slow=85), report(2, slow=70))
    service.second = DAY_S + 3

    assert await retention(service).forget() == 1
    assert service.memory.published == []
