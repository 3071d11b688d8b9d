"""Discovery jobs and what is said of them, from and to their messages."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network

from isthmus.collector.domain.discovery import Found, Job, Probe, Progress
from isthmus.collector.domain.envelope import Window
from isthmus.collector.domain.schedule import NAMESPACE
from isthmus.runtime.codec import Outgoing, encode, from_timestamp
from isthmus.telemetry.v1 import discovery_pb2 as pb

TOPIC = "collector.discoveries.v1"
REQUIRED = ("id", "site", "ranges", "probes", "requests_per_s", "window")


def job(message: pb.Discovery) -> Job:
    """The job that a record describes; raises ValueError."""
    said = message.window
    return Job(
        id=message.id,
        site=message.site,
        ranges=tuple(ip_network(each) for each in message.ranges),
        probes=tuple(Probe(each.protocol, each.port, each.credential) for each in message.probes),
        window=Window(tuple(said.days), said.start, said.end, said.time_zone),
        requests_per_s=message.requests_per_s,
        requested_at=from_timestamp(message.requested_at),
    )


def progress(message: pb.Discovery) -> Progress:
    """How far a record says that its job has come."""
    said = message.progress
    return Progress(said.cursor, said.asked, said.answered, said.skipped)


def event(
    job: Job,
    kind: pb.DiscoveryEventKind,
    done: Progress,
    *,
    at: datetime,
    collector: str,
    reason: str = "",
    address: str = "",
    protocol: str = "",
    found: Found | None = None,
) -> Outgoing:
    """The record of one step of a job."""
    facts: Mapping[str, str] = found.facts if found else {}
    place = f"{job.id}|{kind}|{done.cursor}|{address}|{reason}"
    message = pb.DiscoveryEvent(
        id=str(uuid.uuid5(NAMESPACE, place)),
        discovery=job.id,
        site=job.site,
        kind=kind,
        at=at,
        collector=collector,
        progress=pb.DiscoveryProgress(
            cursor=done.cursor, asked=done.asked, answered=done.answered, skipped=done.skipped
        ),
        hosts=job.hosts,
        reason=reason,
        address=address,
        protocol=protocol,
        fact=list(facts),
        text=list(facts.values()),
    )
    if found is not None:
        message.endpoint.update(found.endpoint)
    return encode(message, topic=TOPIC, key=job.id, id=message.id, source="collector", at=at)
