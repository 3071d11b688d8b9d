"""One observation becomes one report a device."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.app import CATALOG
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.observation import Device, Observation, Outcome
from isthmus.normalizer.domain.report import Health, Reachability, Report

KNOWN = adapter.load(CATALOG)
FACTS = [*sorted(KNOWN.stable), "state", "hrPrinterDetectedErrorState.1", "object_0x80"]
POINTS = [
    "ifOperStatus.1",
    "hrStorageUsed.1",
    "hrStorageSize.1",
    "upsBatteryStatus",
    "level",
    "x.y",
]
names = st.one_of(st.sampled_from(FACTS), st.text(max_size=20))
numbers = st.one_of(st.floats(), st.integers(-1, 8).map(float))


def observation(*devices: Device, outcome: Outcome = Outcome.OK, error: str = "") -> Observation:
    """What was read at one address of Hagen."""
    return Observation("hagen", "modbus", "", "10.0.0.1:502", outcome, error, devices)


def device(path: str = "", **facts: str) -> Device:
    """A device that answered with these facts."""
    return Device(path, Outcome.OK, facts=tuple(facts), texts=tuple(facts.values()))


@st.composite
def devices(draw: st.DrawFn) -> Device:
    """Any device that the protobuf message can hold."""
    facts = draw(st.dictionaries(names, st.text(max_size=60), max_size=8))
    points = draw(st.dictionaries(st.one_of(st.sampled_from(POINTS), names), numbers, max_size=8))
    return Device(
        draw(st.text(max_size=10)),
        draw(st.sampled_from(Outcome)),
        draw(st.text(max_size=10)),
        tuple(facts),
        tuple(facts.values()),
        tuple(points),
        tuple(points.values()),
        ("1",) * len(points),
    )


observations = st.builds(
    Observation,
    st.sampled_from(["hagen", "lyon"]),
    st.sampled_from(["modbus", "opcua", "snmp", "mqtt"]),
    st.sampled_from(["", "host", "schneider-m340"]),
    st.text(max_size=20),
    st.sampled_from(Outcome),
    st.text(max_size=10),
    st.lists(devices(), max_size=3).map(tuple),
)


def comparable(report: Report) -> tuple[object, ...]:
    """All of a report by value."""
    return (
        report.device, report.reachability, report.reachability_reason, report.health,
        report.health_reason, report.metrics, report.identity.keys, report.identity.attributes,
    )  # fmt: skip


@given(observations)
@settings(max_examples=300)
def test_whatever_is_observed_makes_reports(observed: Observation) -> None:
    """Any text and number gives one report a device, with printable identity and finite metrics."""
    reports = Normalizer(KNOWN).reports(observed)

    assert len(reports) == (len(observed.devices) or int(observed.outcome is not Outcome.OK))
    for report in reports:
        assert all(map(math.isfinite, report.metrics.values))
        assert all(key.value.isprintable() for key in report.identity.keys)
        assert all(a.value.isprintable() and a.value for a in report.identity.attributes)


@given(st.lists(observations, max_size=4))
def test_what_was_seen_before_changes_nothing(observed: list[Observation]) -> None:
    """The memory only saves work: a fresh normaliser makes the same reports."""
    experienced = Normalizer(KNOWN, remembered=2)
    for each in [*observed, *observed]:
        again = [comparable(r) for r in experienced.reports(each)]

        assert again == [comparable(r) for r in Normalizer(KNOWN).reports(each)]


def test_a_device_that_says_the_same_is_recognised_once(normalizer: Normalizer) -> None:
    """Other values, even another state, do not make it worth another look."""
    first, second = (
        normalizer.reports(observation(device(VendorName="WAGO", state=state)))[0]
        for state in ("run", "error")
    )

    assert first.identity is second.identity
    assert (first.health, second.health) == (Health.NORMAL, Health.FAILURE)
    assert normalizer.recognised == 1


def test_an_endpoint_that_does_not_answer_is_one_report(normalizer: Normalizer) -> None:
    """Only the endpoint is known to be away; what it is was not said."""
    [report] = normalizer.reports(observation(outcome=Outcome.TIMEOUT))

    assert report.reachability is Reachability.OFFLINE
    assert report.reachability_reason == "no answer"
    assert [key.kind for key in report.identity.keys] == ["address"]
    assert report.identity.attributes == ()


def test_a_dead_unit_leaves_its_neighbour_online(normalizer: Normalizer) -> None:
    """A gateway that answers for one unit answers for that unit only."""
    dead = Device("unit-4", Outcome.REFUSED, "exception 0x0B")

    alive, away = normalizer.reports(observation(device("unit-3", VendorName="WAGO"), dead))

    assert alive.reachability is Reachability.ONLINE
    assert (away.reachability, away.reachability_reason) == (
        Reachability.OFFLINE,
        "exception 0x0B",
    )


def test_a_device_that_answers_in_part_is_degraded(normalizer: Normalizer) -> None:
    """What it did say is reported."""
    half = Device("", Outcome.REFUSED, "exception 0x02", ("VendorName",), ("WAGO",))

    [report] = normalizer.reports(observation(half))

    assert report.reachability is Reachability.DEGRADED
    assert report.identity.value("vendor") == "WAGO"


@pytest.mark.parametrize("site", ["hagen", "lyon"])
def test_one_normaliser_keeps_sites_apart(site: str, normalizer: Normalizer) -> None:
    """The same device at the same address of two sites has no weak key in common."""
    facts = device(VendorName="WAGO")
    seen = [
        normalizer.reports(Observation(s, "modbus", "", "10.0.0.1:502", Outcome.OK, "", (facts,)))
        for s in ("hagen", "lyon")
    ]

    assert {k.scope for [r] in seen for k in r.identity.keys} == {"hagen", "lyon"}
