"""Buckets never let more through than they say; a device that labours is asked less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.pacing import (
    BURST,
    FACTOR_MAX,
    LABOURING,
    SLOWED_S,
    Adaptive,
    Bucket,
)

# Whole milliseconds: what is compared is the bucket, not the rounding of floats.
ARRIVALS_MS = st.lists(st.integers(0, 2000), min_size=1, max_size=80)
PERIODS_MS = st.integers(1, 1000)
BURSTS = st.integers(1, 8)


def passed_ms(arrivals: list[int], period: int, burst: int) -> list[float]:
    """When requests pass that come one after the other and wait as long as they must."""
    bucket, now, times = Bucket(), 0.0, []
    for after in arrivals:
        now += after
        now += max(0.0, bucket.wait_s(now, period, burst))
        bucket.take(now, period)
        times.append(now)
    return times


@given(ARRIVALS_MS, PERIODS_MS, BURSTS)
def test_no_window_has_more_than_rate_and_burst(
    arrivals: list[int], period: int, burst: int
) -> None:
    """Of every length, wherever it begins."""
    times = passed_ms(arrivals, period, burst)
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - begin) / period + 1e-6


@given(ARRIVALS_MS, PERIODS_MS, BURSTS)
def test_nothing_waits_that_need_not(arrivals: list[int], period: int, burst: int) -> None:
    """Whoever waits is let through at the first moment that the rate allows."""
    bucket, now = Bucket(), 0.0
    for after in arrivals:
        now += after
        wait = bucket.wait_s(now, period, burst)
        if wait > 0:
            now += wait
            assert bucket.wait_s(now - 0.5, period, burst) > 0
        bucket.take(now, period)


def test_a_rest_gives_a_burst_and_no_more() -> None:
    """After any silence, four at once; the fifth waits one period."""
    bucket = Bucket()
    for now in (0.0, 1e6):
        for _ in range(BURST):
            assert bucket.wait_s(now, 0.5) <= 0
            bucket.take(now, 0.5)
        assert bucket.wait_s(now, 0.5) == pytest.approx(0.5)


@given(ARRIVALS_MS, PERIODS_MS, PERIODS_MS, BURSTS)
def test_another_rate_is_no_new_burst_and_no_old_debt(
    arrivals: list[int], before: int, after: int, burst: int
) -> None:
    """From then on at most one period of the new rate has to be waited for."""
    bucket, now = Bucket(), 0.0
    for step in arrivals:
        now += step
        now += max(0.0, bucket.wait_s(now, before, burst))
        bucket.take(now, before)
    owed = bucket.due_at
    bucket.settle(now, after, burst)
    assert bucket.due_at <= owed
    assert bucket.wait_s(now, after, burst) <= after
    assert after < before or bucket.due_at == owed


def asked(adaptive: Adaptive, latency_s: float, times: int, now: float) -> float:
    """Answers that each take `latency_s`, a second apart; the time afterwards."""
    for _ in range(times):
        adaptive.answered("read", latency_s, now)
        now += 1
    return now


def test_a_device_that_labours_is_asked_half_as_fast() -> None:
    """When answers take more than three times as long as usual for a while."""
    adaptive = Adaptive()
    now = asked(adaptive, 0.05, 100, 0)
    assert adaptive.factor == 1
    asked(adaptive, 0.05 * (LABOURING + 2), 7, now)
    assert adaptive.factor == 2


def test_one_late_answer_changes_nothing() -> None:
    """A pause of our own process, or a lost packet, is no labouring device."""
    adaptive = Adaptive()
    now = asked(adaptive, 0.05, 100, 0)
    asked(adaptive, 5.0, 1, now)
    assert adaptive.factor == 1


@given(st.lists(st.floats(0.0001, 0.0199), min_size=1, max_size=200))
def test_the_noise_of_our_own_machine_slows_nobody(latencies: list[float]) -> None:
    """Below twenty milliseconds nothing is called slow."""
    adaptive = Adaptive()
    for now, latency_s in enumerate(latencies):
        adaptive.answered("read", latency_s, now)
    assert adaptive.factor == 1


def test_each_kind_of_request_has_its_own_usual_latency() -> None:
    """A walk takes longer than a read, and is no sign of trouble."""
    adaptive = Adaptive()
    for now in range(200):
        adaptive.answered("get", 0.03, now)
        adaptive.answered("get_bulk", 0.9, now)
    assert adaptive.factor == 1


def test_busy_halves_the_rate_within_bounds_and_it_recovers_slowly() -> None:
    """Not twice for one spell of trouble; back to usual only after minutes without any."""
    adaptive = Adaptive()
    adaptive.busy(0)
    adaptive.busy(SLOWED_S / 2)
    assert adaptive.factor == 2
    for step in range(20):
        adaptive.busy(10 + step * SLOWED_S)
    assert adaptive.factor == FACTOR_MAX
    now = asked(adaptive, 0.01, 200, 200)
    assert 1 < adaptive.factor < FACTOR_MAX
    asked(adaptive, 0.01, 600, now)
    assert adaptive.factor == 1


@given(st.floats(0, 10), st.floats(0, 5), st.sampled_from([1.0, 2.0, 4.0]))
def test_the_period_grows_by_the_factor(gap_s: float, latency_s: float, factor: float) -> None:
    """Half the rate is twice the time from one request to the next, the answer included."""
    adaptive = Adaptive(factor)
    period_s = latency_s + adaptive.gap_s(gap_s, latency_s)
    assert period_s == pytest.approx(factor * (gap_s + latency_s))


def test_what_was_not_asked_for_want_of_time_counts_as_faster_each_time() -> None:
    """So that it is asked again some day; what was never asked has no usual latency."""
    adaptive = Adaptive()
    adaptive.not_asked("read")
    assert adaptive.usual_s == {}
    adaptive.answered("read", 1.0, 0)
    for _ in range(50):
        adaptive.not_asked("read")
    assert 0.3 < adaptive.usual_s["read"] < 0.4
