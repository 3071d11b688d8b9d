"""Routes of saved views: lists of assets that have a name."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import FastAPI, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.api.finding.listing import checked, members
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.query import sorting
from isthmus.inventory.domain.rows import Taken
from isthmus.inventory.domain.views import SavedView
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.finding import ViewStore
from isthmus.runtime.access import Operator, Viewer
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import Flag, Next

Name = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=63,
        description="Name of the view.",
        examples=["out-of-support"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[str, Query(max_length=300, description="`next` of the page before.")]
REFUSED: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


class ViewIn(BaseModel):
    """What a list is asked for; all of it may be left out."""

    model_config = ConfigDict(extra="forbid")

    filter: str = Field(
        default="",
        description="Conditions, as `filter` of `GET /v1/assets`; `now` is when it is used.",
        examples=["end_of_support < now and criticality = high"],
    )
    sort: str = Field(
        default="", description="At most three fields to sort by.", examples=["end_of_support"]
    )
    fields: list[str] = Field(
        default=[],
        description="Only these members of each asset.",
        examples=[["name", "site", "end_of_support"]],
    )
    description: str = Field(
        default="", max_length=500, description="What it shows.", examples=["What nobody mends."]
    )
    shared: Flag = Field(
        default=False,
        description="Everybody may use it; only who saved it changes it.",
        examples=[True],
    )


class ViewOut(ViewIn):
    """One saved view."""

    name: str = Field(
        description="Give it as `view` to `GET /v1/assets`.", examples=["out-of-support"]
    )
    owner: str = Field(description="Who saved it.", examples=["mara"])

    @classmethod
    def of(cls, view: SavedView) -> Self:
        """What the API says of `view`."""
        return cls(
            name=view.name,
            filter=view.filter,
            sort=view.sort,
            fields=list(view.fields),
            description=view.description,
            shared=view.shared,
            owner=view.owner,
        )


class ViewPage(BaseModel):
    """Some saved views, by name."""

    items: list[ViewOut]
    next: Next


def serve_views(
    http: FastAPI,
    views: ViewStore,
    now: Callable[[], datetime] = clock.now,
    own: Callable[[], Own] = undefined,
) -> None:
    """Add the routes of saved views to `http`."""
    _read(http, views)
    _write(http, views, now, own)


def _read(http: FastAPI, views: ViewStore) -> None:
    @http.get(
        "/v1/views",
        tags=["views"],
        summary="Saved views, one's own and those that are shared",
        responses=REFUSED,
    )
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> ViewPage:
        found = await views.listed(who.name, cursor, limit)
        more = _place(found[-1]) if len(found) == limit else None
        return ViewPage(items=[ViewOut.of(view) for view in found], next=more)

    @http.get(
        "/v1/views/{name}",
        tags=["views"],
        summary="One saved view",
        response_model=ViewOut,
        responses={**UNKNOWN, **REFUSED},
    )
    async def view(who: Viewer, name: Name) -> ViewOut | Response:
        found = await views.view(name, who.name)
        return ViewOut.of(found) if found else _unknown(name)


def _write(
    http: FastAPI, views: ViewStore, now: Callable[[], datetime], own: Callable[[], Own]
) -> None:
    @http.put(
        "/v1/views/{name}",
        tags=["views"],
        summary="Save a view",
        description="201 when there was none of its name, 200 when it takes the place of one. "
        "It is yours alone unless it is `shared`; a shared one shows each what they may see, and "
        "one's own of the same name goes before it. 409 when somebody else shares one of its name.",
        response_model=ViewOut,
        responses={201: {"model": ViewOut}, 409: {"model": Problem}, **REFUSED},
    )
    async def put(
        who: Operator, name: Name, said: ViewIn, response: Response
    ) -> ViewOut | Response:
        parse(said.filter, now(), own())
        checked("sort", lambda text: sorting(text, own()), said.sort)
        given = said.model_dump() | {"fields": members(said.fields)}
        saved = SavedView(name=name, owner=who.name, **given)
        try:
            new = await views.put(saved)
        except Taken as error:
            return refused(error, "view")
        response.status_code = 201 if new else 200
        return ViewOut.of(saved)

    @http.delete(
        "/v1/views/{name}",
        tags=["views"],
        summary="Remove a view that one has saved",
        status_code=204,
        responses={**UNKNOWN, **REFUSED},
    )
    async def remove(who: Operator, name: Name) -> Response:
        return Response(status_code=204) if await views.remove(name, who.name) else _unknown(name)


def _place(view: SavedView) -> str:
    """Where a view stands in a list."""
    return f"{view.name}|{'' if view.shared else view.owner}"


def _unknown(name: str) -> Response:
    return problem(404, f"name: there is no view {name!r}")
