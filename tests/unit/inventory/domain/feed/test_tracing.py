"""The words in which the way of an observation is told."""

import uuid
from datetime import UTC, datetime

import pytest

from isthmus.inventory.domain.feed.tracing import Question, Stage, Step, Traced, overall, report_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_report_has_the_id_that_the_normaliser_gives_it() -> None:
    """Of the observation's id and the device's path."""
    id = "0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"

    assert report_id(id, "unit-3") == str(uuid.uuid5(uuid.UUID(id), "unit-3"))
    with pytest.raises(ValueError, match="badly formed"):
        report_id("seven", "")


@pytest.mark.parametrize(
    ("stages", "worst"),
    [
        ([Stage.UNCHANGED, Stage.CHANGED], Stage.CHANGED),
        ([Stage.CHANGED, Stage.WAITING], Stage.WAITING),
        ([Stage.WAITING, Stage.REJECTED, Stage.CHANGED], Stage.REJECTED),
        ([Stage.UNCHANGED], Stage.UNCHANGED),
    ],
)
def test_an_observation_has_come_as_far_as_its_worst_report(
    stages: list[Stage], worst: Stage
) -> None:
    """What waits or was rejected is what somebody asks for."""
    reports = [Traced(str(n), "hagen/gw", Step(stage, "")) for n, stage in enumerate(stages)]

    assert overall(reports).stage is worst
    with pytest.raises(ValueError, match="without reports"):
        overall([])


def test_a_question_names_what_it_asks_for() -> None:
    """By id, or by source; a device is asked for by its endpoint."""
    by_source = Question(NOON, NOON, source="hagen/gw/unit-3", at=NOON)

    assert Question(NOON, NOON, "7", "hagen/gw").shown == "observation 7"
    assert by_source.endpoint == "hagen/gw"
    assert by_source.shown == "observation of hagen/gw with a slot up to 2026-03-01 12:00:00 UTC"
