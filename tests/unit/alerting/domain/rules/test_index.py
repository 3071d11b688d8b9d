"""A report meets only the rules that can concern it."""

from isthmus.alerting.domain.rules.conditions import (
    Behind,
    Change,
    Condition,
    Count,
    Expression,
    Limit,
    Limits,
    NoData,
    Rate,
    State,
    Threshold,
    Watched,
)
from isthmus.alerting.domain.rules.index import index
from isthmus.alerting.domain.rules.rule import Rule

LIMITS = Limits((Limit(1),))


def a_rule(name: str, watched: Watched, *classes: str) -> Rule:
    return Rule(name, "low", "", "", watched, classes=frozenset(classes))


def reading(*reads: str) -> Condition:
    return Condition(Expression("", frozenset(reads), {}, lambda known: True))


def names(rules: list[Rule]) -> list[str]:
    return [rule.name for rule in rules]


def test_each_rule_stands_under_one_thing_that_it_cannot_do_without() -> None:
    """A metric before an attribute, an attribute before nothing."""
    found = index(
        [
            a_rule("threshold", Threshold("speed", "m/s", LIMITS)),
            a_rule("rate", Rate("level", "%", LIMITS, 60, 30)),
            a_rule("both", reading("metric.flow", "attribute.model", "asset.zone")),
            a_rule("attribute", reading("attribute.model", "site")),
            a_rule("context", reading("site", "asset.zone")),
            a_rule("state", State("health", frozenset({"failure"}))),
            a_rule("late", Behind(300)),
            a_rule("change", Change("firmware")),
            a_rule("silence", NoData(3, 30)),
            a_rule("count", Count(frozenset({"silence"}), "site", LIMITS)),
        ],
        "plc",
    )

    assert {metric: names(rules) for metric, rules in found.by_metric.items()} == {
        "speed": ["threshold"],
        "level": ["rate"],
        "flow": ["both"],
    }
    assert {name: names(rules) for name, rules in found.by_attribute.items()} == {
        "model": ["attribute"]
    }
    assert names(found.always) == ["context", "state", "late"]
    assert {name: names(rules) for name, rules in found.changes.items()} == {"firmware": ["change"]}
    assert [rule.name for rule, _ in found.silences] == ["silence"]
    assert [rule.name for rule, _ in found.rates] == ["rate"]


def test_a_part_is_not_asked_what_its_device_answers_for() -> None:
    """Whether it answers, is heard, is late."""
    rules = [
        a_rule("silence", NoData(3, 30)),
        a_rule("late", Behind(300)),
        a_rule("offline", State("reachability", frozenset({"offline"}))),
        a_rule("failed", State("health", frozenset({"failure"}))),
    ]
    found = index(rules, "io_module", part=True)

    assert names(found.always) == ["failed"]
    assert found.silences == []


def test_rules_for_other_classes_stand_nowhere() -> None:
    """However many there are, a report pays for none of them."""
    rules = [a_rule(f"r-{n}", Threshold("speed", "m/s", LIMITS), f"c{n}") for n in range(100)]

    assert names(index(rules, "c7").by_metric["speed"]) == ["r-7"]
