"""Deadlines end when their time has come, by the partition's own time."""

import asyncio
from typing import Any

import pytest

from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1.report_pb2 import Relation


async def fire_at(service: Any, second: float) -> list[tuple[str, int, str]]:
    service.second = second
    await service.timers.fire()
    found: list[tuple[str, int, str]] = service.steps()
    return found


async def test_a_delay_ends_without_another_report(service: Any, report: Any) -> None:
    """Once the partition is quiet, the wall clock decides."""
    await service.hear(report(0, slow=85))

    assert service.timers.delay_s() == 5
    assert await fire_at(service, 4.9) == []
    assert await fire_at(service, 5) == [("hot-for-long", 1, "raised")]
    assert service.timers.delay_s() == 5


async def test_a_delay_ends_as_soon_as_a_later_report_of_any_source_is_there(
    service: Any, report: Any
) -> None:
    """On a busy partition, its newest report is the clock."""
    service.second = 6
    await service.hear(report(0, slow=85), report(4.9, "u"))
    assert await fire_at(service, 6.1) == []
    await service.hear(report(5, "u"))

    assert await fire_at(service, 6.2) == [("hot-for-long", 1, "raised")]


async def test_a_service_that_is_behind_does_not_raise_what_was_over_in_time(
    service: Any, report: Any
) -> None:
    """The return is on the topic already, it is only not read yet."""
    service.second = 600
    await service.hear(report(0, slow=85))
    assert await fire_at(service, 600.5) == []
    await service.hear(report(3, slow=70), report(8, slow=70))

    assert await fire_at(service, 700) == []


async def test_while_a_batch_fails_the_wall_clock_decides_nothing(
    service: Any, report: Any
) -> None:
    """The store was away; the batch that waits may say that it is over."""
    await service.hear(report(0, slow=85))
    service.memory.down = True
    with pytest.raises(Retryable):
        await service.hear(report(3, slow=70))
    service.memory.down = False

    assert await fire_at(service, 60) == []


async def test_the_next_owner_ends_the_delays_of_the_former_one(
    service: Any, successor: Any, report: Any
) -> None:
    """Invariant 7: nothing but the stored alarm is left of the former owner."""
    await service.hear(report(0, slow=85))
    successor.second = 3
    await successor.assign(0)

    assert await fire_at(successor, 4.9) == []
    assert await fire_at(successor, 5.1) == [("hot-for-long", 1, "raised")]
    assert await fire_at(service, 9) == [("hot-for-long", 1, "raised")]


async def test_a_source_is_missed_once_and_found_again(service: Any, report: Any) -> None:
    """After 30 s of silence, an interval and five seconds in case that everything stood still."""
    await service.hear(report(0))
    for second in (10, 20, 30):
        service.second = second
        await service.hear(report(second, "u"))
    assert await fire_at(service, 30) == []
    assert await fire_at(service, 36.9) == []
    assert await fire_at(service, 37) == [("silent", 1, "raised")]
    await service.hear(report(40, "u"), report(41))
    await fire_at(service, 41)
    for second in range(42, 90, 5):
        service.second = second
        await service.hear(report(second, "u"))
        await service.timers.fire()

    assert service.steps() == [
        ("silent", 1, "raised"),
        ("silent", 2, "cleared"),
        ("silent", 3, "raised"),
    ]


async def test_when_nobody_is_heard_nobody_is_missed(service: Any, report: Any) -> None:
    """Kafka stopped, or this service did: the wall clock alone says nothing about a source."""
    await service.hear(report(0), report(0, "u"))

    assert await fire_at(service, 3600) == []
    assert await fire_at(service, 7200) == []


async def test_after_a_standstill_each_source_has_its_turn_before_it_is_missed(
    service: Any, report: Any
) -> None:
    """The first report shows that an hour passed; the others come a moment later."""
    await service.hear(report(0), report(0, "u"), report(0, "gone"))
    service.second = 3600
    await service.hear(report(3600))
    await fire_at(service, 3601)
    service.second = 3602
    await service.hear(report(3602, "u"))

    assert await fire_at(service, 3607.9) == []
    assert await fire_at(service, 3608) == [("silent", 1, "raised")]
    assert next(iter(service.memory.alarms.values())).subject == "hagen/gone"


async def test_a_source_of_the_former_owner_is_missed_from_the_first_report_on(
    service: Any, successor: Any, report: Any
) -> None:
    """When it was last heard is not stored each time; so it has its whole time anew."""
    await service.hear(report(0), report(0, "u"))
    successor.second = 1000
    await successor.assign(0)
    await successor.hear(report(1000, "u"))
    assert await fire_at(successor, 1000) == []
    for second in (1020, 1029, 1031):
        successor.second = second
        await successor.hear(report(second, "u"))
        assert await fire_at(successor, second) == []

    assert await fire_at(successor, 1040) == [("silent", 1, "raised")]


async def test_a_site_that_falls_silent_is_written_in_parts(service: Any, report: Any) -> None:
    """One operation for all of its sources would time out, again and again."""
    await service.hear(*(report(0, f"t{number}") for number in range(1100)))
    service.second = 40
    await service.hear(report(40, "u"))
    await fire_at(service, 40)

    assert len(await fire_at(service, 47)) == 1100
    assert service.memory.largest == 500


async def test_the_store_is_not_asked_while_nothing_is_due(service: Any, report: Any) -> None:
    """Deadlines wait in memory."""
    await service.hear(report(0, slow=85))
    before = service.memory.operations
    for second in range(4):
        await fire_at(service, second)

    assert service.memory.operations == before


async def test_timers_go_on_when_the_store_is_back(service: Any, report: Any) -> None:
    """They also load what was assigned while it was away."""
    await service.hear(report(0, slow=85))
    service.second = 10
    service.memory.down = True
    task = asyncio.create_task(service.timers.run())
    await asyncio.sleep(0.05)
    service.memory.down = False
    service.owned.changed.set()
    async with asyncio.timeout(5):
        while not service.steps():
            await asyncio.sleep(0.01)
    task.cancel()

    assert service.steps() == [("hot-for-long", 1, "raised")]


async def test_a_part_is_missed_with_its_device_and_not_by_itself(
    service: Any, successor: Any, report: Any
) -> None:
    """Paused, out of its window or dead, a device says nothing of its hundred parts.

    Not after a hand-over either: that a source is a part is stored with it.
    """
    part = {"device": "module-3", "relation": Relation(kind="RELATION_KIND_PART_OF")}
    tenfold = report(0, **part)
    tenfold.interval_s *= 10
    await service.hear(tenfold, report(0), report(0, "u"))
    await successor.assign(0)
    for second in range(10, 200, 10):
        for replica in (service, successor):
            replica.second = second
            await replica.hear(report(second, "u"))
            await replica.timers.fire()

    assert {(a.rule, a.subject) for a in service.memory.alarms.values()} == {("silent", "hagen/t")}


async def test_a_unit_behind_a_gateway_is_missed_by_its_own_interval(
    service: Any, report: Any
) -> None:
    """It is asked by itself, so nobody else would tell."""
    unit = {"device": "unit-3", "relation": Relation(kind="RELATION_KIND_BEHIND")}
    slow = report(0, **unit)
    slow.interval_s *= 10
    await service.hear(slow, report(0, "u"))
    for second in range(10, 60, 10):
        service.second = second
        await service.hear(report(second, "u"))
        assert await fire_at(service, second) == []  # three of its intervals are 60 s
    for second in range(60, 100, 10):
        service.second = second
        await service.hear(report(second, "u"))
        await service.timers.fire()

    assert service.steps() == [("silent", 1, "raised")]
