"""Routes of changes: page by page, and as they happen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from fastapi.responses import Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from isthmus.inventory.api.assets.assets import REFUSED, EventOut, EventPage, Limit
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.feed import following
from isthmus.inventory.domain.feed.following import SETTLED, Interest, Place
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.feed.changes import (
    WAITING_MAX,
    Changes,
    Crowded,
    Ended,
    Stream,
    wanted,
)
from isthmus.inventory.ports.assets import Event
from isthmus.inventory.ports.feed import EventFeed
from isthmus.runtime.access import Viewer, narrowed
from isthmus.runtime.http import Problem, problem

RETRY_MS = 2_000
SEND_MAX_S = 10.0
"""A client that takes nothing for so long is cut off."""
FIELDS_MAX = 50
Site = Annotated[str, Query(max_length=63, description="Only of this site.", examples=["hagen"])]
Fields = Annotated[
    list[Annotated[str, Query(max_length=80)]] | None,
    Query(
        alias="field",
        max_length=FIELDS_MAX,
        description="Only what changed one of these fields; none is everything that happened.",
        examples=[["firmware", "owner"]],
    ),
]
Cursor = Annotated[
    str,
    Query(max_length=200, description="`next` of the page before, or the `id` of an event."),
]
LastEventId = Annotated[
    str,
    Header(
        max_length=200,
        description="Where the stream before ended: browsers send it by themselves, and it counts "
        "more than `cursor`.",
    ),
]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events until the stream ends.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    503: {"model": Problem, "description": "Too many streams; see `Retry-After`."},
}


def serve_changes(
    http: FastAPI,
    feed: EventFeed,
    changes: Changes,
    now: Callable[[], datetime] = clock.now,
) -> None:
    """Add the routes to `http`."""
    serve_problems(http)
    _pages(http, feed, now)
    _stream(http, changes)


def _pages(http: FastAPI, feed: EventFeed, now: Callable[[], datetime]) -> None:
    @http.get(
        "/v1/changes",
        tags=["history"],
        summary="What happened to all assets, in the order in which it was recorded",
        description="Begin without a cursor; ask again with `next`, also when the page was empty, "
        "and nothing is missed. With `field` a page may have fewer events than its limit. As they "
        "happen: `/v1/changes/stream`. The same is on the topic `inventory.changes.v1`.",
        responses=REFUSED,
    )
    async def page(
        who: Viewer, limit: Limit = 100, cursor: Cursor = "", site: Site = "", field: Fields = None
    ) -> EventPage:
        interest = Interest(narrowed(who.sites, site), frozenset(field or ()))
        after = _place("cursor", cursor)
        events = await feed.feed(interest.sites, after=after, until=now() - SETTLED, limit=limit)
        last = following.cursor((events[-1].recorded_at, events[-1].id)) if events else cursor
        items = [EventOut.of(event) for event in wanted(events, interest)]
        return EventPage(items=items, next=last or None)


def _stream(http: FastAPI, changes: Changes) -> None:
    encoded = _Encoded()

    @http.get(
        "/v1/changes/stream",
        tags=["history"],
        summary="What happens to assets, as it happens (server-sent events)",
        description="Each event has the type `change`, as `data` what `/v1/changes` has as an "
        "item, and as `id` the cursor that leads on from it. Without a cursor it begins now. Every "
        "15 seconds without an event a comment comes with the cursor of now. After 15 minutes "
        "the stream ends, and who comes again with the last id has missed nothing. A client that "
        "is 1,000 events behind is cut off.",
        response_class=Response,
        responses={**REFUSED, **STREAM},
    )
    async def stream(
        who: Viewer,
        cursor: Cursor = "",
        site: Site = "",
        field: Fields = None,
        last_event_id: LastEventId = "",
    ) -> Response:
        interest = Interest(narrowed(who.sites, site), frozenset(field or ()))
        after = _place("Last-Event-ID", last_event_id) or _place("cursor", cursor)
        try:
            opened = changes.follow(who.name, interest, after)
        except Crowded as error:
            crowded = problem(503, str(error))
            crowded.headers["Retry-After"] = "60"
            return crowded
        return _Answer(opened, encoded)


class _Answer(EventSourceResponse):
    """A stream that is cut off when its client takes nothing any more."""

    def __init__(self, stream: Stream, encoded: "_Encoded") -> None:
        super().__init__(_sent(stream, encoded), ping=0)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(SEND_MAX_S):
                    await send(message)
            except TimeoutError as error:
                self._stream.end(Ended.SLOW)
                raise ClientDisconnect from error

        with suppress(ClientDisconnect):  # whose connection the server closes: its answer is open
            await super().__call__(scope, receive, in_time)


class _Encoded:
    """The latest events as they are sent: the same to all clients, and encoded for all once."""

    def __init__(self) -> None:
        self._events: dict[str, bytes] = {}

    def of(self, event: Event, at: Place) -> bytes:
        """The event on the wire."""
        found = self._events.get(event.id)
        if found is None:
            data = EventOut.of(event).model_dump_json()
            found = ServerSentEvent(data, event="change", id=following.cursor(at)).encode()
            if len(self._events) >= WAITING_MAX:
                del self._events[next(iter(self._events))]
            self._events[event.id] = found
        return found


async def _sent(stream: Stream, encoded: _Encoded) -> AsyncIterator[bytes]:
    retry: int | None = RETRY_MS
    async with aclosing(stream.steps) as steps:
        async for at, event in steps:
            if event is None:
                quiet = ServerSentEvent(comment="nothing new", id=following.cursor(at), retry=retry)
                yield quiet.encode()
            else:
                yield encoded.of(event, at)
            retry = None


def _place(field: str, text: str) -> Place | None:
    try:
        return following.place(text) if text else None
    except ValueError:
        raise Invalid(field, f"{text[:80]!r}, expected `next` of a page") from None
