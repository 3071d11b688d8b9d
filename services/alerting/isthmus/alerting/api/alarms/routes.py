"""Routes that show alarms: lists, one alarm, and what happens as it happens."""

import base64
import binascii
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError

from isthmus.alerting.api.alarms.acts import Id
from isthmus.alerting.api.alarms.models import (
    AlarmDetail,
    AlarmList,
    NewsItem,
    TransitionList,
    detail,
)
from isthmus.alerting.domain.alarms.alarm import Alarm, State
from isthmus.alerting.domain.alarms.place import Reached
from isthmus.alerting.handlers.alarms.following import Following, News
from isthmus.alerting.ports.alarms import AlarmStore, Filter, Place
from isthmus.runtime.access import Principal, Sites, Viewer, narrowed
from isthmus.runtime.audience import Crowded
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Instant, Limit

RETRY_MS = 2_000
SEND_MAX_S = 10.0
"""A client that takes nothing for so long is cut off."""
Site = Annotated[
    str | None, Query(max_length=63, description="Only of this site.", examples=["hagen"])
]
Priority = Annotated[
    Literal["low", "medium", "high", "critical"] | None,
    Query(description="Only of this priority."),
]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events until the stream ends.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    503: {"model": Problem, "description": "Too many streams; see `Retry-After`."},
}


def serve_alarms(http: FastAPI, store: AlarmStore, following: Following) -> None:
    """Add the routes to `http`."""
    _list(http, store)
    _stream(http, following)
    _one(http, store)


def _list(http: FastAPI, store: AlarmStore) -> None:
    @http.get(
        "/v1/alarms",
        summary="Alarms, latest raised first",
        tags=["alarms"],
        response_model=AlarmList,
        responses=INVALID,
    )
    async def alarms(
        who: Viewer,
        site: Site = None,
        state: Annotated[State | None, Query(description="Only in this state.")] = None,
        priority: Priority = None,
        asset_class: Annotated[
            str | None,
            Query(alias="class", max_length=80, description="Only of assets of this class."),
        ] = None,
        path: Annotated[
            str | None,
            Query(
                max_length=300,
                description="Only at this place of the hierarchy, or below it.",
                examples=["nordwerk/hagen/press-shop"],
            ),
        ] = None,
        rule: Annotated[str | None, Query(max_length=100, description="Only of this rule.")] = None,
        since: Annotated[Instant | None, Query(description="Only raised then or later.")] = None,
        suppressed: Annotated[
            bool | None, Query(description="Only what is held back, or only what is not.")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Any:
        try:
            after = _place(cursor) if cursor else None
        except ValueError:
            return problem(422, f"cursor: {cursor[:80]!r}, expected `next` of a page")
        sites = narrowed(who.sites, site)
        wanted = Filter(sites, state, priority, asset_class, path, rule, since, suppressed)
        page = await store.page(wanted, limit, after)
        return AlarmList.of(page, _cursor(*page.after) if page.after else None)


def _one(http: FastAPI, store: AlarmStore) -> None:
    @http.get(
        "/v1/alarms/{id}",
        summary="One alarm, and what happened to it",
        tags=["alarms"],
        description="Its ETag is its `seq`: what an act must name as the alarm that was seen.",
        response_model=AlarmDetail,
        responses=UNKNOWN,
    )
    async def alarm(who: Viewer, id: Id, response: Response) -> Any:
        if (found := await _found(store, who, id)) is None:
            return _missing(id)
        response.headers["ETag"] = f'"{found.seq}"'
        return detail(found, await store.transitions(id))

    @http.get(
        "/v1/alarms/{id}/transitions",
        summary="What happened to an alarm",
        tags=["alarms"],
        response_model=TransitionList,
        responses=UNKNOWN,
    )
    async def transitions(who: Viewer, id: Id) -> Any:
        if await _found(store, who, id) is None:
            return _missing(id)
        return TransitionList.of(await store.transitions(id))


def _stream(http: FastAPI, following: Following) -> None:
    @http.get(
        "/v1/alarms/stream",
        summary="What happens to alarms, as it happens (server-sent events)",
        tags=["alarms"],
        description="Each event has the type `transition`, and as `id` the place that leads on "
        "from it. Without one it begins now. Every 15 seconds without an event a comment comes. "
        "After 15 minutes the stream ends; who comes again with the last id within a further 15 "
        "minutes has missed nothing, who comes later gets an event `gap` first, and reads the "
        "list anew. A client that is 1,000 events behind is cut off. The same is on the topic "
        "`alerting.transitions.v1`.",
        response_class=Response,
        responses={**INVALID, **STREAM},
    )
    async def stream(
        who: Viewer,
        site: Site = None,
        annunciated: Annotated[
            bool, Query(description="Only what a person shall hear of now.")
        ] = False,
        last_event_id: Annotated[
            str,
            Header(max_length=2000, description="Where the stream before ended."),
        ] = "",
    ) -> Response:
        try:
            after = Reached.parsed(last_event_id) if last_event_id else None
        except ValueError:
            shown = last_event_id[:80]
            return problem(422, f"Last-Event-ID: {shown!r}, expected the id of an event")
        wants = partial(_wanted, narrowed(who.sites, site), annunciated)
        begun = following.reached
        try:
            whole, news = following.stream(who.name, wants, after)
        except Crowded as error:
            return problem(503, str(error), headers={"Retry-After": "60"})
        events = _events(news, after if after and whole else begun, whole=whole)
        return _Events(events, ping=0, send_timeout=SEND_MAX_S)


class _Events(EventSourceResponse):
    """A stream that just ends when its client takes nothing any more."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            pass  # the connection is of no use any more


async def _events(
    news: AsyncIterator[News | None], reached: Reached, *, whole: bool
) -> AsyncIterator[ServerSentEvent]:
    if whole:
        yield ServerSentEvent(comment="from here on", id=str(reached), retry=RETRY_MS)
    else:
        yield ServerSentEvent("{}", event="gap", id=str(reached), retry=RETRY_MS)
    async for each in news:
        if each is None:
            yield ServerSentEvent(comment="nothing new", id=str(reached))
            continue
        reached = reached.past(each.partition, each.offset)
        data = NewsItem.model_validate(each).model_dump_json()
        yield ServerSentEvent(data, event="transition", id=str(reached))


def _wanted(sites: Sites, annunciated: bool, news: News) -> bool:
    return (sites is None or news.site in sites) and (news.annunciate or not annunciated)


async def _found(store: AlarmStore, who: Principal, id: str) -> Alarm | None:
    """The alarm, if there is one that they may see."""
    alarm = (await store.find([id])).get(id)
    return alarm if alarm and alarm.raised_at and who.may(alarm.site) else None


def _missing(id: str) -> JSONResponse:
    return problem(404, f"no alarm has the id {id[:80]!r}")


def _cursor(at: datetime, id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{id}".encode()).decode()


def _place(cursor: str) -> Place:
    try:
        at, _, id = base64.urlsafe_b64decode(cursor).decode().partition("|")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError from error
    place = datetime.fromisoformat(at)
    if place.tzinfo is None or not id:
        raise ValueError
    return place, id
