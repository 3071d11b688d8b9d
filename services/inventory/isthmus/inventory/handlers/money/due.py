"""Finds what is due: from plans and the log, and from warranties and contracts that run out."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import Any

from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.assets.vocabulary import CUSTOM
from isthmus.inventory.domain.dates import dated
from isthmus.inventory.domain.money.contracts import Contract, Work, WorkKind
from isthmus.inventory.domain.money.days import last_day
from isthmus.inventory.domain.money.plans import (
    Due,
    DueKind,
    Plan,
    Subject,
    due_by_log,
    due_by_plan,
    due_contract,
)
from isthmus.inventory.domain.query import (
    And,
    Condition,
    Listing,
    Not,
    Operator,
    Or,
    Place,
    Selection,
    equal,
)
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.finding import AssetListing
from isthmus.inventory.ports.money import Book, Covered, DueWork, HeldAssets, Successors
from isthmus.runtime.access import Sites

PAGE = 1_000
PAGE_ASSETS = 20_000  # a few fields of each: a store may walk all assets for each page
WARRANTY = "warranty_until"
OVERDUE_DAYS_MAX = 1_096
"""What the log said was due longer ago, and nobody did, is no plan any more: three years."""
GONE = ("retired", "disposed")
IN_USE = Not(Or((equal("status", Status.IGNORED.value), *(equal("state", each) for each in GONE))))
Last = Mapping[tuple[str, WorkKind], tuple[str, Work]]
"""The last work of each kind on each asset, with the id of its entry."""
Planned = tuple[str, Plan]
NEVER = ("", None)


class Maintenance:
    """What is due, the longest overdue first."""

    def __init__(
        self,
        plans: Book[Plan],
        log: Book[Work],
        agreed: DueWork,
        contracts: Book[Contract],
        directory: AssetListing,
        assets: HeldAssets,
        covered: Covered,
        successors: Successors,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._plans = plans
        self._log = log
        self._agreed = agreed
        self._contracts = contracts
        self._directory = directory
        self._assets = assets
        self._covered = covered
        self._successors = successors
        self._now = now

    @property
    def today(self) -> date:
        """The day on which somebody asks, in UTC."""
        return self._now().date()

    async def due(self, sites: Sites, within_days: int, after: str, limit: int) -> list[Due]:
        """At most `limit` that are due until then on these sites and stand after `after`."""
        until = self.today + timedelta(within_days)
        kept: list[Due] = []
        async for some in self._found(sites, until):
            fitting = [each for each in some if each.on <= until and each.cursor > after]
            # Never more than a page in mind, however much is due.
            kept = nsmallest(limit, [*kept, *fitting], key=lambda each: each.cursor)
        return kept

    async def _found(self, sites: Sites, until: date) -> AsyncIterator[Iterable[Due]]:
        plans = [(id, plan) async for id, plan in _all(self._plans, sites)]
        planned: set[tuple[str, WorkKind]] = set()
        async for some in self._planned(plans, sites, until):
            planned |= {(each.asset, each.work) for each in some if each.work}
            yield some
        async for some in self._logged(sites, until):
            yield [e for e in some if e.work and (e.asset, e.work) not in planned]
        async for id, contract in _all(self._contracts, sites):
            found = due_contract(id, contract, self.today)
            yield [found] if found else []

    async def _planned(
        self, plans: Sequence[Planned], sites: Sites, until: date
    ) -> AsyncIterator[list[Due]]:
        """What plans say, and warranties, because both take one way through all assets."""
        alone = [(id, plan) for id, plan in plans if plan.asset]
        subjects = await self._subjects({plan.asset for _, plan in alone}, sites)
        found = [(id, plan, subjects[plan.asset]) for id, plan in alone if plan.asset in subjects]
        yield await self._due(found)
        classes = {plan.device_class for _, plan in plans if not plan.asset}
        counters = {plan.counter for _, plan in plans if plan.counter}
        async for items in self._items(self._concerned(classes, until), counters, sites):
            pairs = [(each, _subject(each)) for each in items]
            yield [_warranty(each) for each in items if self._ends(each, until)]
            yield await self._due(
                [
                    (id, plan, subject)
                    for id, plan in plans
                    for each, subject in pairs
                    if plan.device_class == each["class"] and plan.site in ("", each["site"])
                ]
            )

    def _concerned(self, classes: Iterable[str], until: date) -> Condition:
        over = dated(WARRANTY, Operator.LESS, self.today.isoformat())
        soon = dated(WARRANTY, Operator.AT_MOST, until.isoformat())
        ends = And((soon, Not(over)))
        return And((Or((*(equal("class", each) for each in sorted(classes)), ends)), IN_USE))

    def _ends(self, item: Mapping[str, Any], until: date) -> bool:
        return bool(item[WARRANTY]) and self.today <= last_day(item[WARRANTY]) <= until

    async def _due(self, found: Sequence[tuple[str, Plan, Subject]]) -> list[Due]:
        last = await self._last({subject.id for _, _, subject in found})
        made = (
            due_by_plan(id, plan, subject, last.get((subject.id, plan.kind), NEVER)[1], self.today)
            for id, plan, subject in found
        )
        return [each for each in made if each]

    async def _logged(self, sites: Sites, until: date) -> AsyncIterator[list[Due]]:
        """What the last entry of its kind says is due again."""
        first, after = self.today - timedelta(OVERDUE_DAYS_MAX), ""
        while found := await self._agreed.due(sites, first, until, after, PAGE):
            after = found[-1].id
            subjects = await self._subjects({each.asset for each in found}, sites)
            now = {subject.id: subject for subject in subjects.values()}
            last = await self._last(now.keys())
            yield [
                due_by_log(id, work, now[asset])
                for (asset, _), (id, work) in last.items()
                if work.next_due_on
            ]

    async def _subjects(self, ids: Collection[str], sites: Sites) -> Mapping[str, Subject]:
        """The asset that each id is now, where it is in use and one may see it."""
        held = dict(await self._assets.held(ids))
        for id in set(ids) - held.keys():
            now = await self._successors.now(id)
            if asset := (await self._assets.held([now])).get(now):
                held[id] = asset
        return {
            id: Subject(asset.id, asset.site, asset.attributes.get("name", ""), asset.attributes)
            for id, asset in held.items()
            if _in_use(asset) and (sites is None or asset.site in sites)
        }

    async def _items(
        self, condition: Condition, more: Collection[str], sites: Sites
    ) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        fields = ("site", "name", "class", WARRANTY, *sorted(more))
        place: Place | None = None
        while True:
            listing = Listing(Selection(condition, (), sites), (), fields, PAGE_ASSETS, place)
            page = await self._directory.page(listing)
            yield page.items
            if (place := page.last) is None:
                return

    async def _last(self, ids: Collection[str]) -> Last:
        """Also of work on what was merged into them since."""
        former = await self._covered.merged(ids)
        found: dict[tuple[str, WorkKind], tuple[str, Work]] = {}
        for version in await self._log.about([*ids, *former]):
            if work := version.value:
                asset = former.get(work.asset, work.asset)
                _, known = found.get((asset, work.kind), ("", work))
                if work.started_at >= known.started_at:
                    found[asset, work.kind] = version.id, work
        return found


async def _all(book: Book[Any], sites: Sites) -> AsyncIterator[tuple[str, Any]]:
    """What stands in a book for these sites, and for every site."""
    within = None if sites is None else sites | {""}
    after = ""
    while found := await book.listed(sites=within, after=after, limit=PAGE):
        for version in found:
            yield version.id, version.value
        after = found[-1].cursor


def _in_use(asset: Asset) -> bool:
    return asset.status is not Status.IGNORED and asset.attributes.get("state") not in GONE


def _subject(item: Mapping[str, Any]) -> Subject:
    custom = {f"{CUSTOM}{name}": value for name, value in item.get("custom", {}).items()}
    return Subject(item["id"], item["site"], item["name"], custom)


def _warranty(item: Mapping[str, Any]) -> Due:
    on = last_day(item[WARRANTY])
    return Due(DueKind.WARRANTY, "warranty", on, item["site"], item["id"], item["id"], item["name"])
