"""Once is enough: a `POST` with an `Idempotency-Key` that comes again is answered, not done again.

draft-ietf-httpapi-idempotency-key-header-07. The first request of a key claims it, and what it was
answered is kept for a day; one that is refused or fails gives its key back, as it did nothing.
"""

import hashlib
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

import structlog
from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.runtime.access import IDENTITY, Identity, Refused
from isthmus.runtime.errors import Retryable
from isthmus.runtime.limits import Limit
from isthmus.runtime.openapi import Document, answers

log = structlog.get_logger()
HEADER = "Idempotency-Key"
KEY = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,200})"?')
"""A string of RFC 9651 without blanks; as much as most programs send, without its quotes."""
KEPT = timedelta(days=1)
LEASE = timedelta(minutes=2)
"""A process that has not answered by then has ended: the next request of the key does the work."""
KEYS_PER_DAY_MAX = 20_000
"""Of one identity, in one process."""
ANSWER_BYTES_MAX = 262_144
REQUEST_BYTES_MAX = 134_217_728
HEADERS = ("content-type", "etag", "location")
ATTEMPT = "isthmus.attempt"
REUSED = f"{HEADER}: used before with another request, expected a new key"
UNKEPT = f"{HEADER}: that request was done; its answer cannot be shown again"
BUSY = f"{HEADER}: the request with this key is not finished: try again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, and what the request was."""

    request: str
    """Digest of its method, path, query and body."""
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    """None where it is not kept: it was secret, or too long."""


class Answers(Protocol):
    """Keeps the answers of a day by id. Every method may raise Retryable."""

    async def claim(self, id: str, now: datetime) -> Answer | bool:
        """True when the id is the caller's now, False while another is at work; or its answer."""

    async def keep(self, id: str, answer: Answer) -> None:
        """Keep the answer of an id that was claimed."""

    async def release(self, id: str) -> None:
        """Let the next one claim the id."""


class Once:
    """The middleware; stands behind the guard, which says who asks."""

    def __init__(self, app: ASGIApp, *, kept: Answers) -> None:
        self._app = app
        self._kept = kept
        self._keys = Limit(KEYS_PER_DAY_MAX / KEPT.total_seconds(), KEYS_PER_DAY_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the first request with a key pass, and answer those that come again."""
        key = _key(scope)
        if not key:
            await self._app(scope, receive, send)
            return
        known: Identity = scope[IDENTITY]
        if wait_s := self._keys.take(known.id, time.monotonic()).wait_s:
            detail = f"{HEADER}: more than {KEYS_PER_DAY_MAX:,} keys in a day"
            raise Refused(429, detail, {"Retry-After": str(int(wait_s) + 1)})
        id = scope[ATTEMPT] = hashlib.sha256(f"{known.id}\n{key}".encode()).hexdigest()
        claimed = await self._kept.claim(id, datetime.now(UTC))
        if isinstance(claimed, Answer):
            await self._again(claimed, scope, receive, send)
        elif claimed:
            await self._first(id, scope, receive, send)
        else:
            raise Refused(409, BUSY, {"Retry-After": "1"})

    async def _first(self, id: str, scope: Scope, receive: Receive, send: Send) -> None:
        said, messages = _Digest(scope, receive), list[Message]()

        async def hold(message: Message) -> None:
            messages.append(message)

        try:
            await self._app(scope, said.receive, hold)
        except BaseException:
            await self._kept.release(id)
            raise
        start, *rest = messages
        done = start["status"] < 300
        await (self._keep(id, said, start, rest) if done else self._kept.release(id))
        for message in messages:
            await send(message)

    async def _keep(self, id: str, said: "_Digest", start: Message, rest: list[Message]) -> None:
        """What was done is done: when its answer cannot be kept, it is given all the same."""
        headers = Headers(raw=start["headers"])
        body = b"".join(message.get("body", b"") for message in rest)
        secret = "no-store" in headers.get("cache-control", "")  # RFC 9111, 5.2.2.5
        kept = tuple((name, headers[name]) for name in HEADERS if name in headers)
        shown = None if secret or len(body) > ANSWER_BYTES_MAX else body
        try:
            await self._kept.keep(id, Answer(said.hex(), start["status"], kept, shown))
        except Retryable as error:
            log.error("answer_unkept", reason=str(error))

    async def _again(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        said = _Digest(scope, receive)
        await said.drain()
        if said.hex() != answer.request:
            raise Refused(422, REUSED)
        if answer.body is None:
            raise Refused(409, UNKEPT)
        headers = {**dict(answer.headers), "Idempotency-Replayed": "true"}
        await Response(answer.body, answer.status, headers)(scope, receive, send)


class _Digest:
    """The digest of a request, as its body is read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        head = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        self._digest = hashlib.sha256("\n".join(head).encode() + b"\n")
        self._receive = receive
        self._more = True

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            self._more = message.get("more_body", False)
        else:
            self._more = False
        return message

    async def drain(self) -> None:
        """Read to the end, or until it is longer than anything that is taken."""
        size = 0
        while self._more and size <= REQUEST_BYTES_MAX:
            size += len((await self.receive()).get("body", b""))

    def hex(self) -> str:
        return self._digest.hexdigest()


def described(path: str, method: str, operation: Document) -> None:
    """Say of each operation that makes or does something that it takes a key."""
    if method != "post":
        return
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Any text that no other request of yours bears, for a day. Sent again "
            "with the same request, it is answered the same and nothing is done again; with "
            "another request, 422; while the first is not finished, 409.",
            "schema": {"type": "string", "maxLength": 200, "pattern": KEY_SHOWN},
        }
    )
    answers(operation, 409)
    answers(operation, 422)


KEY_SHOWN = r"^[!#-\[\]-~]{1,200}$"


async def attempt(request: Request) -> str:
    """What a request is known by: the same whenever it comes with its key, else never again.

    An id that is made of it keeps work from being done twice even where the process ended before
    the answer was kept.
    """
    return request.scope.get(ATTEMPT) or uuid.uuid4().hex


Attempt = Annotated[str, Depends(attempt)]


def _key(scope: Scope) -> str:
    """The key of a request that is to be done once; raises Refused when it is none."""
    if scope["type"] != "http" or scope["method"] != "POST" or IDENTITY not in scope:
        return ""
    shown = Headers(scope=scope).getlist(HEADER)
    if not shown:
        return ""
    found = KEY.fullmatch(shown[0].strip())
    if len(shown) > 1 or not found:
        raise Refused(422, f"{HEADER}: expected one text of 1 to 200 letters, digits or signs")
    return found[1]
