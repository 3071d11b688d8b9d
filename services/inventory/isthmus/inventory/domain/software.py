"""The software portfolio: which products are installed, in which versions, and what ends when."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.money.figures import figures
from isthmus.inventory.domain.money.forecast import End, Knowledge, life

CLASSES = ("application", "software")
INSTALLED = "installed_on"
"""The relation of a report of what is installed on the device that shows it."""
NAMED_BY = ("family", "model", "name")
VERSION = ("software", "firmware")
KEY_CHARACTERS_MAX = 200
BLANKS = re.compile(r"\s+")
COSTS = ("purchase_price", "running_cost_per_year")
FIELDS = ("vendor", *NAMED_BY, *VERSION, "end_of_support", "lifecycle", *COSTS, "currency")
"""What the portfolio needs to know of an asset."""


def product_key(asset: Asset) -> str:
    """What one product has in common: maker and name in small letters; empty for no software.

    Makers and families are one word already where the normaliser knows them.
    """
    if not is_software(asset):
        return ""
    vendor, name = asset.attributes.get("vendor", ""), product_name(asset.attributes)
    return f"{_folded(vendor)}|{_folded(name)}"[:KEY_CHARACTERS_MAX]


def is_software(asset: Asset) -> bool:
    """Whether it is an application, or was found installed on something."""
    installed = any(v.relation and v.relation.kind == INSTALLED for v in asset.views)
    return installed or asset.attributes.get("class", "") in CLASSES


def product_name(attributes: Mapping[str, str]) -> str:
    """What a product is called: its family where the maker names one."""
    return next(filter(None, (attributes.get(name, "") for name in NAMED_BY)), "")


def version_of(attributes: Mapping[str, str]) -> str:
    """Its version; empty when nobody knows it."""
    return next(filter(None, (attributes.get(name, "") for name in VERSION)), "")


def _folded(text: str) -> str:
    return BLANKS.sub(" ", text).strip().casefold()


@dataclass(frozen=True, slots=True)
class Installation:
    """One product on one host, as it is now."""

    id: str
    product: str
    """The key of its product."""
    vendor: str
    name: str
    version: str
    site: str
    hosts: tuple[str, ...]
    """What it is installed on: the sources that show the hosts."""
    end: End
    cost: "Cost | None" = None
    """What it cost and costs, as far as somebody says so."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some installations cost, in one currency."""

    currency: str
    purchase: Decimal = Decimal(0)
    per_year: Decimal = Decimal(0)

    def __add__(self, other: "Cost") -> "Cost":
        """Both together; their currency is the same."""
        purchase, per_year = self.purchase + other.purchase, self.per_year + other.per_year
        return Cost(self.currency, purchase, per_year)


@dataclass
class Tally:
    """What is counted of some installations."""

    installations: int = 0
    hosts: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    costs: dict[str, Cost] = field(default_factory=dict)

    def take(self, each: Installation) -> None:
        """Count one more."""
        self.installations += 1
        self.hosts.update(each.hosts)
        self.sites.add(each.site)
        if cost := each.cost:
            known = self.costs.get(cost.currency)
            self.costs[cost.currency] = known + cost if known else cost


@dataclass
class Release:
    """One version of a product."""

    version: str
    end: End
    """The earliest of its installations' that is known."""
    tally: Tally = field(default_factory=Tally)


@dataclass
class Product:
    """One product of a maker, in all its versions."""

    key: str
    vendor: str
    name: str
    tally: Tally = field(default_factory=Tally)
    releases: dict[str, Release] = field(default_factory=dict)
    applications: dict[str, str] = field(default_factory=dict)
    """Versions by the ids of what no report has found installed: people say where it runs."""
    used_by: set[str] = field(default_factory=set)
    """Sites of the assets that use it."""

    def take(self, each: Installation) -> None:
        """Count one more installation."""
        self.tally.take(each)
        release = self.releases.setdefault(each.version, Release(each.version, each.end))
        release.end = min(release.end, each.end, key=_urgency)
        release.tally.take(each)
        if not each.hosts:
            self.applications[each.id] = each.version

    def runs_on(self, id: str, host: str) -> None:
        """Count the host of an application, as people say it."""
        self.tally.hosts.add(host)
        self.releases[self.applications[id]].tally.hosts.add(host)

    def ended(self, on: date) -> int:
        """Installations of versions that nobody mends any more on a day."""
        over = (r for r in self.releases.values() if r.end.last and r.end.last < on)
        return sum(release.tally.installations for release in over)


def installation(
    id: str, product: str, site: str, hosts: Iterable[str], attributes: Mapping[str, str]
) -> Installation:
    """The installation that an asset with these fields is."""
    return Installation(
        id, product, attributes.get("vendor", ""), product_name(attributes),
        version_of(attributes), site, tuple(hosts), life(attributes), _cost(attributes),
    )  # fmt: skip


def _cost(attributes: Mapping[str, str]) -> Cost | None:
    if attributes.keys().isdisjoint(COSTS):
        return None
    found = figures(attributes)
    purchase, per_year = (found.numbers.get(name, Decimal(0)) for name in COSTS)
    return Cost(found.currency, purchase, per_year)


def products(installations: Iterable[Installation]) -> list[Product]:
    """The products of installations that stand in the order of their products."""
    found: list[Product] = []
    for each in installations:
        if not found or found[-1].key != each.product:
            found.append(Product(each.product, each.vendor, each.name))
        found[-1].take(each)
    return found


def _urgency(end: End) -> tuple[int, date]:
    """The less, the sooner it ends as far as anybody knows; no knowledge comes last."""
    order = (Knowledge.KNOWN, Knowledge.SUPPORTED_NO_DATE, Knowledge.UNKNOWN)
    return order.index(end.state), end.last or date.max
