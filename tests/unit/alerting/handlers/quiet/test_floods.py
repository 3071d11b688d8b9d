"""One replica says that a site is flooded, from what all of them publish."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.unit.alerting.conftest import START
from tests.unit.alerting.plant import Plant

from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.telemetry.v1.report_pb2 import Reachability

OFFLINE = {"reachability": Reachability.REACHABILITY_OFFLINE}


async def flood(plant: Plant, report: Any, count: int) -> None:
    for number in range(count):
        await plant.hear(report(0, f"t{number}", temperature=90))
    plant.read()
    await plant.floods.judge()
    plant.read()


async def test_the_eleventh_alarm_within_ten_minutes_raises_one_for_the_site(
    plant: Plant, report: Any
) -> None:
    """It is told as any other, and names the first."""
    await flood(plant, report, 10)
    assert "alarm-flood hagen" not in plant.called()
    assert plant.floods.first_out("hagen") == ""
    await flood(plant, report, 11)
    await plant.floods.judge()

    assert plant.called().count("alarm-flood hagen") == 1
    assert plant.floods.first_out("hagen") == alarm_id("hot", "hagen/t0")
    assert "hot on hagen/t0" in plant.alarm("alarm-flood", "hagen").message


async def test_who_does_not_own_the_groups_raises_none(plant: Plant, report: Any) -> None:
    """All replicas count, and one judges."""
    for number in range(11):
        await plant.hear(report(0, f"t{number}", temperature=90))
    plant.read()
    await plant.owned.on_partitions_revoked([SimpleNamespace(partition=0)])
    await plant.floods.judge()
    plant.read()

    assert "alarm-flood hagen" not in plant.called()
    assert plant.floods.first_out("hagen")


async def test_what_waits_because_of_the_flood_makes_it_last(plant: Plant, report: Any) -> None:
    """Else it would end because nobody is called for it."""
    await flood(plant, report, 11)
    for minute in range(1, 20):
        plant.second = 60 * minute
        await plant.hear(report(plant.second, f"low-{minute}", slow=90))
        await plant.turn(plant.second)
        await plant.turn(plant.second + 1)

    assert plant.alarm("alarm-flood", "hagen").in_alarm
    assert not [called for called in plant.called() if called.startswith("slow")]


async def test_what_is_held_back_by_something_else_is_no_part_of_it(
    plant: Plant, report: Any
) -> None:
    """Children of a gateway that is down: one alarm."""
    await plant.hear(report(0, "gw", **OFFLINE))
    plant.read()
    await plant.hear(*(report(0, "gw", device=f"u{n}", **OFFLINE) for n in range(20)))
    await plant.until(30)

    assert plant.called() == ["offline hagen/gw"]


async def test_children_that_settled_alone_are_counted_when_they_call(
    plant: Plant, report: Any
) -> None:
    """They were kept back until it was known that their parent is well."""
    for number in range(11):
        await plant.hear(report(0, f"gw{number}", device="u", **OFFLINE))
    await plant.until(5)
    assert plant.called() == []
    await plant.until(15)

    assert plant.called()[-1] == "alarm-flood hagen"
    assert len(plant.called()) == 12


async def test_a_site_that_is_calm_again_is_forgotten(plant: Plant, report: Any) -> None:
    """Its flood is over by itself, a minute after fewer than five came in ten."""
    await flood(plant, report, 11)
    for second in range(10, 780, 10):
        await plant.turn(second)
    alarm = plant.alarm("alarm-flood", "hagen")

    assert not alarm.in_alarm
    assert alarm.cleared_at is not None
    assert timedelta(0) <= alarm.cleared_at - START - timedelta(minutes=10) < timedelta(seconds=20)
    assert plant.floods.first_out("hagen") == ""


async def test_a_record_that_is_no_transition_is_left_out(plant: Plant) -> None:
    """Who else reads the topic says so."""
    plant.floods.handle(
        SimpleNamespace(key=b"a", value=b"\xff", headers=(), topic="x", partition=0, offset=3)
    )
    await plant.floods.judge()

    assert plant.called() == []
