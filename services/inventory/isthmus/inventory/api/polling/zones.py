"""Zones over HTTP: rules for a site or a part of it, and the pause of either."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import FastAPI, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from isthmus.inventory.api.assets.models import EnvelopeModel
from isthmus.inventory.api.polling.targets import Site, refused
from isthmus.inventory.domain.polling.zones import Zone, patched
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.polling.wanted import Wanted
from isthmus.inventory.ports.polling import Standing, WantedStore
from isthmus.runtime.access import Engineer, Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Limit, Next

ZoneKey = Annotated[
    str,
    Path(
        description="The site, or `site/path` with an ISA-95 path below which the rules hold.",
        examples=["hagen", "hagen/nordwerk/hagen/press-shop"],
    ),
]
PLACE = "/v1/zones/{zone:path}"


class ZoneIn(BaseModel):
    """Rules for every target of a site, or below one ISA-95 path of it."""

    model_config = ConfigDict(extra="forbid")

    envelope: EnvelopeModel | None = Field(
        default=None, description="What all devices of the zone bear."
    )
    do_not_poll: list[str] | None = Field(
        default=None,
        description="Hosts, networks in CIDR notation and target names that nothing is sent to.",
        examples=[["127.21.0.99", "127.21.7.0/24"]],
    )
    safety_controllers: list[str] | None = Field(
        default=None,
        description="Targets with a safety controller (IEC 61511) that may be polled all the "
        "same; without being named here they are not.",
        examples=[["press-safety-plc"]],
    )


class ZoneOut(BaseModel):
    """The rules of one zone as they stand."""

    site: str = Field(description="Site of the zone.", examples=["hagen"])
    path: str = Field(description="ISA-95 path of the zone; empty for the whole site.")
    envelope: EnvelopeModel = Field(description="What all devices of the zone bear.")
    do_not_poll: list[str] = Field(description="What nothing is sent to.")
    safety_controllers: list[str] = Field(description="Safety controllers that may be polled.")
    updated_by: str = Field(description="Who wrote it last.")
    updated_at: datetime | None = Field(default=None, description="When it was last written.")

    @classmethod
    def of(cls, zone: Zone, updated_at: datetime | None = None) -> Self:
        """What the API says of `zone`."""
        row = {**zone.row, "envelope": EnvelopeModel(**zone.envelope)}
        return cls(**row, updated_at=updated_at)

    @classmethod
    def standing(cls, standing: Standing[Zone]) -> Self:
        """What the API says of a stored zone."""
        return cls.of(standing.value, standing.updated_at)


class ZonePage(BaseModel):
    """Some zones, by site and path."""

    items: list[ZoneOut]
    next: Next


def serve_zones(http: FastAPI, store: WantedStore[Zone], zones: Wanted[Zone]) -> None:
    """Add the routes of zones to `http`."""
    _read(http, store)
    _write(http, zones)
    _remove(http, zones)


def _read(http: FastAPI, store: WantedStore[Zone]) -> None:
    @http.get("/v1/zones", tags=["zones"], summary="Zones, page by page", responses=INVALID)
    async def listed(
        who: Viewer, site: Site = None, limit: Limit = 100, cursor: Cursor = ""
    ) -> ZonePage:
        found = await store.listed(sites=narrowed(who.sites, site), after=cursor, limit=limit)
        more = found[-1].value.id if len(found) == limit else None
        return ZonePage(items=[ZoneOut.standing(each) for each in found], next=more)

    @http.get(PLACE, tags=["zones"], summary="One zone", response_model=ZoneOut, responses=UNKNOWN)
    async def one(zone: ZoneKey, who: Viewer) -> ZoneOut | Response:
        place = _zone(zone)
        found = (await store.known([place.id])).get(place.id)
        if found is None or found.removed or not who.may(place.site):
            return _unknown(zone)
        return ZoneOut.standing(found)


def _write(http: FastAPI, zones: Wanted[Zone]) -> None:
    @http.put(
        PLACE,
        tags=["zones"],
        summary="Set all rules of a zone",
        description="What the body does not name is no rule any more: to pause, to resume or to "
        "change one rule, use `PATCH`.",
        response_model=ZoneOut,
        responses=INVALID,
    )
    async def put(zone: ZoneKey, rules: ZoneIn, who: Engineer) -> ZoneOut | Response:
        place = _zone(zone)
        who.check(place.site, f"zone {zone!r}")
        said = {
            **rules.model_dump(exclude_none=True),
            "updated_by": who.name,
            "site": place.site,
            "path": place.path,
        }
        try:
            made, _ = await zones.put(said)
        except Invalid as error:
            return refused(error, "zone")
        return ZoneOut.of(made)

    @http.patch(
        PLACE,
        tags=["zones"],
        summary="Pause a site or a zone, resume it, or change some of its rules",
        description='`{"envelope": {"paused": true, "reason": "…"}}` stops everything within '
        "seconds; connections are closed. What the body does not name stays, null takes a rule "
        "away (RFC 7396). A zone that is not there is made.",
        response_model=ZoneOut,
        responses=INVALID,
    )
    async def patch(zone: ZoneKey, rules: ZoneIn, who: Engineer) -> ZoneOut | Response:
        place = _zone(zone)
        who.check(place.site, f"zone {zone!r}")
        changes = {**rules.model_dump(exclude_unset=True), "updated_by": who.name}
        try:
            made = await zones.change(
                place.id, place.site, lambda before: patched(before or place, changes)
            )
        except Invalid as error:
            return refused(error, "zone")
        return ZoneOut.of(made)


def _remove(http: FastAPI, zones: Wanted[Zone]) -> None:
    @http.delete(
        PLACE,
        tags=["zones"],
        summary="End the rules of a zone, its pause among them",
        status_code=204,
        responses=UNKNOWN,
    )
    async def remove(zone: ZoneKey, who: Engineer) -> Response:
        place = _zone(zone)
        who.check(place.site, f"zone {zone!r}")
        removed = await zones.remove(place.id)
        return Response(status_code=204) if removed else _unknown(zone)


def _zone(key: str) -> Zone:
    """The zone of `site[/path]` as someone types it: a slash at the end means nothing."""
    site, _, path = key.strip("/").partition("/")
    return Zone(site, path)


def _unknown(zone: str) -> Response:
    return problem(404, f"zone: there is no zone {zone!r}")
