"""What hangs on what over HTTP: relations, impact, paths, topology and strangers."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from fastapi.responses import Response

from isthmus.inventory.api.finding.past import AsOf, instant
from isthmus.inventory.api.polling.targets import refused
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.api.relations.relations_models import (
    DeclaredOut,
    DeclaredPage,
    ImpactOut,
    PathOut,
    RelationIn,
    RelationOut,
    RelationPage,
    StrangerOut,
    StrangerPage,
    TopologyOut,
)
from isthmus.inventory.domain.relations.relations import RelationKind
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.relations import DRAWN_MAX, Relations
from isthmus.runtime.access import Operator, Viewer
from isthmus.runtime.http import Problem, problem

A_PLC = "0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"
A_SWITCH = "7d1c2f54-9a54-5b0c-8d6c-1f2f3a4b5c6d"
AssetId = Annotated[str, Path(max_length=100, description="Id of the asset.", examples=[A_PLC])]
Start = Annotated[
    str, Query(alias="from", max_length=100, description="Id of an asset.", examples=[A_PLC])
]
End = Annotated[
    str, Query(alias="to", max_length=100, description="Id of an asset.", examples=[A_SWITCH])
]
SiteName = Annotated[
    str, Query(max_length=100, description="Name of the site.", examples=["hagen"])
]
Place = Annotated[
    str,
    Query(
        max_length=500,
        description="Only what stands at this ISA-95 path or below it.",
        examples=["nordwerk/hagen/press-shop"],
    ),
]
Depth = Annotated[int, Query(ge=1, le=20, description="Most steps.", examples=[10])]
Reach = Annotated[
    int, Query(ge=1, le=5000, description="Most assets in the answer, the nearest.", examples=[500])
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.", examples=[100])]
Cursor = Annotated[
    str, Query(max_length=1000, description="`next` of the page before.", examples=[""])
]
WhichKind = Annotated[RelationKind, Query(description="Kind of the relation.", examples=["feeds"])]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
INVALID: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}


def serve_relations(http: FastAPI, relations: Relations) -> None:
    """Add the routes of relations to `http`."""
    serve_problems(http)
    _of_one_asset(http, relations)
    _of_several(http, relations)
    _declared(http, relations)


async def _then(relations: Relations, as_of: datetime | None) -> Relations:
    return relations.then(await instant(relations.earliest, as_of, clock.now()))


def _of_one_asset(http: FastAPI, relations: Relations) -> None:
    @http.get(
        "/v1/assets/{id}/relations",
        tags=["relations"],
        summary="What an asset has to do with others, and why we think so",
        response_model=RelationPage,
        responses={**UNKNOWN, **INVALID},
    )
    async def of(
        id: AssetId, who: Viewer, limit: Limit = 100, cursor: Cursor = "", as_of: AsOf = None
    ) -> RelationPage | Response:
        found = await (await _then(relations, as_of)).of(id, who.sites)
        if found is None:
            return _unknown(id)
        items = sorted((RelationOut.of(each, found) for each in found.relations), key=_place)
        rest = [each for each in items if _place(each) > cursor]
        more = _place(rest[limit - 1]) if len(rest) > limit else None
        return RelationPage(items=rest[:limit], next=more)

    @http.get(
        "/v1/assets/{id}/impact",
        tags=["relations"],
        summary="What stands if an asset stops",
        description="What it controls, feeds, carries or contains stops with it; what is behind "
        "it, or has no other way to the core of its network, is cut off: it may work on, but "
        "nobody reaches it. The core are routers and firewalls, and in a network without any, the "
        "switch, or else the device, with the most links.",
        response_model=ImpactOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def impact(
        id: AssetId, who: Viewer, depth: Depth = 10, limit: Reach = 500
    ) -> ImpactOut | Response:
        found = await relations.impact(id, who.sites, depth=depth, limit=limit)
        return ImpactOut.of(found) if found else _unknown(id)


def _of_several(http: FastAPI, relations: Relations) -> None:
    @http.get(
        "/v1/path",
        tags=["relations"],
        summary="How two assets hang together",
        description="The shortest way by links of the network; where there is none, by any "
        "relations, in either direction.",
        response_model=PathOut,
        responses=INVALID,
    )
    async def path(start: Start, end: End, who: Viewer) -> PathOut | Response:
        try:
            return PathOut.of(await relations.path(start, end, who.sites))
        except Invalid as error:
            return refused(error, "question")

    @http.get(
        "/v1/topology",
        tags=["relations"],
        summary="The assets of a site and what they have to do with each other, for a drawing",
        description=f"At most {DRAWN_MAX} assets: of a larger site, ask for a part by `path`.",
        response_model=TopologyOut,
        responses=INVALID,
    )
    async def topology(
        site: SiteName, who: Viewer, path: Place = "", as_of: AsOf = None
    ) -> TopologyOut | Response:
        try:
            asked = await _then(relations, as_of)
            return TopologyOut.of(await asked.topology(site, path.strip("/"), who.sites))
        except Invalid as error:
            return refused(error, "part")

    @http.get(
        "/v1/strangers",
        tags=["relations"],
        summary="What devices of a site see on its network and is no asset",
        description="By MAC address, or by name where none is known; endpoints that others stand "
        "behind by their source. Addresses that several routers share are none.",
        responses=INVALID,
    )
    async def strangers(
        site: SiteName, who: Viewer, limit: Limit = 100, cursor: Cursor = ""
    ) -> StrangerPage:
        found = [s for s in await relations.strangers(site, who.sites) if s.id > cursor]
        more = found[limit - 1].id if len(found) > limit else None
        return StrangerPage(items=[StrangerOut.of(each) for each in found[:limit]], next=more)


def _declared(http: FastAPI, relations: Relations) -> None:
    @http.get(
        "/v1/relations",
        tags=["relations"],
        summary="What people declared, with what was done to it",
        description="Also what was withdrawn.",
        responses=INVALID,
    )
    async def listed(who: Viewer, limit: Limit = 100, cursor: Cursor = "") -> DeclaredPage:
        found, more = await relations.declarations(who.sites, cursor, limit)
        return DeclaredPage(items=[DeclaredOut.of(each) for each in found], next=more)

    @http.put(
        "/v1/relations",
        tags=["relations"],
        summary="Declare that one asset has to do with another",
        description="201 when that is new or its note is, 200 when it already was so. It follows "
        "both assets when they are merged into others.",
        status_code=201,
        response_model=DeclaredOut,
        responses={200: {"model": DeclaredOut}, **INVALID},
    )
    async def declare(
        said: RelationIn, who: Operator, response: Response
    ) -> DeclaredOut | Response:
        try:
            made, is_new = await relations.declare(
                said.model_dump(by_alias=True), who.name, who.sites
            )
        except Invalid as error:
            return refused(error, "relation")
        response.status_code = 201 if is_new else 200
        return DeclaredOut.of(made)

    @http.delete(
        "/v1/relations",
        tags=["relations"],
        summary="Take back what was declared",
        description="What devices themselves show of it stays.",
        status_code=204,
        responses={**UNKNOWN, **INVALID},
    )
    async def withdraw(kind: WhichKind, start: Start, end: End, who: Operator) -> Response:
        row = {"kind": kind, "from": start, "to": end}
        try:
            if await relations.withdraw(row, who.name, who.sites):
                return Response(status_code=204)
        except Invalid as error:
            return refused(error, "relation")
        return problem(404, f"relation: nobody declared that {start!r} {kind} {end!r}")


def _place(item: RelationOut) -> str:
    ports = (item.port, item.remote_port)
    return "|".join((item.kind, item.direction, item.asset.id, *ports))


def _unknown(id: str) -> Response:
    return problem(404, f"id: there is no asset {id!r}")
