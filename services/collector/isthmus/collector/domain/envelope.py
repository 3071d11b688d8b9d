"""How gently a device is treated: limits of profile, target, zones, site; the strictest wins."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from isthmus.collector.domain.address import canonical, is_address

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
CONNECTION = ("per_read", "persistent")
"""Ways to keep a connection, the stricter first."""

# What each limit may be, ends included.
RANGES: Mapping[str, tuple[float, float]] = {
    "connections_max": (1, 100),
    "gap_s": (0, 60),
    "pause_after_connect_s": (0, 60),
    "items_max": (1, 10_000),
    "device_requests_per_s": (0.001, 10_000),
    "endpoint_requests_per_s": (0.001, 10_000),
    "subnet_requests_per_s": (0.001, 100_000),
    "site_requests_per_s": (0.001, 100_000),
    "site_connects_per_s": (0.001, 100_000),
    "backoff_max_s": (1, 86_400),
}
# Limits of which the greater value is the gentler one; of the others it is the smaller.
GENTLER_WHEN_GREATER = ("gap_s", "pause_after_connect_s", "backoff_max_s")
STRICT: Mapping[str, str] = {"extra": "forbid"}
SITE = "site"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of a week in which polling is allowed."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    days: tuple[str, ...]
    """`mon` to `sun`: the days on which the window begins."""
    start: str
    """`HH:MM`, local time."""
    end: str
    """`HH:MM`, local time; at or before `start` it ends on the next day."""
    time_zone: str
    """IANA time zone, for example `Europe/Berlin`."""

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(DAYS):
            raise ValueError(f"days: {list(self.days)}, expected some of {', '.join(DAYS)}")
        for name in ("start", "end"):
            if not CLOCK.fullmatch(getattr(self, name)):
                raise ValueError(f"{name}: {getattr(self, name)!r}, expected HH:MM")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            expected = "expected an IANA time zone such as Europe/Berlin"
            raise ValueError(f"time_zone: {self.time_zone!r}, {expected}") from error

    def open_at(self, at: datetime) -> bool:
        """Is the aware time `at` within the window, by the clock on the wall there?"""
        local = at.astimezone(ZoneInfo(self.time_zone))
        clock, today = f"{local:%H:%M}", DAYS[local.weekday()] in self.days
        if self.start < self.end:
            return today and self.start <= clock < self.end
        yesterday = DAYS[(local - timedelta(days=1)).weekday()] in self.days
        return (today and clock >= self.start) or (yesterday and clock < self.end)

    def __str__(self) -> str:
        return f"{','.join(self.days)} {self.start}-{self.end} {self.time_zone}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one level (profile, target, zone, site) allows; None says nothing."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    connections_max: int | None = None
    """Connections to one endpoint at the same time."""
    connection: str | None = None
    """`persistent`, or `per_read`: closed after each read, so that others may have it."""
    gap_s: float | None = None
    """Least time from the end of one request to the next one at the same endpoint."""
    pause_after_connect_s: float | None = None
    """Least time from a connection to its first request."""
    items_max: int | None = None
    """Most registers, nodes or varbinds in one request."""
    device_requests_per_s: float | None = None
    """Requests to one device: the endpoint itself, or one unit behind it."""
    endpoint_requests_per_s: float | None = None
    """Requests to one endpoint, with all units behind it."""
    subnet_requests_per_s: float | None = None
    """Requests into one subnet (IPv4 /24, IPv6 /64)."""
    site_requests_per_s: float | None = None
    """Requests into the whole site, all collectors together."""
    site_connects_per_s: float | None = None
    """Connections opened on the whole site, all collectors together."""
    backoff_max_s: float | None = None
    """Longest rest of a device that does not answer."""
    windows: tuple[Window, ...] = ()
    """When polling is allowed; none means always."""
    paused: bool = False
    """Nothing is sent, and connections are closed."""
    reason: str = ""
    """Why, for a person."""

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ValueError(f"{name}: {value}, expected {least:g} to {most:g}")
        if self.connection not in (None, *CONNECTION):
            expected = " or ".join(CONNECTION)
            raise ValueError(f"connection: {self.connection!r}, expected {expected}")


UNLIMITED = Envelope()

# What holds where no level says anything. A site of 10,000 devices that all went with one switch
# is connected again within minutes, never at once.
DEFAULTS = Envelope(
    connections_max=1,
    connection="persistent",
    site_connects_per_s=50,
    backoff_max_s=900,
)


@dataclass(frozen=True, slots=True)
class Zone:
    """Rules for the targets below one ISA-95 path; the empty path is the whole site."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    path: str = ""
    envelope: Envelope = field(default_factory=Envelope)
    do_not_poll: tuple[str, ...] = ()
    """Hosts, networks in CIDR notation and target names that nothing may be sent to."""
    safety_controllers: tuple[str, ...] = ()
    """Targets with a safety controller that may be polled all the same."""

    def __post_init__(self) -> None:
        if self.path and "" in self.path.split("/"):
            raise ValueError(f"path: {self.path!r}, expected names separated by single slashes")
        for entry in self.do_not_poll:
            _network(entry)

    @property
    def level(self) -> str:
        """How its limits are called where they hold."""
        return f"zone {self.path}" if self.path else SITE


Network = IPv4Network | IPv6Network
Addresses = Callable[[str], Collection[str] | None]
"""The addresses of a host name; empty when it has none, None while nobody could say."""
Levels = tuple[tuple[str, Envelope], ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The limits that hold for one target, and the level that each comes from."""

    envelope: Envelope
    """The limits; its windows are empty, because each level's must be open."""
    levels: Mapping[str, str]
    """For each limit of `envelope` the level that it comes from."""
    windows: tuple[tuple[str, tuple[Window, ...]], ...] = ()
    """For each level that has any, its windows."""

    def closed(self, at: datetime) -> str:
        """Why the aware time `at` is in no window, for a person; empty when polling is allowed."""
        for level, windows in self.windows:
            if not any(window.open_at(at) for window in windows):
                return f"{level}: polled only {'; '.join(map(str, windows))}"
        return ""


@lru_cache(maxsize=4096)
def strictest(levels: Levels) -> Held:
    """For each limit the strictest value of all levels; targets with equal levels share one."""
    held: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for name in (*RANGES, "connection"):
        said = [(value, level) for level, e in levels if (value := getattr(e, name)) is not None]
        default = getattr(DEFAULTS, name)
        if not said and default is not None:
            said = [(default, DEFAULT)]
        if said:
            held[name], said_by[name] = _strictest(name, said)
    for level, envelope in levels:
        if envelope.paused and "paused" not in said_by:
            held |= {"paused": True, "reason": envelope.reason}
            said_by["paused"] = level
    windows = tuple((level, e.windows) for level, e in levels if e.windows)
    return Held(Envelope(**held), MappingProxyType(said_by), windows)


def _strictest(name: str, said: Sequence[tuple[Any, str]]) -> tuple[Any, str]:
    # min and max keep the first of equals: the level that is nearest to the device.
    choose = max if name in GENTLER_WHEN_GREATER else min
    return choose(said, key=lambda each: each[0])


def nowhere(name: str) -> Collection[str]:
    """No name has an address."""
    return ()


class DoNotPoll:
    """A do-not-poll list: to look a host up in a thousand entries takes as long as in ten."""

    __slots__ = ("_addresses", "_names", "_networks", "unresolved")

    def __init__(self, entries: Iterable[str], addresses: Addresses = nowhere) -> None:
        self._addresses = addresses
        self._names: set[str] = set()
        # By version and number of host bits, then by what stands above those bits.
        self._networks: dict[tuple[int, int], dict[int, str]] = {}
        self.unresolved = ""
        """A name on the list of which nobody can say whether it is a host, and which."""
        for entry in map(str.lower, entries):
            if (network := _network(entry)) is not None:
                self._add(network, entry)
                continue
            self._names.add(entry)
            if (found := addresses(entry)) is None:
                self.unresolved = entry
            for address in found or ():
                self._add(ip_network(address), entry)

    def forbids(self, host: str, target: str) -> str:
        """Why nothing may be sent to a target at `host`, for a person; empty when it may."""
        for name in (host.lower(), target.lower()):
            if name in self._names:
                return _listed(name)
        if not self._networks and not self.unresolved:
            return ""
        addresses = [canonical(host)] if is_address(host) else self._addresses(host.lower())
        if addresses is None:
            return _unknown(host)
        if entry := next(filter(None, map(self._entry, addresses)), ""):
            return _listed(entry)
        return _unknown(self.unresolved) if self.unresolved else ""

    def _add(self, network: Network, entry: str) -> None:
        bits = network.max_prefixlen - network.prefixlen
        alike = self._networks.setdefault((network.version, bits), {})
        alike[int(network.network_address) >> bits] = entry

    def _entry(self, address: str) -> str:
        ip = ip_address(address)
        for (version, bits), networks in self._networks.items():
            if version == ip.version and (found := networks.get(int(ip) >> bits)):
                return found
        return ""


def _listed(entry: str) -> str:
    return f"{entry} is on the do-not-poll list"


def _unknown(name: str) -> str:
    return f"nobody can say which host {name} is, and there is a do-not-poll list"


class SiteRules:
    """All zones of a site, and what they mean for one target.

    `addresses` is what is known of host names; other rules are made when it changes.
    """

    def __init__(self, zones: Iterable[Zone] = (), addresses: Addresses = nowhere) -> None:
        self._zones = {zone.path: zone for zone in zones}
        self._do_not_poll = {
            path: DoNotPoll(zone.do_not_poll, addresses)
            for path, zone in self._zones.items()
            if zone.do_not_poll
        }
        entries = [entry for zone in self._zones.values() for entry in zone.do_not_poll]
        self.lists = bool(entries)
        """Is there any do-not-poll list?"""
        self.names = frozenset(entry.lower() for entry in entries if _network(entry) is None)
        """What stands on any do-not-poll list and is no address: hosts and targets by name."""

    def above(self, path: str) -> Iterator[Zone]:
        """The zones that hold for an ISA-95 path: its own first, the site last."""
        while True:
            if (zone := self._zones.get(path)) is not None:
                yield zone
            if not path:
                return
            path = path.rpartition("/")[0]

    def levels(self, path: str) -> Levels:
        """The envelopes that hold for an ISA-95 path."""
        return tuple((zone.level, zone.envelope) for zone in self.above(path))

    def levels_anywhere(self) -> Levels:
        """The envelopes of all zones, for an endpoint of which no path is known yet."""
        return tuple((zone.level, zone.envelope) for zone in self._zones.values())

    def forbidden(self, host: str, target: str, path: str) -> str:
        """Why nothing may be sent to a target, for a person; empty when it may."""
        if not self._do_not_poll:
            return ""
        for zone in self.above(path):
            listed = self._do_not_poll.get(zone.path)
            if listed and (reason := listed.forbids(host, target)):
                return f"{zone.level}: {reason}"
        return ""

    def forbidden_anywhere(self, host: str) -> str:
        """Why no zone may have anything sent to a host of which no target is known yet."""
        found = (self.forbidden(host, "", path) for path in self._zones)
        return next(filter(None, found), "")

    @property
    def unresolved(self) -> str:
        """A name on a list of which nobody can say which host it is; empty when there is none."""
        return next((each.unresolved for each in self._do_not_poll.values() if each.unresolved), "")

    def allows_safety(self, target: str, path: str) -> bool:
        """Does a zone name the target as a safety controller that may be polled?"""
        return any(target in zone.safety_controllers for zone in self.above(path))


def subnet(host: str) -> str:
    """The subnet of an address (IPv4 /24, IPv6 /64); empty for a name."""
    try:
        length = 24 if ip_address(host).version == 4 else 64
    except ValueError:
        return ""
    return str(ip_network(f"{host}/{length}", strict=False))


def limits(held: Held) -> Iterator[tuple[str, Any, str]]:
    """Name, value and level of each limit that holds."""
    for each in fields(Envelope):
        if each.name in held.levels:
            yield each.name, getattr(held.envelope, each.name), held.levels[each.name]


def _network(entry: str) -> Network | None:
    """The network or address that an entry of a do-not-poll list means; None for a name."""
    if not entry or entry != entry.strip():
        raise ValueError(f"do_not_poll: {entry!r}, expected a host, a network or a target's name")
    try:
        return ip_network(entry, strict=False)
    except ValueError as error:
        if "/" in entry:
            raise ValueError(f"do_not_poll: {entry!r}: {error}") from error
        return None
