"""Token buckets: bounded in what they let pass, and in what they remember."""

from hypothesis import given
from hypothesis import strategies as st

from isthmus.runtime.limits import BUCKETS_MAX, Limit


@given(
    st.lists(st.floats(0, 5), max_size=200),
    st.floats(0.1, 20),
    st.integers(1, 20),
)
def test_no_time_lets_more_pass_than_burst_and_rate(
    pauses: list[float], rate_per_s: float, burst: int
) -> None:
    """Whatever the pauses; and who waits as long as they were told may pass."""
    limit, now_s, passed = Limit(rate_per_s, burst), 100.0, 0
    for pause in pauses:
        now_s += pause
        ration = limit.take("mara", now_s)
        passed += not ration.wait_s
        if ration.wait_s:
            now_s += ration.wait_s + 1e-6
            assert not limit.take("mara", now_s).wait_s
            passed += 1

        assert passed <= burst + (now_s - 100) * rate_per_s + 1e-3


def test_one_does_not_take_from_another() -> None:
    """Each has a bucket of its own."""
    limit = Limit(1, 1)

    assert [bool(limit.take(who, 0).wait_s) for who in ("a", "a", "b")] == [False, True, False]


def test_refusals_are_counted_until_the_bucket_is_full_again() -> None:
    """So that a flood is one story in the log, not one line each."""
    limit = Limit(1, 2)
    counted = [limit.take("a", at).refused for at in (0, 0, 0, 0, 1, 1, 9, 9)]

    assert counted == [0, 0, 1, 2, 2, 3, 0, 0]


def test_no_more_buckets_are_kept_than_fit() -> None:
    """Whoever invents addresses fills no memory; the one that asked last stays."""
    limit = Limit(0.001, 1)
    limit.take("mara", 0)
    for n in range(BUCKETS_MAX - 1):
        limit.take(str(n), 0)
    limit.take("mara", 0)
    for n in range(10):
        limit.take(f"new-{n}", 0)

    assert len(limit._buckets) == BUCKETS_MAX
    assert limit.take("mara", 0).wait_s


def test_a_client_is_told_what_is_left() -> None:
    """In the fields of the IETF's draft."""
    limit = Limit(2, 10)

    assert limit.headers(limit.take("a", 0)) == {
        "RateLimit-Policy": '"requests";q=10;w=5',
        "RateLimit": '"requests";r=9;t=1',
    }
