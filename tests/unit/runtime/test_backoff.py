"""Waiting: longer each time, spread, and bounded for ever."""

from hypothesis import given
from hypothesis import strategies as st

from isthmus.runtime.backoff import full_jitter_s


@given(st.integers(min_value=0, max_value=10**6))
def test_a_wait_is_never_negative_and_never_beyond_its_ceiling(failures: int) -> None:
    """Also after days of failures, when a naive power of two is no number any more."""
    assert 0 <= full_jitter_s(failures, initial_s=0.5, max_s=30) <= 30


def test_the_first_wait_is_short() -> None:
    """Most failures are over at once."""
    assert all(full_jitter_s(0, initial_s=0.5, max_s=30) <= 0.5 for _ in range(100))


def test_those_who_fail_together_do_not_come_back_together() -> None:
    """A hundred waits of the same failure are a hundred different waits."""
    assert len({full_jitter_s(5, initial_s=0.5, max_s=30) for _ in range(100)}) > 90
