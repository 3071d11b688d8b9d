"""Places in the stream of transitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.alarms.place import Reached


@given(st.dictionaries(st.integers(0, 50), st.integers(0, 2**60), min_size=1))
def test_a_place_comes_back_as_it_was_written(offsets: dict[int, int]) -> None:
    """Whoever comes again names it."""
    assert Reached.parsed(str(Reached(offsets))) == Reached(offsets)


@pytest.mark.parametrize("text", ["", "x", "1", "1-", "-1", "1-2.", "1-2.x-3", "1-2-3", "1-²"])
def test_what_is_no_place_is_refused(text: str) -> None:
    """Never with a guess."""
    with pytest.raises(ValueError, match=r".*"):
        Reached.parsed(text)


def test_a_place_knows_what_is_behind_it() -> None:
    """Partition by partition."""
    place = Reached({0: 5}).past(1, 7)

    assert place.has(0, 4)
    assert not place.has(0, 5)
    assert place.has(1, 7)
    assert not place.has(2, 0)
