"""Batches of observations become batches of reports."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.normalizer.domain import report as said
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.acquaintance import Acquaintance, Told
from isthmus.normalizer.handlers.observations import is_picture, source_name
from isthmus.normalizer.handlers.unrecognised import Unrecognised
from isthmus.normalizer.ports import Statistics
from isthmus.runtime.codec import Outgoing, Record, encode
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import (
    Attribute,
    Health,
    IdentityKey,
    KeyTier,
    Quality,
    Reachability,
    Relation,
    Report,
    Sightings,
)

SERVICE = "normalizer"
UUID_CHARACTERS, UUID_DIGITS = 36, 32
VARIANT = dict(zip("0123456789abcdef", 4 * "89ab", strict=True))  # RFC 9562, 4.1: two bits, 10
TOPIC = "normalizer.reports.v1"
W = TypeVar("W", bound=Enum)


def _numbers(kind: Any, prefix: str, words: Iterable[W]) -> dict[W, Any]:
    """The number of each word in a protobuf enum: by its name it would be looked up each time."""
    return {word: kind.Value(f"{prefix}_{word.name}") for word in words}


REACHABILITIES = _numbers(Reachability, "REACHABILITY", said.Reachability)
TIERS = _numbers(KeyTier, "KEY_TIER", said.Tier)
QUALITIES = _numbers(Quality, "QUALITY", said.Quality)
HEALTHS: dict[said.Health, Any] = {
    said.Health.UNKNOWN: Health.Value("HEALTH_UNSPECIFIED"),
    **_numbers(Health, "HEALTH", [h for h in said.Health if h is not said.Health.UNKNOWN]),
}
NANOS_PER_S = 1_000_000_000


Place = tuple[str, str, float, str, tuple[str, ...], tuple[str, ...]]


class Handler:
    """Turns batches of observations into reports; the same observation makes the same reports."""

    def __init__(self, normalizer: Normalizer, statistics: Statistics) -> None:
        self._normalizer = normalizer
        self._statistics = statistics
        self._acquaintance = Acquaintance(normalizer)
        self._unrecognised = Unrecognised()
        # Encoded once for each identity, with what of the source it was encoded for.
        self._known: WeakKeyDictionary[said.Identity, tuple[Place, bytes]] = WeakKeyDictionary()

    def use(self, normalizer: Normalizer) -> None:
        """Make reports with another catalogue from the next batch on."""
        self._normalizer = normalizer
        self._acquaintance = Acquaintance(normalizer)
        self._unrecognised = Unrecognised()

    async def __call__(self, batch: Batch[Observation]) -> list[Outgoing]:
        """The reports of a batch; an observation without meaning is rejected alone."""
        made: list[Outgoing] = []
        reported: list[said.Report] = []
        for record in batch.records:
            try:
                made.extend(self._reports(record, reported))
            except Rejected as error:
                batch.reject(record, error)
        self._count(reported)
        return made

    def _reports(self, record: Record[Observation], reported: list[said.Report]) -> list[Outgoing]:
        message = record.message
        if message is None:
            raise Rejected("value: none, expected an Observation: this topic has no tombstones")
        if not is_picture(message):
            return []
        namespace, at = _uuid(message.id), _time(message.observed_at)
        made: list[Outgoing] = []
        for told in self._acquaintance.reports(message):
            report = told.report
            reported.append(report)
            made.append(self._outgoing(message, told, namespace, at, record.traceparent))
            if report.identity.unrecognised:
                catalog, device = self._normalizer.catalog, told.device
                made += self._unrecognised.saw(report, device, message, record.partition, catalog)
        return made

    def _outgoing(
        self,
        message: Observation,
        told: Told,
        namespace: bytes,
        at: datetime,
        traceparent: bytes | None,
    ) -> Outgoing:
        report, met = told.report, told.met
        if met is None:
            again = self._same(message, report)
        else:
            again = met.encoded = met.encoded or self._same(message, report)
        id = _uuid5(namespace, report.device)
        return encode(
            self._message(message, report, id),
            topic=TOPIC,
            key=source_name(message, report.device),
            id=id,
            source=SERVICE,
            at=at,
            traceparent=traceparent,
            encoded=again,
        )

    def _message(self, message: Observation, report: said.Report, id: str) -> Report:
        """What this read says anew."""
        measured = report.metrics
        made = Report()  # by setters: the constructor looks each name up
        made.id = id
        made.observation_id = message.id
        made.observed_at.CopyFrom(message.observed_at)
        made.slot_at.CopyFrom(message.slot_at)
        made.reachability = REACHABILITIES[report.reachability]
        made.health = HEALTHS[report.health]
        if measured.values:
            made.value.extend(measured.values)
        if report.reachability_reason:
            made.reachability_reason = report.reachability_reason
        if report.health_reason:
            made.health_reason = report.health_reason
        if measured.qualities:
            made.quality.extend([QUALITIES[quality] for quality in measured.qualities])
        if report.sightings:
            made.sightings.CopyFrom(_sightings(report.sightings))
        return made

    def _same(self, message: Observation, report: said.Report) -> bytes:
        """What every read of the source says again, encoded: most of the report."""
        measured = report.metrics
        place = (
            message.target, message.path, message.interval_s, message.collector,
            measured.names, measured.units,
        )  # fmt: skip
        known = self._known.get(report.identity)
        if known is None:
            for attribute in report.identity.unrecognised:
                self._statistics.unrecognised(attribute)
        if known is None or known[0] != place:
            whole = self._whole(message, report).SerializeToString(deterministic=True)
            known = self._known[report.identity] = place, whole
        return known[1]

    def _whole(self, message: Observation, report: said.Report) -> Report:
        identity = report.identity
        return Report(
            site=message.site,
            target=message.target,
            device=report.device,
            path=message.path,
            interval_s=message.interval_s * report.every,
            keys=[
                IdentityKey(tier=TIERS[k.tier], scope=k.scope, kind=k.kind, value=k.value)
                for k in identity.keys
            ],
            attributes=map(_attribute, identity.attributes),
            metric=report.metrics.names,
            unit=report.metrics.units,
            address=message.address,
            protocol=message.protocol,
            alternatives=map(_attribute, identity.alternatives),
            relation=_relation(identity.relation),
            catalog=self._normalizer.catalog.fingerprint,
            collector=message.collector,
        )

    def _count(self, reports: list[said.Report]) -> None:
        for reachability, count in Counter(r.reachability for r in reports).items():
            self._statistics.reported(reachability.value, count)
        qualities = Counter(quality for r in reports for quality in r.metrics.qualities)
        for quality, count in qualities.items():
            if quality is not said.Quality.GOOD:
                self._statistics.doubted(quality.name.lower(), count)


def _attribute(each: said.Attribute) -> Attribute:
    return Attribute(
        name=each.name,
        value=each.value,
        raw=each.raw,
        rule=each.rule,
        confidence=each.confidence,
        order=each.order,
    )


def _relation(relation: said.Relation | None) -> Relation | None:
    if relation is None:
        return None
    kind = f"RELATION_KIND_{relation.kind.name}"
    return Relation(kind=kind, device=relation.device, position=relation.position)


def _sightings(found: tuple[said.Sighting, ...]) -> Sightings:
    return Sightings(
        kind=[f"SIGHTING_KIND_{each.kind.name}" for each in found],
        port=[each.port for each in found],
        mac=[each.mac for each in found],
        address=[each.address for each in found],
        name=[each.name for each in found],
        remote_port=[each.remote_port for each in found],
        description=[each.description for each in found],
    )


def _uuid(text: str) -> bytes:
    digits = text.replace("-", "")
    try:
        if len(text) == UUID_CHARACTERS and len(digits) == UUID_DIGITS:
            return bytes.fromhex(digits)
    except ValueError:
        pass
    raise Rejected(f"id: {text[:64]!r}, expected a UUID")


def _uuid5(namespace: bytes, name: str) -> str:
    """As `uuid.uuid5`, in a third of the time (RFC 9562, 5.5)."""
    digits = hashlib.sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    version, variant = "5", VARIANT[digits[16]]
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}"
        f"-{digits[20:32]}"
    )


def _time(stamp: Timestamp) -> datetime:
    seconds, nanos = stamp.seconds, stamp.nanos
    if seconds <= 0:
        raise Rejected(f"observed_at: {seconds} s, expected a time after 1970")
    if not 0 <= nanos < NANOS_PER_S:
        raise Rejected(f"observed_at: {nanos} ns, expected 0 to {NANOS_PER_S - 1}")
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    except (OverflowError, OSError, ValueError):
        raise Rejected(f"observed_at: {seconds} s, expected a time before 10000") from None
