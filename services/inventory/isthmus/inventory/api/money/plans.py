"""Maintenance plans over HTTP, and what is due."""

from datetime import date
from typing import Annotated, Any, Self

from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.money.answers import (
    REFUSED,
    WRITES,
    EntryId,
    answered,
    changes_of,
    following,
    matching,
    removed,
    row_of,
    standing,
)
from isthmus.inventory.api.money.books_models import Amount, Day, EditPage, Kept
from isthmus.inventory.api.polling.targets import Site
from isthmus.inventory.domain.money.contracts import WorkKind
from isthmus.inventory.domain.money.plans import DAYS_MAX, Due, DueKind, Plan
from isthmus.inventory.handlers.money.books import Books
from isthmus.inventory.handlers.money.due import Maintenance
from isthmus.runtime.access import Engineer, Viewer, narrowed
from isthmus.runtime.door.once import Attempt
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, IfMatch, Limit, Next

ONE = "/v1/maintenance-plans/{id}"
WithinDays = Annotated[
    int,
    Query(ge=0, le=3_660, description="Days from today until when it is due; UTC.", examples=[30]),
]
PlanAsset = Annotated[
    str,
    Query(
        alias="asset",
        max_length=100,
        description="Only those of the asset of this id alone.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    ),
]


class PlanIn(BaseModel):
    """What is to be done again and again to an asset, or to each of a class."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    title: str = Field(description="What is done.", examples=["Grease the bearings"])
    kind: WorkKind = Field(
        description="The log's entries of this kind are when it was done.", examples=["preventive"]
    )
    asset: str | None = Field(
        default=None,
        description="Id of the asset; or `class`, one of both.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    )
    device_class: str | None = Field(
        default=None, alias="class", description="Each asset of this class.", examples=[None]
    )
    site: str | None = Field(
        default=None,
        description="Only assets of the class on this site; every site if not said. An asset's "
        "own is taken.",
        examples=["hagen"],
    )
    every_days: int | None = Field(
        default=None, ge=1, le=DAYS_MAX, description="Days from one to the next.", examples=[180]
    )
    counter: str | None = Field(
        default=None,
        description="Custom field, a number, that counts what wears the asset.",
        examples=["custom.operating_hours"],
    )
    every: Amount | None = Field(
        default=None,
        description="How much the counter counts from one to the next; with `every_days` too, "
        "what comes first decides.",
        examples=["4000"],
    )
    start: Day = Field(description="From when the first interval counts.")
    note: str | None = Field(default=None, description="What else to know.", examples=["NLGI 2"])


class PlanOut(Kept):
    """A maintenance plan as it stands."""

    title: str = Field(description="What is done.", examples=["Grease the bearings"])
    kind: WorkKind = Field(description="Entries of the log that are of it.")
    asset: str = Field(description="Id of the asset; empty for a class.")
    device_class: str = Field(alias="class", description="Its class; empty for one asset.")
    site: str = Field(description="Its site; empty for every site.", examples=["hagen"])
    every_days: int | None = Field(description="Days from one to the next.", examples=[180])
    counter: str = Field(description="Custom field that counts.", examples=[""])
    every: Amount | None = Field(description="How much it counts from one to the next.")
    start: date = Field(description="From when the first interval counts.")
    note: str = Field(description="What else to know.", examples=[""])


class PlanPage(BaseModel):
    """Some maintenance plans, by title."""

    items: list[PlanOut]
    next: Next


class DueOut(BaseModel):
    """One thing that is due."""

    model_config = ConfigDict(from_attributes=True)

    kind: DueKind = Field(description="Why it is due.", examples=["plan"])
    title: str = Field(description="What it is.", examples=["Grease the bearings"])
    due_on: date = Field(
        description="When; today where only the counter says so.", examples=["2026-03-01"]
    )
    overdue_days: int = Field(description="Days since then; 0 before.", examples=[0])
    site: str = Field(description="Its site; empty for every site.", examples=["hagen"])
    reference: str = Field(
        description="Id of the plan, the entry of the log, the contract, or the asset with the "
        "warranty."
    )
    asset: str = Field(description="Id of the asset; empty for a contract.")
    name: str = Field(description="Its name.", examples=["PRESS-1"])
    work: WorkKind | None = Field(description="What kind of work; null for what runs out.")
    last_done_on: date | None = Field(description="When the log has it last; null for never.")
    reading: Amount | None = Field(description="What the counter shows; null without one.")
    due_at: Amount | None = Field(description="Reading at which it is due; null without one.")
    overdue_by: Amount | None = Field(description="How much the counter is beyond that.")

    @classmethod
    def of(cls, due: Due, today: date) -> Self:
        """What the API says of what is due."""
        same = ("kind", "title", "site", "reference", "asset", "name", "work", "last_done_on")
        numbers = {
            name: None if (n := getattr(due, name)) is None else format(n, "f")
            for name in ("reading", "due_at", "overdue_by")
        }
        return cls(
            **{name: getattr(due, name) for name in same},
            **numbers,
            due_on=due.on,
            overdue_days=due.overdue_days(today),
        )


class DuePage(BaseModel):
    """Some of what is due, the longest overdue first."""

    items: list[DueOut]
    next: Next


def serve_plans(http: FastAPI, books: Books[Plan], maintenance: Maintenance) -> None:
    """Add the routes to `http`; before the one that takes an id below `/v1/maintenance`."""
    _due(http, maintenance)
    _read(http, books)
    _write(http, books)


def _due(http: FastAPI, maintenance: Maintenance) -> None:
    @http.get(
        "/v1/maintenance/due",
        tags=["books"],
        summary="What is due, the longest overdue first",
        description="By maintenance plans, by what the log says is due again, and with warranties "
        "and contracts that run out. Of a plan, the last entry of its kind in the log decides: the "
        "day that it names, or the interval from when it was done.",
        responses=INVALID,
    )
    async def due(
        who: Viewer,
        within_days: WithinDays = 30,
        site: Site = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> DuePage:
        scope = narrowed(who.sites, site)
        found = await maintenance.due(scope, within_days, cursor, limit)
        today = maintenance.today
        more = found[-1].cursor if len(found) == limit else None
        return DuePage(items=[DueOut.of(each, today) for each in found], next=more)


def _read(http: FastAPI, books: Books[Plan]) -> None:
    @http.get(
        "/v1/maintenance-plans", tags=["books"], summary="Maintenance plans, page by page",
        responses=INVALID,
    )  # fmt: skip
    async def listed(
        who: Viewer,
        site: Site = None,
        about: PlanAsset = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> PlanPage:
        found = await books.listed(who.sites, site, about=about, after=cursor, limit=limit)
        return PlanPage(items=[PlanOut.of(e) for e in found], next=following(found, limit))

    @http.get(
        ONE, tags=["books"], summary="One maintenance plan",
        response_model=PlanOut, responses={**UNKNOWN, **INVALID},
    )  # fmt: skip
    async def one(who: Viewer, id: EntryId, response: Response) -> PlanOut | Response:
        return await answered(books.get(id, who.sites), PlanOut, response)

    @http.get(
        f"{ONE}/changes",
        tags=["books"],
        summary="Who changed a plan, and what, also after it was removed",
        response_model=EditPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def changes(who: Viewer, id: EntryId) -> EditPage | Response:
        return await changes_of(books.versions(id, who.sites))


def _write(http: FastAPI, books: Books[Plan]) -> None:
    @http.post(
        "/v1/maintenance-plans",
        tags=["books"],
        summary="Plan what is to be done again and again",
        status_code=201,
        response_model=PlanOut,
        responses={**INVALID, **REFUSED},
    )
    async def create(
        who: Engineer, plan: PlanIn, response: Response, key: Attempt
    ) -> PlanOut | Response:
        made = books.create(_row(plan), who, key)
        return await answered(made, PlanOut, response, "/v1/maintenance-plans")

    @http.put(
        ONE,
        tags=["books"],
        summary="Set all of a plan",
        description="What the body does not name is not so any more.",
        response_model=PlanOut,
        responses=WRITES,
    )
    async def put(
        who: Engineer, id: EntryId, plan: PlanIn, response: Response, if_match: IfMatch = None
    ) -> PlanOut | Response:
        written = standing(books.replace(id, _row(plan), who, matching(if_match)))
        return await answered(written, PlanOut, response)

    @http.delete(
        ONE, tags=["books"], summary="Remove a plan; its history stays",
        status_code=204, responses=WRITES,
    )  # fmt: skip
    async def remove(who: Engineer, id: EntryId, if_match: IfMatch = None) -> Response:
        return await removed(books, id, who, if_match)


def _row(plan: PlanIn) -> dict[str, Any]:
    row = row_of(plan)
    if "device_class" in row:
        row["class"] = row.pop("device_class")
    return row
