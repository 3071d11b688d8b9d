"""Identity keys: the typed claims by which inventory knows a device again."""

from collections.abc import Iterator

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.appearance import Appearance, Said
from isthmus.normalizer.domain.attributes import is_placeholder_serial
from isthmus.normalizer.domain.catalog import Catalog, Traps
from isthmus.normalizer.domain.report import GLOBAL, Attribute, Key, Tier

# ifType of ports that carry a MAC of their own: ethernetCsmacd, fastEther, fastEtherFX, ieee80211,
# gigabitEthernet (IANAifType-MIB); VLAN, tunnel and loopback interfaces repeat one.
PHYSICAL_PORTS = frozenset({6, 62, 69, 71, 117})
ENGINE_ID_OCTETS_MIN = 5  # SNMP-FRAMEWORK-MIB, SnmpEngineID


def keys(
    said: Said, appearance: Appearance, attributes: tuple[Attribute, ...], catalog: Catalog
) -> tuple[Key, ...]:
    """The keys of a device that answered, strongest tier first."""
    found = {*_unique(said, attributes, catalog), *_weak(said, appearance, catalog)}
    found.add(address_key(appearance.site, appearance.address, appearance.path))
    if not appearance.path:
        found.update(_strong(said, appearance.site, catalog.traps))
    return tuple(sorted(key for key in found if key.value))


def address_key(site: str, address: str, path: str) -> Key:
    """Where the device answers: an address means something within its site only."""
    value = f"{address}/{path}" if path else address
    return Key(Tier.WEAK, site, "address", canonical.text(value))


def _unique(said: Said, attributes: tuple[Attribute, ...], catalog: Catalog) -> Iterator[Key]:
    values = {a.name: a.value for a in attributes if not a.rule.startswith("unrecognised:")}
    serial = _serial(values.get("serial", ""), values.get("vendor", ""), catalog)
    if serial:
        yield Key(Tier.UNIQUE, GLOBAL, "serial", serial)
    instance = canonical.text(said.facts.get("ProductInstanceUri", ""))
    if instance and canonical.folded(instance) not in catalog.traps.texts:
        yield Key(Tier.UNIQUE, GLOBAL, "product-instance-uri", instance)
    row = said.row(catalog.rows["chassis"], "entPhysicalUUID")
    uuid = canonical.uuid(said.facts.get(f"entPhysicalUUID.{row}", ""))
    if uuid and uuid not in catalog.traps.uuids:
        yield Key(Tier.UNIQUE, GLOBAL, "uuid", uuid)


def _serial(value: str, vendor_name: str, catalog: Catalog) -> str:
    serial = canonical.serial(value)
    vendor = catalog.vendor(vendor_name)
    if vendor is None or is_placeholder_serial(serial, catalog):
        return ""
    return f"{canonical.slug(vendor.name)}/{serial}"


def _strong(said: Said, site: str, traps: Traps) -> Iterator[Key]:
    bridge = canonical.mac(said.facts.get("dot1dBaseBridgeAddress", ""))
    ports = sorted(m for m in _port_macs(said) if _is_own(m, traps))
    macs = [m for m in (bridge, *ports[:1]) if m and _is_own(m, traps)]
    yield from (Key(Tier.STRONG, site, "mac", mac) for mac in macs)
    chassis = canonical.mac(said.facts.get("lldpLocChassisId", ""))
    if chassis and _is_own(chassis, traps):
        yield Key(Tier.STRONG, site, "lldp-chassis", chassis)
    engine = _engine_id(said.facts.get("snmpEngineID", ""))
    if engine and engine not in traps.engine_ids:
        yield Key(Tier.STRONG, site, "engine-id", engine)
    uri = canonical.text(said.facts.get("ApplicationUri", ""))
    if uri and not uri.casefold().startswith(traps.application_uris):
        yield Key(Tier.STRONG, site, "application-uri", uri)


def _port_macs(said: Said) -> Iterator[str]:
    for index, raw in said.column("ifPhysAddress"):
        mac = canonical.mac(raw)
        if mac and said.numbers.get(f"ifType.{index}", 6) in PHYSICAL_PORTS:
            yield mac


def _is_own(mac: str, traps: Traps) -> bool:
    return canonical.is_universal_unicast(mac) and not mac.startswith(traps.mac_prefixes)


def _engine_id(raw: str) -> str:
    digits = "".join(raw.lower().removeprefix("0x").replace(":", " ").split())
    is_hex = not set(digits) - set("0123456789abcdef")
    # Behind the enterprise number (4 octets) only zeros, or nothing, tell no two devices apart.
    tells = len(digits) >= ENGINE_ID_OCTETS_MIN * 2 and bool(digits[10:].strip("0"))
    return digits if is_hex and tells else ""


def _weak(said: Said, appearance: Appearance, catalog: Catalog) -> Iterator[Key]:
    host = canonical.host(said.facts.get("sysName", ""))
    if host and host not in catalog.traps.hostnames:
        yield Key(Tier.WEAK, appearance.site, "hostname", host)
