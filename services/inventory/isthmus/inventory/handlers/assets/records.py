"""The records that inventory publishes, and the reports that it reads, from and to the domain."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from isthmus.assets.v1 import asset_pb2, change_pb2
from isthmus.inventory.domain.assets.model import (
    Asset,
    Change,
    Health,
    Key,
    Reachability,
    Relation,
    Report,
    Said,
    Tier,
)
from isthmus.inventory.domain.assets.plan import Removal, Write
from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS, Kind, Origin, checked
from isthmus.inventory.domain.custom_fields import NAME
from isthmus.inventory.domain.instants import milliseconds
from isthmus.runtime.codec import Outgoing, encode, from_timestamp, tombstone
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2

ASSETS = "inventory.assets.v1"
CHANGES = "inventory.changes.v1"
SOURCE = "inventory"
IMPORT = "import"
"""The protocol word of what came from a system of record."""
OF_ONE_READ: tuple[Any, ...] = (
    "id", "observation_id", "observed_at", "interval_s", "metric", "value", "unit", "quality",
    "alternatives", "sightings", "catalog", "address", "collector", "slot_at",
)  # fmt: skip
NUMBERS = frozenset(name for name, field in FIELDS.items() if field.kind is Kind.NUMBER)
# Parts of a device that is there itself; what stands behind a gateway is another device.
PARTS = frozenset(
    {
        report_pb2.RELATION_KIND_PART_OF,
        report_pb2.RELATION_KIND_PERIPHERAL_OF,
        report_pb2.RELATION_KIND_INSTALLED_ON,
    }
)


def report(message: report_pb2.Report) -> Report:
    """The report in the domain's words; raises Rejected."""
    return Report(
        id=_uuid(message.id),
        site=message.site,
        target=message.target,
        device=message.device,
        path=message.path,
        observed_at=observed_at(message),
        reachability=_REACHABILITY.get(message.reachability) or _unknown(message, "reachability"),
        health=_HEALTH.get(message.health) or _unknown(message, "health"),
        health_reason=message.health_reason,
        keys=tuple(_key(key) for key in message.keys),
        attributes={
            a.name: Said(_counted(a), a.confidence, a.rule, a.raw)
            for a in message.attributes
            if a.name in FIELDS or NAME.fullmatch(a.name)
        },
        part=message.relation.kind in PARTS,
        origin=Origin.IMPORT if message.protocol == IMPORT else Origin.DEVICE,
        relation=_relation(message) if message.HasField("relation") else None,
    )


def _counted(attribute: report_pb2.Attribute) -> str:
    """The value; what finance counts must be a number, whoever says it."""
    if attribute.name not in NUMBERS:
        return attribute.value
    try:
        return checked(FIELDS[attribute.name], attribute.value)
    except ValueError as error:
        raise Rejected(f"Report.attributes.{attribute.name}: {error}") from None


def observed_at(message: report_pb2.Report) -> datetime:
    """When it was, as exactly as the store keeps it; raises Rejected."""
    if not message.HasField("observed_at"):
        raise Rejected("Report.observed_at: empty, expected a time")
    return milliseconds(from_timestamp(message.observed_at))


def digest(message: report_pb2.Report) -> bytes:
    """Short for all that a report says, whenever it was and whatever its device measured."""
    said = report_pb2.Report()
    said.CopyFrom(message)
    for name in OF_ONE_READ:
        said.ClearField(name)
    return hashlib.blake2b(said.SerializeToString(deterministic=True), digest_size=16).digest()


def _relation(message: report_pb2.Report) -> Relation:
    found = message.relation
    endpoint = f"{message.site}/{message.target}"
    kind = report_pb2.RelationKind.Name(found.kind).removeprefix("RELATION_KIND_").lower()
    return Relation(kind, f"{endpoint}/{found.device}" if found.device else endpoint,
                    found.position)  # fmt: skip


def _words(enum: Any, words: Any, prefix: str) -> dict[int, Any]:
    known = {f"{prefix}_{word.name}": word for word in words}
    return {number: known[name] for name, number in enum.items() if name in known}


_REACHABILITY: dict[int, Reachability] = _words(
    report_pb2.Reachability, Reachability, "REACHABILITY"
)
_HEALTH: dict[int, Health] = {
    report_pb2.HEALTH_UNSPECIFIED: Health.UNKNOWN,
    **_words(report_pb2.Health, Health, "HEALTH"),
}
_TIERS: dict[int, Tier] = _words(report_pb2.KeyTier, Tier, "KEY_TIER")


def _unknown(message: report_pb2.Report, field: str) -> Any:
    raise Rejected(f"Report.{field}: {getattr(message, field)}, expected a value of its enum")


def _key(key: report_pb2.IdentityKey) -> Key:
    tier = _TIERS.get(key.tier)
    if tier is None or not (key.scope and key.kind and key.value):
        shown = f"{key.tier} {key.scope!r} {key.kind!r} {key.value[:80]!r}"
        raise Rejected(f"Report.keys: {shown}, expected a tier, scope, kind and value")
    return Key(tier, key.scope, key.kind, key.value)


def _uuid(id: str) -> str:
    try:
        return str(uuid.UUID(id))
    except ValueError as error:
        raise Rejected(f"Report.id: {id[:80]!r}, expected a UUID") from error


def published(write: Write | Removal, traceparent: bytes | None) -> list[Outgoing]:
    """What a version publishes: the asset as it is now, or that it is gone, and its history."""
    if isinstance(write, Write):
        return written(write, traceparent)
    return removed(write, traceparent)


def written(write: Write, traceparent: bytes | None) -> list[Outgoing]:
    """What a written asset publishes: its new version, and its history."""
    asset = write.after
    version = encode(
        asset_message(asset),
        topic=ASSETS,
        key=asset.id,
        id=f"{asset.id}/{asset.revision}",
        source=SOURCE,
        at=asset.changed_at,
        traceparent=traceparent,
    )
    return [version, *(_history(change, traceparent) for change in write.changes)]


def removed(removal: Removal, traceparent: bytes | None) -> list[Outgoing]:
    """What a removed asset publishes: its tombstone, and its history."""
    gone = tombstone(ASSETS, removal.asset.id)
    return [gone, *(_history(change, traceparent) for change in removal.changes)]


def asset_message(asset: Asset) -> asset_pb2.Asset:
    """The whole asset as it is now."""
    message = asset_pb2.Asset(
        id=asset.id,
        site=asset.site,
        path=asset.path,
        reachability=f"REACHABILITY_{asset.reachability.name}",
        health=_health(asset.health),
        health_reason=asset.health_reason,
        sources=asset.sources,
        upstream=sorted({view.relation.source for view in asset.views if view.relation}),
        keys=sorted(key.id for key in asset.keys),
        revision=asset.revision,
        status=asset.status.value,
    )
    for name, value in asset.attributes.items():
        if name == "tags":
            message.tags.extend(value.split(","))
        elif name.startswith(CUSTOM):
            message.custom[name.removeprefix(CUSTOM)] = value
        else:
            setattr(message, name, value)
    message.discovered_at.FromDatetime(asset.discovered_at)
    message.changed_at.FromDatetime(asset.changed_at)
    return message


def _health(health: Health) -> str:
    name = "UNSPECIFIED" if health is Health.UNKNOWN else health.name
    return f"HEALTH_{name}"


def _history(change: Change, traceparent: bytes | None) -> Outgoing:
    said = change.cause
    message = change_pb2.Change(
        id=change.id,
        asset_id=change.asset_id,
        kind=f"CHANGE_KIND_{change.kind.name}",
        field=change.field,
        before=change.before,
        after=change.after,
        source=said.source,
        report_id=said.id,
        site=said.site,
        actor=said.actor,
        evidence=change.evidence,
    )
    message.observed_at.FromDatetime(said.at)
    return encode(
        message,
        topic=CHANGES,
        key=change.asset_id,
        id=change.id,
        source=SOURCE,
        at=said.at,
        traceparent=traceparent,
    )
