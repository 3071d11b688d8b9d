"""Of what is down at the same time, the roots call, and at least one always does."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.quiet.parents import endpoints, explaining, free, reached

NODES = "abcdefg"
GRAPHS = st.dictionaries(
    st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=3, unique=True)
)


def above(graph: dict[str, list[str]]) -> Callable[[str], list[str]]:
    return lambda source: graph.get(source, [])


def test_a_device_is_read_through_all_that_its_name_begins_with() -> None:
    """But not through the site: that is a group."""
    assert endpoints("hagen/gw/u1/m2") == ["hagen/gw/u1", "hagen/gw"]
    assert endpoints("hagen/gw") == []
    assert endpoints("5f0c1f2e") == []


def test_the_topmost_that_is_down_explains_it() -> None:
    """Not those between, which are explained by it themselves."""
    graph = {"a": ["b"], "b": ["c"], "c": []}

    assert explaining("a", above(graph)) == ["c"]
    assert explaining("b", above(graph)) == ["c"]
    assert explaining("c", above(graph)) == []
    assert reached("a", above(graph)) == {"b", "c"}


def test_each_of_several_parents_explains_it() -> None:
    """By name, so that all replicas say the same."""
    assert explaining("a", above({"a": ["z", "b"]})) == ["b", "z"]


def test_of_a_cycle_the_first_by_name_calls() -> None:
    """And who hangs on its own."""
    graph = {"a": ["b"], "b": ["c"], "c": ["a"], "x": ["c"], "s": ["s"]}

    assert [free(each, above(graph)) for each in "abcxs"] == [True, False, False, False, True]
    assert explaining("x", above(graph)) == ["a"]


def test_a_cycle_below_something_that_is_down_is_explained_by_that() -> None:
    """None of it calls."""
    graph = {"a": ["b"], "b": ["a", "top"]}

    assert explaining("a", above(graph)) == explaining("b", above(graph)) == ["top"]


@given(GRAPHS)
def test_nobody_is_deaf_and_nobody_is_held_back_without_a_reason(
    graph: dict[str, list[str]],
) -> None:
    """Who does not call is explained by some that call; who has nothing above it calls."""
    for node in NODES:
        found = explaining(node, above(graph))
        assert free(node, above(graph)) == (not found)
        assert all(free(each, above(graph)) for each in found)
        assert not set(found) - reached(node, above(graph))
        if not set(graph.get(node, [])) - {node}:
            assert found == []
