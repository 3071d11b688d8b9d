"""Alarms are held back while something holds them back, and no moment longer."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.alerting.conftest import START, Memory
from tests.unit.alerting.plant import Plant, a_window, changed, names

from isthmus.alerting.domain.alarms.alarm import State
from isthmus.alerting.domain.alarms.events import Acknowledge
from isthmus.alerting.handlers.quiet.watch import DARK_MAX
from isthmus.telemetry.v1.report_pb2 import Reachability, Report

OFFLINE = {"reachability": Reachability.REACHABILITY_OFFLINE}
PARTLY = {"reachability": Reachability.REACHABILITY_DEGRADED}


async def test_what_is_in_alarm_when_maintenance_begins_is_held_back_until_its_end(
    plant: Plant, report: Any
) -> None:
    """And is annunciated again when it is still bad then."""
    await plant.windows.put(a_window(second=20, lasts_s=30))
    await plant.hear(report(0, temperature=90))
    await plant.turn(19)
    assert plant.alarm("hot", "hagen/t").state is State.UNACKNOWLEDGED
    await plant.turn(20)
    held = plant.alarm("hot", "hagen/t")
    assert held.state is State.SUPPRESSED
    assert names(held.suppressed_by) == ["maintenance:w"]
    await plant.until(60)

    assert plant.alarm("hot", "hagen/t").state is State.UNACKNOWLEDGED
    assert plant.called() == ["hot hagen/t", "hot hagen/t"]


async def test_what_begins_and_ends_within_maintenance_calls_nobody(
    plant: Plant, report: Any
) -> None:
    """It is judged and published all the same."""
    await plant.windows.put(a_window(lasts_s=30))
    await plant.turn(0)
    await plant.hear(report(5, temperature=90))
    await plant.turn(6)
    await plant.hear(report(10, temperature=20))
    await plant.until(60)

    alarm = plant.alarm("hot", "hagen/t")
    assert plant.called() == []
    assert (alarm.seq, alarm.suppressed_by) == (3, ())
    assert alarm.state is State.RETURNED_UNACKNOWLEDGED


async def test_maintenance_that_is_deleted_releases_at_once(plant: Plant, report: Any) -> None:
    """Also one that no longer concerns the alarm; one that is longer now holds it longer."""
    window = a_window(lasts_s=30)
    await plant.windows.put(window)
    await plant.hear(report(0, temperature=90))
    await plant.turn(1)
    longer = changed(window, duration=window.duration * 2)
    await plant.windows.put(longer)
    await plant.until(40)
    assert plant.called() == []
    await plant.windows.put(longer.gone("mara", START))
    await plant.turn(41)

    assert plant.called() == ["hot hagen/t"]


async def test_a_window_that_nobody_told_this_replica_of_yet_is_left_alone(
    plant: Plant, memory: Memory, report: Any
) -> None:
    """A successor that reads the topic a moment later releases nothing."""
    await plant.windows.put(a_window(lasts_s=30))
    await plant.hear(report(0, temperature=90))
    late = Plant(memory)
    await late.start()
    await late.turn(5)
    assert late.called() == []
    await late.until(31)

    assert late.called() == ["hot hagen/t"]


async def test_the_next_owner_begins_and_ends_what_was_due_meanwhile(
    memory: Memory, report: Any
) -> None:
    """It looks at alarms as they are, not at what changed."""
    first = Plant(memory)
    await first.start()
    await first.hear(report(0, temperature=90))
    await first.windows.put(a_window(second=10, lasts_s=30))
    second = Plant(memory, first.windows._store)  # type: ignore[arg-type]
    second.second = 15
    await second.start()
    await second.turn(15)
    assert names(second.alarm("hot", "hagen/t").suppressed_by) == ["maintenance:w"]
    third = Plant(memory, first.windows._store)  # type: ignore[arg-type]
    third.second = 100
    await third.start()
    await third.until(103)

    assert third.alarm("hot", "hagen/t").suppressed_by == ()
    assert third.called() == ["hot hagen/t", "hot hagen/t"]


async def test_children_of_what_is_down_are_held_back_and_released_with_it(
    plant: Plant, report: Any
) -> None:
    """A moment later, so that those that are back with their parent call nobody."""
    await plant.hear(report(0, "gw", **OFFLINE))
    await plant.turn(1)
    await plant.hear(
        report(1, "gw", device="u1", **OFFLINE), report(1, "gw", device="u2", **OFFLINE)
    )
    await plant.until(20)
    assert names(plant.alarm("offline", "hagen/gw/u1").suppressed_by) == ["parent_down:hagen/gw"]
    assert plant.called() == ["offline hagen/gw"]
    await plant.hear(report(20, "gw"), report(20, "gw", device="u1"))
    await plant.until(29)
    assert plant.called() == ["offline hagen/gw"]
    await plant.until(40)

    assert plant.called() == ["offline hagen/gw", "offline hagen/gw/u2"]
    assert plant.alarm("offline", "hagen/gw/u1").suppressed_by == ()


async def test_a_parent_that_falls_again_while_it_settles_goes_on_to_hold_its_children(
    plant: Plant, report: Any
) -> None:
    """Nobody is called in between."""
    await plant.hear(report(0, "gw", **OFFLINE), report(0, "gw", device="u1", **OFFLINE))
    await plant.until(20)
    await plant.hear(report(20, "gw"))
    await plant.until(25)
    await plant.hear(report(25, "gw", **OFFLINE))
    await plant.until(60)

    assert plant.called() == ["offline hagen/gw", "offline hagen/gw"]
    assert plant.alarm("offline", "hagen/gw/u1").first_end is None


async def test_what_a_person_was_told_of_before_the_parent_fell_stays_as_it_is(
    plant: Plant, report: Any
) -> None:
    """Else they would be told of it again when the parent is back."""
    await plant.hear(report(0, "gw", device="u1", **OFFLINE))
    await plant.until(15)
    alarm = plant.alarm("offline", "hagen/gw/u1")
    act = Acknowledge(START, "mara", alarm.seq)
    await plant.ledger.act({alarm.id: act}, lambda alarm: None)
    await plant.owned.learn([alarm.id])
    await plant.hear(report(20, "gw", **OFFLINE))
    await plant.until(40)
    await plant.hear(report(40, "gw"))
    await plant.until(60)

    offline = [called for called in plant.called() if called.startswith("offline")]
    assert offline == ["offline hagen/gw/u1", "offline hagen/gw"]
    assert plant.alarm("offline", "hagen/gw/u1").state is State.ACKNOWLEDGED


async def test_a_parent_that_answers_in_part_holds_nobody_back(plant: Plant, report: Any) -> None:
    """It is because of the child that it does."""
    await plant.hear(report(0, "gw", **PARTLY), report(0, "gw", device="u1", **OFFLINE))
    await plant.until(20)

    assert "offline hagen/gw/u1" in plant.called()


async def test_a_process_alarm_behind_a_parent_that_is_down_waits_for_nobody(
    plant: Plant, report: Any
) -> None:
    """Only what says that something is not reached is explained by it."""
    await plant.hear(report(0, "gw", **OFFLINE))
    await plant.turn(1)
    await plant.hear(report(1, "gw", device="u1", temperature=90))

    assert plant.called() == ["offline hagen/gw", "hot hagen/gw/u1"]


async def test_of_two_that_hang_on_each_other_one_calls(plant: Plant, report: Any) -> None:
    """A mistake in the relations makes nobody deaf."""
    plant.asset("a", sources=["hagen/gw/a"], upstream=["hagen/gw/b"])
    plant.asset("b", sources=["hagen/gw/b"], upstream=["hagen/gw/a"])
    await plant.hear(report(0, "gw", device="b", **OFFLINE))
    await plant.turn(1)
    await plant.hear(report(1, "gw", device="a", **OFFLINE))
    await plant.until(60)

    assert plant.called() == ["offline hagen/gw/a"]


async def test_a_site_whose_collector_is_gone_is_one_alarm(plant: Plant, report: Any) -> None:
    """However different the intervals are at which its devices are missed."""
    for number in range(8):
        plant.asset(f"a{number}", sources=[f"hagen/t{number}"])
    intervals = {f"t{number}": 2 + 12 * (number % 4) for number in range(8)}
    for name, interval_s in intervals.items():
        await plant.hear(slower(report(0, name), interval_s))
    for second in range(1, 400):
        await plant.hear(elsewhere(report(second, "lyon")))
        await plant.turn(second)

    assert plant.called() == ["site-silent hagen"]
    await plant.hear(*(slower(report(400, name), s) for name, s in intervals.items()))
    for second in range(400, 420):
        await plant.hear(elsewhere(report(second + 0.5, "lyon")))
        await plant.turn(second)
    assert plant.called() == ["site-silent hagen"]
    assert all(not alarm.open for alarm in plant.memory.alarms.values())


async def test_one_silent_device_among_others_calls_after_it_has_settled(
    plant: Plant, report: Any
) -> None:
    """The others are heard: it is alone."""
    await plant.hear(report(0, "t"), report(0, "u"))
    for second in range(1, 60):
        await plant.hear(report(second, "u"))
        await plant.turn(second)

    assert plant.called() == ["silent hagen/t"]


async def test_a_dark_site_of_which_nobody_says_that_it_is_down_calls_in_the_end(
    plant: Plant, report: Any
) -> None:
    """Two devices are too few for a group: they wait five minutes, and are not forgotten."""
    await plant.hear(report(0, "t"), report(0, "u"))
    for second in range(1, 400):
        await plant.hear(elsewhere(report(second, "lyon")))
        await plant.turn(second)
        if second < DARK_MAX.total_seconds():
            assert plant.called() == []

    assert sorted(plant.called()) == ["silent hagen/t", "silent hagen/u"]


async def test_while_nothing_changes_the_store_is_not_asked(plant: Plant, report: Any) -> None:
    """Nor are the alarms looked at."""
    await plant.hear(report(0, temperature=90))
    await plant.until(3)
    asked = plant.memory.operations
    await plant.until(300)

    assert plant.memory.operations == asked


async def test_of_lower_priority_is_held_back_while_a_flood_lasts(
    plant: Plant, report: Any
) -> None:
    """What is high calls; all of it is annunciated when the flood is over and it is still bad."""
    for number in range(11):
        await plant.hear(report(0, f"t{number}", temperature=90))
    await plant.turn(1)
    await plant.turn(2)
    assert plant.called()[11:] == ["alarm-flood hagen"]
    assert plant.alarm("hot", "hagen/t0").first_out == "flood:hagen"
    await plant.hear(report(3, "low", slow=90), report(3, "high", temperature=90))
    assert plant.called()[12:] == ["hot hagen/high"]
    assert names(plant.alarm("slow", "hagen/low").suppressed_by) == ["flood:hagen"]
    for second in range(10, 900, 10):
        await plant.turn(second)

    assert plant.called()[13:] == ["slow hagen/low"]
    assert plant.alarm("slow", "hagen/low").suppressed_by == ()
    assert not plant.alarm("alarm-flood", "hagen").in_alarm


async def test_a_flood_survives_a_restart(plant: Plant, memory: Memory, report: Any) -> None:
    """Whoever comes next reads the last minutes again, and the alarm that says so."""
    for number in range(11):
        await plant.hear(report(0, f"t{number}", temperature=90))
    await plant.turn(1)
    await plant.turn(2)
    await plant.hear(report(3, "low", slow=90))
    successor = Plant(memory)
    successor.second = 3
    await successor.start()
    await successor.until(60)

    assert names(successor.alarm("slow", "hagen/low").suppressed_by) == ["flood:hagen"]
    assert successor.alarm("alarm-flood", "hagen").in_alarm


async def test_what_a_person_did_meanwhile_is_not_undone(plant: Plant, report: Any) -> None:
    """An acknowledgement by another replica; the watch looks at what is stored now."""
    await plant.hear(report(0, temperature=90))
    alarm = plant.alarm("hot", "hagen/t")
    await plant.ledger.act({alarm.id: Acknowledge(START, "mara", 1)}, lambda alarm: None)
    await plant.windows.put(a_window(lasts_s=30))
    await plant.turn(1)

    held = plant.alarm("hot", "hagen/t")
    assert (held.acknowledged_by, names(held.suppressed_by)) == ("mara", ["maintenance:w"])


FAILURES = ["gw", "gw/u1", "gw/u2", "gw/u2/m1", "sw", "sw/u1", "lone"]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    down=st.sets(st.sampled_from(FAILURES), min_size=1),
    order=st.randoms(use_true_random=False),
    gaps=st.lists(st.integers(0, 2), min_size=len(FAILURES), max_size=len(FAILURES)),
)
def test_in_whatever_order_it_is_heard_within_the_settle_delay_the_same_are_called(
    report: Any, down: set[str], order: Any, gaps: list[int]
) -> None:
    """Those that nothing above explains, each once."""
    shuffled = sorted(down)
    order.shuffle(shuffled)

    called = asyncio.run(_called(report, shuffled, gaps))

    roots = [n for n in down if not any(n.startswith(f"{above}/") for above in down)]
    assert sorted(called) == sorted(f"offline hagen/{name}" for name in roots)


async def _called(report: Any, names: list[str], gaps: list[int]) -> list[str]:
    plant, second = Plant(Memory()), 0
    await plant.start()
    for name, gap in zip(names, gaps, strict=False):
        target, _, device = name.partition("/")
        await plant.hear(report(second, target, device=device, **OFFLINE))
        second = min(second + gap, 8)
        await plant.turn(second)
    await plant.until(second + 60)
    return plant.called()


def slower(report: Report, interval_s: float) -> Report:
    report.interval_s = interval_s
    return report


def elsewhere(report: Report) -> Report:
    report.site = "lyon"
    return report
