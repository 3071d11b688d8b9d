"""Routes that find assets: lists, searches, facets, sites, and saved views."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.api.assets.models import AssetOut, SiteOut, SitePage
from isthmus.inventory.api.cursors import decoded, encoded, fingerprint, spoken
from isthmus.inventory.api.feed.completeness import CompleteUntil, Stated
from isthmus.inventory.api.finding.past import AsOf, check_kept, instant
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.query import (
    And,
    Condition,
    Listing,
    Selection,
    Sort,
    Type,
    column,
    equal,
    sorting,
    words_of,
)
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.views import SavedView
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.finding import AssetListing, Facet, ViewStore
from isthmus.runtime.access import Principal, Viewer
from isthmus.runtime.http import Problem
from isthmus.runtime.pages import Next

T = TypeVar("T")
FACETS_MAX = 10
MEMBERS = ("health_reason", "revision", "custom")
"""Members of an asset that may be asked for, and are no fields of a query."""
REFUSED: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
Filter = Annotated[
    str,
    Query(
        description="Conditions on any field: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `~` with "
        "`*` and `?`, `under` a path, `is known`, `is unknown`, joined by `and`, `or`, `not`. At "
        "most 2,000 characters, 50 terms and 20 levels.",
        examples=["class in (plc, hmi) and end_of_support < now+365d"],
    ),
]
Search = Annotated[
    str,
    Query(
        max_length=200,
        description="Words; an asset is found when each is the beginning of a word of its name, "
        "maker, model, serial number, place, tags or addresses.",
        examples=["press siemens"],
    ),
]
Site = Annotated[str, Query(description="Only of this site.", examples=["hagen"])]
Class = Annotated[
    str, Query(alias="class", description="Only of this device class.", examples=["plc"])
]
View = Annotated[
    str,
    Query(
        description="Saved view to begin with: its filter holds too, its order and members unless "
        "others are asked for.",
        examples=["out-of-support"],
    ),
]
Order = Annotated[
    str,
    Query(
        description="At most three fields to sort by, `-` for the greatest first; what is unknown "
        "comes last, equals by id.",
        examples=["-end_of_support,name"],
    ),
]
Members = Annotated[
    str,
    Query(
        description="Only these members of each asset; `id` is always there.",
        examples=["name,vendor,end_of_support,custom.cabinet"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[
    str,
    Query(max_length=30_000, description="`next` of the page before, of the very same query."),
]
By = Annotated[
    str,
    Query(description="At most ten fields to count by.", examples=["vendor,class,custom.cabinet"]),
]


class AssetList(BaseModel):
    """Some assets, in the order asked for; with `fields` each has only these members."""

    items: list[AssetOut | dict[str, Any]]
    next: Next
    total: int | None = Field(
        description="How many assets there are on all pages; null unless `count` is asked for."
    )
    complete_until: CompleteUntil = None


class ValueOut(BaseModel):
    """One value of a field."""

    value: str = Field(examples=["Siemens"])
    assets: int = Field(description="How many assets have it.", examples=[412])


class FacetOut(BaseModel):
    """The assets by the values of one field."""

    field: str = Field(examples=["vendor"])
    values: list[ValueOut] = Field(description="At most 100, the most frequent first.")
    other: int = Field(description="How many assets have values that are not named.", examples=[0])
    unknown: int = Field(description="How many assets have none.", examples=[3])

    @classmethod
    def of(cls, facet: Facet) -> "FacetOut":
        """What the API says of `facet`."""
        values = [ValueOut(value=value, assets=n) for value, n in facet.values.items()]
        return cls(field=facet.field, values=values, other=facet.other, unknown=facet.unknown)


class FacetPage(BaseModel):
    """A facet for each field asked for."""

    items: list[FacetOut]
    complete_until: CompleteUntil = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which assets somebody asks for, in their own words."""

    filter: str
    search: str
    site: str
    class_: str
    view: str
    as_of: datetime | None = None


def _asked(
    filter: Filter = "",
    search: Search = "",
    site: Site = "",
    class_: Class = "",
    view: View = "",
    as_of: AsOf = None,
) -> Asked:
    return Asked(filter, search, site, class_, view, as_of)


WhichAssets = Annotated[Asked, Depends(_asked)]


def serve_listing(
    http: FastAPI,
    directory: AssetListing,
    views: ViewStore,
    now: Callable[[], datetime] = clock.now,
    own: Callable[[], Own] = undefined,
) -> None:
    """Add the routes to `http`; before any that takes an id below `/v1/assets`."""
    serve_problems(http)
    finder = _Finder(directory, views, now, own)
    _list(http, directory, finder)
    _count(http, directory, finder)


def _list(http: FastAPI, directory: AssetListing, finder: "_Finder") -> None:
    @http.get(
        "/v1/assets",
        tags=["assets"],
        summary="Assets that are asked for, page by page",
        description="A page goes on where the one before ended, whatever came and went meanwhile.",
        response_model=AssetList,
        responses=REFUSED,
    )
    async def assets(
        who: Viewer,
        complete_until: Stated,
        asked: WhichAssets,
        sort: Order = "",
        fields: Members = "",
        limit: Limit = 100,
        cursor: Cursor = "",
        count: Annotated[bool, Query(description="Say how many there are on all pages.")] = False,
    ) -> Response:
        saved = await finder.saved(asked.view, who)
        sort = sort or saved.sort
        order = checked("sort", finder.sorting, sort)
        query = fingerprint(*map(str, astuple(asked)), saved.filter, sort)
        listing = Listing(
            await finder.selection(asked, saved, who.sites, order),
            order,
            members(fields.split(",")) if fields.strip() else saved.fields,
            limit,
            decoded(cursor, query, order) if cursor else None,
        )
        page, total = await asyncio.gather(
            directory.page(listing), _total(directory, listing.selection, count)
        )
        following = encoded(page.last, query) if page.last else None
        body = {
            "items": page.items,
            "next": following,
            "total": total,
            "complete_until": complete_until,
        }
        return Response(json.dumps(body, default=spoken), media_type="application/json")


def _count(http: FastAPI, directory: AssetListing, finder: "_Finder") -> None:
    @http.get(
        "/v1/assets/facets",
        tags=["assets"],
        summary="Assets that are asked for, counted by the values of fields",
        responses=REFUSED,
    )
    async def facets(who: Viewer, complete_until: Stated, asked: WhichAssets, by: By) -> FacetPage:
        names = checked("by", _counted, by)
        saved = await finder.saved(asked.view, who)
        selection = await finder.selection(asked, saved, who.sites)
        found = await directory.facets(selection, names)
        items = [FacetOut.of(facet) for facet in found]
        return FacetPage(items=items, complete_until=complete_until)

    @http.get("/v1/sites", tags=["assets"], summary="Sites in numbers")
    async def sites(who: Viewer, complete_until: Stated) -> SitePage:
        items = [SiteOut.of(site) for site in await directory.sites(who.sites)]
        return SitePage(items=items, complete_until=complete_until)


class _Finder:
    """Makes a selection of what somebody asks for."""

    def __init__(
        self,
        directory: AssetListing,
        views: ViewStore,
        now: Callable[[], datetime],
        own: Callable[[], Own],
    ) -> None:
        self._directory = directory
        self._views = views
        self._now = now
        self._own = own

    def sorting(self, text: str) -> tuple[Sort, ...]:
        return sorting(text, self._own())

    async def saved(self, name: str, who: Principal) -> SavedView:
        found = await self._views.view(name, who.name) if name else SavedView("")
        if found is None:
            raise Invalid("view", f"there is no view {name[:80]!r}")
        return found

    async def selection(
        self,
        asked: Asked,
        saved: SavedView,
        sites: frozenset[str] | None,
        order: Sequence[Sort] = (),
    ) -> Selection:
        now, own = self._now(), self._own()
        then = await instant(self._directory.earliest, asked.as_of, now)
        texts = (saved.filter, asked.filter)
        conditions: list[Condition] = [parse(text, then or now, own) for text in texts]
        if then:
            check_kept(conditions, order)
        conditions += [equal("site", asked.site)] if asked.site else []
        conditions += [equal("class", asked.class_)] if asked.class_ else []
        words = checked("search", words_of, asked.search)
        return Selection(And(tuple(conditions)), words, sites, then)


def members(names: Sequence[str]) -> tuple[str, ...]:
    """The members of an asset that are asked for; raises Invalid."""
    found = tuple(dict.fromkeys(name for each in names if (name := each.strip())))
    for name in found:
        if name not in MEMBERS:
            checked("fields", column, name)
    return found


def _counted(text: str) -> list[str]:
    names = list(dict.fromkeys(name for each in text.split(",") if (name := each.strip())))
    if not 0 < len(names) <= FACETS_MAX:
        raise ValueError(f"{len(names)} fields, expected one to {FACETS_MAX}")
    for name in names:
        if column(name).type is Type.TIME:
            raise ValueError(f"{name} is a time, expected a field whose values assets share")
    return names


async def _total(directory: AssetListing, selection: Selection, wanted: bool) -> int | None:
    return await directory.count(selection) if wanted else None


def checked(field: str, reading: Callable[[str], T], text: str) -> T:
    """What `reading` makes of the text of a field; raises Invalid with the reason of its error."""
    try:
        return reading(text)
    except ValueError as error:
        raise Invalid(field, str(error)) from None
