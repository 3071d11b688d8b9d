"""The records that tell the collectors of a site what to do: targets, zones, discovery jobs."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from isthmus.inventory.domain.polling.discovery import Job
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.polling.zones import Zone
from isthmus.inventory.handlers.assets.records import SOURCE
from isthmus.runtime.codec import Outgoing, encode, tombstone
from isthmus.telemetry.v1 import discovery_pb2, envelope_pb2, target_pb2


def target_record(target: Target, updated_at: datetime) -> Outgoing:
    """The record that tells the collectors of its site to read `target` from now on."""
    message = target_pb2.Target(
        site=target.site,
        target=target.target,
        path=target.path,
        interval_s=target.interval_s,
        profile=target.profile,
        endpoint=_struct(target.endpoint),
        updated_at=updated_at,
        envelope=envelope_pb2.Envelope(**target.envelope) if target.envelope else None,
    )
    return _order(message, "targets", target.site, target.id, updated_at)


def zone_record(zone: Zone, updated_at: datetime) -> Outgoing:
    """The record that puts the rules of `zone` into force."""
    message = envelope_pb2.Zone(
        site=zone.site,
        path=zone.path,
        envelope=envelope_pb2.Envelope(**zone.envelope) if zone.envelope else None,
        do_not_poll=zone.do_not_poll,
        safety_controllers=zone.safety_controllers,
        updated_at=updated_at,
        updated_by=zone.updated_by,
    )
    return _order(message, "zones", zone.site, zone.id, updated_at)


def job_record(job: Job) -> Outgoing:
    """The record that has a collector run `job`; a tombstone when nothing is left to do."""
    if not job.live:
        return tombstone(_topic("discoveries", job.site), job.id)
    message = discovery_pb2.Discovery(
        id=job.id,
        site=job.site,
        ranges=job.ranges,
        probes=[discovery_pb2.Probe(**asdict(probe)) for probe in job.probes],
        window=envelope_pb2.Window(**job.window),
        requests_per_s=job.requests_per_s,
        requested_by=job.requested_by,
        note=job.note,
        requested_at=job.requested_at,
        progress=discovery_pb2.DiscoveryProgress(**asdict(job.progress)),
    )
    return _order(message, "discoveries", job.site, job.id, job.changed_at or job.requested_at)


def _order(message: Message, plural: str, site: str, key: str, at: datetime) -> Outgoing:
    id = f"{key}/{at.isoformat()}"
    return encode(message, topic=_topic(plural, site), key=key, id=id, source=SOURCE, at=at)


def _topic(plural: str, site: str) -> str:
    return f"inventory.{plural}.{site}.v1"


def _struct(fields: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(fields)
    return struct
