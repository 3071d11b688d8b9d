"""Links of the network, and strangers on it, from what devices have seen of each other."""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from isthmus.inventory.domain.relations.relations import (
    Evidence,
    Origin,
    Relation,
    RelationKind,
    united,
)

ENTRIES_MAX = 20_000
EDGE_MACS_MAX = 8
"""More addresses than that behind one port stand behind another switch."""
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
PORTS = (161, 502, 4840)
"""Registered ports of SNMP, Modbus and OPC UA: where collectors may have asked an address."""
SHARED_MACS = ("00:00:5e:00", "00:00:0c:07:ac", "00:00:0c:9f:f", "00:07:b4")
"""VRRP (RFC 9568), HSRP version 1 and 2, GLBP: several routers answer for one address."""
GROUP_BIT = 1  # of the first octet (IEEE 802): multicast and broadcast
NEIGHBOUR = 0.95  # its neighbour gave the name itself, on this very cable
ALONE_ON_PORT = 0.8  # nothing else is seen there; a switch without management may stand between
AMONG_FEW = 0.5
WITNESSES_MAX = 20
BY_ADDRESS, BY_NAME = 0.9, 0.8  # what is left of the confidence when not the MAC address tells


class SightingKind(StrEnum):
    """How one device knows of another, first what says most."""

    LLDP = "lldp"
    CDP = "cdp"
    FDB = "fdb"
    ARP = "arp"


NEIGHBOURS = (SightingKind.LLDP, SightingKind.CDP)
LINKED = (*NEIGHBOURS, SightingKind.FDB)
"""What tells of links; an address that a router resolved is somewhere in its network."""


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """Another device that a device has seen; what it does not know is empty."""

    kind: SightingKind
    port: str = ""
    mac: str = ""
    address: str = ""
    name: str = ""
    remote_port: str = ""
    description: str = ""

    @property
    def host(self) -> str:
        """The short host name, as identity keys have it."""
        return self.name.lower().partition("(")[0].partition(".")[0].strip()


@dataclass(frozen=True, slots=True)
class Table:
    """What one source has seen, without what stands behind its uplinks."""

    source: str
    site: str
    at: datetime
    sightings: tuple[Sighting, ...]
    uplinks: Mapping[str, int] = field(default_factory=dict)
    """How many addresses stand behind each port that leads to other switches."""
    since: Mapping[Sighting, datetime] = field(default_factory=dict, compare=False)
    """Since when each entry has stood there."""
    last_at: datetime | None = field(default=None, compare=False)
    """When the source showed it last, as far as that is written down."""
    ttl: timedelta = field(default=timedelta(hours=1), compare=False)
    """How long it holds without being shown again."""

    @property
    def stale_at(self) -> datetime:
        """When it is stale, unless its source shows it again."""
        return self.shown_at + self.ttl

    @property
    def shown_at(self) -> datetime:
        """When the source showed it last."""
        return self.last_at or self.at

    @property
    def digest(self) -> str:
        """The same for tables that say the same; how many stand behind an uplink always changes."""
        said = repr((self.site, self.sightings, sorted(self.uplinks)))
        return hashlib.sha256(said.encode()).hexdigest()


def table(source: str, site: str, at: datetime, seen: Iterable[Sighting]) -> Table:
    """The table of a source that has `seen` this, bounded in size."""
    told = {each for each in seen if not _is_shared(each)}
    behind: dict[str, set[str]] = {}
    for each in told:
        if each.kind is SightingKind.FDB:
            behind.setdefault(each.port, set()).add(each.mac)
    neighbours = {each.port for each in told if each.kind in NEIGHBOURS}
    uplinks = {
        port: len(macs)
        for port, macs in sorted(behind.items())
        if len(macs) > EDGE_MACS_MAX or port in neighbours or port in ("", "0")
    }
    kept = (s for s in told if s.kind is not SightingKind.FDB or s.port not in uplinks)
    ordered = sorted(kept, key=lambda s: (list(SightingKind).index(s.kind), s))
    entries = tuple(ordered[:ENTRIES_MAX])
    return Table(source, site, at, entries, uplinks, dict.fromkeys(entries, at), at)


def _is_shared(sighting: Sighting) -> bool:
    """Is there no single device behind its MAC address?"""
    mac = sighting.mac
    return mac.startswith(SHARED_MACS) or bool(mac and int(mac[:2], 16) & GROUP_BIT)


def _claims(site: str, sighting: Sighting) -> Iterator[tuple[str, float]]:
    """The identity keys that its device may hold, the most trusted first."""
    if sighting.mac:
        yield f"{site}|mac|{sighting.mac}", 1.0
        yield f"{site}|lldp-chassis|{sighting.mac}", 1.0
    if sighting.address and sighting.kind in NEIGHBOURS:
        for claim in _at(site, sighting.address):
            yield claim, BY_ADDRESS
    if sighting.host:
        yield f"{site}|hostname|{sighting.host}", BY_NAME


def _at(site: str, address: str) -> list[str]:
    """The identity keys of what may stand at an address."""
    host = f"[{address}]" if ":" in address else address
    return [f"{site}|address|{host}:{port}" for port in PORTS]


def claims(tables: Iterable[Table], kinds: Collection[SightingKind]) -> set[str]:
    """The identity keys that what was seen in these ways may hold."""
    return {
        claim
        for each in tables
        for seen in each.sightings
        if seen.kind in kinds
        for claim, _ in _claims(each.site, seen)
    }


def addressed(
    tables: Iterable[Table], kinds: Collection[SightingKind], holders: Mapping[str, str]
) -> set[str]:
    """The identity keys of the addresses of what none of `holders` is.

    To be asked for after `claims`: routers resolve the addresses of thousands.
    """
    tables = list(tables)
    known = Known(tables, holders)
    unknown = {
        (each.site, seen.mac)
        for each in tables
        for seen in each.sightings
        if seen.kind in kinds and known.holder(each.site, seen) is None
    }
    return {claim for place in unknown for at in known.addresses(*place)
            for claim in _at(place[0], at)}  # fmt: skip


class Known:
    """Who is who, by the claims that assets hold and the addresses that routers resolved."""

    def __init__(self, tables: Iterable[Table], holders: Mapping[str, str]) -> None:
        self._holders = holders
        self._addresses: dict[tuple[str, str], set[str]] = {}
        for each in tables:
            for seen in each.sightings:
                if seen.mac and seen.address:
                    self._addresses.setdefault((each.site, seen.mac), set()).add(seen.address)

    def asset(self, site: str, sighting: Sighting) -> tuple[str, float] | None:
        """The asset that was seen, and how far to trust that it is."""
        return self.holder(site, sighting) or self._by_address(site, sighting.mac)

    def addresses(self, site: str, mac: str) -> list[str]:
        """The addresses that somebody resolved to `mac`."""
        return sorted(self._addresses.get((site, mac), ()))

    def holder(self, site: str, sighting: Sighting) -> tuple[str, float] | None:
        """The asset that holds a claim of what was seen."""
        for claim, trust in _claims(site, sighting):
            if claim in self._holders:
                return self._holders[claim], trust
        return None

    def _by_address(self, site: str, mac: str) -> tuple[str, float] | None:
        """The one asset at the addresses of its MAC; a proxy answers for those of several."""
        found = {
            self._holders[claim]
            for address in self._addresses.get((site, mac), ())
            for claim in _at(site, address)
            if claim in self._holders
        }
        return (found.pop(), BY_ADDRESS) if len(found) == 1 else None


@dataclass(slots=True)
class _Half:
    """A link as one end of it tells."""

    near: str
    port: str
    far: str
    far_ports: list[str]
    evidence: list[Evidence]


def links(
    tables: Iterable[Table], reporters: Mapping[str, str], holders: Mapping[str, str]
) -> list[Relation]:
    """The links between assets; `reporters` has the asset of each source, `holders` of each claim.

    Two devices that tell of each other have one link with both ports.
    """
    tables = _reported(tables, reporters)
    known = Known(tables, holders)
    told: dict[tuple[str, str], list[_Half]] = {}
    for half in _told(tables, reporters, known):
        told.setdefault((half.near, half.far), []).append(half)
    pairs = {(min(pair), max(pair)) for pair in told}
    found = [
        link
        for near, far in sorted(pairs)
        for link in _joined(told.get((near, far), []), told.get((far, near), []))
    ]
    return united([*found, *_forwarded(tables, reporters, known, pairs)])


def _reported(tables: Iterable[Table], reporters: Mapping[str, str]) -> list[Table]:
    return sorted((t for t in tables if t.source in reporters), key=lambda each: each.source)


def _told(tables: Iterable[Table], reporters: Mapping[str, str], known: Known) -> list[_Half]:
    """What neighbours told of themselves: one half for each port and neighbour."""
    found: dict[tuple[str, str, str], _Half] = {}
    for each in tables:
        near = reporters[each.source]
        for seen in each.sightings:
            far = known.asset(each.site, seen) if seen.kind in NEIGHBOURS else None
            if far and far[0] != near:
                half = _Half(near, seen.port, far[0], [], [])
                half = found.setdefault((near, seen.port, far[0]), half)
                half.far_ports.append(seen.remote_port)
                half.evidence.append(_evidence(each, seen, NEIGHBOUR * far[1]))
    return list(found.values())


def _evidence(table: Table, seen: Sighting, confidence: float) -> Evidence:
    return Evidence(
        Origin.SIGHTING, table.source, table.since.get(seen, table.at), round(confidence, 3),
        seen.kind, seen.port, seen.remote_port, stale_at=table.stale_at,
    )  # fmt: skip


def _joined(mine: Iterable[_Half], theirs: Iterable[_Half]) -> Iterator[Relation]:
    """The links that two devices have, each once: halves that agree on a port are one.

    Where each has one left they are one too: devices name the ports of others as they please.
    """
    alone, left = [], list(theirs)
    for half in mine:
        twin = max(left, key=lambda other: _agreement(half, other), default=None)
        if twin and _agreement(half, twin):
            left.remove(twin)
            yield _link(half, twin)
        else:
            alone.append(half)
    if len(alone) == len(left) == 1:
        yield _link(alone[0], left[0])
    else:
        yield from (_link(half, None) for half in (*alone, *left))


def _agreement(half: _Half, other: _Half) -> int:
    return (half.port in other.far_ports) + (other.port in half.far_ports)


def _link(half: _Half, twin: _Half | None) -> Relation:
    evidence = (*half.evidence, *(twin.evidence if twin else ()))
    far_port = twin.port if twin else next(filter(None, half.far_ports), "")
    return Relation(
        RelationKind.CONNECTS_TO,
        half.near,
        half.far,
        tuple(sorted(set(evidence))),
        half.port,
        far_port,
    )


def _forwarded(
    tables: Iterable[Table],
    reporters: Mapping[str, str],
    known: Known,
    pairs: Collection[tuple[str, str]],
) -> Iterator[Relation]:
    """Links to what is seen behind edge ports.

    Of the switches that forward to an address, the one with the fewest others on that port is the
    nearest. What tells its neighbours itself stands there, and not where it is seen from afar.
    """
    placed = {id for pair in pairs for id in pair}
    for count, each, seen in _nearest(tables):
        near, far = reporters[each.source], known.asset(each.site, seen)
        if far is None or far[0] == near:
            continue
        trust = (ALONE_ON_PORT if count == 1 else AMONG_FEW) * far[1]
        evidence = (_evidence(each, seen, trust),)
        if (min(near, far[0]), max(near, far[0])) in pairs:
            yield Relation(RelationKind.CONNECTS_TO, near, far[0], evidence)
        elif far[0] not in placed:
            yield Relation(RelationKind.CONNECTS_TO, near, far[0], evidence, start_port=seen.port)


def _nearest(tables: Iterable[Table]) -> Iterator[tuple[int, Table, Sighting]]:
    """Where each address is seen with the fewest others beside it, and with how many in all."""
    places: dict[tuple[str, str], list[tuple[int, Table, Sighting]]] = {}
    for each in tables:
        forwarded = [seen for seen in each.sightings if seen.kind is SightingKind.FDB]
        count = Counter(seen.port for seen in forwarded)
        for seen in forwarded:
            place = (count[seen.port], each, seen)
            places.setdefault((each.site, seen.mac), []).append(place)
    for found in places.values():
        least = min(count for count, _, _ in found)
        yield from (place for place in found if place[0] == least)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Something that assets see on the network and that is no asset."""

    id: str
    """Its MAC address; without one its name or its address."""
    mac: str
    name: str
    addresses: tuple[str, ...]
    description: str
    evidence: tuple[Evidence, ...]
    """Who sees it, and where."""


def strangers(
    tables: Iterable[Table], reporters: Mapping[str, str], holders: Mapping[str, str]
) -> list[Stranger]:
    """All that is seen and is no asset, by id."""
    tables = _reported(tables, reporters)
    known = Known(tables, holders)
    found: dict[str, list[tuple[Table, Sighting]]] = {}
    for each in tables:
        for seen in each.sightings:
            id = seen.mac or seen.host or (seen.address if seen.kind in NEIGHBOURS else "")
            if id and known.asset(each.site, seen) is None:
                found.setdefault(id, []).append((each, seen))
    return [_stranger(id, found[id], known) for id in sorted(found)]


def _stranger(id: str, found: list[tuple[Table, Sighting]], known: Known) -> Stranger:
    seen = [sighting for _, sighting in found]
    addresses = {each.address for each in seen if each.address}
    for table, sighting in found[:1]:
        addresses.update(known.addresses(table.site, sighting.mac))
    return Stranger(
        id=id,
        mac=next((each.mac for each in seen if each.mac), ""),
        name=next((each.name for each in seen if each.name), ""),
        addresses=tuple(sorted(addresses)),
        description=next((each.description for each in seen if each.description), ""),
        evidence=tuple(sorted({_evidence(*each, 1.0) for each in found}))[:WITNESSES_MAX],
    )
