"""Answers what assets cost and when they end, from the books and the assets as they are now."""

import time
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.money.books import Version
from isthmus.inventory.domain.money.contracts import (
    Contract,
    Coverage,
    Stock,
    Work,
    coverage,
    everything_of,
)
from isthmus.inventory.domain.money.cost import (
    Account,
    Cost,
    Grouping,
    Line,
    Share,
    Term,
    Total,
    cost,
    group,
    summed,
)
from isthmus.inventory.domain.money.figures import figures
from isthmus.inventory.domain.money.forecast import End, Forecast, Subject, ends
from isthmus.inventory.domain.money.money import RATE_AGE_MAX, Money, Rate, Rates, RateTable
from isthmus.inventory.domain.money.replacement import Comparison, Question, compare
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.ports.assets import Holdings
from isthmus.inventory.ports.money import Book, Covered
from isthmus.runtime.access import Sites

READ_ASSETS = 2_000  # at once: a store may walk all of them for each page
PAGE_ASSETS = 200  # one portion of work, after which others have their turn
FRESH_S = 60
"""How long it counts for the cost of one asset what else its contracts cover."""
PAGE_CONTRACTS = 1_000
GROUPS_MAX = 5_000
LEAST = Decimal("0.0001")  # a remainder below it is what dividing by three leaves


Named = Callable[[Collection[str]], Awaitable[Coverage]]
Places = Callable[[str], Awaitable[list[Stock]]]


@dataclass(frozen=True, slots=True)
class Report:
    """The costs of groups of assets, and what no asset bears."""

    groups: Mapping[str, Total]
    unassigned: Cost
    """Contracts as far as no asset bears them: it is gone, came later, or none is covered."""
    rates: Mapping[str, Rate | None]


class Costs:
    """Reads page by page, and holds one page of assets at a time and all contracts."""

    def __init__(
        self,
        holdings: Holdings,
        contracts: Book[Contract],
        maintenance: Book[Work],
        rates: Book[RateTable],
        covered: Covered,
    ) -> None:
        self._holdings = holdings
        self._contracts = contracts
        self._maintenance = maintenance
        self._rates = rates
        self._covered = covered
        self._places: dict[str, tuple[float, list[Stock]]] = {}

    async def asset(
        self, id: str, sites: Sites, on: date, currency: str
    ) -> tuple[Asset, Cost, Rates] | None:
        """The cost of one asset; an empty currency is its own. None when there is none."""
        asset = await self._holdings.asset(id, sites)
        if not asset:
            return None
        rates = await self.rates(on)
        [(_, account)] = await self._accounts([asset], await self._about(asset), rates)
        return asset, cost(account, on, currency or _own(asset), rates), rates

    async def compare(
        self, id: str, sites: Sites, question: Question
    ) -> tuple[Asset, Comparison] | None:
        """Keeping the asset against replacing it; None when there is none."""
        asset = await self._holdings.asset(id, sites)
        if not asset:
            return None
        rates = await self.rates(question.on)
        [(_, account)] = await self._accounts([asset], await self._about(asset), rates)
        return asset, compare(account, question, rates)

    async def ends(self, id: str, sites: Sites, on: date) -> Mapping[Subject, End] | None:
        """What is known of the ends of one asset; None when there is none."""
        asset = await self._holdings.asset(id, sites)
        if not asset:
            return None
        files, names = await self._about(asset), (await self._names([asset]))[asset.id]
        return ends(asset.attributes, [each for _, each in files.covering(asset, names)], on)

    async def page(
        self, sites: Sites, on: date, currency: str, after: str, limit: int
    ) -> tuple[list[tuple[Asset, Cost]], str | None]:
        """The costs of some assets, by id, and the cursor of the next ones."""
        rates = await self.rates(on)
        found = await self._holdings.assets(sites, after, limit)
        accounts = await self._accounts(_counted(found), await self._all(), rates)
        costs = [(asset, cost(account, on, currency, rates)) for asset, account in accounts]
        return costs, found[-1].id if len(found) == limit else None

    async def report(self, by: Grouping, sites: Sites, on: date, currency: str) -> Report:
        """The costs of all assets of these sites, summed; raises Invalid for too many groups."""
        rates, files = await self.rates(on), await self._all()
        groups: dict[str, Total] = {}
        borne: dict[str, Decimal] = defaultdict(Decimal)
        currencies: set[str] = set()
        async for some in self._stream(sites):
            for asset, account in await self._accounts(some, files, rates):
                each = cost(account, on, currency, rates)
                name = group(by, asset.id, asset.site, asset.path, asset.attributes)
                groups[name] = groups.get(name, Total()).plus(each)
                currencies.update(line.money.currency for line in each.lines)
                for line in each.lines:
                    if line.contract:
                        borne[line.contract] += line.money.amount
            if len(groups) > GROUPS_MAX:
                raise Invalid("by", f"{by}: more than {GROUPS_MAX} groups, expected one site")
        left = tuple(_left(files.all(sites), borne, on))
        currencies.update(line.money.currency for line in left)
        used = {code: rates.rate(code, currency) for code in sorted(currencies - {currency})}
        return Report(groups, summed(left, (), currency, rates), used)

    async def forecast(self, sites: Sites, on: date) -> dict[str, Forecast]:
        """The ends of all assets by site."""
        files = await self._all()
        found: dict[str, Forecast] = {}
        async for some in self._stream(sites):
            names = await self._names(some)
            for asset in some:
                contracts = [each for _, each in files.covering(asset, names[asset.id])]
                before = found.get(asset.site, Forecast())
                found[asset.site] = before.plus(asset.attributes, contracts, on)
        return dict(sorted(found.items()))

    async def rates(self, on: date) -> Rates:
        """The rates that amounts are converted with in a report of that day."""
        first = (on - RATE_AGE_MAX).isoformat()
        found = await self._rates.listed(sites=None, after=first, limit=RATE_AGE_MAX.days + 1)
        return Rates(on, [each.value for each in found if each.value])

    async def _stream(self, sites: Sites) -> AsyncIterator[list[Asset]]:
        after = ""
        while found := await self._holdings.assets(sites, after, READ_ASSETS):
            for begin in range(0, len(found), PAGE_ASSETS):
                yield _counted(found[begin : begin + PAGE_ASSETS])
            after = found[-1].id

    async def _names(self, assets: Iterable[Asset]) -> dict[str, set[str]]:
        """The ids that each asset has and had, before others were merged into it."""
        names = {asset.id: {asset.id} for asset in assets}
        for former, now in (await self._covered.merged(list(names))).items():
            names[now].add(former)
        return names

    async def _about(self, asset: Asset) -> "_Files":
        names = (await self._names([asset]))[asset.id]
        places = {everything_of(asset.site), everything_of("")}
        contracts = await self._contracts.about(names | places)
        return _Files(self._covered.named, self._recent_places, contracts)

    async def _all(self) -> "_Files":
        found: list[Version[Contract]] = []
        after = ""
        while some := await self._contracts.listed(sites=None, after=after, limit=PAGE_CONTRACTS):
            found += some
            after = some[-1].cursor
        return _Files(self._covered.named, self._covered.places, found)

    async def _recent_places(self, site: str) -> list[Stock]:
        until, places = self._places.get(site, (0.0, []))
        if until <= time.monotonic():
            places = await self._covered.places(site)
            self._places[site] = time.monotonic() + FRESH_S, places
        return places

    async def _accounts(
        self, assets: Sequence[Asset], files: "_Files", rates: Rates
    ) -> list[tuple[Asset, Account]]:
        names = await self._names(assets)
        now = {former: id for id, formers in names.items() for former in formers}
        log: dict[str, list[Work]] = defaultdict(list)
        for version in await self._maintenance.about(now) if now else []:
            if version.value:
                log[now[version.value.asset]].append(version.value)
        accounts = []
        for asset in assets:
            books = figures(asset.attributes)
            shares = await files.shares(asset, names[asset.id], books.price, rates)
            accounts.append((asset, Account(books, shares, log[asset.id])))
        return accounts


class _Files:
    """Contracts by what they are about, and what each of them covers once it is asked."""

    def __init__(
        self, named: Named, places: Places, contracts: Iterable[Version[Contract]]
    ) -> None:
        self._named = named
        self._find_places = places
        self._places: dict[str, list[Stock]] = {}
        self._coverage: dict[tuple[str, ...], Coverage] = {}
        self._contracts = {each.id: each.value for each in contracts if each.value}
        self._about: dict[str, list[str]] = defaultdict(list)
        for id, contract in self._contracts.items():
            for thing in contract.about:
                self._about[thing].append(id)

    def all(self, sites: Sites) -> Iterable[tuple[str, Contract]]:
        """The contracts whose assets all stand on these sites."""
        return (
            (id, each)
            for id, each in self._contracts.items()
            if sites is None or each.site in sites
        )

    def covering(self, asset: Asset, names: set[str]) -> list[tuple[str, Contract]]:
        """The contracts that cover an asset of these ids."""
        things = (*sorted(names), everything_of(asset.site), everything_of(""))
        found = dict.fromkeys(id for thing in things for id in self._about.get(thing, ()))
        known = ((id, self._contracts[id]) for id in found)
        return [(id, each) for id, each in known if each.covers(names, asset.site, asset.path)]

    async def shares(
        self, asset: Asset, names: set[str], price: Money | None, rates: Rates
    ) -> list[Share]:
        """The part of each contract that an asset bears."""
        found = []
        for id, contract in self.covering(asset, names):
            covered = await self._of(contract)
            held = len(names.intersection(contract.assets)) if contract.assets else 1
            try:
                part = covered.share(contract, price, held, rates)
                found.append(Share(id, contract, part))
            except ValueError as error:
                found.append(Share(id, contract, None, str(error)))
        return found

    async def _of(self, contract: Contract) -> Coverage:
        key = contract.assets or (contract.site, contract.path)
        if key not in self._coverage:
            if contract.assets:
                self._coverage[key] = await self._named(contract.assets)
            else:
                self._coverage[key] = coverage(contract, await self._at(contract.site))
        return self._coverage[key]

    async def _at(self, site: str) -> list[Stock]:
        if site not in self._places:
            self._places[site] = await self._find_places(site)
        return self._places[site]


def _counted(assets: Iterable[Asset]) -> list[Asset]:
    return [asset for asset in assets if asset.status is not Status.IGNORED]


def _own(asset: Asset) -> str:
    """The currency of the asset itself; raises Invalid when nobody said which."""
    currency = asset.attributes.get("currency", "")
    if not currency:
        raise Invalid("currency", "missing, expected one, because the asset has none of its own")
    return currency


def _left(
    contracts: Iterable[tuple[str, Contract]], borne: Mapping[str, Decimal], on: date
) -> Iterable[Line]:
    for id, contract in contracts:
        rest = contract.accrued(on) - borne.get(id, Decimal(0))
        if abs(rest) >= LEAST:
            says = f"{contract.supplier}: borne by no asset"
            yield Line(Term.CONTRACTS, Money(rest, contract.currency), says, id)
