"""The catalogue as the domain reads it: vendors, classes, keys, parts, values, lifecycles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from isthmus.normalizer.domain import canonical
from isthmus.normalizer.domain.families import OID, Families, Pattern
from isthmus.normalizer.domain.report import Health, Kind, Tier

SNMP = "snmp"
IMPORT = "import"
"""Protocol word of what a system of record says: nobody asked the device."""
REGISTRIES = {"cip_vendor_id": "cip", "bacnet_vendor_id": "bacnet"}
"""Facts that hold a vendor's number, and the field of `Vendor` that has those it was given."""
URIS = ("ManufacturerUri", "ProductInstanceUri", "ProductUri", "ApplicationUri")
"""Facts whose host names tell the maker, the surest first."""
MARKS = re.compile(r"\((?:R|C|TM)\)|[®©™]")


@dataclass(frozen=True)
class Vendor:
    """A vendor under its display name."""

    name: str
    aliases: tuple[str, ...] = ()
    pens: tuple[int, ...] = ()
    """Private enterprise numbers (IANA)."""
    cip: tuple[int, ...] = ()
    """Vendor ids of ODVA."""
    bacnet: tuple[int, ...] = ()
    """Vendor ids of ASHRAE."""
    uris: tuple[str, ...] = ()
    """Internet host names in what it calls its products (OPC UA)."""
    serial_prefixes: tuple[str, ...] = ()
    version_words: tuple[str, ...] = ()
    versions: str = "dotted"
    """How it counts versions, a name of `versions.SCHEMES`."""


@dataclass(frozen=True)
class DeviceClass:
    """What is assumed of a class of devices until somebody says otherwise."""

    purdue_level: str
    criticality: str


@dataclass(frozen=True)
class Lifecycle:
    """What a maker has said of a family's life; `when` narrows it to some of its devices."""

    family: str
    state: str
    when: Mapping[str, Pattern]
    released: str = ""
    end_of_sale: str = ""
    end_of_support: str = ""


@dataclass(frozen=True, eq=False)
class HealthRule:
    """What the values of one fact or point mean in the words of NAMUR NE 107."""

    name: str
    values: Mapping[str, Health] = field(default_factory=dict)
    bits: Mapping[int, Health] = field(default_factory=dict)
    octets: Mapping[int, Health] = field(default_factory=dict)
    otherwise: Health = Health.UNKNOWN
    protocol: str = ""
    vendor: str = ""


@dataclass(frozen=True)
class MetricRule:
    """How objects of a MIB become one metric in a UCUM unit."""

    metric: str
    unit: str
    of: str
    aggregate: str = "first"
    scale: float = 1
    whole: str = ""
    equals: float | None = None
    missing: tuple[float, ...] = ()
    where: str = ""
    among: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeyRule:
    """A fact that is an identity key; `form` is one of `keys.FORMS`."""

    fact: str
    kind: str
    tier: Tier
    form: str
    is_global: bool = False
    of_vendor: bool = False
    """Unique among the devices of one vendor."""


@dataclass(frozen=True)
class Part:
    """Rows of a table that are devices of their own.

    `says` gives for each attribute the column that says it, `classes` the device class for each
    value of the column `class_column`; other rows are left out, and so is the one that describes
    the device itself. A part without `needs` would have nothing to be known by.
    """

    column: str
    relation: Kind
    says: Mapping[str, str]
    needs: tuple[str, ...] = ()
    class_column: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    of_classes: frozenset[str] = frozenset()
    """Classes of devices that have such parts; all when it is empty."""
    position: str = ""
    recognised_only: bool = False


@dataclass(frozen=True)
class Traps:
    """Values that look like an identity and are none."""

    serials: frozenset[str]
    texts: frozenset[str]
    uuids: frozenset[str]
    mac_prefixes: tuple[str, ...]
    card_makers: frozenset[str]
    """Whose address blocks say who made a card, not who made the device."""
    engine_ids: frozenset[str]
    application_uris: tuple[str, ...]
    hostnames: frozenset[str]


@dataclass(frozen=True)
class Row:
    """Which index of a table describes the device itself: where `column` has the value `equals`."""

    column: str
    equals: float


class Organisations(Protocol):
    """Who the IEEE gave an address block to."""

    def __call__(self, mac: str) -> str:
        """The organisation that a MAC address aa:bb:cc:dd:ee:ff belongs to; empty for none."""
        ...


@dataclass(frozen=True, eq=False)
class Catalog:
    """All that the normaliser knows of the world outside."""

    vendors: tuple[Vendor, ...]
    classes: Mapping[str, DeviceClass]
    sources: Mapping[str, Mapping[str, tuple[str, ...]]]
    rows: Mapping[str, Row]
    families: Families
    lifecycles: Mapping[str, Sequence[Lifecycle]]
    keys: tuple[KeyRule, ...]
    parts: tuple[Part, ...]
    health: tuple[HealthRule, ...]
    metrics: tuple[MetricRule, ...]
    ranges: Mapping[str, tuple[float, float]]
    traps: Traps
    organisation: Organisations
    recorded: frozenset[str] = frozenset()
    """Facts of imports that are attributes as they stand."""
    fingerprint: str = ""
    """Of all its files: which rules made a report."""

    def vendor(self, raw: str) -> Vendor | None:
        """The vendor that spells itself like this, or None."""
        names = canonical.vendor_names(raw)
        return next((self._by_alias[name] for name in names if name in self._by_alias), None)

    def without_maker(self, model: str, vendor: Vendor) -> str:
        """A model without its maker's name before it, marks, and the word "series" behind it."""
        words = MARKS.sub("", model).split()
        if len(words) > 1 and words[-1].casefold() == "series":
            words.pop()
        maker = len(canonical.folded(vendor.name).split())
        rest = " ".join(words[maker:])
        is_its_name = canonical.folded(" ".join(words[:maker])) == canonical.folded(vendor.name)
        tells = any(map(str.isdigit, rest)) and any(map(str.isalpha, rest))
        return rest if is_its_name and tells else " ".join(words)

    def vendor_of_pen(self, oid: str) -> Vendor | None:
        """The vendor whose private enterprise number (IANA) is in the OID, or None."""
        parts = oid.removeprefix(".").split(".", 7)
        if parts[:6] != ["1", "3", "6", "1", "4", "1"] or len(parts) < 7:
            return None
        return self._by_pen.get(parts[6])

    def vendor_of_number(self, registry: str, raw: str) -> Vendor | None:
        """The vendor of a number in a registry, one of `REGISTRIES`, or None."""
        return self._by_number.get((registry, raw.strip()))

    def vendor_of_uri(self, uri: str) -> Vendor | None:
        """The vendor whose host name is in the URI, or None."""
        host = canonical.uri_host(uri)
        labels = host.split(".")
        if len(labels) == 1:  # urn:softing:…, urn:wago-com:…
            return self.vendor(host) if host else None
        names = (".".join(labels[at:]) for at in range(len(labels) - 1))
        return next((self._by_uri[name] for name in names if name in self._by_uri), None)

    @cached_property
    def stable(self) -> frozenset[str]:
        """Objects that say who a device is and how it is built; others change with each read."""
        sources = {s for kind in self.sources.values() for names in kind.values() for s in names}
        columns = {row.column for row in self.rows.values()}
        filters = {rule.where for rule in self.metrics if rule.where}
        parts = {
            column
            for part in self.parts
            for column in (part.column, part.class_column, part.position, *part.says.values())
            if column
        }
        keys = {rule.fact for rule in self.keys}
        names = sources | columns | filters | parts | keys | self.families.facts
        return frozenset({base(name) for name in names}) | KEY_FACTS

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
    def _by_number(self) -> Mapping[tuple[str, str], Vendor]:
        return {
            (fact, str(number)): vendor
            for vendor in self.vendors
            for fact, registry in REGISTRIES.items()
            for number in getattr(vendor, registry)
        }

    @cached_property
    def _by_uri(self) -> Mapping[str, Vendor]:
        return {uri.lower(): vendor for vendor in self.vendors for uri in vendor.uris}


# Read by the code itself, beside what rules name.
KEY_FACTS = frozenset(
    {"dot1dBaseBridgeAddress", "ifPhysAddress", "ifType", OID, *URIS, *REGISTRIES}
)


def base(name: str) -> str:
    """The column of `ifPhysAddress.2` or `entPhysicalMfgName@chassis`; other names as they are."""
    return name.partition(".")[0].partition("@")[0]
