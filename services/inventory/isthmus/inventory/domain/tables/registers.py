"""The register of OT assets that regulators ask for, and how much of it is known.

Columns: the high-priority attributes of "Foundations for OT Cybersecurity: Asset Inventory
Guidance for Owners and Operators" (CISA, NSA, EPA, FBI and partners, 13 August 2025).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from isthmus.inventory.domain.query import Condition, Not, Or, equal

Item = Mapping[str, Any]
"""The members of an asset by name."""
GUIDANCE = "Foundations for OT Cybersecurity: Asset Inventory Guidance (CISA, 2025-08-13)"
ALL_SITES = ""
IS_OT: Condition = Not(
    Or(
        (
            *(equal("purdue_level", level) for level in ("4", "5")),
            equal("status", "ignored"),
            *(equal("state", state) for state in ("retired", "disposed")),
        )
    )
)
"""Levels 0 to 3.5 of the Purdue model, and what nobody has given a level yet: left out, it would
be missing without a trace. Not what is ignored, and not what is there no more."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the guidance, and what of an asset answers it."""

    name: str
    title: str
    of: Callable[[Item], str]


def _fields(*names: str) -> Callable[[Item], str]:
    """The first of these fields that is known."""
    return lambda item: next((str(item[name]) for name in names if item.get(name)), "")


def _keys(item: Item, kind: str) -> list[str]:
    """What its identity keys of a kind say."""
    parts = (str(key).split("|", 2) for key in item.get("keys") or ())
    return list(dict.fromkeys(value for _, found, value in parts if found == kind))


def _hosts(item: Item) -> str:
    places = (value.partition("/")[0] for value in _keys(item, "address"))
    hosts = (place.rpartition(":")[0].strip("[]") for place in places)
    return ", ".join(dict.fromkeys(host for host in hosts if host))


def _ports(item: Item) -> str:
    """What somebody has said of its ports, else those that it was read by."""
    places = (value.partition("/")[0] for value in _keys(item, "address"))
    read = dict.fromkeys(place.rpartition(":")[2] for place in places)
    return str(item.get("ports") or ", ".join(read))


ATTRIBUTES = (
    Attribute(
        "protocols", "Active and supported communication protocols", _fields("protocols")
    ),
    Attribute("criticality", "Asset criticality", _fields("criticality")),
    Attribute("asset_number", "Asset number", _fields("asset_number", "asset_tag")),
    Attribute("role", "Asset role or type", _fields("class")),
    Attribute(
        "hostname", "Hostname", lambda item: ", ".join(_keys(item, "hostname"))
        or _fields("name")(item),
    ),
    Attribute("ip_address", "IP address", _hosts),
    Attribute("logging", "Logging", _fields("logging")),
    Attribute("mac_address", "MAC address", lambda item: ", ".join(_keys(item, "mac"))),
    Attribute("manufacturer", "Manufacturer", _fields("vendor")),
    Attribute("model", "Model", _fields("model", "family")),
    Attribute(
        "operating_system", "Operating system", _fields("operating_system", "software", "firmware")
    ),
    Attribute("location", "Physical location", _fields("location", "path")),
    Attribute("ports", "Ports and services", _ports),
    Attribute("accounts", "User accounts", _fields("accounts")),
)  # fmt: skip
NEEDS = (
    "site", "path", "keys", "name", "class", "vendor", "family", "model", "software", "firmware",
    "operating_system", "criticality", "purdue_level", "asset_number", "asset_tag", "location",
    "protocols", "ports", "logging", "accounts",
)  # fmt: skip
"""Fields of an asset that a row is made of."""
HEADINGS = ("Id", "Site", "Purdue level", *(each.title for each in ATTRIBUTES))
MEMBERS = ("id", "site", "purdue_level", *(each.name for each in ATTRIBUTES))


def row(item: Item) -> tuple[str, ...]:
    """One asset as the register has it, beside `MEMBERS`."""
    own = (str(item.get(name) or "") for name in MEMBERS[: -len(ATTRIBUTES)])
    return (*own, *(each.of(item) for each in ATTRIBUTES))


@dataclass(slots=True)
class Coverage:
    """How many assets of a site there are, and how many say each attribute."""

    site: str
    """`ALL_SITES` for all of them together."""
    assets: int = 0
    known: dict[str, int] = field(default_factory=lambda: {a.name: 0 for a in ATTRIBUTES})

    def take(self, row: Sequence[str]) -> None:
        """Count one row."""
        self.assets += 1
        for name, text in zip(MEMBERS, row, strict=True):
            if text and name in self.known:
                self.known[name] += 1

    def percent(self, name: str) -> str:
        """How many per cent of the assets say the attribute; 100.0 only when all do."""
        return _percent(self.known[name], self.assets)

    @property
    def overall(self) -> str:
        """How many per cent of all that the guidance asks for are known."""
        return _percent(sum(self.known.values()), self.assets * len(ATTRIBUTES))


class Coverages:
    """The coverage of each site and of all of them, row by row."""

    def __init__(self) -> None:
        self._sites: dict[str, Coverage] = {}
        self._all = Coverage(ALL_SITES)

    def take(self, row: Sequence[str]) -> None:
        """Count one row."""
        site = row[MEMBERS.index("site")]
        self._sites.setdefault(site, Coverage(site)).take(row)
        self._all.take(row)

    def listed(self) -> list[Coverage]:
        """All together first, then each site by name."""
        return [self._all, *(self._sites[site] for site in sorted(self._sites))]


def coverage_rows(coverages: Iterable[Coverage]) -> list[tuple[str, ...]]:
    """The coverages as a table with its headings."""
    heads = ("Site", "Assets", "Overall %", *(f"{each.title} %" for each in ATTRIBUTES))
    return [heads, *(
        (
            each.site or "all", str(each.assets), each.overall,
            *(each.percent(attribute.name) for attribute in ATTRIBUTES),
        )
        for each in coverages
    )]  # fmt: skip


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0.0"
    return str((Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_DOWN))
