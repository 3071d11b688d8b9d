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
from isthmus.inventory.domain.targets import InvalidTarget
from isthmus.inventory.handlers.targets import Targets
from isthmus.inventory.ports import AssetDirectory, TargetStore
from isthmus.runtime.http import Problem, problem

Site = Annotated[str | None, Query(description="Only of this site.", examples=["hagen"])]
Class = Annotated[
    str | None, Query(alias="class", description="Only of this device class.", examples=["plc"])
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[str, Query(max_length=300, description="`next` of the page before.")]
AssetId = Annotated[str, Path(description="Id of the asset.")]
INVALID: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def serve(http: FastAPI, assets: AssetDirectory, store: TargetStore, targets: Targets) -> None:
    """Add the routes to `http`."""
    _assets(http, assets)
    _targets(http, store, targets)


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


def _targets(http: FastAPI, store: TargetStore, targets: Targets) -> None:
    @http.get("/v1/targets", tags=["targets"], summary="Targets, page by page", responses=INVALID)
    async def listed(site: Site = None, limit: Limit = 100, cursor: Cursor = "") -> TargetPage:
        found = await store.targets(site=site, after=cursor, limit=limit)
        more = found[-1][0].id if len(found) == limit else None
        return TargetPage(items=[TargetOut.of(*each) for each in found], next=more)

    @http.post(
        "/v1/targets",
        tags=["targets"],
        summary="Read an endpoint from now on",
        description="Adds the target, or changes the one of the same site and name. "
        "201 when that wrote it, 200 when it already was so.",
        status_code=201,
        response_model=TargetOut,
        responses={200: {"model": TargetOut}, **INVALID},
    )
    async def put(row: TargetIn, response: Response) -> TargetOut | Response:
        try:
            target, changed = await targets.put(row.model_dump())
        except InvalidTarget as error:
            fields = [{"field": error.field, "reason": error.reason}]
            return problem(422, "the target is not valid", fields=fields)
        response.status_code = 201 if changed else 200
        return TargetOut.of(target)
