"""Writes contracts, work and exchange rates: every version kept, none lost to another writer."""

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic

from isthmus.inventory.domain.assets.model import NAMESPACE
from isthmus.inventory.domain.money.books import B, Version
from isthmus.inventory.domain.money.contracts import Contract, Work, contract, work
from isthmus.inventory.domain.money.money import RateTable, rate_table
from isthmus.inventory.domain.money.plans import Plan, plan
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.assets import Holdings
from isthmus.inventory.ports.money import Book
from isthmus.runtime.access import EVERYWHERE, Principal, Sites, narrowed

Row = Mapping[str, Any]
Matches = Callable[[int], bool] | None
"""Whether the revision that stands is one that the writer has seen; None if none was named."""


class Unknown(LookupError):
    """There is nothing of that id, or nothing that one may see."""


class Stale(Exception):
    """What stands is not what the writer has seen."""


@dataclass(frozen=True)
class Kind(Generic[B]):
    """What a book holds, and how a row that somebody writes becomes it."""

    word: str
    settle: Callable[[Holdings, Row, Principal], Awaitable[B]]
    """Raises Invalid, or Refused where the writer may not."""


class Books(Generic[B]):
    """One book, as people write in it."""

    def __init__(
        self,
        kind: Kind[B],
        book: Book[B],
        holdings: Holdings,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._kind = kind
        self._book = book
        self._holdings = holdings
        self._now = now

    async def get(self, id: str, sites: Sites) -> Version[B]:
        """What stands under `id` on these sites; raises Unknown."""
        found = await self._book.latest(id)
        if not found or not found.value or (sites is not None and found.value.site not in sites):
            raise Unknown(f"{self._kind.word}: there is none of id {id!r}")
        return found

    async def listed(
        self, sites: Sites, site: str | None, *, about: str = "", after: str, limit: int
    ) -> list[Version[B]]:
        """At most `limit` after the cursor `after`, of these sites, or only of `site`."""
        some = narrowed(sites, site)
        return await self._book.listed(sites=some, about=about, after=after, limit=limit)

    async def versions(self, id: str, sites: Sites) -> list[Version[B]]:
        """Every version, also of what was removed; raises Unknown."""
        found = await self._book.versions(id)
        last = next((each.value for each in reversed(found) if each.value), None)
        if not last or (sites is not None and last.site not in sites):
            raise Unknown(f"{self._kind.word}: there is none of id {id!r}")
        return found

    async def create(self, row: Row, who: Principal, key: str) -> Version[B]:
        """The version that the first request of this `key` made; raises Invalid.

        The id follows from the key, so that of two requests at once one writes.
        """
        name = f"{self._kind.word}|{who.name}|{key}"
        id = str(uuid.uuid5(NAMESPACE, name) if key else uuid.uuid4())
        request = _digest(row)
        if key and (known := await self._book.versions(id)):
            return _same(known[0], request)
        value = await self._kind.settle(self._holdings, row, who)
        made = Version(id, 1, self._now(), who.name, value, request)
        if await self._book.write(made):
            return made
        return _same((await self._book.versions(id))[0], request)

    async def replace(
        self, id: str, row: Row, who: Principal, matches: Matches, *, create: bool = False
    ) -> tuple[Version[B], bool]:
        """What stands now, and whether it is new there; raises as create, and Stale.

        `create` allows that nothing stood there before. What is the same makes no version.
        """
        before = await self._book.latest(id)
        standing = before.value if before else None
        if standing is None and not create:
            raise Unknown(f"{self._kind.word}: there is none of id {id!r}")
        if standing is not None:
            self._check(id, standing, who)
        value = await self._kind.settle(self._holdings, row, who)
        if before and standing == value and (matches is None or matches(before.revision)):
            return before, False
        made = await self._follow(id, before, who, matches, value)
        return made, standing is None

    async def remove(self, id: str, who: Principal, matches: Matches) -> None:
        """Leave its history only; raises Unknown, Stale."""
        before = await self._book.latest(id)
        if not before or before.value is None:
            raise Unknown(f"{self._kind.word}: there is none of id {id!r}")
        self._check(id, before.value, who)
        await self._follow(id, before, who, matches, None)

    async def _follow(
        self, id: str, before: Version[B] | None, who: Principal, matches: Matches, value: B | None
    ) -> Version[B]:
        revision = before.revision if before else 0
        if matches is not None and not matches(revision if before and before.value else 0):
            raise Stale(f"revision {revision} stands there now")
        made = Version(id, revision + 1, self._now(), who.name, value)
        if not await self._book.write(made):
            raise Stale("somebody else was writing it at the same time")
        return made

    def _check(self, id: str, standing: B, who: Principal) -> None:
        who.check(standing.site or EVERYWHERE, f"{self._kind.word} of id {id!r}")


def _digest(row: Row) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _same(first: Version[B], request: str) -> Version[B]:
    if first.request == request:
        return first
    raise Invalid("Idempotency-Key", "used before with another body, expected a new key")


async def _contract(holdings: Holdings, row: Row, who: Principal) -> Contract:
    made = contract(row)
    who.check(made.site or EVERYWHERE, f"site {made.site!r}")
    sites = frozenset({made.site}) if made.site else None
    for number, id in enumerate(made.assets):
        if not await holdings.asset(id, sites):
            where = f" on {made.site}" if made.site else ""
            raise Invalid(f"assets.{number}", f"there is no asset {id!r}{where}")
    return made


async def _work(holdings: Holdings, row: Row, who: Principal) -> Work:
    made = work({**row, "site": None})
    asset = await holdings.asset(made.asset, who.sites)
    if not asset:
        raise Invalid("asset", f"there is no asset {made.asset!r}")
    return replace(made, site=asset.site)


async def _rates(_: Holdings, row: Row, who: Principal) -> RateTable:
    who.check(EVERYWHERE, "exchange rates")
    return rate_table(row)


async def _plan(holdings: Holdings, row: Row, who: Principal) -> Plan:
    made = plan(row)
    if not made.asset:
        who.check(made.site or EVERYWHERE, f"site {made.site!r}")
        return made
    asset = await holdings.asset(made.asset, who.sites)
    if not asset:
        raise Invalid("asset", f"there is no asset {made.asset!r}")
    return replace(made, site=asset.site)


CONTRACTS: Kind[Contract] = Kind("contract", _contract)
MAINTENANCE: Kind[Work] = Kind("maintenance", _work)
PLANS: Kind[Plan] = Kind("maintenance plan", _plan)
RATES: Kind[RateTable] = Kind("exchange rates", _rates)
