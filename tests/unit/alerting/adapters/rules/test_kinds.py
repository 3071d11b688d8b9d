"""Each kind of condition as a person writes it becomes the domain's word for it."""

from typing import Any

import pytest

from isthmus.alerting.adapters.rules.parts import RulePart
from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Behind,
    Change,
    Condition,
    Count,
    Happened,
    Limit,
    Limits,
    Near,
    NoData,
    Rate,
    State,
    Threshold,
    Watched,
)

START = {"name": "r", "priority": "low", "message": "m", "impact": "i", "first_action": "f",
         "consequence": "cost"}  # fmt: skip
FALLING = Limits((Limit(10),), rising=False, deadband=2)


@pytest.mark.parametrize(
    ("said", "watched"),
    [
        ({"threshold": {"metric": "t", "unit": "Cel", "below": 10, "deadband": 2}},
         Threshold("t", "Cel", FALLING)),
        ({"rate": {"metric": "t", "unit": "Cel", "below": 10, "deadband": 2, "per": "min",
                   "over_s": 30, "counter": True}},
         Rate("t", "Cel", FALLING, 60, 30, counter=True)),
        ({"state": {"health": ["failure"]}}, State("health", frozenset({"failure"}))),
        ({"change": {"attribute": "firmware"}}, Change("firmware")),
        ({"change": {"metric": "mode", "to": ["0"]}}, Change("metric.mode", frozenset({"0"}))),
        ({"no_data": {"intervals": 3, "silent_s": 30}}, NoData(3, 30)),
        ({"behind": {"behind_s": 300}}, Behind(300)),
        ({"near": {"field": "warranty_until", "days": 30}},
         Near("warranty_until", Limits((Limit(30),), rising=False))),
        ({"happened": {"kinds": ["changed"], "field": "zone"}},
         Happened(frozenset({"changed"}), "zone")),
        ({"count": {"of": ["a"], "by": "line", "above": 3}},
         Count(frozenset({"a"}), "line", Limits((Limit(3),)))),
        ({"count": {"of": ["a"], "by": "site", "share_above": 80, "least": 3}},
         Count(frozenset({"a"}), "site", Limits((Limit(80),)), share=True, least=3)),
    ],
)  # fmt: skip
def test_each_kind_is_what_it_says(said: dict[str, Any], watched: Watched) -> None:
    """One way to write each."""
    assert RulePart.model_validate({**START, **said}).rule().watched == watched


def test_expressions_are_compiled_where_they_stand() -> None:
    """Over a report, or over an asset."""
    report = {"condition": {"cel": "metric.flow > 1.0", "units": {"flow": "m3/h"}}}
    asset = {"assertion": {"cel": "asset.zone == '' && asset.end_of_support < today"}}
    over_report = RulePart.model_validate({**START, **report}).rule()
    over_asset = RulePart.model_validate({**START, **asset}).rule()

    assert isinstance(over_report.watched, Condition)
    assert over_report.watched.expression.units == {"flow": "m3/h"}
    assert isinstance(over_asset.watched, Assertion)
    assert over_asset.watched.expression.reads == {"asset.zone", "asset.end_of_support", "today"}
