"""Assets as files, page by page."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from isthmus.inventory.domain.query import (
    EVERYTHING,
    Listing,
    Place,
    Selection,
    equal,
    matches,
)
from isthmus.inventory.domain.tables.registers import HEADINGS, Coverages
from isthmus.inventory.handlers.tables import exports
from isthmus.inventory.handlers.tables.exports import Exports, cells
from isthmus.inventory.ports.finding import Page

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Assets:
    """Assets in memory, listed by id."""

    kept: list[dict[str, Any]]
    asked: list[Listing] = field(default_factory=list)

    async def earliest(self, at: datetime) -> datetime | None:
        return None

    async def page(self, listing: Listing) -> Page:
        self.asked.append(listing)
        begin = listing.after.id if listing.after else ""
        condition, sites = listing.selection.condition, listing.selection.sites
        found = [
            each for each in self.kept
            if each["id"] > begin and matches(condition, each)
            and (sites is None or each["site"] in sites)
        ]  # fmt: skip
        items = found[: listing.limit]
        return Page(items, Place((), items[-1]["id"]) if len(found) > len(items) else None)


def asset(n: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{n:04}", "site": "hagen", "vendor": "ABB", **more}


async def collected(rows: Any) -> list[Any]:
    return [row async for some in rows for row in some]


async def test_every_asset_is_read_once_in_pages() -> None:
    """Memory is that of a page, however many there are."""
    assets = Assets([asset(n) for n in range(exports.PAGE_ASSETS * 2 + 1)])

    rows = await collected(Exports(assets).assets(Selection(), ("id", "vendor")))  # type: ignore[arg-type]

    assert rows[0] == ("id", "vendor")
    assert [row[0] for row in rows[1:]] == [each["id"] for each in assets.kept]
    assert len(assets.asked) == 3


async def test_filter_and_scope_are_those_of_the_list() -> None:
    """They go down with the query."""
    assets = Assets([asset(1), asset(2, vendor="Siemens"), asset(3, vendor="Siemens", site="lyon")])
    selection = Selection(equal("vendor", "Siemens"), (), frozenset({"hagen"}))

    lines = "".join([each async for each in Exports(assets).lines(selection)])  # type: ignore[arg-type]

    assert [json.loads(line)["id"] for line in lines.splitlines()] == ["0002"]


async def test_the_register_leaves_out_what_is_it() -> None:
    """And counts what it has."""
    assets = Assets([asset(1, purdue_level="1"), asset(2, purdue_level="5")])
    coverages = Coverages()

    rows = await collected(Exports(assets).register(Selection(EVERYTHING), coverages))  # type: ignore[arg-type]

    assert rows[0] == HEADINGS
    assert [row[0] for row in rows[1:]] == ["0001"]
    assert coverages.listed()[0].assets == 1
    assert (await Exports(assets).coverage(Selection())).listed()[0].assets == 1  # type: ignore[arg-type]


def test_a_member_is_one_cell() -> None:
    """Lists, times, a site's own fields, and what is not known."""
    item = asset(1, sources=["hagen/a", "hagen/b"], changed_at=NOON, custom={"cabinet": "7"})

    names = ("id", "sources", "changed_at", "custom.cabinet", "custom.x", "model")
    assert cells(item, names) == [
        "0001",
        "hagen/a, hagen/b",
        "2026-03-01T12:00:00+00:00",
        "7",
        "",
        "",
    ]
