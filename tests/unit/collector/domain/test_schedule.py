"""Slots, rests and ids."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.schedule import Identity, Schedule, at

NAMES = st.from_regex(r"[a-z0-9-]{1,20}/[a-z0-9-]{1,20}", fullmatch=True)
INTERVALS_S = st.floats(0.1, 86_400)
NOW_MS = st.integers(0, 4_000_000_000_000)


@given(NAMES, INTERVALS_S, st.lists(NOW_MS, min_size=2))
def test_no_slot_comes_twice(name: str, interval_s: float, times: list[int]) -> None:
    """Asking for the next slot at each slot gives slots that differ by exactly one interval."""
    schedule = Schedule.of(name, interval_s)
    slots = [schedule.slot_after(times[0])]
    for _ in times:
        slots.append(schedule.slot_after(slots[-1]))
    assert {b - a for a, b in pairwise(slots)} == {schedule.interval_ms}


@given(NAMES, INTERVALS_S, NOW_MS)
def test_the_next_slot_is_within_one_interval(name: str, interval_s: float, now_ms: int) -> None:
    """What was missed is left out: the next slot is later than now, by at most one interval."""
    schedule = Schedule.of(name, interval_s)
    assert 0 < schedule.slot_after(now_ms) - now_ms <= schedule.interval_ms


@given(NAMES, INTERVALS_S, NOW_MS, NOW_MS)
def test_every_process_finds_the_same_slots(name: str, interval_s: float, a: int, b: int) -> None:
    """The phase depends on name and interval alone."""
    one, other = Schedule.of(name, interval_s), Schedule.of(name, interval_s)
    assert one == other
    assert (one.slot_after(a) - other.slot_after(b)) % one.interval_ms == 0


def test_a_phase_is_the_same_in_every_version() -> None:
    """A phase that changed would double slots while an update rolls."""
    assert Schedule.of("hagen/press-plc-1", 2) == Schedule(2000, 75)


def test_targets_of_one_interval_are_spread_evenly() -> None:
    """A thousand targets start in every tenth of the interval, about a hundred in each."""
    tenths = [Schedule.of(f"site/target-{n}", 10).phase_ms // 1000 for n in range(1000)]
    assert all(70 <= tenths.count(tenth) <= 130 for tenth in range(10))


def test_a_repeated_read_has_the_same_id() -> None:
    """The id comes from site, target and slot, whatever the time zone it is written in."""
    identity = Identity("hagen", "press-plc-1")
    slot_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert identity.observation_id(slot_at) == identity.observation_id(slot_at.astimezone())
    assert identity.observation_id(slot_at) != identity.observation_id(at(0))
