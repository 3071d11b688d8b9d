"""Reports as rules see them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.alerting.handlers.rules.readings import reading, recorded
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.report_pb2 import Attribute, Quality, Relation, Report

GOOD, BAD = Quality.QUALITY_GOOD, Quality.QUALITY_BAD


def a_report(**fields: Any) -> Report:
    made = Report(site="hagen", target="bus", device="unit-3", **fields)
    made.observed_at.FromDatetime(datetime(2026, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC))
    return made


def test_a_report_is_of_the_device_behind_its_endpoint() -> None:
    """Its time is kept as the store keeps it, in milliseconds."""
    read = reading(a_report(attributes=[Attribute(name="class", value="plc")]))

    assert (read.source, read.attributes) == ("hagen/bus/unit-3", {"class": "plc"})
    assert read.at == datetime(2026, 1, 1, 0, 0, 1, 999_000, tzinfo=UTC)
    assert (read.reachability, read.health, read.part) == ("unknown", "unknown", False)


def test_values_that_are_none_are_told_apart() -> None:
    """They are no measurement, and yet news for an alarm that is open."""
    columns = {"metric": ["a", "b"], "value": [1, 2], "unit": ["1", "1"]}
    read = reading(a_report(**columns, quality=[GOOD, BAD]))

    assert (list(read.metric), list(read.value), list(read.bad)) == (["a"], [1.0], ["b"])


@pytest.mark.parametrize(
    "columns",
    [
        {"metric": ["a"], "value": [], "unit": []},
        {"metric": ["a"], "value": [1], "unit": ["1"], "quality": [GOOD, GOOD]},
    ],
)
def test_columns_that_do_not_stand_side_by_side_are_refused(columns: Any) -> None:
    """Nobody can tell which value is whose."""
    with pytest.raises(Rejected, match=r"isthmus\.telemetry\.v1\.Report\."):
        reading(a_report(**columns))


def test_a_part_is_told_from_what_stands_behind_a_gateway() -> None:
    """A module is answered for, a unit is asked by itself."""
    assert reading(a_report(relation=Relation(kind="RELATION_KIND_PART_OF"))).part
    assert not reading(a_report(relation=Relation(kind="RELATION_KIND_BEHIND"))).part


def test_a_recorded_report_that_is_none_is_a_value_error_of_one_line() -> None:
    """It stands in the file of a test."""
    assert recorded({"site": "hagen", "target": "t"}).source == "hagen/t"
    for content in ({"sight": "hagen"}, {"metric": ["a"]}):
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            recorded(content)
