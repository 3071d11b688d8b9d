"""The catalogue as the domain reads it: what is known of vendors, families, classes and values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.report import Health

SNMP = "snmp"


@dataclass(frozen=True)
class Vendor:
    """A vendor under its display name."""

    name: str
    aliases: tuple[str, ...] = ()
    pens: tuple[int, ...] = ()
    serial_prefixes: tuple[str, ...] = ()
    version_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """What is known of devices that say this; all conditions must hold.

    `gives` decides an attribute. A named group of a pattern only fills one that nothing else gave,
    and so does everything of a family known by `profile`: what a device says beats how it is read.
    """

    name: str
    gives: Mapping[str, str]
    oid: str = ""
    vendor: str = ""
    profile: str = ""
    says: Mapping[str, re.Pattern[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class HealthRule:
    """What the values of one fact or point mean in the words of NE 107.

    `bits` counts from the least bit of a number, `octets` from the first bit of a hexadecimal text
    (SNMP BITS and the like, RFC 2578).
    """

    name: str
    values: Mapping[str, Health] = field(default_factory=dict)
    bits: Mapping[int, Health] = field(default_factory=dict)
    octets: Mapping[int, Health] = field(default_factory=dict)
    otherwise: Health = Health.UNKNOWN
    protocol: str = ""
    vendor: str = ""


@dataclass(frozen=True)
class MetricRule:
    """How points of a MIB become one metric.

    `of` is the point; with `whole` the metric is the percentage `of` / `whole` at the same index.
    `where` keeps only the indices at which another object has one of these values.
    """

    metric: str
    unit: str
    of: str
    aggregate: str = "first"
    scale: float = 1.0
    whole: str = ""
    equals: float | None = None
    missing: tuple[float, ...] = ()
    where: str = ""
    among: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Traps:
    """Values that look like an identity and are none."""

    serials: frozenset[str]
    texts: frozenset[str]
    uuids: frozenset[str]
    mac_prefixes: tuple[str, ...]
    engine_ids: frozenset[str]
    application_uris: tuple[str, ...]
    hostnames: frozenset[str]


@dataclass(frozen=True)
class Row:
    """Which index of a table describes the device itself: where `column` has the value `equals`."""

    column: str
    equals: float


@dataclass(frozen=True)
class Catalog:
    """All that the normaliser knows of the world outside."""

    vendors: tuple[Vendor, ...]
    classes: Mapping[str, str]
    sources: Mapping[str, Mapping[str, tuple[str, ...]]]
    rows: Mapping[str, Row]
    families: tuple[Family, ...]
    health: tuple[HealthRule, ...]
    metrics: tuple[MetricRule, ...]
    traps: Traps

    def vendor(self, raw: str) -> Vendor | None:
        """The vendor that spells itself like this, or None."""
        names = canonical.vendor_names(raw)
        return next((self._by_alias[name] for name in names if name in self._by_alias), None)

    def vendor_of_pen(self, oid: str) -> Vendor | None:
        """The vendor whose private enterprise number (IANA) is in the OID, or None."""
        parts = oid.removeprefix(".").split(".", 7)
        if parts[:6] != ["1", "3", "6", "1", "4", "1"] or len(parts) < 7:
            return None
        return self._by_pen.get(parts[6])

    def families_of(self, oid: str, vendor: str, profile: str) -> Iterator[Family]:
        """The families that may fit, best evidence first; the caller checks what they say."""
        parts = oid.removeprefix(".").split(".") if oid else []
        for count in range(len(parts), 0, -1):
            yield from self._by_oid.get(".".join(parts[:count]), ())
        for name in dict.fromkeys((vendor, "")):
            yield from self._by_vendor.get(name, ())
        yield from self._by_profile.get(profile, ())

    @cached_property
    def stable(self) -> frozenset[str]:
        """Objects that say who a device is and how it is built; others change with each read."""
        sources = {s for kind in self.sources.values() for names in kind.values() for s in names}
        columns = {row.column for row in self.rows.values()}
        said = {name for family in self.families for name in family.says}
        filters = {rule.where for rule in self.metrics if rule.where}
        return frozenset({base(name) for name in sources | columns | said | filters}) | KEY_FACTS

    @cached_property
    def _by_alias(self) -> Mapping[str, Vendor]:
        return {
            name: vendor
            for vendor in self.vendors
            for alias in (vendor.name, *vendor.aliases)
            for name in list(canonical.vendor_names(alias))[:1]
        }

    @cached_property
    def _by_pen(self) -> Mapping[str, Vendor]:
        return {str(pen): vendor for vendor in self.vendors for pen in vendor.pens}

    @cached_property
    def _by_oid(self) -> Mapping[str, list[Family]]:
        return _grouped(self.families, "oid")

    @cached_property
    def _by_profile(self) -> Mapping[str, list[Family]]:
        return _grouped([f for f in self.families if not f.oid], "profile")

    @cached_property
    def _by_vendor(self) -> Mapping[str, list[Family]]:
        rest = [f for f in self.families if not f.oid and not f.profile]
        return _grouped(rest, "vendor", keep_empty=True)


KEY_FACTS = frozenset(
    {
        "ApplicationUri",
        "ProductInstanceUri",
        "dot1dBaseBridgeAddress",
        "entPhysicalUUID",
        "ifPhysAddress",
        "ifType",
        "lldpLocChassisId",
        "snmpEngineID",
        "sysName",
        "sysObjectID",
    }
)


def base(name: str) -> str:
    """The column of `ifPhysAddress.2` or `entPhysicalMfgName@chassis`; other names as they are."""
    return name.partition(".")[0].partition("@")[0]


def _grouped(
    families: tuple[Family, ...] | list[Family], by: str, *, keep_empty: bool = False
) -> dict[str, list[Family]]:
    groups: dict[str, list[Family]] = {}
    for family in families:
        if keep_empty or getattr(family, by):
            groups.setdefault(getattr(family, by), []).append(family)
    return groups
