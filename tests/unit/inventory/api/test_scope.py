"""Which sites a request is about."""

from isthmus.inventory.api.scope import within
from isthmus.runtime.access import Principal


def test_a_list_is_of_the_site_that_is_asked_for_if_one_may_see_it() -> None:
    """Else of all that one may see."""
    some, every = Principal("mara", frozenset({"hagen"})), Principal("mara", None)

    assert within(None, some) == within("", some) == frozenset({"hagen"})
    assert within("hagen", some) == within("hagen", every) == frozenset({"hagen"})
    assert within("lyon", some) == frozenset()
    assert within(None, every) is None
