"""What rows must say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain import rows
from isthmus.inventory.domain.rows import Invalid


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (lambda: rows.fields("row", {"a": 1}, ("b",)), "a: unknown field, expected one of b"),
        (lambda: rows.fields("x", {"a": 1}, ("b",)), "x.a: unknown field"),
        (lambda: rows.fields("x", 7, ("b", "c")), "x: 7, expected a mapping of b, c"),
        (lambda: list(rows.items("x", "ab", "hosts")), "x: 'ab', expected a list of hosts"),
        (lambda: rows.name("x", "Aß"), "x: 'Aß', expected letters"),
        (
            lambda: rows.site("x", {"b", "a"}),
            "site: 'x', expected a site that has its topics: a, b",
        ),
        (lambda: rows.site("x", ()), "site: 'x', expected a site that has its topics: none; make"),
        (lambda: rows.path("x", "/a"), "x: '/a', expected enterprise/site"),
        (lambda: rows.text("x", "a" * 501), "x: 'aaa"),
        (lambda: rows.number("x", 0, "seconds", above=0, most=9), "x: 0, expected seconds, above"),
        (lambda: rows.within("x", True, 0, 9), "x: True, expected 0 to 9"),
        (lambda: rows.count("x", 1.5, 1, 9), "x: 1.5, expected a whole number, 1 to 9"),
        (lambda: rows.count("x", None, 1, 9), "x: missing, expected a whole number"),
    ],
)
def test_a_mistake_names_field_value_and_what_was_expected(check: object, says: str) -> None:
    """One line that a person can act on."""
    with pytest.raises(Invalid) as error:
        check()  # type: ignore[operator]

    assert str(error.value).startswith(says)


@given(st.floats(allow_nan=True) | st.integers() | st.none() | st.text())
def test_what_is_within_its_limits_is_taken_and_nothing_else(value: object) -> None:
    """Not a number is not within anything."""
    good = isinstance(value, int | float) and 1 <= value <= 9
    try:
        assert rows.within("x", value, 1, 9) == value
    except Invalid:
        assert not good
    else:
        assert good


def test_a_value_is_shown_no_further_than_it_helps() -> None:
    """The sentence goes to a log and to whoever asked: no password, and no megabyte."""
    assert rows.expected("opc.tcp://op:hunter2@plc", "x") == "'opc.tcp://…@plc', expected x"
    assert len(rows.expected("a" * 10_000, "x")) < 200
