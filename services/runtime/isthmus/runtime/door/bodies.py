"""How large a body may be that is read as a whole; routes that take files count for themselves."""

from collections.abc import Iterable

from fastapi.routing import RouteContext
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.runtime.access import Refused

BODY_BYTES_MAX = 4_194_304
TOO_LARGE = f"body: expected at most {BODY_BYTES_MAX:,} bytes"


class Bodies:
    """The middleware; stands behind the guard."""

    def __init__(self, app: ASGIApp, *, known: Iterable[RouteContext]) -> None:
        self._app = app
        # A route without a body parameter reads its body itself, or not at all.
        self._files = [each for each in known if not each.dependant.body_params]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a body pass that is not too large; 413 for others (RFC 9110, 15.5.14)."""
        if scope["type"] != "http" or self._is_file(scope):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > BODY_BYTES_MAX:
            raise Refused(413, TOO_LARGE)
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_BYTES_MAX:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, counted, send)

    def _is_file(self, scope: Scope) -> bool:
        fits = (each for each in self._files if scope["method"] in (each.methods or ()))
        return any(each.path_regex.match(scope["path"]) for each in fits)
