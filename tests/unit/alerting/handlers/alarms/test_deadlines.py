"""Deadlines by the thousand: the next one first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.handlers.alarms.deadlines import OUTDATED_MAX, Deadlines

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [("a", "r"), ("b", "r"), ("c", "r")]


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.none() | st.integers(0, 20)), max_size=30))
def test_what_was_set_last_counts(moves: list[tuple[tuple[str, str], int | None]]) -> None:
    """However often it was moved or taken back."""
    deadlines, plain = Deadlines(), dict[tuple[str, str], datetime]()
    for key, second in moves:
        deadlines.set(key, None if second is None else at(second))
        if second is None:
            plain.pop(key, None)
        else:
            plain[key] = at(second)

    assert deadlines.first == min(plain.values(), default=None)
    due = deadlines.take(at(10))
    assert sorted(due) == sorted(key for key, when in plain.items() if when <= at(10))
    assert [plain[key] for key in due] == sorted(plain[key] for key in due)
    assert deadlines.take(at(10)) == []
    assert len(deadlines) == len(plain) - len(due)


def test_a_deadline_that_moves_all_the_time_does_not_fill_the_memory() -> None:
    """Outdated entries are thrown out now and then."""
    deadlines = Deadlines()
    for second in range(10 * OUTDATED_MAX):
        deadlines.set(("a", "r"), at(second))

    assert len(deadlines._heap) <= OUTDATED_MAX + 2
    assert deadlines.first == at(10 * OUTDATED_MAX - 1)
