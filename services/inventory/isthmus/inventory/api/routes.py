"""The routes of the inventory."""

from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from fastapi.responses import Response

from isthmus.inventory.api.models import (
    AssetOut,
    AssetPage,
    SiteOut,
    SitePage,
    TargetIn,
    TargetOut,
    TargetPage,
)
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.domain.targets import Target
from isthmus.inventory.handlers.wanted import Wanted
from isthmus.inventory.ports import AssetDirectory, WantedStore
from isthmus.runtime.http import Problem, problem

Site = Annotated[str | None, Query(description="Only of this site.", examples=["hagen"])]
Class = Annotated[
    str | None, Query(alias="class", description="Only of this device class.", examples=["plc"])
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[str, Query(max_length=300, description="`next` of the page before.")]
AssetId = Annotated[str, Path(description="Id of the asset.")]
SiteName = Annotated[str, Path(description="Name of the site.", examples=["hagen"])]
TargetName = Annotated[str, Path(description="Name of the target.", examples=["press-plc-1"])]
INVALID: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
TAKEN: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def serve(
    http: FastAPI,
    assets: AssetDirectory,
    store: WantedStore[Target],
    targets: Wanted[Target],
) -> None:
    """Add the routes of assets and targets to `http`."""
    _assets(http, assets)
    _targets(http, store, targets)


def refused(error: Invalid, what: str) -> Response:
    """The problem that says which field is at fault; 409 when another has what is asked for."""
    fields = [{"field": error.field, "reason": error.reason}]
    if isinstance(error, Taken):
        return problem(409, f"{error.field}: {error.reason}", fields=fields)
    return problem(422, f"the {what} is not valid", fields=fields)


def _assets(http: FastAPI, directory: AssetDirectory) -> None:
    @http.get("/v1/assets", tags=["assets"], summary="Assets, page by page", responses=INVALID)
    async def assets(
        site: Site = None, class_: Class = None, limit: Limit = 100, cursor: Cursor = ""
    ) -> AssetPage:
        found = await directory.assets(site=site, class_=class_, after=cursor, limit=limit)
        more = found[-1].id if len(found) == limit else None
        return AssetPage(items=[AssetOut.of(asset) for asset in found], next=more)

    @http.get(
        "/v1/assets/{id}",
        tags=["assets"],
        summary="One asset",
        response_model=AssetOut,
        responses=UNKNOWN,
    )
    async def asset(id: AssetId) -> AssetOut | Response:
        found = await directory.asset(id)
        return AssetOut.of(found) if found else problem(404, f"id: there is no asset {id!r}")

    @http.get("/v1/sites", tags=["assets"], summary="Sites in numbers")
    async def sites() -> SitePage:
        return SitePage(items=[SiteOut.of(site) for site in await directory.sites()])


def _targets(http: FastAPI, store: WantedStore[Target], targets: Wanted[Target]) -> None:
    @http.get("/v1/targets", tags=["targets"], summary="Targets, page by page", responses=INVALID)
    async def listed(site: Site = None, limit: Limit = 100, cursor: Cursor = "") -> TargetPage:
        found = await store.listed(site=site, after=cursor, limit=limit)
        more = found[-1].value.id if len(found) == limit else None
        return TargetPage(items=[TargetOut.standing(each) for each in found], next=more)

    @http.post(
        "/v1/targets",
        tags=["targets"],
        summary="Read an endpoint from now on",
        description="Adds the target, or changes the one of the same site and name. "
        "201 when that wrote it, 200 when it already was so, 409 when another target of the site "
        "has the same `host:port`: one device is read through one target.",
        status_code=201,
        response_model=TargetOut,
        responses={200: {"model": TargetOut}, **TAKEN, **INVALID},
    )
    async def put(row: TargetIn, response: Response) -> TargetOut | Response:
        try:
            target, changed = await targets.put(row.model_dump(exclude_none=True))
        except Invalid as error:
            return refused(error, "target")
        response.status_code = 201 if changed else 200
        return TargetOut.of(target)

    @http.delete(
        "/v1/targets/{site}/{target}",
        tags=["targets"],
        summary="Read an endpoint no more",
        description="Its collector closes the connection within seconds. A seed file does not "
        "bring it back; a new row of that file, or a `POST`, does.",
        status_code=204,
        responses=UNKNOWN,
    )
    async def remove(site: SiteName, target: TargetName) -> Response:
        id = f"{site}/{target}"
        if await targets.remove(id):
            return Response(status_code=204)
        return problem(404, f"target: there is no target {id!r}")
