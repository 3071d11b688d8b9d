"""Reports become alarms; the same reports again become nothing."""

from typing import Any

import pytest

from isthmus.alerting.domain.alarms.alarm import State, alarm_id
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1.report_pb2 import Quality, Reachability, Relation

OFFLINE = Reachability.REACHABILITY_OFFLINE


async def test_a_crossing_raises_and_its_return_clears(service: Any, report: Any) -> None:
    """In one batch as in several."""
    await service.hear(report(0, temperature=70), report(2, temperature=85))
    await service.hear(report(4, temperature=78), report(6, temperature=70))
    await service.hear(report(8, temperature=85), report(10, temperature=70))

    assert service.steps() == [
        ("hot", 1, "raised"),
        ("hot", 2, "cleared"),
        ("hot", 3, "raised"),
        ("hot", 4, "cleared"),
    ]
    assert service.counted[:2] == [("hot", "raised"), ("hot", "cleared")]


async def test_a_normal_report_of_a_known_source_costs_no_store_operation(
    service: Any, report: Any
) -> None:
    """Also while an alarm of another source is open, and while its own stays as it is."""
    await service.hear(report(0), report(0, "u", temperature=85))
    before = service.memory.operations
    for second in range(1, 50):
        await service.hear(report(second), report(second, "u", temperature=90))

    assert service.memory.operations == before


async def test_a_batch_that_comes_again_changes_nothing(service: Any, report: Any) -> None:
    """At-least-once delivery; here, and after a restart elsewhere."""
    batch = [report(0, temperature=85), report(2, temperature=70), report(4, temperature=85)]
    await service.hear(*batch)
    before = service.steps()
    await service.hear(*batch)

    assert len(before) == 3
    assert service.steps() == before


async def test_a_successor_that_hears_everything_again_changes_nothing(
    service: Any, successor: Any, report: Any
) -> None:
    """Replay of the whole topic on what is stored."""
    batch = [
        report(0, firmware="1", temperature=85),
        report(2, firmware="2", temperature=70),
        report(4, firmware="2", temperature=85),
        report(6, firmware="2", temperature=85),
    ]
    for each in batch:
        await service.hear(each)
    before = service.steps()
    await successor.assign(0)
    await successor.hear(*batch)

    assert len(before) == 5
    assert successor.steps() == before


async def test_a_report_that_is_older_than_the_last_one_changes_nothing(
    service: Any, report: Any
) -> None:
    """Two collectors read one target for a moment; the order of their reports is not kept."""
    await service.hear(report(4, temperature=70), report(2, temperature=85))

    assert service.steps() == []


async def test_what_a_site_publishes_late_raises_and_clears_nothing(
    service: Any, report: Any
) -> None:
    """After a lost link the present comes first; what was read before it is history."""
    await service.hear(report(0, temperature=70), report(0, "u", temperature=85))
    await service.hear(report(900, temperature=70), report(900, "u", temperature=85))
    before = service.steps()
    for second in range(60, 900, 60):
        await service.hear(report(second, temperature=85), report(second, "u", temperature=70))

    assert len(before) == 1
    assert service.steps() == before


async def test_after_a_failed_write_the_batch_counts_as_not_heard(
    service: Any, report: Any
) -> None:
    """It comes again, and then it counts."""
    await service.hear(report(0, firmware="1"))
    service.memory.down = True
    with pytest.raises(Retryable):
        await service.hear(report(2, firmware="2", temperature=85))
    service.memory.down = False
    await service.hear(report(2, firmware="2", temperature=85))

    assert service.steps() == [
        ("hot", 1, "raised"),
        ("firmware", 1, "raised"),
        ("firmware", 2, "cleared"),
    ]


async def test_a_zombie_and_its_successor_raise_once(
    service: Any, successor: Any, report: Any
) -> None:
    """Invariant 8: both own the partition and both hear the same reports."""
    await successor.assign(0)
    for second, value in ((0, 85), (2, 70), (4, 85), (6, 70)):
        await service.hear(report(second, temperature=value))
        await successor.hear(report(second, temperature=value))

    assert [seq for _, seq, _ in service.steps()] == [1, 2, 3, 4]


async def test_a_change_is_seen_across_a_restart(service: Any, successor: Any, report: Any) -> None:
    """What rules watch for change is stored with its first value."""
    await service.hear(report(0, firmware="1"))
    await successor.assign(0)
    await successor.hear(report(2), report(4, firmware="2"))
    alarm = service.memory.alarms[alarm_id("firmware", "hagen/t")]

    assert (alarm.message, alarm.state) == ("1 to 2", State.RETURNED_UNACKNOWLEDGED)


async def test_crooked_columns_and_tombstones_are_rejected_and_the_others_judged(
    service: Any, report: Any
) -> None:
    """One bad record holds no batch up."""
    crooked = report(0, "bad", temperature=85)
    crooked.unit.append("Cel")
    batch = await service.hear(crooked, report(0, "good", reachability=OFFLINE))

    assert [str(error) for error in batch.rejected.values()] == [
        "isthmus.telemetry.v1.Report.value: 1 values and 2 units, expected 1, one for each metric"
    ]
    assert service.steps() == [("offline", 1, "raised")]


@pytest.mark.parametrize("quality", [Quality.QUALITY_BAD, Quality.QUALITY_UNCERTAIN])
async def test_a_doubtful_value_raises_nothing_and_clears_nothing(
    service: Any, report: Any, quality: Quality
) -> None:
    """A sensor that fell off is no return to normal: a raised alarm stays as it is."""
    await service.hear(report(0, temperature=85, quality=[quality]))
    assert service.steps() == []
    await service.hear(report(2, temperature=85))
    await service.hear(report(4, temperature=20, quality=[quality]), report(6))

    assert service.steps() == [("hot", 1, "raised"), ("hot", 2, "stale")]
    assert service.memory.alarms[alarm_id("hot", "hagen/t")].in_alarm
    await service.hear(report(8, temperature=20))
    assert service.steps()[2:] == [("hot", 3, "good"), ("hot", 4, "cleared")]


async def test_a_part_raises_what_is_its_own_and_not_that_its_device_is_away(
    service: Any, report: Any
) -> None:
    """A switch that does not answer is one alarm, not one of each module; firmware is theirs."""
    part = {"device": "module-3", "relation": Relation(kind="RELATION_KIND_PART_OF")}
    await service.hear(
        report(0, firmware="1", **part),
        report(20, firmware="2", reachability=OFFLINE, **part),
    )

    assert service.steps() == [("firmware", 1, "raised"), ("firmware", 2, "cleared")]
