"""Values of an OPC UA server as facts and points, with their quality."""

from datetime import datetime
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from isthmus.collector.adapters.opcua.channel import node
from isthmus.collector.adapters.opcua.model import Item
from isthmus.collector.adapters.opcua.values import Said, place

NOON_S = 1_700_000_000.0


def placed(raw: Any, **fields: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Where one value goes."""
    facts: dict[str, str] = {}
    points: dict[str, Any] = {}
    place(Item(node(1), "a", **fields), raw, facts, points)
    return facts, points


@pytest.mark.parametrize(
    ("raw", "fields", "facts", "points"),
    [
        ("S1 ", {}, {"a": "S1"}, {}),
        (ua.LocalizedText("ABB", "en"), {}, {"a": "ABB"}, {}),
        (ua.LocalizedText(None), {}, {}, {}),
        ("", {}, {}, {}),
        (None, {}, {}, {}),
        (21.5, {"unit": "Cel"}, {}, {"a": (21.5, "Cel")}),
        (True, {}, {}, {"a": (1.0, "1")}),
        (4, {"enum": {4: "run"}}, {"a": "run"}, {}),
        (7, {"enum": {4: "run"}}, {"a": "7"}, {}),
        (2021, {"number": False}, {"a": "2021"}, {}),
        (["urn:a", "urn:b"], {}, {"a": "urn:a"}, {}),
        ([], {}, {}, {}),
        (datetime(2026, 1, 2, 3, 4, 5), {}, {"a": "2026-01-02T03:04:05Z"}, {}),
    ],
)
def test_a_value_goes_where_its_kind_belongs(
    raw: Any, fields: dict[str, Any], facts: dict[str, str], points: dict[str, Any]
) -> None:
    """Texts and states are facts, numbers are points, nothing is nothing."""
    assert placed(raw, **fields) == (facts, points)


def taken(status: int = StatusCodes.Good, age_s: float = 0, **fields: Any) -> Said:
    """What is said of a temperature of 20."""
    said = Said()
    at = ua.DateTime.fromtimestamp(NOON_S - age_s, tz=None)
    value = ua.DataValue(
        ua.Variant(20.0), StatusCode=ua.StatusCode(ua.UInt32(status)), SourceTimestamp=at
    )
    said.take(Item(node(1), "temperature", "Cel", **fields), value, NOON_S)
    return said


def test_a_bad_value_is_not_shown_and_said() -> None:
    """What the server does not know is not a number."""
    said = taken(StatusCodes.BadSensorFailure)
    assert (said.points, said.error) == ({}, "temperature: BadSensorFailure")


def test_an_uncertain_value_is_shown_and_said() -> None:
    """It is the best that there is; whoever reads it should know."""
    said = taken(StatusCodes.UncertainLastUsableValue)
    assert said.points == {"temperature": (20.0, "Cel")}
    assert said.error == "temperature: UncertainLastUsableValue"


@pytest.mark.parametrize(("age_s", "shown"), [(59, True), (61, False)])
def test_a_value_that_should_have_changed_is_not_shown_as_fresh(age_s: float, shown: bool) -> None:
    """Where the profile says how long it may stand still, by the server's own clock."""
    said = taken(age_s=age_s, stale_after_s=60)
    assert bool(said.points) is shown
    assert ("stale since" in said.error) is not shown


def test_a_value_may_stand_still_where_nothing_says_otherwise() -> None:
    """An emergency stop that was not pressed for a year is not stale."""
    assert taken(age_s=31_536_000).points


def test_only_the_first_remarks_are_told() -> None:
    """A hundred broken sensors are one line."""
    said = Said(remarks=[f"a{number}: Bad" for number in range(7)])
    assert said.error == "a0: Bad; a1: Bad; a2: Bad; a3: Bad; a4: Bad; 2 more"
