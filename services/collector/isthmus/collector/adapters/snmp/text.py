"""Octets as text: what a MIB's textual convention means, for a reader of facts."""

import ipaddress
import uuid
from collections.abc import Mapping

from isthmus.collector.domain.reading import DeviceReading

Value = str | bytes | int | float | None
NUMBERS = (int, float)
MAC_OCTETS = 6
UUID_OCTETS = 16
ADDRESS_OCTETS = (4, 16)
DATE_OCTETS = (8, 11)
# Textual conventions of RFC 2579 (PhysAddress, DateAndTime), RFC 4001 and their like, by object.
PHYSICAL = (
    "dot1dBaseBridgeAddress",
    "ifPhysAddress",
    "ipNetToMediaPhysAddress",
    "ipNetToPhysicalPhysAddress",
    "lldpLocChassisId",
    "lldpRemChassisId",
)
PHYSICAL_OR_TEXT = ("cdpCacheDeviceId", "lldpLocPortId", "lldpRemPortId")
ADDRESSES = ("cdpCacheAddress", "snmpTrapAddress")
DATES = ("entPhysicalMfgDate", "hrSWInstalledDate")
UUIDS = ("entPhysicalUUID",)
OCTETS = (
    "cdpCacheCapabilities",
    "hrPrinterDetectedErrorState",
    "lldpRemSysCapEnabled",
    "snmpEngineID",
)


def device(values: Mapping[str, Value]) -> DeviceReading:
    """Texts as facts, numbers as points; what is empty is not known."""
    facts: dict[str, str] = {}
    points: dict[str, tuple[float, str]] = {}
    for name, value in values.items():
        if isinstance(value, int | float):
            points[name] = (float(value), "1")
        elif value:
            facts[name] = value if isinstance(value, str) else text(name, value)
    return DeviceReading(facts=facts, points=points)


def device_with(
    known: DeviceReading, names: Mapping[str, str], found: Mapping[str, Value]
) -> DeviceReading:
    """What is known already, and what was found now of the instances in `names`."""
    points, others = dict(known.points), dict[str, Value]()
    for oid, name in names.items():
        value = found.get(oid)
        if isinstance(value, NUMBERS):
            points[name] = (float(value), "1")
        elif value:
            others[name] = value
    if not others:
        return DeviceReading(facts=known.facts, points=points)
    more = device(others)
    return DeviceReading(facts={**known.facts, **more.facts}, points={**points, **more.points})


def said(name: str, value: Value) -> Value:
    """The value of the instance `name` (`ifDescr.2`), to be remembered and said again."""
    return text(name, value) if isinstance(value, bytes) else value


def text(name: str, value: bytes) -> str:
    """Octets as a person writes them."""
    name = name.partition(".")[0]
    if name in ADDRESSES and len(value) in ADDRESS_OCTETS:
        return str(ipaddress.ip_address(value))
    if name in DATES and len(value) in DATE_OCTETS:
        return _date(value)
    if name in UUIDS and len(value) == UUID_OCTETS:
        return str(uuid.UUID(bytes=value))
    return _octets(name, value)


def _octets(name: str, value: bytes) -> str:
    binary = name in PHYSICAL_OR_TEXT and not _printable(value)
    if (binary or name in PHYSICAL) and len(value) == MAC_OCTETS:
        return value.hex(":")
    if binary or name in PHYSICAL or name in OCTETS:
        return value.hex()
    return value.decode("utf-8", errors="replace").replace("\0", "").strip()


def _printable(value: bytes) -> bool:
    return value.isascii() and value.decode().isprintable()


def _date(value: bytes) -> str:
    """DateAndTime of RFC 2579: the year in two octets, then month to second; the zone, if any."""
    year = int.from_bytes(value[:2])
    month, day, hour, minute, second = value[2:7]
    said = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    if len(value) == max(DATE_OCTETS):
        said += f"{chr(value[8])}{value[9]:02}:{value[10]:02}"
    return said
