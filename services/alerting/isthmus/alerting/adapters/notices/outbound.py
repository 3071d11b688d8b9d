"""HTTP to receivers: to addresses that were checked, without redirects, and not for long."""

import asyncio
import ssl
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, Field, FilePath, model_validator

from isthmus.alerting.adapters.notices.addresses import pinned
from isthmus.alerting.adapters.notices.secrets import Part, Secret
from isthmus.alerting.domain.notices.addresses import Network
from isthmus.alerting.domain.notices.delivery import Answer, Verdict
from isthmus.alerting.domain.notices.redaction import excerpt
from isthmus.runtime import VERSION
from isthmus.runtime.errors import IsthmusError, Retryable, Unauthorized

BODY_MAX = 4096
RETRY_AFTER_MAX_S = 3600.0
# RFC 9110, 15.5: what is wrong with the message itself; all else may be another matter tomorrow.
REJECTING = frozenset({400, 406, 411, 413, 414, 415, 422, 431})
UNAUTHORIZED = frozenset({401, 403, 407})


def _network(text: str) -> str:
    ip_network(text)
    return text


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("expected http(s)://host[:port][/path] without a name or password in it")
    return url


Url = Annotated[str, AfterValidator(_http)]
Networks = list[Annotated[str, AfterValidator(_network)]]


class Reach(Part):
    """How a receiver is reached; the common part of all that speak HTTP."""

    allow_networks: Networks = Field(default=[])
    """Networks (CIDR) of inner addresses that this receiver may have; none by default."""
    ca_file: FilePath | None = None
    """Certificates (PEM) of the authorities that sign the receiver; without it, the system's."""
    timeout_s: float = Field(default=10, gt=0, le=20)
    """Seconds for one message, from the name's resolution to the end of the answer."""
    bearer: Secret | None = None
    """Token for `Authorization: Bearer`."""
    username: str | None = None
    """Name for basic authentication."""
    password: Secret | None = None
    """Password for basic authentication."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.bearer and self.username:
            raise ValueError("expected one of bearer, username")
        return self

    @property
    def networks(self) -> list[Network]:
        """The networks that are allowed."""
        return [ip_network(each) for each in self.allow_networks]

    def secrets(self) -> list[str]:
        """What must not be shown; raises Unauthorized."""
        found = [each.read() for each in (self.bearer, self.password) if each]
        return [*found, f"{self.username}:{found[-1]}"] if self.username else found


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP, its body cut."""

    status: int
    text: str
    retry_after_s: float = 0.0


class Outbound:
    """Sends requests to one receiver."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._networks = reach.networks
        self._client = httpx.AsyncClient(
            verify=_verified(reach.ca_file),
            timeout=reach.timeout_s,
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment would resolve the name itself
            # What is not decoded cannot blow up in memory.
            headers={"User-Agent": f"isthmus-alerting/{VERSION}", "Accept-Encoding": "identity"},
        )

    async def request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The answer to one request; raises Retryable or Unauthorized."""
        try:
            async with asyncio.timeout(self._reach.timeout_s):
                return await self._request(method, url, body, headers or {})
        except TimeoutError as error:
            raise Retryable(f"no answer within {self._reach.timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise Retryable(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        parts = httpx.URL(url)
        if parts.scheme != "https" and not self._networks:
            raise Unauthorized("http without TLS, expected https, or allow_networks around it")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await pinned(parts.host, port, self._networks)
        request = self._client.build_request(
            method,
            parts.copy_with(host=address),
            content=body,
            headers={**headers, "Host": parts.netloc.decode()},
            extensions={"sni_hostname": parts.host} if not _numeric(parts.host) else {},
        )
        response = await self._client.send(request, auth=self._auth(), stream=True)
        try:
            return Reply(response.status_code, await _begin(response), _retry_after_s(response))
        finally:
            await response.aclose()

    def _auth(self) -> httpx.Auth | None:
        if self._reach.bearer:
            return _Bearer(self._reach.bearer.read())
        if self._reach.username and self._reach.password:
            return httpx.BasicAuth(self._reach.username, self._reach.password.read())
        return None


class _Bearer(httpx.Auth):
    """A bearer token (RFC 6750, 2.1)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx.Auth."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def judged(reply: Reply, secrets: Sequence[str]) -> Answer:
    """What an answer over HTTP means for the message."""
    text = excerpt(reply.text, secrets)
    if 200 <= reply.status < 300:
        return Answer(Verdict.SENT, reply.status, text)
    if reply.status in REJECTING:
        return Answer(Verdict.REJECTED, reply.status, text)
    if reply.status in UNAUTHORIZED:
        return Answer(Verdict.UNAUTHORIZED, reply.status, text)
    if 300 <= reply.status < 400:
        text = f"redirects are not followed: {text}".rstrip(": ")
    return Answer(Verdict.RETRYABLE, reply.status, text, reply.retry_after_s)


def failed(error: IsthmusError, secrets: Sequence[str]) -> Answer:
    """What it means that there was no answer."""
    refused = isinstance(error, Unauthorized)
    verdict = Verdict.UNAUTHORIZED if refused else Verdict.RETRYABLE
    return Answer(verdict, None, excerpt(str(error), secrets))


def _verified(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def _numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _begin(response: httpx.Response) -> str:
    """The beginning of the body; the rest is not waited for."""
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) >= BODY_MAX:
            break
    return body[:BODY_MAX].decode(errors="replace")


def _retry_after_s(response: httpx.Response) -> float:
    """Seconds of `Retry-After` (RFC 9110, 10.2.3); a date there is left to our own back-off."""
    value = response.headers.get("retry-after", "")
    return min(float(value), RETRY_AFTER_MAX_S) if value.isdigit() else 0.0
