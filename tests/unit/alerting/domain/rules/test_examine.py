"""What the inventory's word on an asset says about the alarms on it."""

from datetime import UTC, date, datetime

from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Expression,
    Happened,
    Limit,
    Limits,
    Near,
    Watched,
)
from isthmus.alerting.domain.rules.examine import Happening, examine, happened
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import Subject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ZONED = Expression(
    "asset.zone == 'safety'",
    frozenset({"asset.zone"}),
    {},
    lambda known: known["asset.zone"] == "safety",
)
NEAR = Near("end_of_support", Limits((Limit(365, "near"), Limit(0, "past")), rising=False))


def a_rule(watched: Watched) -> Rule:
    return Rule("r", "low", "{source} {after} {value:.0f}", "Look.", watched)


def asset(**facts: object) -> Subject:
    return Subject("a", "hagen", "p", "plc", {"name": "PLC-1", **facts})


def told(watched: Watched, subject: Subject, *open: str) -> list[tuple[Signal, str]]:
    found = examine(subject, [a_rule(watched)], open, NOW, date(2026, 1, 1))
    return [(sample.signal, sample.level) for _, sample in found]


def test_an_assertion_raises_where_it_holds_and_clears_where_it_did() -> None:
    """All other assets cost nothing."""
    assert told(Assertion(ZONED), asset(zone="safety")) == [(Signal.BEYOND, "")]
    assert told(Assertion(ZONED), asset(zone="office")) == []
    assert told(Assertion(ZONED), asset(zone="office"), "r") == [(Signal.CLEAR, "")]


def test_a_day_comes_near_without_any_event() -> None:
    """The last day itself is not past yet."""
    assert told(NEAR, asset(end_of_support="2027")) == []
    assert told(NEAR, asset(end_of_support="2026-12")) == [(Signal.BEYOND, "near")]
    assert told(NEAR, asset(end_of_support="2026-01-01")) == [(Signal.BEYOND, "near")]
    assert told(NEAR, asset(end_of_support="2025")) == [(Signal.BEYOND, "past")]
    assert told(NEAR, asset()) == []
    assert told(NEAR, asset(end_of_support="2030"), "r") == [(Signal.CLEAR, "")]


def test_an_expression_that_cannot_be_said_says_nothing() -> None:
    """It neither raises nor clears."""

    def fails(known: object) -> bool:
        raise ValueError("no text")

    said = Expression("", frozenset({"asset.zone"}), {}, fails)
    assert told(Assertion(said), asset(), "r") == []


def test_what_happened_is_over_at_once_and_only_what_is_waited_for_counts() -> None:
    """The kind, and of a change the field."""
    moved = Happening(NOW, "changed", "location", "hall 1", "hall 2")
    rules = [
        a_rule(Happened(frozenset({"changed"}), "location")),
        a_rule(Happened(frozenset({"changed"}), "firmware")),
        a_rule(Happened(frozenset({"missing"}))),
        a_rule(Assertion(ZONED)),
    ]
    [(rule, sample)] = happened(asset(), moved, rules)

    assert rule is rules[0]
    assert (sample.signal, sample.momentary, sample.at) == (Signal.BEYOND, True, NOW)
    assert sample.message == "PLC-1 hall 2 0"
