"""Hosts that are targets of the site already, whichever collector polls them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from isthmus.collector.domain.address import is_address
from isthmus.collector.ports import Withheld
from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Raw
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.target_pb2 import Target

RESOLVED_S = 300.0
UNRESOLVED_S = 10.0
Resolve = Callable[[str], Awaitable[Collection[str] | None]]
"""The addresses of a host name; empty when it has none, None when nobody can say now."""


class OccupiedHosts:
    """Follows every target of the site, and knows the addresses of their endpoints."""

    def __init__(self, resolve: Resolve, steady: Callable[[], float]) -> None:
        self._resolve = resolve
        self._steady = steady
        self._hosts: dict[str, str] = {}
        self._names: frozenset[str] = frozenset()
        self._resolved: dict[str, Collection[str]] = {}
        self._unresolved = ""
        self._by_address: dict[str, str] = {}
        self._known_until = float("-inf")

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
        self._known_until = float("-inf")

    async def by(self, host: str, names: Collection[str] = ()) -> str | None:
        """A target, or one of the hosts `names`, that has the address `host`; None when it is free.

        May ask a name server; raises Withheld while none can say what one of them is.
        """
        if self._steady() > self._known_until or self._names != frozenset(names):
            self._names = frozenset(names)
            await self._learn()
        if self._unresolved:
            raise Withheld(f"no name server says which host {self._unresolved} is")
        return self._by_address.get(host)

    async def _learn(self) -> None:
        self._known_until = self._steady() + RESOLVED_S
        targets = {key.rpartition("/")[2] for key in self._hosts}
        hosts = {name: name for name in self._names - targets} | self._hosts
        names = sorted({host for host in hosts.values() if not is_address(host)})
        found = await asyncio.gather(*map(self._resolve, names))
        for name, addresses in zip(names, found, strict=True):
            # A name that is not known just now must not make a target a stranger.
            if addresses or (addresses is not None and name not in self._resolved):
                self._resolved[name] = addresses
        self._unresolved = next((name for name in names if name not in self._resolved), "")
        if self._unresolved:
            self._known_until = min(self._known_until, self._steady() + UNRESOLVED_S)
        self._by_address = {
            canonical(address): key
            for key, host in (hosts | self._hosts).items()
            for address in ([host] if is_address(host) else self._resolved.get(host, ()))
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
    return canonical(host) if is_address(host) else host


def canonical(address: str) -> str:
    """An address as it is compared: without a zone, and IPv4 as such where IPv6 wraps it."""
    ip = ip_address(address.partition("%")[0])
    return str((ip.ipv4_mapped if ip.version == 6 else None) or ip)
