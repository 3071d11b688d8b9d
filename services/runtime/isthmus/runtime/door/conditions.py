"""Conditional writes (RFC 9110, 13.1.1) of whatever has a path that is read and written.

What a `GET` of the path says decides its ETag. One write of a path is done at a time, on all
replicas, so that nothing comes between the look and the write. Resources that count their own
revisions, such as assets, take `If-Match` themselves and are left alone.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.routing import RouteContext
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.runtime.access import Refused
from isthmus.runtime.door.once import Answers
from isthmus.runtime.openapi import Change, Document, answers, routes
from isthmus.runtime.pages import CONDITION

WRITES = frozenset({"PUT", "PATCH", "DELETE"})
TRIES = 40
PAUSE_S = 0.05
OTHER = "somebody else is writing it at this moment: try again"
STALE = "If-Match: somebody has changed it since, or it is not there: read it again"
IF_MATCH: Document = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": CONDITION,
    "schema": {"type": "string", "maxLength": 300},
    "example": '"5c0ff1a01d5a5a8e"',
}
ETAG = {"ETag": {"description": "Names what stands there now.", "schema": {"type": "string"}}}


@dataclass
class _Held:
    """What a route answers, before anybody sees it."""

    start: Message = field(default_factory=lambda: {"status": 500, "headers": []})
    rest: list[Message] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.rest.append(message)

    @property
    def ok(self) -> bool:
        return bool(200 <= self.start["status"] < 300)

    def etag(self) -> str:
        """The tag of what a `GET` answered; empty where there is nothing."""
        body = b"".join(message.get("body", b"") for message in self.rest)
        return f'"{hashlib.sha256(body).hexdigest()[:16]}"' if self.ok else ""

    async def give(self, send: Send, etag: str) -> None:
        if etag:
            MutableHeaders(raw=self.start["headers"])["ETag"] = etag
        for message in (self.start, *self.rest):
            await send(message)


class Conditions:
    """The middleware; stands before the routes, behind the guard."""

    def __init__(self, app: ASGIApp, *, known: Iterable[RouteContext], locks: Answers) -> None:
        self._app = app
        self._known = tuple(known)
        self._locks = locks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let reads and writes of the paths that it knows pass, with their ETag."""
        if scope["type"] != "http" or not self._is_known(scope):
            await self._app(scope, receive, send)
            return
        held = _Held()
        if scope["method"] == "GET":
            await self._app(scope, receive, held.take)
            await held.give(send, held.etag())
            return
        async with self._alone(scope["path"]):
            await self._check(scope)
            await self._app(scope, receive, held.take)
            etag = await self._now(scope) if held.ok and scope["method"] != "DELETE" else ""
        await held.give(send, etag)

    def _is_known(self, scope: Scope) -> bool:
        fits = (each for each in self._known if scope["method"] in (each.methods or ()))
        return any(each.path_regex.match(scope["path"]) for each in fits)

    async def _check(self, scope: Scope) -> None:
        shown = Headers(scope=scope).getlist("if-match")
        if not shown:
            return
        seen = {each.strip() for line in shown for each in line.split(",")}
        now = await self._now(scope)
        if not now or not seen & {now, "*"}:
            raise Refused(412, STALE)

    async def _now(self, scope: Scope) -> str:
        """The ETag of what stands at the path now."""
        left = (b"content-type", b"content-length", b"if-match", b"idempotency-key")
        headers = [header for header in scope["headers"] if header[0] not in left]
        asked = {**scope, "method": "GET", "query_string": b"", "headers": headers}
        held = _Held()
        await self._app(asked, _nothing, held.take)
        return held.etag()

    @asynccontextmanager
    async def _alone(self, path: str) -> AsyncIterator[None]:
        id = hashlib.sha256(f"write\n{path}".encode()).hexdigest()
        for _ in range(TRIES):
            if await self._locks.claim(id, datetime.now(UTC)):
                break
            await asyncio.sleep(PAUSE_S)
        else:
            raise Refused(409, OTHER, {"Retry-After": "1"})
        try:
            yield
        finally:
            await self._locks.release(id)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def conditioned(http: FastAPI) -> list[RouteContext]:
    """Routes that read, and write without an `If-Match` of their own, what has a path."""
    known = routes(http)
    read = {each.path for each in known if "GET" in (each.methods or ())}
    written = {each.path for each in known if _writes(each)}
    return [each for each in known if each.path in read & written]


def _writes(route: RouteContext) -> bool:
    """Whether it writes the one thing that its path names, and leaves `If-Match` to the door."""
    own = any(each.alias.lower() == "if-match" for each in route.dependant.header_params)
    return bool(WRITES & (route.methods or set())) and (route.path or "").endswith("}") and not own


def conditional(known: Iterable[RouteContext]) -> Change:
    """Adds to the OpenAPI document what stands there of it."""
    paths = {each.path_format for each in known}

    def change(path: str, method: str, operation: Document) -> None:
        if path not in paths or method not in ("get", "put", "patch", "delete"):
            return
        if method != "delete":
            _tagged(operation["responses"])
        if method != "get":
            operation.setdefault("parameters", []).append(dict(IF_MATCH))
            answers(operation, 409)
            answers(operation, 412)

    return change


def _tagged(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {}).update(ETAG)
