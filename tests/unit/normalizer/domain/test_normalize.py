"""One observation becomes one report a device."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.normalizer.catalogue import small

from isthmus.normalizer.domain.normalize import PARTS_EVERY, Normalizer
from isthmus.normalizer.domain.observation import Device, Observation, Outcome
from isthmus.normalizer.domain.report import Health, Kind, Quality, Reachability, Report

KNOWN = small()
TABLES = ["entPhysicalSerialNum", "entPhysicalModelName", "hrSWInstalledName", "ifPhysAddress"]
FACTS = [
    *sorted(KNOWN.stable), "state", "hrPrinterDetectedErrorState.1", "object_0x80",
    *(f"{column}.{index}" for column in TABLES for index in (1, 2, 1001)),
    "lldpRemChassisId.0.3.1", "ipNetToMediaPhysAddress.3.10.0.0.7",
]  # fmt: skip
POINTS = [
    "ifOperStatus.1",
    "hrStorageUsed.1",
    "hrStorageSize.1",
    "upsBatteryStatus",
    "level",
    "entPhysicalClass.1",
    "entPhysicalClass.1001",
    "dot1dTpFdbPort.0.144.232.0.0.1",
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
    st.integers(0, 20),
)


def comparable(report: Report) -> tuple[object, ...]:
    """All of a report by value."""
    return (
        report.device, report.reachability, report.reachability_reason, report.health,
        report.health_reason, repr(report.metrics), report.identity.keys, report.sightings,
        report.identity.attributes, report.identity.alternatives, report.identity.unrecognised,
        report.identity.relation, report.every,
    )  # fmt: skip


@given(observations)
@settings(max_examples=300)
def test_whatever_is_observed_makes_reports(observed: Observation) -> None:
    """Any text and number gives one report a device and one a part, with printable identity."""
    reports = Normalizer(KNOWN).reports(observed)

    own = [report for report in reports if report.every == 1]
    assert len(own) == (len(observed.devices) or int(observed.outcome is not Outcome.OK))
    for report in reports:
        metrics = report.metrics
        assert len(metrics.qualities) in (0, len(metrics.values))
        assert len(metrics.names) == len(metrics.values) == len(metrics.units)
        assert all(key.value.isprintable() for key in report.identity.keys)
        assert all(a.value.isprintable() and a.value for a in report.identity.attributes)


@given(st.lists(observations, max_size=4))
def test_what_was_seen_before_changes_nothing(observed: list[Observation]) -> None:
    """The memory only saves work: a fresh normaliser makes the same reports, parts when due."""
    experienced = Normalizer(KNOWN, remembered=2)
    for each in [*observed, *observed]:
        again = [comparable(r) for r in experienced.reports(each)]
        fresh = [comparable(r) for r in Normalizer(KNOWN).reports(each)]

        assert again == fresh if each.slot % PARTS_EVERY == 0 else set(again) <= set(fresh)
        assert [r for r in again if r[-1] == 1] == [r for r in fresh if r[-1] == 1]


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


def chassis(slot: int, site: str = "hagen", **others: str) -> Observation:
    """A switch with one module, as it is read in a slot."""
    facts = {
        "sysObjectID": "1.3.6.1.4.1.9.1.2494",
        "entPhysicalSerialNum.1": "FOC2447L0AB",
        "entPhysicalSerialNum.1001": "JAE2447",
        **others,
    }
    points = {"entPhysicalClass.1": 3.0, "entPhysicalClass.1001": 9.0}
    device = Device(
        "", Outcome.OK, "", tuple(facts), tuple(facts.values()), tuple(points),
        tuple(points.values()), ("1", "1"),
    )  # fmt: skip
    return Observation(site, "snmp", "", "10.0.0.1:161", Outcome.OK, "", (device,), slot)


def test_parts_are_reported_when_a_device_is_met_and_then_every_tenth_slot(
    normalizer: Normalizer,
) -> None:
    """Modules change seldom; a report of one says how often it comes."""
    made = {slot: normalizer.reports(chassis(slot)) for slot in range(7, 32)}

    assert [slot for slot, reports in made.items() if len(reports) == 2] == [7, 10, 20, 30]
    whole, part = made[7]
    assert (whole.every, part.every) == (1, PARTS_EVERY)
    assert (part.device, part.reachability) == ("module-1001", Reachability.ONLINE)
    relation = part.identity.relation
    assert relation is not None
    assert relation.kind is Kind.PART_OF


def test_a_new_module_is_reported_at_once(normalizer: Normalizer) -> None:
    """It changes what the device looks like."""
    normalizer.reports(chassis(7))

    swapped = normalizer.reports(chassis(8, **{"entPhysicalSerialNum.1001": "JAE9999"}))

    assert [r.identity.value("serial") for r in swapped] == ["FOC2447L0AB", "JAE9999"]


def test_an_observation_without_a_schedule_reports_its_parts(normalizer: Normalizer) -> None:
    """Slot 0 is no slot: somebody asked once."""
    assert [len(normalizer.reports(chassis(0))) for _ in range(3)] == [2, 2, 2]


def test_other_devices_in_its_tables_do_not_make_a_device_new(normalizer: Normalizer) -> None:
    """A forwarding table changes with every read; who forwards does not."""
    reports = []
    for n in range(20):
        index = f"0.144.232.0.0.{n}"
        device = Device(
            "", Outcome.OK, "", ("sysObjectID", f"ipNetToMediaPhysAddress.3.10.0.0.{n}"),
            ("1.3.6.1.4.1.9.1.2494", "00:90:e8:00:00:01"), (f"dot1dTpFdbPort.{index}",), (1.0,),
            ("1",),
        )  # fmt: skip
        seen = Observation("hagen", "snmp", "", "10.0.0.1:161", Outcome.OK, "", (device,))
        reports += normalizer.reports(seen)

    assert normalizer.recognised == 1
    assert len({id(report.identity) for report in reports}) == 1
    assert all(len(report.sightings) == 2 for report in reports)
    assert len({report.sightings for report in reports}) == 20


def test_a_device_behind_a_gateway_is_related_to_it(normalizer: Normalizer) -> None:
    """Whether it answers or not."""
    dead = Device("unit-4", Outcome.TIMEOUT)

    reports = normalizer.reports(observation(device("unit-3", VendorName="WAGO"), dead))

    places = [report.identity.relation for report in reports]
    assert [(place.kind, place.position) for place in places if place] == [
        (Kind.BEHIND, "unit-3"), (Kind.BEHIND, "unit-4"),
    ]  # fmt: skip


def test_who_was_not_asked_is_not_offline(normalizer: Normalizer) -> None:
    """A pause says nothing about the device."""
    [report] = normalizer.reports(observation(outcome=Outcome.NOT_ASKED, error="paused"))

    assert (report.reachability, report.reachability_reason) == (Reachability.NOT_ASKED, "paused")


def test_a_report_carries_the_quality_of_its_numbers(normalizer: Normalizer) -> None:
    """By the ranges of the catalogue."""
    points = Device(
        "", Outcome.OK, points=("battery_charge", "level"), values=(140.0, 1.0), units=("%", "m")
    )

    [report] = normalizer.reports(observation(points))

    assert report.metrics.qualities == (Quality.UNCERTAIN, Quality.GOOD)


def test_evidence_for_a_person_is_what_the_report_was_made_of(normalizer: Normalizer) -> None:
    """And asking changes no memory."""
    seen = chassis(7)
    [report, _] = normalizer.reports(seen)

    found = normalizer.evidence(seen, seen.devices[0])

    assert found.attributes() == report.identity.attributes
    assert normalizer.recognised == 1


def test_another_catalogue_knows_other_things() -> None:
    """A normaliser is one catalogue's; nothing is shared."""
    other = Normalizer(replace(KNOWN, vendors=()))

    [_, before] = Normalizer(KNOWN).reports(chassis(0))
    [_, after] = other.reports(chassis(0))

    assert before.identity.value("vendor") == "Cisco"
    assert [key.kind for key in before.identity.keys] == ["serial", "address"]
    assert [key.kind for key in after.identity.keys] == ["address"]


def test_what_a_device_has_seen_is_not_kept(normalizer: Normalizer) -> None:
    """A forwarding table is another one with every read, and may have thousands of rows."""
    for read in range(50):
        neighbours = tuple(f"ipNetToMediaPhysAddress.1.10.0.{read}.{row}" for row in range(20))
        device = Device(
            path="", outcome=Outcome.OK, facts=("sysName", *neighbours),
            texts=("sw-1", *["00:1b:0c:3a:10:01"] * 20),
        )  # fmt: skip
        observed = Observation(
            "hagen", "snmp", "", "10.0.0.1:161", Outcome.OK, "", (device,), slot=read
        )
        assert len(normalizer.reports(observed)[0].sightings) == 20

    assert normalizer.recognised == 1
    assert normalizer.layouts == 0


def test_a_record_says_nothing_of_whether_a_device_answers(normalizer: Normalizer) -> None:
    """Nor of its health, whatever its words are, and it has no address."""
    row = device(vendor="Siemens", serial="E1N12345", state="stop", asset_number="4711")
    observed = Observation("hagen", "import", "", "", Outcome.OK, "", (row,))

    [report] = normalizer.reports(observed)

    assert report.reachability is Reachability.NOT_ASKED
    assert report.health is Health.UNKNOWN
    assert report.metrics.names == ()
    assert report.identity.value("state") == "stop"
    assert [(key.tier.name, key.scope, key.kind, key.value) for key in report.identity.keys] == [
        ("PINNED", "global", "asset-number", "4711"),
        ("UNIQUE", "global", "serial", "siemens/E1N12345"),
    ]


def test_every_word_of_a_record_tells_it_from_others(normalizer: Normalizer) -> None:
    """Also those that would change with each read of a device."""
    prices = []
    for price in ("1.00", "2.00"):
        row = device(vendor="Siemens", purchase_price=price)
        [report] = normalizer.reports(
            Observation("hagen", "import", "", "", Outcome.OK, "", (row,))
        )
        prices.append(report.identity.value("purchase_price"))

    assert prices == ["1.00", "2.00"]
    assert normalizer.layouts == 0


def test_a_device_with_the_names_of_a_record_is_read_as_one_of_its_protocol(
    normalizer: Normalizer,
) -> None:
    """What a layout keeps is decided by the protocol too."""
    says = device(state="run", vendor_name="ABB")
    for protocol in ("import", "modbus", "import"):
        observed = Observation("hagen", protocol, "", "10.0.0.1:502", Outcome.OK, "", (says,))
        [report] = normalizer.reports(observed)
        is_record = protocol == "import"
        assert report.health is (Health.UNKNOWN if is_record else Health.NORMAL)
        assert report.identity.value("state") == ("run" if is_record else "")
