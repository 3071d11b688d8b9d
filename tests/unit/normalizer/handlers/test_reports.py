"""Protobuf in, protobuf out."""

import uuid
from dataclasses import replace

import pytest
from tests.unit.normalizer.catalogue import small
from tests.unit.normalizer.handlers.bench import (
    AT_S,
    ID,
    TRACE,
    Counts,
    handled,
    handler,
    observation,
    plain,
    reports,
)

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.reports import TOPIC
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Quality, RelationKind, SightingKind

SWITCH = {
    "outcome": "OUTCOME_OK",
    "fact": ["sysObjectID", "entPhysicalSerialNum.1001", "ipNetToMediaPhysAddress.3.10.0.0.7"],
    "text": ["1.3.6.1.4.1.9.1.2494", "JAE2447", "00:90:e8:00:00:01"],
    "point": ["entPhysicalClass.1001"],
    "value": [9.0],
    "unit": ["1"],
}


async def test_each_device_is_one_record_under_the_name_of_its_source() -> None:
    """Key, id, headers and body say from where it is."""
    made, rejected = await handled(observation())

    assert rejected == []
    own = [each for each in made if each.topic == TOPIC]
    assert [each.key for each in own] == [b"hagen/bus/unit-3", b"hagen/bus/unit-4"]
    [report, _], headers = reports(made), dict(own[0].headers)
    assert report.id == str(uuid.uuid5(uuid.UUID(ID), "unit-3"))
    assert headers["ce_id"] == report.id.encode()
    assert headers["ce_type"] == b"isthmus.telemetry.v1.Report"
    assert headers["ce_source"] == b"/isthmus/normalizer"
    assert headers["traceparent"] == TRACE
    assert (report.observation_id, report.site, report.target, report.device) == (
        ID, "hagen", "bus", "unit-3",
    )  # fmt: skip
    assert (report.path, report.interval_s) == ("nordwerk/hagen/energy", 5)
    assert (report.address, report.protocol) == ("10.0.0.1:502", "modbus")
    assert report.observed_at.seconds == AT_S
    assert report.catalog == small().fingerprint


async def test_the_endpoint_itself_is_named_without_a_device() -> None:
    """A plain device is its target."""
    made, _ = await handled(observation(devices=[plain(VendorName="WAGO")]))

    assert made[0].key == b"hagen/bus"


async def test_what_a_device_says_by_itself_is_no_report() -> None:
    """A trap holds three facts of the thirty that a read does; it must not stand for the device."""
    assert await handled(observation(trigger="TRIGGER_NOTIFICATION")) == ([], [])


async def test_a_replay_makes_the_same_records() -> None:
    """Bytes and headers do not depend on time, process or order."""
    assert await handled(observation()) == await handled(observation())


async def test_an_identity_is_whole_in_every_report() -> None:
    """What was encoded once is copied, not shared: the second report is as full as the first."""
    later = observation(id=str(uuid.uuid4()), observed_at={"seconds": AT_S + 5})

    made, _ = await handled(observation(), later)

    first, _, second, _ = reports(made)
    assert first.keys[0].value == "wago/300B2C7741"
    assert list(first.keys) == list(second.keys)
    assert list(first.attributes) == list(second.attributes)


async def test_an_attribute_carries_its_evidence() -> None:
    """Confidence, order of a version, and what was said otherwise."""
    facts = plain(model_name="FC-302", ProductCode="FC-102", firmware_version="V3.20")

    [report] = reports((await handled(observation(devices=[facts])))[0])

    found = {each.name: each for each in report.attributes}
    assert (found["firmware"].raw, found["firmware"].order) == ("V3.20", "c3.d20.B")
    assert found["model"].confidence == pytest.approx(0.9)
    assert [(each.name, each.value) for each in report.alternatives] == [("model", "FC-102")]


async def test_a_value_that_is_none_is_marked() -> None:
    """Not left out: a missing metric would look like one that was never there."""
    good = {**plain(VendorName="WAGO"), "point": ["a"], "value": [1], "unit": ["1"], "path": "u"}

    first, _ = reports((await handled(observation()))[0])
    [second] = reports((await handled(observation(devices=[good])))[0])

    assert list(first.quality) == [Quality.QUALITY_GOOD, Quality.QUALITY_BAD]
    assert list(second.quality) == []


async def test_parts_relations_and_sightings_are_told() -> None:
    """A module comes every tenth slot; its own address resolution does not make it one."""
    switch = observation(protocol="snmp", devices=[SWITCH], interval_s=30)

    whole, module = reports((await handled(switch))[0])

    assert not whole.HasField("relation")
    assert list(whole.sightings.kind) == [SightingKind.SIGHTING_KIND_ARP]
    assert list(whole.sightings.address) == ["10.0.0.7"]
    assert module.device == "module-1001"
    assert module.relation.kind == RelationKind.RELATION_KIND_PART_OF
    assert (whole.interval_s, module.interval_s) == (30, 300)
    assert not module.HasField("sightings")


async def test_what_was_done_is_counted() -> None:
    """Reports by reachability, doubted values, and unknown attributes once for a device."""
    counts = Counts()

    await handled(observation(), observation(), by=handler(counts))

    assert counts.reports == {"online": 2, "offline": 2}
    assert counts.values == {"bad": 2}
    assert counts.unknown == {"class": 1, "model": 1, "family": 1}


async def test_another_catalogue_is_used_from_the_next_batch_on() -> None:
    """Every report names the one that made it."""
    by = handler()
    [before, _] = reports((await handled(observation(), by=by))[0])
    by.use(Normalizer(replace(small(), vendors=(), fingerprint="other")))
    [after, _] = reports((await handled(observation(), by=by))[0])

    assert (before.catalog, after.catalog) == (small().fingerprint, "other")
    assert "serial" in [key.kind for key in before.keys]
    assert "serial" not in [key.kind for key in after.keys]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, "value: none, expected an Observation"),
        (observation(id="1"), "id: '1', expected a UUID"),
        (observation(observed_at=None), "observed_at: 0 s, expected a time after 1970"),
        (observation(observed_at={"seconds": -5}), "observed_at: -5 s, expected a time after 1970"),
        (observation(observed_at={"seconds": 1 << 60}), "observed_at: "),
        (observation(observed_at={"seconds": 5, "nanos": -7}), "observed_at: "),
        (observation(devices=[]), "devices: none, expected at least one"),
    ],
)
async def test_an_observation_without_meaning_is_rejected_alone(
    message: Observation | None, reason: str
) -> None:
    """Its neighbours in the batch are reported."""
    made, rejected = await handled(observation(), message, observation())

    assert len(reports(made)) == 4
    assert len(rejected) == 1
    assert rejected[0].startswith(reason)
