"""Hosts that are targets of the site already, whichever collector polls them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Raw
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.target_pb2 import Target

RESOLVED_S = 300.0
Resolve = Callable[[str], Awaitable[Collection[str]]]
"""The addresses of a host name; empty when it has none now."""


class OccupiedHosts:
    """Follows every target of the site, and knows the addresses of their endpoints."""

    def __init__(self, resolve: Resolve, steady: Callable[[], float]) -> None:
        self._resolve = resolve
        self._steady = steady
        self._hosts: dict[str, str] = {}
        self._resolved: dict[str, set[str]] = {}
        self._by_address: dict[str, str] = {}
        self._known_at = float("-inf")

    async def take(self, records: Sequence[Raw]) -> None:
        """Take target records, each partition in order; what is no target occupies nothing."""
        for record in records:
            try:
                decoded = decode(record, Target, required=("endpoint",))
            except Rejected:
                continue
            host = _host(decoded.message) if decoded.message else ""
            self._hosts[decoded.key] = host
            if not host:
                del self._hosts[decoded.key]
        self._known_at = float("-inf")

    async def by(self, host: str) -> str | None:
        """A target that has the address `host`, or None; may ask a name server."""
        if self._steady() - self._known_at > RESOLVED_S:
            await self._learn()
        return self._by_address.get(host)

    async def _learn(self) -> None:
        self._known_at = self._steady()
        names = {host for host in self._hosts.values() if not _is_address(host)}
        found = await asyncio.gather(*map(self._resolve, names))
        # A name server that is away must not make a target a stranger.
        known = self._resolved
        self._resolved = {
            name: set(addresses) or known.get(name, set())
            for name, addresses in zip(names, found, strict=True)
        }
        self._by_address = {
            address: key
            for key, host in self._hosts.items()
            for address in self._resolved.get(host, {host})
        }


def _host(target: Target) -> str:
    """The host of a target's endpoint, an address in its canonical form."""
    fields = target.endpoint.fields
    host = fields["host"].string_value if "host" in fields else ""
    if "url" in fields:
        try:
            host = urlsplit(fields["url"].string_value).hostname or ""
        except ValueError:
            host = ""
    host = host.strip("[]").lower()
    return str(ip_address(host)) if _is_address(host) else host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
