"""What a rule says of itself."""

import pytest

from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Behind,
    Count,
    Expression,
    Happened,
    Limit,
    Limits,
    Near,
    Watched,
)
from isthmus.alerting.domain.rules.rule import Rule

SAID = Expression("asset.zone == ''", frozenset({"asset.zone"}), {}, lambda known: True)


def a_rule(watched: Watched, **fields: object) -> Rule:
    return Rule("r", "low", "{source}: {reason}", "Look.", watched, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("watched", "word"),
    [
        (Assertion(SAID), "asset.zone == ''"),
        (Near("end_of_support", Limits((Limit(30),), rising=False)), "end_of_support"),
        (Happened(frozenset({"replaced", "missing"})), "missing"),
        (Happened(frozenset({"changed"}), "zone"), "zone"),
        (Count(frozenset({"a"}), "site", Limits((Limit(3),))), "count"),
        (Behind(300), "delay"),
    ],
)
def test_each_kind_of_rule_has_a_word_for_what_it_watches(watched: Watched, word: str) -> None:
    """It stands in the alarm's `condition`."""
    assert a_rule(watched).watches == word


def test_what_it_may_harm_begins_with_the_worst_that_may_come() -> None:
    """A class that can be filtered by, then a sentence for a person."""
    rule = a_rule(Behind(300), consequence="people", impact="Someone falls.")

    assert rule.harm == "people: Someone falls."
    assert a_rule(Behind(300)).harm == ""


def test_a_rule_without_classes_is_for_every_device() -> None:
    """Also for one whose class is not known yet."""
    assert a_rule(Behind(300)).concerns("")
    assert not a_rule(Behind(300), classes=frozenset({"plc"})).concerns("")


def test_a_sentence_leaves_empty_what_is_not_known() -> None:
    """A message never fails when an alarm is raised."""
    assert a_rule(Behind(300)).sentence("hagen/t") == "hagen/t: "
