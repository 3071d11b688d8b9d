"""Conditions in CEL: what they read is known beforehand, and what is wrong is one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.adapters.rules.cel import compiled

FIELDS = frozenset({"zone", "tags", "end_of_support"})


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("metric.flow > 1.0", {"metric.flow"}),
        ("asset.zone == 'metric.flow'", {"asset.zone"}),
        ("asset.zone.startsWith('a')", {"asset.zone"}),
        ("asset.custom.cabinet == ''", {"asset.custom.cabinet"}),
        ("'x' in asset.tags && asset.tags.exists(t, t == 'y')", {"asset.tags"}),
        ("site == 'hagen' // metric.flow", {"site"}),
        ("asset.end_of_support < today && health != 'normal'",
         {"asset.end_of_support", "today", "health"}),
        ("1 < 2", set()),
    ],
)  # fmt: skip
def test_what_an_expression_reads_is_known_before_it_is_asked(text: str, reads: set[str]) -> None:
    """Not what stands in its texts and comments, nor the methods that it calls."""
    units = {"flow": "m3/h"} if "metric.flow" in reads else {}

    assert compiled(text, units, FIELDS).reads == reads


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 +", "no CEL at 1:4: Syntax error: mismatched input '<EOF>'"),
        ("flow > 1", "flow is not known, expected metric.<name>, attribute.<name>"),
        ("metric > 1", "metric is not known"),
        ("asset['zone'] == ''", "asset is not known"),
        ("asset.colour == ''", "asset.colour: no asset has this field"),
        ("metric.speed > 1.0", "units: expected the unit in which metric.speed is meant"),
        ("asset.tags.all(a, asset.tags.all(b, a == b))", "expected at most one of all, exists"),
        ("1 == 1 || " * 200 + "true", "2004 characters, expected at most 1000"),
        ("(" * 400 + "1" + ")" * 400, "no CEL at"),
    ],
)
def test_a_wrong_expression_is_refused_with_one_sentence(text: str, reason: str) -> None:
    """Before it is in force."""
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        compiled(text, {}, FIELDS)

    assert str(error.value).startswith(reason)


def test_a_unit_of_what_is_not_read_is_a_mistake() -> None:
    """Most likely the name of the metric is misspelt in one of the two places."""
    with pytest.raises(ValueError, match=r"^units: flwo is not read$"):
        compiled("1 < 2", {"flwo": "m3/h"}, FIELDS)


def test_an_expression_is_asked_with_what_it_reads() -> None:
    """The names that people write are not those under which values are bound."""
    expression = compiled("metric.flow > 1.0 && asset.zone == 'a'", {"flow": "m3/h"}, FIELDS)

    assert expression.holds({"metric.flow": 2.0, "asset.zone": "a"})
    assert not expression.holds({"metric.flow": 2.0, "asset.zone": "b"})


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("asset.zone + 'x'", "a", "gives 'ax', expected true or false"),
        ("asset.zone > 1", "a", "."),
        ("1 / size(asset.zone) > 0", "", "division by zero"),
    ],
)
def test_what_cannot_be_said_is_a_value_error(text: str, value: str, reason: str) -> None:
    """Whatever the library raises for it."""
    with pytest.raises(ValueError, match=reason):
        compiled(text, {}, FIELDS).holds({"asset.zone": value})


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    """Engineers type it into a form: it is right, or wrong with one line."""
    said = ""
    try:
        compiled(text, {}, FIELDS)
    except ValueError as error:
        said = str(error)

    assert "\n" not in said
