"""Assets and the register of OT assets as files, page by page: memory stays that of a page."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS
from isthmus.inventory.domain.query import And, Condition, Listing, Selection
from isthmus.inventory.domain.tables import registers
from isthmus.inventory.domain.tables.registers import Coverages
from isthmus.inventory.ports.finding import AssetListing

PAGE_ASSETS = 2_000
SOME_ASSETS = 250  # what is made into text at once, while others wait
ALWAYS = ("id", "site", "path", "status", "reachability", "health")
NAMES = tuple(dict.fromkeys((
    *ALWAYS, *FIELDS, "discovered_at", "changed_at", "last_seen_at", "sources", "keys",
)))  # fmt: skip
"""Columns of a table that was not told its fields; fields of a site's own are asked for by name."""
Item = Mapping[str, Any]
Rows = AsyncIterator[list[Sequence[str]]]
"""Some rows at a time, the headings first."""


class Exports:
    """Reads assets through the list that the API has, so that filters and scope are the same."""

    def __init__(self, listing: AssetListing) -> None:
        self._listing = listing

    async def items(
        self, selection: Selection, fields: Sequence[str] = ()
    ) -> AsyncIterator[Sequence[Item]]:
        """Every selected asset by id, some at a time."""
        listing = Listing(selection, (), tuple(fields), PAGE_ASSETS)
        more = True
        while more:
            page = await self._listing.page(listing)
            for at in range(0, len(page.items), SOME_ASSETS):
                yield page.items[at : at + SOME_ASSETS]
                await asyncio.sleep(0)
            more = page.last is not None
            listing = replace(listing, after=page.last)

    async def earliest(self, at: datetime) -> datetime | None:
        """When the history begins; None when that is not after `at`."""
        return await self._listing.earliest(at)

    async def assets(self, selection: Selection, fields: Sequence[str] = ()) -> Rows:
        """Assets as a table of these fields, or of all."""
        names = tuple(dict.fromkeys(fields)) or NAMES
        yield [names]
        async for items in self.items(selection, names):
            yield [cells(item, names) for item in items]

    async def lines(self, selection: Selection, fields: Sequence[str] = ()) -> AsyncIterator[str]:
        """Assets as JSON Lines."""
        async for items in self.items(selection, fields):
            yield "".join(f"{json.dumps(item, default=_text, ensure_ascii=False)}\n"
                          for item in items)  # fmt: skip

    async def register(self, selection: Selection, coverages: Coverages) -> Rows:
        """The register of OT assets as a table; `coverages` counts its rows."""
        yield [registers.HEADINGS]
        async for rows in self._register(selection):
            for row in rows:
                coverages.take(row)
            yield rows

    async def coverage(self, selection: Selection) -> Coverages:
        """How much of the register is known."""
        coverages = Coverages()
        async for _ in self.register(selection, coverages):
            pass
        return coverages

    async def _register(self, selection: Selection) -> Rows:
        narrowed: Condition = And((selection.condition, registers.IS_OT))
        only = replace(selection, condition=narrowed)
        async for items in self.items(only, registers.NEEDS):
            yield [registers.row(item) for item in items]


def cells(item: Item, names: Sequence[str]) -> list[str]:
    """The members of an asset as texts; lists with a comma between their entries."""
    own = item.get("custom") or {}
    return [
        _text(own.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else item.get(name))
        for name in names
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
