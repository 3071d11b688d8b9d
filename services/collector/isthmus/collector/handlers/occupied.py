"""Hosts that are targets of the site already, whichever collector polls them."""

import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from isthmus.collector.domain.address import canonical, is_address
from isthmus.collector.handlers.names import UNRESOLVED_S, HostNames
from isthmus.collector.ports import Resolve, Withheld
from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Raw
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.target_pb2 import Target


class OccupiedHosts:
    """Follows every target of the site, and knows the addresses of their endpoints."""

    def __init__(self, resolve: Resolve, steady: Callable[[], float] = time.monotonic) -> None:
        self._names = HostNames(resolve, steady)
        self._steady = steady
        self._hosts: dict[str, str] = {}
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

    async def by(self, host: str) -> str | None:
        """A target that has the address `host`; None when it is free.

        May ask a name server; raises Withheld while none can say what one of them is.
        """
        if self._steady() > self._known_until:
            await self._learn()
        if self._unresolved:
            raise Withheld(f"no name server says which host {self._unresolved} is")
        return self._by_address.get(host)

    async def _learn(self) -> None:
        self._known_until = self._steady() + UNRESOLVED_S
        hosts = dict(self._hosts)
        names = {host for host in hosts.values() if not is_address(host)}
        await self._names.learn(names)
        known = {name: self._names.addresses(name) for name in sorted(names)}
        self._unresolved = next((name for name, found in known.items() if found is None), "")
        self._by_address = {
            address: key
            for key, host in hosts.items()
            for address in ([host] if is_address(host) else known[host] or ())
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
