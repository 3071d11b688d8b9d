"""How collections are asked for many documents; the stores' contracts ask them."""

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.adapters.queries import IN_MAX, portions


@given(st.lists(st.text(max_size=3), max_size=3 * IN_MAX))
def test_each_value_is_asked_for_once_in_lists_that_are_short_enough(values: list[str]) -> None:
    """In order, so that the same question is the same for the store."""
    asked = list(portions(values))

    assert [value for portion in asked for value in portion] == sorted(set(values))
    assert all(0 < len(portion) <= IN_MAX for portion in asked)
