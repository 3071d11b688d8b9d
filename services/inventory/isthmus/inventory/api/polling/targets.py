"""Targets over HTTP: which endpoints are read."""

from typing import Annotated

from fastapi import FastAPI, Path, Query
from fastapi.responses import Response

from isthmus.inventory.api.assets.models import TargetIn, TargetOut, TargetPage
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.handlers.polling.wanted import Wanted
from isthmus.inventory.ports.polling import WantedStore
from isthmus.runtime.access import Engineer, Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, TAKEN, UNKNOWN, Cursor, Limit

Site = Annotated[str | None, Query(description="Only of this site.", examples=["hagen"])]
SiteName = Annotated[str, Path(description="Name of the site.", examples=["hagen"])]
TargetName = Annotated[str, Path(description="Name of the target.", examples=["press-plc-1"])]


def refused(error: Invalid, what: str) -> Response:
    """The problem that says which field is at fault; 409 when another has what is asked for."""
    fields = [{"field": error.field, "reason": error.reason}]
    if isinstance(error, Taken):
        return problem(409, f"{error.field}: {error.reason}", fields=fields)
    return problem(422, f"the {what} is not valid", fields=fields)


def serve_targets(http: FastAPI, store: WantedStore[Target], targets: Wanted[Target]) -> None:
    """Add the routes of targets to `http`."""

    @http.get("/v1/targets", tags=["targets"], summary="Targets, page by page", responses=INVALID)
    async def listed(
        who: Viewer, site: Site = None, limit: Limit = 100, cursor: Cursor = ""
    ) -> TargetPage:
        found = await store.listed(sites=narrowed(who.sites, site), after=cursor, limit=limit)
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
    async def put(row: TargetIn, who: Engineer, response: Response) -> TargetOut | Response:
        who.check(row.site, f"site {row.site!r}")
        try:
            target, changed = await targets.put(row.model_dump(exclude_none=True))
        except Invalid as error:
            return refused(error, "target")
        response.status_code = 201 if changed else 200
        return TargetOut.of(target)

    @http.get(
        "/v1/targets/{site}/{target}",
        tags=["targets"],
        summary="One target",
        response_model=TargetOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def one(site: SiteName, target: TargetName, who: Viewer) -> TargetOut | Response:
        id = f"{site}/{target}"
        found = (await store.known([id])).get(id)
        if found is None or found.removed or not who.may(site):
            return problem(404, f"target: there is no target {id!r}")
        return TargetOut.standing(found)

    @http.delete(
        "/v1/targets/{site}/{target}",
        tags=["targets"],
        summary="Read an endpoint no more",
        description="Its collector closes the connection within seconds. A seed file does not "
        "bring it back; a new row of that file, or a `POST`, does.",
        status_code=204,
        responses=UNKNOWN,
    )
    async def remove(site: SiteName, target: TargetName, who: Engineer) -> Response:
        id = f"{site}/{target}"
        who.check(site, f"target {id!r}")
        if await targets.remove(id):
            return Response(status_code=204)
        return problem(404, f"target: there is no target {id!r}")
