"""What stands is known on every replica, whoever owns it."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from tests.unit.alerting.conftest import START
from tests.unit.alerting.plant import Plant, raw

from isthmus.alerting.domain.alarms.events import Shelve
from isthmus.alerting.handlers.alarms.records import ALARMS, forgotten
from isthmus.telemetry.v1.report_pb2 import Reachability

OFFLINE = {"reachability": Reachability.REACHABILITY_OFFLINE}


async def test_an_alarm_by_which_others_are_judged_stands_until_it_is_over(
    plant: Plant, report: Any
) -> None:
    """Its comings and goings are news, those of a process alarm are none."""
    await plant.hear(report(0, **OFFLINE), report(0, "u", temperature=90))
    plant.read()
    assert plant.standing.stands("offline", "hagen/t")
    assert list(plant.standing.on("hagen/t")) == ["offline"]
    assert not plant.standing.stands("hot", "hagen/u")
    assert plant.standing.version == 1
    await plant.hear(report(1))
    plant.read()

    assert not plant.standing.stands("offline", "hagen/t")
    assert plant.standing.version == 2


async def test_an_alarm_that_is_forgotten_stands_no_more(plant: Plant, report: Any) -> None:
    """Nor does one whose tombstone comes first."""
    await plant.hear(report(0, **OFFLINE))
    plant.read()
    [gone] = forgotten(plant.alarm("offline", "hagen/t"))
    plant.standing.handle(raw(gone))
    plant.standing.handle(raw(gone))

    assert not plant.standing.stands("offline", "hagen/t")
    assert list(plant.standing.all) == []


async def test_what_is_read_again_from_the_beginning_changes_nothing(
    plant: Plant, report: Any
) -> None:
    """Kafka was lost: for a moment the past passes by once more."""
    await plant.hear(report(0, **OFFLINE))
    await plant.hear(report(1))
    await plant.hear(report(2, **OFFLINE))
    plant.read()
    again = [record for record in plant.memory.published if record.topic == ALARMS]
    for record in again[:2]:
        plant.standing.handle(raw(record))

    assert plant.standing.stands("offline", "hagen/t")
    assert plant.standing.version == 3


async def test_what_is_raised_and_what_is_shelved_is_remembered(plant: Plant, report: Any) -> None:
    """Since when; what is neither is not."""
    await plant.hear(report(0, temperature=90), report(0, "u", temperature=90))
    alarm = plant.alarm("hot", "hagen/u")
    until = START + timedelta(hours=1)
    act = Shelve(START + timedelta(seconds=5), "mara", 1, "sensor", until)
    await plant.ledger.act({alarm.id: act}, lambda alarm: None)
    await plant.hear(report(6, "u", temperature=20))
    plant.read()

    found = {each.subject: (each.raised_at, each.shelved_at) for each in plant.standing.all}
    assert found == {
        "hagen/t": (START, None),
        "hagen/u": (None, START + timedelta(seconds=5)),
    }


async def test_a_record_that_is_no_alarm_is_left_out(plant: Plant) -> None:
    """What stands goes on to stand."""
    plant.standing.handle(
        SimpleNamespace(key=b"a", value=b"\xff", headers=(), topic=ALARMS, partition=0, offset=3)
    )
    plant.standing.completed()

    assert plant.standing.complete.is_set()
    assert plant.standing.version == 0
