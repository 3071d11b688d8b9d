"""Routes of maintenance windows."""

from datetime import datetime
from enum import Enum
from itertools import groupby, islice
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from fastapi.responses import JSONResponse, Response

from isthmus.alerting.api.alarms.routes import Site
from isthmus.alerting.api.quiet.models import (
    ID,
    Preview,
    ReportItem,
    ReportList,
    WindowIn,
    WindowItem,
    WindowList,
)
from isthmus.alerting.domain.alarms.alarm import Alarm, State
from isthmus.alerting.domain.quiet.maintenance import EVERYWHERE, Expand, Window
from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.alerting.handlers.quiet.windows import StoredWindows
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.ports.alarms import AlarmStore, Filter
from isthmus.alerting.ports.quiet import ReportStore
from isthmus.runtime.access import Engineer, Principal, Sites, Viewer
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID, TAKEN, UNKNOWN, Cursor, Limit

TAGS: list[str | Enum] = ["maintenance"]
ALARMS_MAX = 200
LOOKED_MAX = 1000
"""Alarms in one state that a preview looks at."""
OPEN = (
    State.UNACKNOWLEDGED,
    State.ACKNOWLEDGED,
    State.SHELVED,
    State.SUPPRESSED,
    State.OUT_OF_SERVICE,
)
Id = Annotated[
    str,
    Path(
        pattern=ID, max_length=63, description="Id of the window.", examples=["press-shop-weekly"]
    ),
]
Count = Annotated[int, Query(ge=1, le=100, description="Most occurrences.")]
FORBIDDEN: dict[int | str, dict[str, Any]] = {403: {"model": Problem}}


def serve_maintenance(
    http: FastAPI,
    windows: StoredWindows,
    reports: ReportStore,
    expand: Expand,
    concerned: "Concerned",
    rules: RuleBook,
    now: Now,
) -> None:
    """Add the routes under `/v1/maintenance-windows` to `http`."""
    desk = Desk(windows, expand, concerned, rules, now)
    _reading(http, desk)
    _writing(http, desk)
    _previews(http, desk)
    _reports(http, desk, reports)


class Concerned:
    """Finds the alarms that are not normal now and that a window concerns."""

    def __init__(self, alarms: AlarmStore, assets: Assets) -> None:
        self._alarms = alarms
        self._assets = assets

    async def by(self, window: Window, sites: Sites) -> tuple[list[Alarm], bool]:
        """Those that somebody who may see `sites` may see, and whether these are all."""
        if window.site != EVERYWHERE:
            sites = frozenset({window.site})
        found: list[Alarm] = []
        complete = True
        for state in OPEN:
            page = await self._alarms.page(Filter(sites, state), LOOKED_MAX, None)
            found += [alarm for alarm in page.alarms if self._is(window, alarm)]
            complete = complete and page.after is None
        return found[:ALARMS_MAX], complete and len(found) <= ALARMS_MAX

    def _is(self, window: Window, alarm: Alarm) -> bool:
        return window.concerns(alarm, lambda: self._assets.tags(alarm.subject))


class Desk:
    """Where windows are shown, checked and stored."""

    def __init__(
        self,
        windows: StoredWindows,
        expand: Expand,
        concerned: Concerned,
        rules: RuleBook,
        now: Now,
    ) -> None:
        self.windows = windows
        self.now = now
        self._expand = expand
        self._concerned = concerned
        self._rules = rules

    def item(self, window: Window) -> WindowItem:
        """The window as it is given."""
        now = self.now()
        return WindowItem.of(window, next(iter(self._expand(window, now)), None), now)

    def found(self, who: Principal, id: str) -> Window | None:
        """The window, if there is one that they may see."""
        window = self.windows.newest.get(id)
        return window if window and _may_see(who, window.site) else None

    def wrong(self, window: Window) -> JSONResponse | None:
        """Why nobody should store it as it is."""
        for number, name in enumerate(window.rules):
            if name not in self._rules.by_name:
                return _invalid(f"rules.{number}", f"there is no rule {name[:80]!r}")
        if next(iter(self._expand(window, self.now())), None) is None:
            field = "recurrence" if window.recurrence else "starts"
            return _invalid(field, "never occurs again after now, expected a time to come")
        return None

    async def preview(self, window: Window, sites: Sites, count: int) -> Preview:
        """When it occurs, and what it would hold back now."""
        alarms, complete = await self._concerned.by(window, sites)
        spans = islice(iter(self._expand(window, self.now())), count)
        return Preview.of(spans, alarms, complete=complete)


def _reading(http: FastAPI, desk: Desk) -> None:
    @http.get(
        "/v1/maintenance-windows",
        tags=TAGS,
        summary="Maintenance windows, by id",
        responses=INVALID,
    )
    async def windows(
        who: Viewer, site: Site = None, limit: Limit = 100, cursor: Cursor = ""
    ) -> WindowList:
        found = [
            each
            for id, each in desk.windows.newest.items()
            if id > cursor
            and _may_see(who, each.site)
            and (site is None or each.site in (site, EVERYWHERE))
        ]
        more = found[limit - 1].id if len(found) > limit else None
        return WindowList(items=[desk.item(each) for each in found[:limit]], next=more)

    @http.get(
        "/v1/maintenance-windows/{id}",
        tags=TAGS,
        summary="One maintenance window",
        response_model=WindowItem,
        responses=UNKNOWN,
    )
    async def window(who: Viewer, id: Id) -> Any:
        found = desk.found(who, id)
        return desk.item(found) if found else _missing(id)


def _writing(http: FastAPI, desk: Desk) -> None:
    @http.put(
        "/v1/maintenance-windows/{id}",
        tags=TAGS,
        summary="Store a maintenance window",
        description="Every replica keeps to it within seconds. While it lasts, its alarms are "
        "judged as always and call nobody; when it ends, each that is still bad is annunciated, "
        "and a report says which. Naming every site, `*`, needs the role on every site.",
        response_model=WindowItem,
        responses={**FORBIDDEN, **INVALID, **TAKEN, **UNKNOWN},
    )
    async def put(who: Engineer, id: Id, body: WindowIn) -> Any:
        known = desk.windows.newest.get(id)
        for site in {body.site, known.site if known else body.site}:
            who.check(site, f"maintenance window {id!r}")
        version = desk.windows.version(id) + 1
        window = body.window(id, version, who.name, _milliseconds(desk.now()))
        if (wrong := desk.wrong(window)) is not None:
            return wrong
        return desk.item(window) if await desk.windows.put(window) else _raced(id)

    @http.delete(
        "/v1/maintenance-windows/{id}",
        tags=TAGS,
        summary="Delete a maintenance window",
        description="What it holds back now is released: what is still bad is annunciated.",
        status_code=204,
        response_model=None,
        responses={**FORBIDDEN, **INVALID, **TAKEN, **UNKNOWN},
    )
    async def delete(who: Engineer, id: Id) -> Response:
        known = desk.windows.newest.get(id)
        if known is None:
            return _missing(id)
        who.check(known.site, f"maintenance window {id!r}")
        gone = known.gone(who.name, _milliseconds(desk.now()))
        return Response(status_code=204) if await desk.windows.put(gone) else _raced(id)


def _previews(http: FastAPI, desk: Desk) -> None:
    @http.get(
        "/v1/maintenance-windows/{id}/preview",
        tags=TAGS,
        summary="When a maintenance window occurs, and what it would hold back now",
        response_model=Preview,
        responses={**UNKNOWN, **INVALID},
    )
    async def preview(who: Viewer, id: Id, count: Count = 5) -> Any:
        found = desk.found(who, id)
        return await desk.preview(found, who.sites, count) if found else _missing(id)

    @http.post(
        "/v1/maintenance-windows/preview",
        tags=TAGS,
        summary="The same for a window that is not stored",
        response_model=Preview,
        responses={**UNKNOWN, **INVALID},
    )
    async def trial(who: Viewer, body: WindowIn, count: Count = 5) -> Any:
        if not _may_see(who, body.site):
            return problem(404, f"there is no site {body.site!r}")
        window = body.window("preview")
        return desk.wrong(window) or await desk.preview(window, who.sites, count)


def _reports(http: FastAPI, desk: Desk, store: ReportStore) -> None:
    @http.get(
        "/v1/maintenance-windows/{id}/reports",
        tags=TAGS,
        summary="What was still bad after maintenance, the latest first",
        response_model=ReportList,
        responses={**UNKNOWN, **INVALID},
    )
    async def reports(
        who: Viewer,
        id: Id,
        limit: Annotated[int, Query(ge=1, le=100, description="Most items on the page.")] = 20,
        cursor: Cursor = "",
    ) -> Any:
        if desk.found(who, id) is None:
            return _missing(id)
        try:
            before = datetime.fromisoformat(cursor) if cursor else None
        except ValueError:
            return problem(422, f"cursor: {cursor[:80]!r}, expected `next` of a page")
        parts = await store.of(id, before, limit + 1)
        found = [list(some) for _, some in groupby(parts, key=lambda part: part.end)]
        more = found[limit - 1][0].end.isoformat() if len(found) > limit else None
        items = [ReportItem.of(some, who.sites) for some in found[:limit]]
        return ReportList(items=items, next=more)


def _may_see(who: Principal, site: str) -> bool:
    return site == EVERYWHERE or who.may(site)


def _milliseconds(at: datetime) -> datetime:
    """As exactly as the store keeps it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _invalid(field: str, reason: str) -> JSONResponse:
    return problem(422, "the request is not valid", [{"field": field, "reason": reason}])


def _missing(id: str) -> JSONResponse:
    return problem(404, f"there is no maintenance window {id!r}")


def _raced(id: str) -> JSONResponse:
    return problem(409, f"somebody else has just stored the window {id!r}: look at it again")
