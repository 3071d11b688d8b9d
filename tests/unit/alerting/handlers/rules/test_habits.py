"""A report that says nothing new is known as such, and only such a one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.alerting.conftest import Memory, Service

from isthmus.alerting.domain.rules.conditions import (
    Behind,
    Change,
    Condition,
    Expression,
    Limit,
    Limits,
    NoData,
    Rate,
    State,
    Threshold,
)
from isthmus.alerting.domain.rules.index import index
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.habits import checks, habit
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.report_pb2 import Attribute, Report

START = datetime(2026, 1, 1, tzinfo=UTC)
COLD = Limits((Limit(-5),), rising=False, deadband=2)
SUM = Expression(
    "temperature + level > 150",
    frozenset({"metric.temperature", "metric.level"}),
    {"temperature": "Cel", "level": "%"},
    lambda known: float(known["metric.temperature"]) + float(known["metric.level"]) > 150,  # type: ignore[arg-type]
)
RULES = (
    Rule("hot", "low", "", "", Threshold("temperature", "Cel", Limits((Limit(80),), deadband=5))),
    Rule("cold", "low", "", "", Threshold("temperature", "Cel", COLD)),
    Rule("rise", "low", "", "", Rate("level", "%", Limits((Limit(10),)), per_s=60, over_s=30)),
    Rule("sum", "low", "", "", Condition(SUM)),
    Rule("failed", "low", "", "", State("health", frozenset({"failure"}))),
    Rule("firmware", "low", "", "", Change("firmware")),
    Rule("late", "low", "", "", Behind(100)),
    Rule("silent", "low", "", "", NoData(3, 30)),
)


def a_report(second: float, target: str = "t", **said: Any) -> Report:
    at = START + timedelta(seconds=second)
    made = Report(
        id=str(uuid5(UUID(int=0), f"{target} {second}")),
        observation_id=str(uuid5(UUID(int=1), f"{target} {second}")),
        site="hagen",
        target=target,
        path="nordwerk/hagen",
        interval_s=10,
        reachability="REACHABILITY_ONLINE",
        health=said.get("health", "HEALTH_NORMAL"),
        attributes=[Attribute(name="firmware", value=said.get("firmware", "1"))],
        metric=["temperature", "level"],
        value=[said.get("temperature", 20.0), said.get("level", 50.0)],
        unit=["Cel", "%"],
    )
    made.observed_at.FromDatetime(at)
    return made


def learnt(report: Report) -> Any:
    found = checks(index(RULES, ""), tuple(report.metric), tuple(report.unit))
    assert found is not None
    return habit(report.SerializeToString(), report, found)


@given(
    st.floats(0, 1e8),
    st.floats(0, 1e8),
    st.lists(st.floats(allow_nan=False), min_size=2, max_size=2),
)
def test_the_values_of_a_report_that_repeats_are_read_from_its_bytes(
    first: float, later: float, values: list[float]
) -> None:
    """Whatever its time is: its length in bytes varies."""
    repeated = a_report(later, temperature=values[0], level=values[1])

    assert learnt(a_report(first)).read(repeated.SerializeToString()) == tuple(values)


@pytest.mark.parametrize(
    "other",
    [
        a_report(10, firmware="2"),
        a_report(10, health="HEALTH_FAILURE"),
        a_report(10, target="u"),
        Report(id="x"),
        Report(),
    ],
)
def test_a_report_that_differs_in_anything_else_is_none(other: Report) -> None:
    """Also one that is as long."""
    assert learnt(a_report(0)).read(other.SerializeToString()) is None


def test_a_report_whose_ids_are_no_uuids_is_not_learnt() -> None:
    """Nobody could tell where its ids end."""
    report = a_report(0)
    report.id = "1"

    assert learnt(report) is None


def test_a_condition_that_reads_more_than_values_must_be_asked_each_time() -> None:
    """What the inventory says of an asset may change between two equal reports."""
    reads = frozenset({"metric.level", "asset.zone"})
    rule = Rule(
        "r", "low", "", "", Condition(Expression("", reads, {"level": "%"}, lambda k: True))
    )

    assert checks(index([rule], ""), ("level",), ("%",)) is None
    assert checks(index([rule], ""), ("speed",), ("m/s",)) is not None


SAID = st.fixed_dictionaries(
    {
        "target": st.sampled_from("tu"),
        "temperature": st.sampled_from([20.0, 78.0, 81.0, -5.0, -6.0, float("nan")]),
        "level": st.sampled_from([50.0, 52.0, 70.0, 130.0]),
        "firmware": st.sampled_from("112"),
        "health": st.sampled_from(["HEALTH_NORMAL", "HEALTH_NORMAL", "HEALTH_FAILURE"]),
        "pause": st.sampled_from([-50.0, 0.0, 10.0, 10.0, 10.0, 40.0, 200.0]),
        "ends_batch": st.booleans(),
    }
)


async def _heard(series: list[dict[str, Any]], *, habits: bool) -> Any:
    memory = Memory()
    service = Service(memory)
    service.rules = RuleBook(RULES)
    service.reports = Reports(
        service.owned, service.ledger, service.assets, service.rules, memory, service.now
    )
    await service.assign(0)
    second, batch = 1000.0, []
    for number, said in enumerate(series):
        second += said["pause"]
        made = a_report(second, **{k: v for k, v in said.items() if k != "pause"})
        value = made.SerializeToString() if habits else None
        key = f"hagen/{said['target']}"
        batch.append(Record(made, key, "normalizer.reports.v1", 0, number, None, value))
        if said["ends_batch"]:
            await service.reports.handle(Batch(batch))
            batch = []
    await service.reports.handle(Batch(batch))
    [partition] = service.owned.loaded
    told = {id: [(s.seq, s.kind, s.at) for s in steps] for id, steps in memory.history.items()}
    return told, partition.watermark, {n: s.last_at for n, s in partition.sources.items()}


@settings(max_examples=50, deadline=None)
@given(st.lists(SAID, min_size=5, max_size=40))
async def test_what_is_not_looked_at_twice_changes_no_alarm(series: list[dict[str, Any]]) -> None:
    """The same reports make the same transitions when every one of them is judged in full."""
    assert await _heard(series, habits=True) == await _heard(series, habits=False)
