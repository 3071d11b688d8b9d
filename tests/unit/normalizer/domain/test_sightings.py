"""Other devices that one device has seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain.observation import Device, Outcome
from isthmus.normalizer.domain.report import Sighting, SightingKind
from isthmus.normalizer.domain.sightings import COLUMNS, INVALID, SIGHTINGS_MAX, sightings

IPV6 = "2001:db8::1"
IPV6_ARCS = "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1"
PORTS = {"ifName.3": "Gi1/0/3"}


def seen(facts: dict[str, str], points: dict[str, float] | None = None) -> list[Sighting]:
    """What the tables of a device say."""
    points = points or {}
    return list(
        sightings(
            Device(
                "", Outcome.OK, "", tuple(facts), tuple(facts.values()), tuple(points),
                tuple(points.values()), ("1",) * len(points),
            )
        )
    )  # fmt: skip


def test_a_neighbour_by_lldp_is_a_link_with_both_ends() -> None:
    """IEEE 802.1AB: chassis, port, name, description, and the address in the index."""
    facts = {
        "lldpRemChassisId.0.3.1": "00-1b-0c-3a-10-01", "lldpRemPortId.0.3.1": "Gi0/1",
        "lldpRemSysName.0.3.1": "hag-press-sw-1", "lldpRemSysDesc.0.3.1": "Moxa EDS",
        "lldpLocPortId.3": "Gi1/0/3",
    }  # fmt: skip
    points = {"lldpRemChassisIdSubtype.0.3.1": 4.0, "lldpRemManAddrIfId.0.3.1.1.4.10.0.0.7": 1.0}

    assert seen(facts, points) == [
        Sighting(
            SightingKind.LLDP, "Gi1/0/3", "00:1b:0c:3a:10:01", "10.0.0.7", "hag-press-sw-1",
            "Gi0/1", "Moxa EDS",
        )
    ]  # fmt: skip


def test_a_chassis_that_is_no_mac_is_known_by_its_name() -> None:
    """Subtype local: any text, even one that looks like a MAC address."""
    facts = {"lldpRemChassisId.0.3.1": "001b0c3a1001", "lldpRemSysName.0.3.1": "robot-1"}

    [sighting] = seen(facts, {"lldpRemChassisIdSubtype.0.3.1": 7})

    assert (sighting.mac, sighting.name, sighting.port) == ("", "robot-1", "3")


def test_a_neighbour_by_cdp_says_what_it_is() -> None:
    """Platform and version in one description; the port by the name of its interface."""
    facts = {
        **PORTS, "cdpCacheDeviceId.3.1": "lyo-ap-1", "cdpCacheAddress.3.1": "10.1.0.9",
        "cdpCacheDevicePort.3.1": "Gi0", "cdpCachePlatform.3.1": "C9120AXI",
        "cdpCacheVersion.3.1": "17.3",
    }  # fmt: skip

    assert seen(facts) == [
        Sighting(SightingKind.CDP, "Gi1/0/3", "", "10.1.0.9", "lyo-ap-1", "Gi0", "C9120AXI 17.3")
    ]


@pytest.mark.parametrize(
    ("column", "index", "address"),
    [
        ("ipNetToMediaPhysAddress", "3.10.0.0.7", "10.0.0.7"),
        ("ipNetToPhysicalPhysAddress", "3.1.4.10.0.0.7", "10.0.0.7"),
        ("ipNetToPhysicalPhysAddress", f"3.2.16.{IPV6_ARCS}", IPV6),
    ],
)
def test_a_resolved_address_is_a_mac_and_an_ip_address(
    column: str, index: str, address: str
) -> None:
    """Of either version, from the old table and the new one."""
    facts = {**PORTS, f"{column}.{index}": "00:90:e8:00:00:01"}

    assert seen(facts) == [Sighting(SightingKind.ARP, "Gi1/0/3", "00:90:e8:00:00:01", address)]


@pytest.mark.parametrize("table", ["ipNetToMedia", "ipNetToPhysical"])
def test_an_entry_that_is_invalid_was_not_seen(table: str) -> None:
    """The MIBs keep it until somebody cleans up."""
    index = "3.10.0.0.7" if table == "ipNetToMedia" else "3.1.4.10.0.0.7"
    facts = {f"{table}PhysAddress.{index}": "00:90:e8:00:00:01"}

    assert seen(facts, {f"{table}Type.{index}": INVALID}) == []


@pytest.mark.parametrize(
    ("column", "index"),
    [("dot1dTpFdb", "0.144.232.0.0.1"), ("dot1qTpFdb", "100.0.144.232.0.0.1")],
)
def test_a_learned_address_stands_in_the_index(column: str, index: str) -> None:
    """Behind the VLAN of a bridge that has some; its port by the name of the interface."""
    points = {f"{column}Port.{index}": 12.0, "dot1dBasePortIfIndex.12": 3.0}

    assert seen(PORTS, points) == [Sighting(SightingKind.FDB, "Gi1/0/3", "00:90:e8:00:00:01")]
    assert seen({}, {f"{column}Port.{index}": 12.0})[0].port == "12"
    assert seen({}, {**points, f"{column}Status.{index}": 4.0}) == []


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        ({"ipNetToMediaPhysAddress.3": ""}, {}),
        ({"ipNetToMediaPhysAddress.3.10.0.0": "no mac"}, {}),
        ({"ipNetToMediaPhysAddress.": ""}, {}),
        ({"ipNetToMediaPhysAddress": "00:90:e8:00:00:01"}, {}),
        ({"ipNetToPhysicalPhysAddress.3.1.4.10.0.0.777": ""}, {}),
        ({"ipNetToPhysicalPhysAddress.3.1.4.10.0.7": ""}, {}),
        ({f"ipNetToPhysicalPhysAddress.{'9' * 5000}": ""}, {}),
        ({"lldpRemChassisId.": ""}, {"lldpRemManAddrIfId.0.3.1.1.4.10.0.0": 1.0}),
        ({"lldpRemChassisId.1": "no mac"}, {"lldpRemManAddrIfId.x": 1.0}),
        ({"cdpCacheDeviceId.": ""}, {}),
        ({}, {"dot1dTpFdbPort.0.144.232.0.0.256": 1.0}),
        ({}, {"dot1dTpFdbPort.1.2.3": 1.0}),
        ({}, {"dot1qTpFdbPort.": float("nan")}),
    ],
)
def test_a_malformed_index_is_nobody(facts: dict[str, str], points: dict[str, float]) -> None:
    """Who cannot be named was not seen."""
    assert seen(facts, points) == []


def test_who_is_seen_twice_is_seen_once() -> None:
    """A bridge learns an address in each of its tables."""
    points = {"dot1dTpFdbPort.0.144.232.0.0.1": 3.0, "dot1qTpFdbPort.9.0.144.232.0.0.1": 3.0}

    assert len(seen({}, points)) == 1


def test_neighbours_come_first_and_the_number_is_bounded() -> None:
    """A forwarding table without end hides no link."""
    arcs = (f"0.144.232.0.{n >> 8}.{n & 255}" for n in range(21_000))
    points = {f"dot1dTpFdbPort.{index}": 1.0 for index in arcs}

    found = seen({"cdpCacheDeviceId.3.1": "lyo-ap-1"}, points)

    assert len(found) == SIGHTINGS_MAX
    assert found[0].kind is SightingKind.CDP


names = st.builds(
    lambda column, index: f"{column}.{index}",
    st.sampled_from([*sorted(COLUMNS), "ifName", "lldpRemManAddrIfId", "dot1dBasePortIfIndex"]),
    st.one_of(
        st.text(max_size=12),
        st.lists(st.integers(0, 300), max_size=20).map(lambda arcs: ".".join(map(str, arcs))),
    ),
)


@given(st.dictionaries(names, st.text(max_size=20)), st.dictionaries(names, st.floats()))
def test_any_table_is_read(facts: dict[str, str], points: dict[str, float]) -> None:
    """Each sighting names somebody, in canonical form."""
    for sighting in seen(facts, points):
        assert sighting.mac or sighting.address or sighting.name
        assert not sighting.mac or len(sighting.mac) == 17
        assert sighting.name.isprintable()
