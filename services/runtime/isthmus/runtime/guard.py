"""The one door of an HTTP API: who asks, not too often, and nothing unrecorded.

Every request but those for health, metrics and the documentation passes it, whatever its route
says. A write is recorded before it is done, and its outcome before it is answered: what cannot be
recorded is not done. A refusal is recorded when it is answered.
"""

import math
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

import structlog
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import Counter
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.runtime.access import (
    ANYONE,
    IDENTITY,
    Access,
    Identity,
    Needs,
    Refused,
    identified,
    identity,
)
from isthmus.runtime.app import Application
from isthmus.runtime.errors import Retryable
from isthmus.runtime.http import problem
from isthmus.runtime.limits import Limit, Ration
from isthmus.runtime.openapi import Change, Document, answers, documented
from isthmus.runtime.tokens import Tokens, invalid

log = structlog.get_logger()
OPEN = ("/livez", "/readyz", "/metrics", "/docs", "/docs/oauth2-redirect", "/openapi.json")
OPEN_BELOW = "/static-offline-docs/"
SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, 9.2.1)."""
REFUSALS = (401, 403, 429)
KEY_PREFIX = "isk_"
"""How every key begins, so that people and scanners of source code recognise one."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TEXT_MAX = 1_000
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="isthmus"'}


@dataclass(frozen=True, slots=True)
class Entry:
    """One request in the audit log."""

    id: str
    """In the order of time."""
    at: datetime
    who: str
    """Name of the identity; empty when nobody showed one."""
    identity: str
    kind: str
    address: str
    method: str
    path: str
    request_id: str
    status: int | None = None
    """How it was answered; None as long as nobody knows."""
    reason: str = ""
    """Why it was refused."""
    route: str = ""
    """Path of the route, with names in the place of ids."""
    resources: tuple[str, ...] = ()
    """Ids that the path names, and where something was made."""
    times: int = 1
    """So many tries in a row, when they are too many to record each."""


class Audit(Protocol):
    """Keeps what was done and tried; entries are added, never changed but for their outcome."""

    async def add(self, entry: Entry) -> None:
        """Keep `entry`; raises Retryable when that is not certain."""

    async def close(self, entry: Entry) -> None:
        """Give the entry of that id its outcome, once; raises Retryable."""


class Keys(Protocol):
    """Knows the API keys."""

    async def identity(self, key: str, now: datetime) -> Identity | None:
        """Whose key it is; None when it is none, or not any more. May raise Retryable."""


class Tenants(Protocol):
    """Knows which sites a tenant stands for."""

    async def sites(self, tenants: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The sites of those of `tenants` that are known. May raise Retryable."""


Identify = Callable[[Headers], Awaitable[Identity]]


@dataclass(slots=True)
class _Visit:
    """One request on its way through the door."""

    entry: Entry
    recorded: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """The door, as ASGI middleware."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Identify,
        requests: Limit | None,
        refusals: Limit,
        audit: Audit,
        unrecorded: Counter,
    ) -> None:
        self._app = app
        self._identify = identify
        self._requests = requests
        self._refusals = refusals
        self._audit = audit
        self._unrecorded = unrecorded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        visit = _Visit(_entry(scope))
        answer = partial(self._answer, visit, scope, send)
        try:
            await self._admit(visit, scope)
            await self._app(scope, receive, answer)
        except Refused as refused:
            visit.entry = replace(visit.entry, reason=str(refused)[:TEXT_MAX])
            reply = problem(refused.status, str(refused))
            reply.headers.update(refused.headers)
            await reply(scope, receive, answer)
        except Retryable as error:
            await problem(503, str(error))(scope, receive, answer)
        except Exception:
            await self._record(visit, 500)
            raise

    async def _admit(self, visit: _Visit, scope: Scope) -> None:
        """Raises Refused, or Retryable when it cannot be known or recorded now."""
        try:
            known = await self._identify(Headers(scope=scope))
        except Refused:
            self._count(self._refusals, _network(visit.entry.address), visit)
            raise
        visit.entry = replace(visit.entry, who=known.name, identity=known.id, kind=str(known.kind))
        scope[IDENTITY] = known
        if self._requests:
            ration = self._count(self._requests, known.id, visit)
            visit.headers = self._requests.headers(ration)
        if visit.entry.method not in SAFE:
            await self._audit.add(visit.entry)
            visit.recorded = True

    def _count(self, limit: Limit, key: str, visit: _Visit) -> Ration:
        ration = limit.take(key, time.monotonic())
        if ration.wait_s:
            visit.entry = replace(visit.entry, times=ration.refused)
            wait = str(math.ceil(ration.wait_s))  # RFC 6585, 4; RFC 9110, 10.2.3
            headers = {"Retry-After": wait, **limit.headers(ration)}
            raise Refused(429, f"too many requests: try again in {wait} s", headers)
        return ration

    async def _answer(self, visit: _Visit, scope: Scope, send: Send, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = visit.entry.request_id
            headers.update({k: v for k, v in visit.headers.items() if k not in headers})
            made = [headers["location"]] if "location" in headers else []
            named = [str(value) for value in scope.get("path_params", {}).values()]
            resources = tuple(each[:TEXT_MAX] for each in named + made)
            route = getattr(scope.get("route"), "path", "")
            visit.entry = replace(visit.entry, route=route, resources=resources)
            await self._record(visit, message["status"])
        await send(message)

    async def _record(self, visit: _Visit, status: int) -> None:
        """Note the outcome; the act cannot be undone any more, so what is lost goes to the log."""
        entry = visit.entry = replace(visit.entry, status=status)
        try:
            if visit.recorded:
                await self._audit.close(entry)
            elif status in REFUSALS and _round(entry.times):
                await self._audit.add(entry)
        except Retryable as error:
            self._unrecorded.inc()
            log.error("audit_entry_unrecorded", reason=str(error), entry=_loggable(entry))


class Credentials:
    """Says whose credential a request shows."""

    def __init__(self, settings: Access, tokens: Tokens, keys: Keys, tenants: Tenants) -> None:
        self._settings = settings
        self._tokens = tokens
        self._keys = keys
        self._tenants = tenants

    async def __call__(self, headers: Headers) -> Identity:
        """The identity; raises Refused when there is none, Retryable when nobody can say now."""
        found = await self._found(_bearer(headers))
        if not found.tenants:
            return found
        return found.resolved(await self._tenants.sites(found.tenants))

    async def _found(self, credential: str) -> Identity:
        if not credential.startswith(KEY_PREFIX):
            return identity(await self._tokens.claims(credential), self._settings)
        found = await self._keys.identity(credential, datetime.now(UTC))
        if found is None:
            raise invalid("unknown, revoked or expired API key")
        return found


def protect(
    app: Application,
    settings: Access,
    *,
    audit: Audit,
    keys: Keys,
    tenants: Tenants,
    changes: Sequence[Change] = (),
) -> None:
    """Put the door before every route of `app`; comes after the last of them.

    `changes` add to the OpenAPI document what else stands behind the door.

    Raises TypeError when a route asks for no role: that would be open to whoever has any.
    """
    if forgotten := list(without_role(app)):
        raise TypeError(f"routes that ask for no role: {', '.join(forgotten)}")
    unrecorded = Counter(
        "unrecorded_audit_entries",
        "Audit entries whose outcome could not be stored; they are in the log.",
        namespace="isthmus",
        subsystem=app.service,
        registry=app.registry,
    )
    identify: Identify = _anyone
    requests = None
    if settings.mode == "off":
        log.warning("access_off", reason="ISTHMUS_ACCESS__MODE=off: whoever asks may do everything")
        app.facts["access"] = "off"
    else:
        tokens = Tokens(settings)
        app.background("issuer", tokens.run)
        identify = Credentials(settings, tokens, keys, tenants)
        requests = Limit(settings.requests_per_s, settings.requests_burst_max)
    app.http.add_middleware(
        Guard,
        identify=identify,
        requests=requests,
        refusals=Limit(settings.refusals_per_s, settings.refusals_burst_max),
        audit=audit,
        unrecorded=unrecorded,
    )
    documented(app.http, _described, *changes)


def is_open(path: str) -> bool:
    """Whether anybody may ask for `path`: health, metrics and the documentation."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def without_role(app: Application) -> Iterator[str]:
    """Routes behind the door that ask for no role; one that reads may ask just who is there."""
    for route in iter_route_contexts(app.http.routes):
        path = route.path or ""
        if is_open(path) or is_open(f"{path}/"):
            continue
        methods = route.methods or {""}
        api = isinstance(route.original_route, APIRoute)
        asked = list(_asked(route.dependant)) if api else []
        reads = methods <= set(SAFE) and identified in asked
        if not reads and not any(isinstance(each, Needs) for each in asked):
            yield f"{' '.join(sorted(methods))} {path}".strip()


def _asked(dependant: Any) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _asked(each)


def _described(path: str, method: str, operation: Document) -> None:
    """Say what the door may answer in the place of any route."""
    if not is_open(path):
        answers(operation, 401, "No valid credential.")
        answers(operation, 403, "Not with these roles.")
        answers(operation, 429, "Too many requests; see `Retry-After`.")
        answers(operation, 503, "Not now: try again.")


async def _anyone(_: Headers) -> Identity:
    return ANYONE


def _bearer(headers: Headers) -> str:
    """The credential of a request (RFC 6750, 2.1); in no other place is one looked for."""
    shown = headers.getlist("authorization")
    if not shown:
        raise Refused(401, "no credential: expected Authorization: Bearer …", CHALLENGE)
    scheme, _, credential = shown[0].partition(" ")
    if len(shown) > 1 or scheme.lower() != "bearer" or not credential.strip():
        raise invalid("expected one Authorization header, Bearer and a token or an API key")
    return credential.strip()


def _entry(scope: Scope) -> Entry:
    at = datetime.now(UTC)
    given = Headers(scope=scope).get("x-request-id", "")
    client = scope.get("client")
    return Entry(
        id=f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(6)}",
        at=at,
        who="",
        identity="",
        kind="",
        address=client[0] if client else "",
        method=scope["method"],
        path=scope["path"][:TEXT_MAX],
        request_id=given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8),
    )


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the /64, all of which one host may use (RFC 4291)."""
    try:
        if ip_address(address).version == 6:
            return str(ip_network(f"{address}/64", strict=False))
    except ValueError:
        pass
    return address


def _round(times: int) -> bool:
    """Whether the tries so far are worth an entry: 1, 10, 100, … so that a flood costs little."""
    return str(times).rstrip("0") == "1"


def _loggable(entry: Entry) -> dict[str, Any]:
    return {k: v for k, v in asdict(entry).items() if v not in ("", None, ())} | {
        "at": entry.at.isoformat()
    }
