"""Discovery: which host of a job is next, counted through; the same in every collector."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from isthmus.collector.domain.envelope import Window

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ADDRESSES_MAX = 4096
REQUESTS_PER_S_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The one identification request of a protocol, at one port."""

    protocol: str
    port: int
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Hosts that are done, by what was done; each number only ever grows."""

    cursor: int = 0
    asked: int = 0
    answered: int = 0
    skipped: int = 0

    def after_asking(self, *, answered: bool) -> "Progress":
        """One more host was asked."""
        return replace(
            self,
            cursor=self.cursor + 1,
            asked=self.asked + 1,
            answered=self.answered + answered,
        )

    def after_skipping(self) -> "Progress":
        """One more host had nothing sent to it."""
        return replace(self, cursor=self.cursor + 1, skipped=self.skipped + 1)


@dataclass(frozen=True, slots=True)
class Job:
    """One discovery; raises ValueError when it is none that may be run."""

    id: str
    site: str
    ranges: tuple[Network, ...]
    probes: tuple[Probe, ...]
    window: Window
    requests_per_s: float
    requested_at: datetime

    def __post_init__(self) -> None:
        addresses = sum(network.num_addresses for network in self.ranges)
        if not 1 <= addresses <= ADDRESSES_MAX:
            raise ValueError(f"ranges: {addresses} addresses, expected 1 to {ADDRESSES_MAX}")
        for network in self.ranges:
            if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
                raise ValueError(f"ranges: {network}, expected IPv4 written as IPv4")
        if not 0 < self.requests_per_s <= REQUESTS_PER_S_MAX:
            expected = f"above 0 and at most {REQUESTS_PER_S_MAX:g}"
            raise ValueError(f"requests_per_s: {self.requests_per_s:g}, expected {expected}")
        if not self.probes:
            raise ValueError("probes: none, expected what to ask")

    @property
    def hosts(self) -> int:
        """Hosts of all ranges."""
        return sum(map(_hosts, self.ranges))

    def host(self, cursor: int) -> str:
        """The host with this number, in the order of the ranges; raises IndexError at the end."""
        for network in self.ranges:
            if cursor < _hosts(network):
                return str(network[cursor + _first(network)])
            cursor -= _hosts(network)
        raise IndexError("no host left")


@dataclass(frozen=True, slots=True)
class Found:
    """An endpoint that answered, and the fields of a target's endpoint that would read it."""

    facts: Mapping[str, str]
    endpoint: Mapping[str, str | int]


def _first(network: Network) -> int:
    """Number of the first host: the address of the network itself is none (RFC 4291, 2.6.1)."""
    return 1 if network.num_addresses > 2 else 0


def _hosts(network: Network) -> int:
    """Hosts of a network: an IPv4 broadcast address (RFC 919) is none either."""
    broadcast = network.version == 4 and network.num_addresses > 2
    return network.num_addresses - _first(network) - broadcast
