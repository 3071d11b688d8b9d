"""Sightings: other devices that one device has seen, from the tables it keeps of them.

Object names and indices are those of LLDP-MIB, CISCO-CDP-MIB, IP-MIB (RFC 4293), BRIDGE-MIB
(RFC 4188) and Q-BRIDGE-MIB (RFC 4363).
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.observation import Device
from isthmus.normalizer.domain.report import Sighting, SightingKind

COLUMNS = frozenset(
    {
        "cdpCacheDeviceId", "dot1dTpFdbPort", "dot1qTpFdbPort", "ipNetToMediaPhysAddress",
        "ipNetToPhysicalPhysAddress", "lldpRemChassisId",
    }
)  # fmt: skip
MAC_SUBTYPE = 4  # LldpChassisIdSubtype macAddress
INVALID = 2  # ipNetToMediaType and ipNetToPhysicalType invalid: the entry is to be ignored
LEARNED = 3  # dot1dTpFdbStatus, dot1qTpFdbStatus; others are its own addresses or set by hand
SIGHTINGS_MAX = 20_000


def sightings(device: Device) -> tuple[Sighting, ...]:
    """All that the device's tables say of others, the neighbours first; bounded in number."""
    facts = dict(zip(device.facts, device.texts, strict=True))
    points = dict(zip(device.points, device.values, strict=True))
    found = [
        sighting
        for table in (_lldp, _cdp, _arp, _fdb)
        for sighting in table(facts, points)
        if sighting.mac or sighting.address or sighting.name
    ]
    return tuple(dict.fromkeys(found[:SIGHTINGS_MAX]))


def _rows(column: str, cells: Mapping[str, object]) -> Iterator[str]:
    start = f"{column}."
    return (name.removeprefix(start) for name in cells if name.startswith(start))


def _lldp(facts: Mapping[str, str], points: Mapping[str, float]) -> Iterator[Sighting]:
    addresses = _lldp_addresses(points)
    for index in _rows("lldpRemChassisId", facts):
        port = index.split(".")[1] if index.count(".") == 2 else ""
        chassis = facts[f"lldpRemChassisId.{index}"]
        is_mac = points.get(f"lldpRemChassisIdSubtype.{index}", MAC_SUBTYPE) == MAC_SUBTYPE
        yield Sighting(
            SightingKind.LLDP,
            _said(facts, f"lldpLocPortId.{port}", f"lldpLocPortDesc.{port}") or port,
            (canonical.mac(chassis) or "") if is_mac else "",
            addresses.get(index, ""),
            _said(facts, f"lldpRemSysName.{index}"),
            _said(facts, f"lldpRemPortId.{index}", f"lldpRemPortDesc.{index}"),
            _said(facts, f"lldpRemSysDesc.{index}"),
        )


def _lldp_addresses(points: Mapping[str, float]) -> dict[str, str]:
    """The management address of each neighbour, which stands in the index (LldpManAddress)."""
    found: dict[str, str] = {}
    for index in _rows("lldpRemManAddrIfId", points):
        arcs = index.split(".")
        if len(arcs) > 5:
            found.setdefault(".".join(arcs[:3]), _address(arcs[5:]))
    return found


def _cdp(facts: Mapping[str, str], points: Mapping[str, float]) -> Iterator[Sighting]:
    for index in _rows("cdpCacheDeviceId", facts):
        interface = index.partition(".")[0]
        yield Sighting(
            SightingKind.CDP,
            _port(interface, facts),
            address=_ip(facts.get(f"cdpCacheAddress.{index}", "")),
            name=_said(facts, f"cdpCacheDeviceId.{index}"),
            remote_port=_said(facts, f"cdpCacheDevicePort.{index}"),
            description=" ".join(
                filter(
                    None,
                    (
                        _said(facts, f"cdpCachePlatform.{index}"),
                        _said(facts, f"cdpCacheVersion.{index}"),
                    ),
                )
            ),
        )


def _arp(facts: Mapping[str, str], points: Mapping[str, float]) -> Iterator[Sighting]:
    for index in _rows("ipNetToMediaPhysAddress", facts):
        interface, _, address = index.partition(".")
        if points.get(f"ipNetToMediaType.{index}") != INVALID:
            mac = canonical.mac(facts[f"ipNetToMediaPhysAddress.{index}"]) or ""
            yield Sighting(SightingKind.ARP, _port(interface, facts), mac, _ip(address))
    for index in _rows("ipNetToPhysicalPhysAddress", facts):
        arcs = index.split(".")  # ifIndex, address type, length, octets
        if points.get(f"ipNetToPhysicalType.{index}") != INVALID:
            mac = canonical.mac(facts[f"ipNetToPhysicalPhysAddress.{index}"]) or ""
            yield Sighting(SightingKind.ARP, _port(arcs[0], facts), mac, _address(arcs[3:]))


def _fdb(facts: Mapping[str, str], points: Mapping[str, float]) -> Iterator[Sighting]:
    for prefix in ("dot1dTpFdb", "dot1qTpFdb"):
        for index in _rows(f"{prefix}Port", points):
            if points.get(f"{prefix}Status.{index}", LEARNED) != LEARNED:
                continue
            bridge_port = f"{points[f'{prefix}Port.{index}']:.0f}"
            interface = points.get(f"dot1dBasePortIfIndex.{bridge_port}")
            port = bridge_port if interface is None else _port(f"{interface:.0f}", facts)
            yield Sighting(SightingKind.FDB, port, _mac(index.split(".")[-6:]))


def _port(interface: str, facts: Mapping[str, str]) -> str:
    return _said(facts, f"ifName.{interface}", f"ifDescr.{interface}") or interface


def _said(facts: Mapping[str, str], *names: str) -> str:
    return next((text for name in names if (text := canonical.text(facts.get(name, "")))), "")


def _mac(arcs: list[str]) -> str:
    octets = [int(arc) for arc in arcs if arc.isdecimal() and len(arc) <= 3]
    return ":".join(f"{o:02x}" for o in octets) if len(octets) == 6 and max(octets) < 256 else ""


def _address(arcs: list[str]) -> str:
    """The IP address whose octets are arcs of an index; empty for any other number of them."""
    octets = [int(arc) for arc in arcs if arc.isdecimal() and len(arc) <= 3]
    if len(octets) != len(arcs) or len(octets) not in (4, 16) or max(octets) > 255:
        return ""
    return str(ip_address(bytes(octets)))


def _ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
