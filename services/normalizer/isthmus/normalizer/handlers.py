"""Observations as protobuf in, reports as protobuf out; the only place here that knows either."""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.normalizer.domain import observation as seen
from isthmus.normalizer.domain import report as said
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.ports import Statistics
from isthmus.runtime.codec import Outgoing, Record, encode
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Device, Observation, Outcome, Trigger
from isthmus.telemetry.v1.report_pb2 import (
    Attribute,
    IdentityKey,
    Report,
)

SERVICE = "normalizer"
OBSERVATIONS = "collector.observations.v1"
REPORTS = "normalizer.reports.v1"
REQUIRED = ("id", "site", "target", "address", "protocol", "outcome")

OUTCOMES = {Outcome.Value(f"OUTCOME_{o.name}"): o for o in seen.Outcome}
REACHABILITIES = {r: f"REACHABILITY_{r.name}" for r in said.Reachability}
TIERS = {t: f"KEY_TIER_{t.name}" for t in said.Tier}
HEALTHS = {h: f"HEALTH_{h.name}" for h in said.Health} | {said.Health.UNKNOWN: "HEALTH_UNSPECIFIED"}


class Handler:
    """Turns batches of observations into reports; the same observation makes the same reports."""

    def __init__(self, normalizer: Normalizer, statistics: Statistics) -> None:
        self._normalizer = normalizer
        self._statistics = statistics
        # Who a device is fills most of its report and seldom changes: encoded once, then copied.
        self._identities: WeakKeyDictionary[said.Identity, Report] = WeakKeyDictionary()

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
        if message.trigger == Trigger.TRIGGER_NOTIFICATION:
            return []  # what a device says by itself is no picture of it
        namespace, at = _uuid(message.id), _time(message.observed_at)
        reports = self._normalizer.reports(_observation(message))
        reported += reports
        return [
            self._outgoing(message, report, namespace, at, record.traceparent) for report in reports
        ]

    def _outgoing(
        self,
        message: Observation,
        report: said.Report,
        namespace: uuid.UUID,
        at: datetime,
        traceparent: bytes | None,
    ) -> Outgoing:
        id = str(uuid.uuid5(namespace, report.device))
        source = f"{message.site}/{message.target}"
        return encode(
            self._message(message, report, id),
            topic=REPORTS,
            key=f"{source}/{report.device}" if report.device else source,
            id=id,
            source=SERVICE,
            at=at,
            traceparent=traceparent,
        )

    def _message(self, message: Observation, report: said.Report, id: str) -> Report:
        made = Report(
            id=id,
            observation_id=message.id,
            site=message.site,
            target=message.target,
            device=report.device,
            path=message.path,
            observed_at=message.observed_at,
            interval_s=message.interval_s,
            reachability=REACHABILITIES[report.reachability],
            reachability_reason=report.reachability_reason,
            health=HEALTHS[report.health],
            health_reason=report.health_reason,
            metric=report.metrics.names,
            value=report.metrics.values,
            unit=report.metrics.units,
            address=message.address,
            protocol=message.protocol,
        )
        made.MergeFrom(self._identity(report.identity))
        return made

    def _identity(self, identity: said.Identity) -> Report:
        part = self._identities.get(identity)
        if part is None:
            part = self._identities[identity] = Report(
                keys=[
                    IdentityKey(tier=TIERS[k.tier], scope=k.scope, kind=k.kind, value=k.value)
                    for k in identity.keys
                ],
                attributes=[
                    Attribute(name=a.name, value=a.value, raw=a.raw, rule=a.rule)
                    for a in identity.attributes
                ],
            )
            for attribute in identity.unrecognised:
                self._statistics.unrecognised(attribute)
        return part

    def _count(self, reports: list[said.Report]) -> None:
        for reachability, count in Counter(r.reachability for r in reports).items():
            self._statistics.reported(reachability.value, count)
        skipped = sum(r.metrics.skipped for r in reports)
        if skipped:
            self._statistics.skipped(skipped)


def explain(normalizer: Normalizer, text: str) -> Iterator[str]:
    """The reports of an Observation in JSON, a line for each decision and the rule behind it.

    Raises Rejected, as the service would, when the text means nothing.
    """
    try:
        message = Parse(text, Observation())
    except ParseError as error:
        raise Rejected(f"observation: {error}") from None
    for report in normalizer.reports(_observation(message)):
        yield f"{message.site}/{message.target}/{report.device}".rstrip("/")
        yield f"  reachability {report.reachability.value}  {report.reachability_reason}".rstrip()
        yield f"  health {report.health.name.lower()}  {report.health_reason}".rstrip()
        for key in report.identity.keys:
            yield f"  key {key.tier.name.lower()} {key.scope}|{key.kind}|{key.value}"
        for a in report.identity.attributes:
            yield f"  {a.name} {a.value!r}  <- {a.raw!r} by {a.rule}"
        for name in report.identity.unrecognised:
            yield f"  {name} not recognised"
        metrics = report.metrics
        for name, value, unit in zip(metrics.names, metrics.values, metrics.units, strict=True):
            yield f"  metric {name} {value:g} {unit}"


def _observation(message: Observation) -> seen.Observation:
    devices = tuple([_device(device) for device in message.devices])
    paths = [device.path for device in devices]
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise Rejected(f"devices.path: {twice!r} twice, expected each device once")
    outcome = _outcome("outcome", message.outcome)
    if outcome is seen.Outcome.OK and not devices:
        raise Rejected("devices: none, expected at least one when the outcome is OK")
    return seen.Observation(
        message.site,
        message.protocol,
        message.profile,
        message.address,
        outcome,
        message.error,
        devices,
    )


def _device(message: Device) -> seen.Device:
    device = seen.Device(
        message.path,
        _outcome(f"devices[{message.path!r}].outcome", message.outcome),
        message.error,
        tuple(message.fact),
        tuple(message.text),
        tuple(message.point),
        tuple(message.value),
        tuple(message.unit),
    )
    for mistake in _uneven(device):
        raise Rejected(f"devices[{message.path!r}].{mistake}")
    return device


def _uneven(device: seen.Device) -> Iterator[str]:
    columns = (
        ("text", device.texts, "fact", device.facts),
        ("value", device.values, "point", device.points),
        ("unit", device.units, "point", device.points),
    )
    for name, column, names, expected in columns:
        if len(column) != len(expected):
            yield f"{name}: {len(column)} entries, expected {len(expected)}, one for each {names}"


def _outcome(field: str, number: int) -> seen.Outcome:
    try:
        return OUTCOMES[number]
    except KeyError:
        raise Rejected(f"{field}: {number}, expected one of {sorted(OUTCOMES)}") from None


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Rejected(f"id: {text[:64]!r}, expected a UUID") from None


def _time(stamp: Timestamp) -> datetime:
    if stamp.seconds <= 0:
        raise Rejected(f"observed_at: {stamp.seconds} s, expected a time after 1970")
    try:
        return stamp.ToDatetime(UTC)
    except (OverflowError, ValueError) as error:
        raise Rejected(f"observed_at: {error}") from None
