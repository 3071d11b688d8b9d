"""Books, assets and what contracts cover, in memory: for tests of what stands upon them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic

from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.money.books import B, Version
from isthmus.inventory.domain.money.contracts import Contract, Coverage, Stock, Work
from isthmus.inventory.domain.money.money import RateTable
from isthmus.inventory.handlers.money.costs import Costs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def asset(id: str, path: str = "nordwerk/hagen/press-shop/line-1", **more: Any) -> Asset:
    """An asset on the site that its path names; fields are what `more` says, but for status."""
    status = more.pop("status", Status.ACCEPTED)
    site = path.split("/")[1] if "/" in path else path
    fields = {name.removesuffix("_"): value for name, value in more.items()}
    return Asset(id, NOON, NOON, attributes=fields, site=site, path=path, status=status, revision=1)


@dataclass
class MemoryBook(Generic[B]):
    """A book that is gone with its test."""

    kept: dict[str, list[Version[B]]] = field(default_factory=dict)

    async def latest(self, id: str) -> Version[B] | None:
        return self.kept[id][-1] if id in self.kept else None

    async def versions(self, id: str) -> list[Version[B]]:
        return list(self.kept.get(id, []))

    async def write(self, version: Version[B]) -> bool:
        stands = self.kept.setdefault(version.id, [])
        if len(stands) != version.revision - 1:
            return False
        stands.append(version)
        return True

    async def listed(
        self, *, sites: frozenset[str] | None, about: str = "", after: str, limit: int
    ) -> list[Version[B]]:
        return [
            each
            for each in self._live()
            if each.value
            and each.cursor > after
            and (sites is None or each.value.site in sites)
            and (not about or about in each.value.about)
        ][:limit]

    async def about(self, things: Collection[str]) -> list[Version[B]]:
        return [e for e in self._live() if e.value and not set(things).isdisjoint(e.value.about)]

    def put(self, id: str, value: B) -> None:
        """Note a value, by nobody in particular."""
        stands = self.kept.setdefault(id, [])
        stands.append(Version(id, len(stands) + 1, NOON, "someone", value))

    def _live(self) -> list[Version[B]]:
        last = [versions[-1] for versions in self.kept.values()]
        return sorted((each for each in last if each.value), key=lambda each: each.cursor)


@dataclass
class MemoryHoldings:
    """Assets; those that were merged into others lead on to them."""

    kept: dict[str, Asset] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def put(self, *assets: Asset) -> None:
        """Hold these assets."""
        self.kept |= {each.id: each for each in assets}

    async def assets(self, sites: frozenset[str] | None, after: str, limit: int) -> list[Asset]:
        self.asked += 1
        known = sorted(self.kept.items())
        seen = [each for id, each in known if id > after and (sites is None or each.site in sites)]
        return seen[:limit]

    async def asset(self, id: str, sites: frozenset[str] | None) -> Asset | None:
        found = self.kept.get(id)
        return found if found and (sites is None or found.site in sites) else None

    async def places(self, site: str) -> list[Stock]:
        return [
            Stock(each.site, each.path, 1, _price(each))
            for each in self.kept.values()
            if each.status is not Status.IGNORED and site in ("", each.site)
        ]

    async def named(self, ids: Collection[str]) -> Coverage:
        prices: dict[str, Decimal] = defaultdict(Decimal)
        for id in {self.into.get(id, id) for id in ids} & self.kept.keys():
            for currency, price in _price(self.kept[id]).items():
                prices[currency] += price
        return Coverage(len(ids), prices)

    async def merged(self, ids: Collection[str]) -> Mapping[str, str]:
        return {former: now for former, now in self.into.items() if now in ids}


def _price(asset: Asset) -> dict[str, Decimal]:
    price = asset.attributes.get("purchase_price")
    return {asset.attributes.get("currency", ""): Decimal(price)} if price else {}


@dataclass
class World:
    """All that costs follow from."""

    holdings: MemoryHoldings = field(default_factory=MemoryHoldings)
    contracts: MemoryBook[Contract] = field(default_factory=MemoryBook)
    maintenance: MemoryBook[Work] = field(default_factory=MemoryBook)
    rates: MemoryBook[RateTable] = field(default_factory=MemoryBook)

    @property
    def costs(self) -> Costs:
        """What answers from them."""
        return Costs(self.holdings, self.contracts, self.maintenance, self.rates, self.holdings)
