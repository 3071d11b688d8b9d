"""Identity keys: the typed claims by which inventory knows a device again."""

import re
from collections.abc import Callable, Iterator, Mapping

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.appearance import Appearance, Said
from isthmus.normalizer.domain.attributes import UNRECOGNISED, is_placeholder_serial
from isthmus.normalizer.domain.catalog import Catalog, KeyRule, Traps
from isthmus.normalizer.domain.report import GLOBAL, Attribute, Key, Tier

# ifType of ports that carry a MAC of their own: ethernetCsmacd, fastEther, fastEtherFX, ieee80211,
# gigabitEthernet (IANAifType-MIB); VLAN, tunnel and loopback interfaces repeat one.
PHYSICAL_PORTS = frozenset({6, 62, 69, 71, 117})
ENGINE_ID_OCTETS_MIN, ENGINE_ID_OCTETS_MAX = 5, 32  # SNMP-FRAMEWORK-MIB, SnmpEngineID
ENGINE_ID_MAC = "03"  # its fifth octet: the sixth on are a MAC address
THUMBPRINT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # SHA-1 or SHA-256
UNCONFIGURED = frozenset({"1234", "4194303"})  # BACnet: makers' default, ASHRAE 135's "none"
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")  # ISO 3779


def keys(
    said: Said, appearance: Appearance, attributes: tuple[Attribute, ...], catalog: Catalog
) -> tuple[Key, ...]:
    """The keys of a device that answered, strongest tier first."""
    found = {address_key(appearance.site, appearance.address, appearance.path)}
    found.update(serial_keys(attributes, catalog))
    for rule in catalog.keys:
        found.update(_by_rule(rule, said, appearance, attributes, catalog))
    if not appearance.path:
        found.update(_own_macs(said, appearance.site, catalog.traps))
    return tuple(sorted(key for key in found if key.value))


def address_key(site: str, address: str, path: str) -> Key:
    """Where the device answers: an address means something within its site only."""
    value = f"{address}/{path}" if path else address
    return Key(Tier.WEAK, site, "address", canonical.text(value))


def serial_keys(attributes: tuple[Attribute, ...], catalog: Catalog) -> Iterator[Key]:
    """The serial number, which is unique among the devices of a vendor that we know."""
    said = {a.name: a for a in attributes}
    if "serial" not in said or not (vendor := _vendor(attributes, catalog)):
        return
    serial = canonical.serial(said["serial"].value)
    if not is_placeholder_serial(serial, catalog):
        yield Key(Tier.UNIQUE, GLOBAL, "serial", f"{vendor}/{serial}")


def macs(said: Said, traps: Traps) -> list[str]:
    """MAC addresses of its own: the bridge's, then those of its physical ports in their order."""
    bridge = canonical.mac(said.facts.get("dot1dBaseBridgeAddress", ""))
    ports = sorted(mac for mac in _port_macs(said) if is_own(mac, traps))
    return [mac for mac in (bridge, *ports) if mac and is_own(mac, traps)]


def is_own(mac: str, traps: Traps) -> bool:
    """Did a maker give this address to one card, which it is not shared or moved with?"""
    return canonical.is_universal_unicast(mac) and not mac.startswith(traps.mac_prefixes)


def _by_rule(
    rule: KeyRule,
    said: Said,
    appearance: Appearance,
    attributes: tuple[Attribute, ...],
    catalog: Catalog,
) -> Iterator[Key]:
    place = rule.fact
    if "@" in place:
        column, row = place.split("@")
        place = f"{column}.{said.row(catalog.rows[row], column)}"
    raw = said.facts.get(place, "")
    if not raw or canonical.folded(raw) in catalog.traps.texts:
        return
    if appearance.path and rule.tier is not Tier.UNIQUE:
        return  # behind an endpoint, these are the endpoint's own
    value = FORMS[rule.form](raw, catalog.traps)
    if rule.of_vendor and value:
        vendor = _vendor(attributes, catalog)
        value = f"{vendor}/{value}" if vendor else ""
    if value:
        yield Key(rule.tier, GLOBAL if rule.is_global else appearance.site, rule.kind, value)


def _vendor(attributes: tuple[Attribute, ...], catalog: Catalog) -> str:
    said = next((a for a in attributes if a.name == "vendor"), None)
    if said is None or said.rule.startswith(UNRECOGNISED):
        return ""
    vendor = catalog.vendor(said.value)
    return canonical.slug(vendor.name) if vendor else ""


def _own_macs(said: Said, site: str, traps: Traps) -> Iterator[Key]:
    found = macs(said, traps)
    bridge = canonical.mac(said.facts.get("dot1dBaseBridgeAddress", ""))
    lowest = found[:2] if bridge in found else found[:1]
    yield from (Key(Tier.STRONG, site, "mac", mac) for mac in lowest)


def _port_macs(said: Said) -> Iterator[str]:
    for index, raw in said.column("ifPhysAddress"):
        mac = canonical.mac(raw)
        if mac and said.numbers.get(f"ifType.{index}", 6) in PHYSICAL_PORTS:
            yield mac


def _mac(raw: str, traps: Traps) -> str:
    mac = canonical.mac(raw)
    return mac if mac and is_own(mac, traps) else ""


def _uuid(raw: str, traps: Traps) -> str:
    uuid = canonical.uuid(raw)
    return uuid if uuid and uuid not in traps.uuids else ""


def _engine_id(raw: str, traps: Traps) -> str:
    digits = "".join(raw.lower().removeprefix("0x").replace(":", " ").split())
    is_hex = not set(digits) - set("0123456789abcdef")
    # Behind the enterprise number (4 octets) only zeros, or nothing, tell no two devices apart.
    is_long = ENGINE_ID_OCTETS_MIN * 2 <= len(digits) <= ENGINE_ID_OCTETS_MAX * 2
    tells = is_long and digits[10:].strip("0") and digits not in traps.engine_ids
    if not is_hex or not tells:
        return ""
    mac = canonical.mac(digits[10:]) if digits[8:10] == ENGINE_ID_MAC else None
    return "" if mac and mac.startswith(traps.mac_prefixes) else digits


def _hostname(raw: str, traps: Traps) -> str:
    host = canonical.host(raw)
    is_address = host.isdecimal()  # what is left of 10.0.0.1
    return "" if is_address or host in traps.hostnames else host


def _application_uri(raw: str, traps: Traps) -> str:
    uri = canonical.text(raw)
    return "" if uri.casefold().startswith(traps.application_uris) else uri


def _thumbprint(raw: str, traps: Traps) -> str:
    digits = re.sub(r"[\s:]", "", raw).lower()
    return digits if THUMBPRINT.fullmatch(digits) else ""


def _serial(raw: str, traps: Traps) -> str:
    serial = canonical.serial(raw)
    return "" if len(set(serial)) < 2 or serial in traps.serials else serial


def _bacnet_instance(raw: str, traps: Traps) -> str:
    instance = canonical.text(raw)
    return instance if instance.isdecimal() and instance not in UNCONFIGURED else ""


def _vin(raw: str, traps: Traps) -> str:
    vin = canonical.serial(raw)
    return vin if VIN.fullmatch(vin) else ""


FORMS: Mapping[str, Callable[[str, Traps], str]] = {
    "application_uri": _application_uri,
    "bacnet_instance": _bacnet_instance,
    "engine_id": _engine_id,
    "hostname": _hostname,
    "mac": _mac,
    "serial": _serial,
    "text": lambda raw, traps: canonical.text(raw),
    "thumbprint": _thumbprint,
    "uuid": _uuid,
    "vin": _vin,
}
"""The canonical form of a fact as a key; nothing when it is one that many devices share."""
