"""Devices that answered before: what is remembered changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.report import Report
from isthmus.normalizer.handlers import acquaintance
from isthmus.normalizer.handlers.acquaintance import Acquaintance
from isthmus.normalizer.handlers.observations import observation
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import observation_pb2 as pb

NAMES = st.sampled_from(["sysName", "sysDescr", "entPhysicalSerialNum.1", "vendor_name", "state"])
POINTS = st.sampled_from(["ifType.1", "ifOperStatus.1", "temperature", "entPhysicalClass.1"])


def message(*devices: pb.Device, address: str = "10.0.0.1:161", **fields: Any) -> pb.Observation:
    """A read of a switch of Hagen."""
    return pb.Observation(
        site="hagen", target="sw", protocol="snmp", address=address, outcome=pb.OUTCOME_OK,
        devices=devices, **fields,
    )  # fmt: skip


def device(facts: dict[str, str], points: dict[str, float], path: str = "") -> pb.Device:
    """One device of a read."""
    return pb.Device(
        path=path, outcome=pb.OUTCOME_OK, fact=facts.keys(), text=facts.values(),
        point=points.keys(), value=points.values(), unit=["1"] * len(points),
    )  # fmt: skip


def said(report: Report) -> tuple[object, ...]:
    """A report by value: identities are compared as objects."""
    identity = report.identity
    return (*report._replace(identity=None), identity.keys, identity.attributes)  # type: ignore[arg-type]


FACTS = st.dictionaries(NAMES, st.text(max_size=8))
READS = st.lists(
    st.builds(device, FACTS, st.dictionaries(POINTS, st.floats())), min_size=1, max_size=8
)


@given(READS)
def test_a_read_says_the_same_whoever_was_met_before(reads: list[pb.Device]) -> None:
    """Also where only a number differs by which a device is known."""
    remembers = Acquaintance(Normalizer(small()))
    for each in (*reads, *reads):
        found = [told.report for told in remembers.reports(message(each))]
        afresh = Normalizer(small()).reports(observation(message(each)))

        assert repr(said(found[0])) == repr(said(afresh[0]))


def test_a_device_that_says_the_same_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its texts nor its columns: that is what the memory is for."""
    remembers = Acquaintance(Normalizer(small()))
    [first] = remembers.reports(message(device({"sysName": "sw-1"}, {"sysUpTime": 100.0})))
    monkeypatch.delattr(acquaintance, "device")
    [again] = remembers.reports(message(device({"sysName": "sw-1"}, {"sysUpTime": 200.0})))

    assert again.report.identity is first.report.identity
    assert (first.report.metrics.values, again.report.metrics.values) == ((1.0,), (2.0,))


def test_the_same_words_at_another_place_are_another_device() -> None:
    """Two switches with one configuration."""
    remembers = Acquaintance(Normalizer(small()))
    found = [
        remembers.reports(message(device({"sysName": "sw"}, {}), address=address))[0].report
        for address in ("10.0.0.1:161", "10.0.0.2:161")
    ]

    assert len({str(report.identity.keys) for report in found}) == 2


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was met first goes first."""
    monkeypatch.setattr(acquaintance, "REMEMBERED_DEVICES", 2)
    remembers = Acquaintance(Normalizer(small()))
    for number in range(5):
        remembers.reports(message(device({"sysName": f"sw-{number}"}, {})))

    assert len(remembers._met) == 2


def test_a_device_that_comes_twice_is_refused_also_when_it_is_known() -> None:
    """Which of the two is it?"""
    remembers = Acquaintance(Normalizer(small()))
    unit = device({"vendor_name": "Moxa"}, {}, path="unit-1")
    remembers.reports(message(unit))

    with pytest.raises(Rejected, match="'unit-1' twice"):
        remembers.reports(message(unit, unit))


@pytest.mark.parametrize("outcome", [0, 99])
def test_an_outcome_without_meaning_is_refused_also_of_a_known_device(outcome: int) -> None:
    """The memory lets nothing through that a stranger would not get through."""
    remembers = Acquaintance(Normalizer(small()))
    known = message(device({"sysName": "sw"}, {}))
    remembers.reports(known)
    known.outcome = outcome  # type: ignore[assignment]

    with pytest.raises(Rejected, match="outcome"):
        remembers.reports(known)


def test_a_table_of_a_system_of_record_pushes_no_device_out() -> None:
    """It is said once, and may have more rows than there are devices."""
    remembers = Acquaintance(Normalizer(small()))
    for n in range(3):
        row = message(device({"vendor": "ABB", "serial": f"S{n}"}, {}))
        row.protocol, row.address = "import", ""
        [told] = remembers.reports(row)
        assert told.report.identity.value("serial") == f"S{n}"

    assert remembers._met == {}
