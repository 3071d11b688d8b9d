"""Octets as text, by the convention of the object."""

import pytest

from isthmus.collector.adapters.snmp.text import Value, device, device_with, said, text
from isthmus.collector.domain.reading import DeviceReading


@pytest.mark.parametrize(
    ("name", "octets", "written"),
    [
        ("snmpEngineID", b"\x80\x00", "8000"),
        ("lldpLocChassisId", b"\0\x1b\x0c\x3a\x10\x01", "00:1b:0c:3a:10:01"),
        ("lldpLocChassisId", b"\x05\x0a\x00\x00\x01", "050a000001"),
        ("lldpRemPortId.0.1.1", b"\0\x1b\x0c\x3a\x10\x01", "00:1b:0c:3a:10:01"),
        ("lldpRemPortId.0.1.1", b"Gi1/01", "Gi1/01"),
        ("cdpCacheAddress.1.1", b"\x0a\x00\x00\x07", "10.0.0.7"),
        ("cdpCacheAddress.1.1", bytes(15) + b"\1", "::1"),
        ("entPhysicalUUID.1", bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("hrSWInstalledDate.1", bytes.fromhex("07e9 0b17 0f1e 0000"), "2025-11-23T15:30:00"),
        (
            "hrSWInstalledDate.1",
            bytes.fromhex("07e9 0b17 0f1e 0000 2b 01 00"),
            "2025-11-23T15:30:00+01:00",
        ),
        ("hrSWInstalledDate.1", b"", ""),
        ("sysName", b"\xff", "\N{REPLACEMENT CHARACTER}"),
        ("sysName", b" core\0 ", "core"),
    ],
)
def test_octets_are_written_as_the_object_means_them(
    name: str, octets: bytes, written: str
) -> None:
    """Addresses with colons or dots, dates and UUIDs as ISO and IETF write them, else text."""
    assert text(name, octets) == written


def test_numbers_are_points_and_what_is_empty_is_not_known() -> None:
    """Texts are facts; nothing is said twice."""
    reading = device({"ifType.1": 6, "ifAlias.1": b"", "ifName.1": b"eth0", "sysContact": None})
    assert reading.facts == {"ifName.1": "eth0"}
    assert reading.points == {"ifType.1": (6.0, "1")}


def test_what_is_remembered_is_text_already() -> None:
    """Numbers stay numbers."""
    assert (said("sysName", b"x"), said("ifType.1", 6)) == ("x", 6)


def test_what_was_found_is_said_beside_what_is_known() -> None:
    """A text or a number by its name; what is empty, absent or asked for otherwise is left out."""
    known = DeviceReading(facts={"sysName": "core"}, points={"ifType.1": (6.0, "1")})
    names = {"1.1": "temperature", "1.2": "state", "1.3": "load", "1.4": "note", "1.5": "alarm"}
    found: dict[str, Value] = {"1.1": 42, "1.2": b"ok", "1.3": 0.5, "1.4": b"", "1.9": 7}
    said_now = device_with(known, names, found)
    assert said_now.facts == {"sysName": "core", "state": "ok"}
    assert said_now.points == {"ifType.1": (6, "1"), "temperature": (42, "1"), "load": (0.5, "1")}
    assert (known.facts, known.points) == ({"sysName": "core"}, {"ifType.1": (6, "1")})
