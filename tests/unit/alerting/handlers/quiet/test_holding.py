"""What holds a new alarm back, from all that is known."""

from datetime import timedelta
from typing import Any

from tests.unit.alerting.conftest import START
from tests.unit.alerting.plant import SETTLE, Plant, a_window, names

from isthmus.alerting.domain.alarms.alarm import Alarm, alarm_id
from isthmus.telemetry.v1.report_pb2 import Reachability

OFFLINE = {"reachability": Reachability.REACHABILITY_OFFLINE}


def an_alarm(rule: str = "hot", watches: str = "temperature", subject: str = "hagen/t") -> Alarm:
    priority = "low" if rule == "slow" else "high"
    id = alarm_id(rule, subject)
    return Alarm(id, rule, subject, "hagen", "", priority, "Look.", watches, 0)


async def test_a_process_alarm_is_held_back_by_nothing(plant: Plant) -> None:
    """It has no parents, and does not wait."""
    assert list(plant.holding.begins(an_alarm(), START)) == []


async def test_all_that_holds_it_back_is_said_at_once(plant: Plant, report: Any) -> None:
    """So that the end of one of them does not call while another one lasts."""
    plant.asset("a", sources=["hagen/slow"], tags=["press"])
    for number in range(11):
        await plant.hear(report(0, f"t{number}", temperature=90))
    plant.read()
    await plant.floods.judge()
    plant.read()

    await plant.windows.put(a_window("one"))
    await plant.windows.put(a_window("two", tags=("press",)))
    await plant.windows.put(a_window("not", tags=("paint",)))

    held = list(plant.holding.begins(an_alarm("slow", subject="hagen/slow"), START))
    assert names(held) == ["maintenance:one", "maintenance:two", "flood:hagen"]


async def test_what_happened_in_maintenance_is_held_by_it_however_late_it_is_heard_of(
    plant: Plant,
) -> None:
    """The time is that of the source; the window's end is told with it."""
    await plant.windows.put(a_window(lasts_s=60))
    plant.second = 600

    [held] = plant.holding.begins(an_alarm(), START + timedelta(seconds=30))
    assert held.until == START + timedelta(seconds=60)
    assert list(plant.holding.begins(an_alarm(), START + timedelta(seconds=90))) == []


async def test_an_alarm_that_may_have_a_parent_waits_by_the_clock_on_the_wall(
    plant: Plant,
) -> None:
    """What the parent says is on its way here now, however old the report is."""
    plant.second = 100
    alarm = an_alarm("offline", "reachability", "hagen/gw/u1")

    [held] = plant.holding.begins(alarm, START)
    assert (held.source, held.until) == ("settling", START + timedelta(seconds=100) + SETTLE)


async def test_an_alarm_that_can_have_no_parent_does_not_wait(plant: Plant) -> None:
    """Nothing stands above a device that is read by itself, and no rule counts it."""
    alarm = an_alarm("offline", "reachability", "hagen/t")
    assert list(plant.holding.begins(alarm, START)) == []
    plant.asset("a", sources=["hagen/t"], upstream=["hagen/t/host"])

    assert names(plant.holding.begins(alarm, START)) == ["settling"]


async def test_a_parent_that_is_known_to_be_down_holds_it_at_once(
    plant: Plant, report: Any
) -> None:
    """Without an end: who watches says when."""
    await plant.hear(report(0, "gw", **OFFLINE))
    plant.read()

    [held] = plant.holding.begins(an_alarm("offline", "reachability", "hagen/gw/u1"), START)
    assert (held.source, held.until) == ("parent_down:hagen/gw", None)


async def test_upstream_of_another_endpoint_holds_nobody_back(plant: Plant, report: Any) -> None:
    """An asset that is also read by itself is reached by itself."""
    plant.asset("a", sources=["hagen/sw", "hagen/gw/u1"], upstream=["hagen/gw"])
    await plant.hear(report(0, "gw", **OFFLINE))
    plant.read()

    assert plant.holding.parents(an_alarm("offline", "reachability", "hagen/sw")) == []
