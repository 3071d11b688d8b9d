"""Sources that say again what they said."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.assets.ledger import COARSE, SEEN_EVERY
from isthmus.inventory.handlers.assets.acquaintance import Acquaintance
from isthmus.inventory.ports.assets import Noted

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_who_was_not_met_says_nothing_again() -> None:
    """What is forgotten costs a read, and nothing else."""
    known = Acquaintance()
    known.learn("hagen/plc", b"d", NOON)

    known.forget("hagen/plc")
    known.forget("hagen/never")

    assert not known.says_again("hagen/plc", b"d", NOON)


def test_the_same_words_at_the_same_time_or_later_are_nothing_new() -> None:
    """Other words are, and so is what is older than the last sign of life."""
    known = Acquaintance()
    known.learn("hagen/plc", b"d", NOON)
    known.note("hagen/plc", NOON + SECOND)

    assert known.says_again("hagen/plc", b"d", NOON + SECOND)
    assert not known.says_again("hagen/plc", b"other", NOON + 2 * SECOND)
    assert not known.says_again("hagen/plc", b"d", NOON)
    assert not known.says_again("hagen/saw", b"d", NOON)


def test_the_store_is_told_every_few_seconds_and_the_asset_every_few_minutes() -> None:
    """Not at each read."""
    known = Acquaintance()
    known.learn("hagen/plc", b"d", NOON)

    assert known.note("hagen/plc", NOON + SEEN_EVERY - SECOND) is None
    first = NOON + SEEN_EVERY
    assert known.note("hagen/plc", first) == Noted("hagen/plc", b"d", first, False)
    assert known.note("hagen/plc", first + SECOND) is None
    late = NOON + COARSE
    assert known.note("hagen/plc", late) == Noted("hagen/plc", b"d", late, True)
    assert known.note("hagen/plc", late + SEEN_EVERY) == Noted(
        "hagen/plc", b"d", late + SEEN_EVERY, False
    )


@given(st.lists(st.integers(0, 30), min_size=1), st.integers(1, 5))
def test_no_more_sources_are_remembered_than_there_is_room_for(
    met: list[int], sources_max: int
) -> None:
    """The one that was met first is forgotten first; meeting it again does not matter."""
    known, order = Acquaintance(sources_max), list[int]()
    for number in met:
        if number not in order:
            order = [*order, number][-sources_max:]
        known.learn(f"hagen/{number}", b"d", NOON)

    remembered = {n for n in range(31) if known.says_again(f"hagen/{n}", b"d", NOON)}
    assert remembered == set(order)
