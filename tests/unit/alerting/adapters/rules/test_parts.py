"""A rule as a person writes it, and the domain's word for it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from isthmus.alerting.adapters.rules.parts import RulePart, explained, parsed
from isthmus.alerting.domain.alarms.alarm import Behaviour, Level

HOT = {"metric": "temperature", "unit": "Cel", "above": 80}


def a_rule(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": "r",
        "priority": "low",
        "message": "{source}",
        "impact": "It breaks.",
        "first_action": "Look.",
        "consequence": "equipment",
    }
    return {**given, **fields}


def mistake(**fields: Any) -> str:
    with pytest.raises(ValidationError) as error:
        RulePart.model_validate(a_rule(**fields))
    return explained(error.value)[0][1]


def test_how_an_alarm_behaves_is_said_in_seconds() -> None:
    """What is not said is as the machine has it."""
    plain = RulePart.model_validate(a_rule(threshold=HOT)).rule()
    said = RulePart.model_validate(
        a_rule(
            threshold=HOT,
            on_delay_s=5,
            off_delay_s=6,
            latching=True,
            realarm_s=3600,
            shelve_max_s=0,
            stale_after_s=60,
        )
    ).rule()

    assert plain.behaviour == Behaviour()
    assert said.behaviour == Behaviour(
        timedelta(seconds=5),
        timedelta(seconds=6),
        True,
        timedelta(hours=1),
        timedelta(0),
        timedelta(minutes=1),
    )


def test_a_rule_with_levels_has_a_priority_for_each() -> None:
    """Its own is that of the mildest."""
    levels = {**HOT, "above": {"hi": 80, "hihi": 90}}
    rule = RulePart.model_validate(
        a_rule(threshold=levels, priority={"hi": "low", "hihi": "high"})
    ).rule()

    assert (rule.priority, rule.levels) == ("low", (Level("hi", "low"), Level("hihi", "high")))
    assert mistake(threshold=levels) == "priority: for no levels, expected ['hi', 'hihi']"
    assert mistake(threshold=HOT, priority={"hi": "low"}) == (
        "priority: for ['hi'], expected one word"
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "expected one of threshold, rate, state"),
        ({"threshold": HOT, "behind": {"behind_s": 3}}, "expected one of threshold, rate"),
        ({"threshold": {**HOT, "above": {"hi": 90, "hihi": 80}}},
         "threshold: expected the mildest level first, and no two alike"),
        ({"threshold": {**HOT, "below": 3}}, "threshold: expected one of above, below"),
        ({"change": {"attribute": "firmware", "metric": "mode"}},
         "change: expected one of attribute, metric"),
        ({"condition": {"cel": "nope > 1"}}, "condition: nope is not known"),
        ({"assertion": {"cel": "site == 'hagen'"}},
         "assertion.cel: \"site == 'hagen'\": site is of a report, expected asset.<field> or"),
        ({"near": {"field": "owner", "days": 3}},
         "near.field: 'owner': is no date of an asset, expected custom.<name> or one of"),
        ({"happened": {"kinds": ["exploded"]}}, "happened.kinds: 'exploded', expected some of"),
        ({"count": {"of": ["a"], "by": "colour", "above": 3}}, "count: by: 'colour', expected"),
        ({"count": {"of": ["a"], "by": "site"}}, "count: expected one of above, share_above"),
        ({"threshold": HOT, "priority": "urgent"}, "priority: 'urgent': Input should be 'low'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(fields: dict[str, Any], reason: str) -> None:
    """Field, value, what was expected."""
    assert mistake(**fields).startswith(reason)


def test_what_was_stored_is_read_again_with_its_version() -> None:
    """A rule that is switched off is none."""
    body = json.dumps(a_rule(threshold=HOT))
    rule = parsed(body, 3, "docs#{rule}")

    assert rule is not None
    assert (rule.version, rule.runbook) == (3, "docs#r")
    assert parsed(json.dumps(a_rule(threshold=HOT, enabled=False)), 4) is None
    with pytest.raises(ValueError, match=r"^new_kind: .* Extra inputs are not permitted$"):
        parsed(json.dumps(a_rule(threshold=HOT, new_kind=3)), 5)
