"""Discovery: a slow walk over networks of a site; what it finds waits for a person."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from isthmus.inventory.domain.polling.endpoints import PORTS, split
from isthmus.inventory.domain.polling.envelope import window
from isthmus.inventory.domain.rows import (
    Invalid,
    count,
    expected,
    fields,
    items,
    name,
    number,
    text,
)

FIELDS = ("site", "ranges", "protocols", "window", "requests_per_s", "requested_by", "note")
ADDRESSES_MAX = 4096
PORTS_MAX = 4
REQUESTS_PER_S_MAX = 5.0
# Least intrusive first: OPC UA has a service for being found, Modbus one for identification.
LADDER = ("opcua", "modbus", "snmp")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class DiscoveryState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    REFUSED = "refused"


LIVE = (DiscoveryState.WAITING, DiscoveryState.RUNNING)


class FindingVerdict(StrEnum):
    """What a person decided about an endpoint that was found."""

    WAITING = "waiting"
    APPROVED = "approved"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Probe:
    """The identification request of one protocol at one port."""

    protocol: str
    port: int
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Hosts that are done, by what was done."""

    cursor: int = 0
    asked: int = 0
    answered: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One discovery, as it was asked for and as far as it has come."""

    id: str
    site: str
    ranges: tuple[str, ...]
    probes: tuple[Probe, ...]
    window: Mapping[str, Any]
    requests_per_s: float
    requested_by: str
    note: str
    requested_at: datetime
    hosts: int
    state: DiscoveryState = DiscoveryState.WAITING
    progress: Progress = Progress()
    reason: str = ""
    collector: str = ""
    changed_at: datetime | None = None
    revision: int = 1

    @property
    def live(self) -> bool:
        """Is there still something to do?"""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Step:
    """What a collector says of a job."""

    job: str
    state: DiscoveryState
    at: datetime
    collector: str
    progress: Progress
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One endpoint that answered, and what became of it."""

    site: str
    job: str
    address: str
    protocol: str
    endpoint: Mapping[str, Any]
    facts: Mapping[str, str]
    found_at: datetime
    verdict: FindingVerdict = FindingVerdict.WAITING
    decided_at: datetime | None = None
    target: str = ""

    @property
    def id(self) -> str:
        """`site/protocol/host:port`: one finding, whichever job made it."""
        return f"{self.site}/{self.protocol}/{self.address}"


def job(row: object, id: str, requested_at: datetime) -> Job:
    """The job that `row` describes; raises Invalid."""
    said = fields("row", row, FIELDS)
    networks = _networks(said.get("ranges"))
    rate = said.get("requests_per_s", 1)
    return Job(
        id=id,
        site=name("site", said.get("site")),
        ranges=tuple(map(str, networks)),
        probes=_probes(said.get("protocols")),
        window=window(said.get("window")),
        requests_per_s=number("requests_per_s", rate, "a number", above=0, most=REQUESTS_PER_S_MAX),
        requested_by=_given("requested_by", said.get("requested_by")),
        note=text("note", said.get("note", "")),
        requested_at=requested_at,
        hosts=sum(map(hosts, networks)),
        changed_at=requested_at,
    )


def hosts(network: Network) -> int:
    """Hosts of a network that may be asked: not its own address, nor its broadcast address."""
    if network.num_addresses <= 2:
        return network.num_addresses
    return network.num_addresses - (2 if network.version == 4 else 1)


def advanced(job: Job, step: Step) -> Job:
    """`job` after a step; a repeated or late step never takes it back."""
    known, said = job.progress, step.progress
    progress = Progress(
        max(known.cursor, said.cursor),
        max(known.asked, said.asked),
        max(known.answered, said.answered),
        max(known.skipped, said.skipped),
    )
    changed = replace(job, progress=progress)
    if job.live and (said.cursor >= known.cursor or step.state not in LIVE):
        changed = replace(changed, state=step.state, reason=step.reason)
    if changed == job:
        return job
    collector = step.collector if job.live else job.collector
    return replace(changed, collector=collector, changed_at=step.at, revision=job.revision + 1)


def cancelled(job: Job, at: datetime) -> Job:
    """`job`, stopped by a person; the same where it has ended already."""
    if not job.live:
        return job
    return replace(job, state=DiscoveryState.CANCELLED, changed_at=at, revision=job.revision + 1)


def target_row(
    finding: Finding, profile: str, interval_s: float, path: str, credential: str | None = None
) -> dict[str, Any]:
    """The row of the target that would read what was found; raises Invalid."""
    host, port = split(finding.address)
    endpoint = dict(finding.endpoint)
    if credential:
        endpoint["credential"] = credential
    if finding.protocol == "snmp" and "credential" not in endpoint:
        raise Invalid("credential", expected(None, "the name of one, it was found without"))
    place = "".join(c if c.isalnum() else "-" for c in host).strip("-")
    return {
        "site": finding.site,
        "target": f"{finding.protocol}-{place}-{port}",
        "path": path,
        "interval_s": interval_s,
        "profile": profile,
        "endpoint": endpoint,
    }


def _networks(value: object) -> list[Network]:
    networks: list[Network] = []
    for field, item in items("ranges", value, "networks in CIDR notation"):
        network = _network(field, item)
        for other in networks:
            if network.version == other.version and network.overlaps(other):
                raise Invalid(field, f"{item!r} overlaps {other}, expected each address once")
        networks.append(network)
    addresses = sum(network.num_addresses for network in networks)
    if not 1 <= addresses <= ADDRESSES_MAX:
        wanted = f"1 to {ADDRESSES_MAX} addresses in all"
        raise Invalid("ranges", expected(addresses, wanted))
    return networks


def _network(field: str, value: object) -> Network:
    try:
        if not isinstance(value, str):
            raise ValueError("not a text")
        network = ipaddress.ip_network(value)
    except ValueError as error:
        wanted = f"a network in CIDR notation: {error}"
        raise Invalid(field, expected(value, wanted)) from error
    if network.is_multicast or network.is_unspecified or network.network_address.is_unspecified:
        raise Invalid(field, expected(value, "a network of single hosts"))
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        raise Invalid(field, expected(value, "IPv4 written as IPv4: its hosts may be targets"))
    return network


def _probes(value: object) -> tuple[Probe, ...]:
    asked = [_protocol(place, each) for place, each in items("protocols", value, "protocols")]
    if not asked:
        raise Invalid("protocols", expected(value, f"some of {', '.join(LADDER)}"))
    probes = [probe for probes in asked for probe in probes]
    if len({(probe.protocol, probe.port) for probe in probes}) < len(probes):
        raise Invalid("protocols", "a protocol asks a port twice, expected once")
    return tuple(sorted(probes, key=lambda probe: LADDER.index(probe.protocol)))


def _protocol(field: str, value: object) -> list[Probe]:
    said = fields(field, value, ("protocol", "ports", "credential"))
    protocol = said.get("protocol")
    if protocol not in LADDER:
        raise Invalid(f"{field}.protocol", expected(protocol, f"one of {', '.join(LADDER)}"))
    credential = said.get("credential") or ""
    if credential:
        name(f"{field}.credential", credential)
    ports = said.get("ports") or [PORTS[protocol]]
    listed = list(items(f"{field}.ports", ports, "ports"))
    if len(listed) > PORTS_MAX:
        raise Invalid(f"{field}.ports", expected(ports, f"at most {PORTS_MAX}: this is no scan"))
    return [Probe(protocol, count(place, port, 1, 65_535), credential) for place, port in listed]


def _given(field: str, value: object) -> str:
    said = text(field, value)
    if not said:
        raise Invalid(field, expected(None, "who asks for it"))
    return said
