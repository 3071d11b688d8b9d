"""Between protobuf and the domain: reports and assets in, alarms and transitions out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.alarms.v1 import alarm_pb2 as alarms
from isthmus.alarms.v1 import transition_pb2 as transitions
from isthmus.alerting.domain.alarm import Alarm, Place, Transition
from isthmus.alerting.domain.rules import UNKNOWN, Reading
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import Outgoing, encode, from_timestamp
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import report_pb2 as reports

SERVICE = "alerting"
REPORTS = "normalizer.reports.v1"
ASSETS = "inventory.assets.v1"
ALARMS = "alerting.alarms.v1"
TRANSITIONS = "alerting.transitions.v1"


def _words(enum: type[reports.Health] | type[reports.Reachability], prefix: str) -> dict[int, str]:
    """The words of a protobuf enum in the platform's texts."""
    words = {number: name.removeprefix(prefix).lower() for name, number in enum.items()}
    return words | {0: UNKNOWN}


HEALTH = _words(reports.Health, "HEALTH_")
REACHABILITY = _words(reports.Reachability, "REACHABILITY_")
# What its device answers for; what stands behind a gateway or a server is asked by itself.
PARTS = frozenset(
    {
        reports.RELATION_KIND_PART_OF,
        reports.RELATION_KIND_PERIPHERAL_OF,
        reports.RELATION_KIND_INSTALLED_ON,
    }
)


@dataclass(frozen=True, slots=True)
class Sources:
    """An asset, and the sources that describe it."""

    place: Place
    names: tuple[str, ...]


def reading(report: reports.Report) -> Reading:
    """What rules need of `report`; raises Rejected when its columns are not side by side."""
    metric, value, unit = _measured(report)
    device = f"/{report.device}" if report.device else ""
    return Reading(
        source=f"{report.site}/{report.target}{device}",
        site=report.site,
        path=report.path,
        at=_stored(from_timestamp(report.observed_at)),
        interval_s=report.interval_s,
        # A word that a newer normalizer added says nothing to the rules of this version.
        reachability=REACHABILITY.get(report.reachability, UNKNOWN),
        reachability_reason=report.reachability_reason,
        health=HEALTH.get(report.health, UNKNOWN),
        health_reason=report.health_reason,
        part=report.relation.kind in PARTS,
        attributes={attribute.name: attribute.value for attribute in report.attributes},
        metric=metric,
        value=value,
        unit=unit,
    )


def _measured(report: reports.Report) -> tuple[Sequence[str], Sequence[float], Sequence[str]]:
    """The columns of `report`, of good values only.

    A value that is bad or uncertain is no measurement: for the rules it is not there, so that it
    raises nothing and clears nothing; an alarm that is raised stays as it is.
    """
    metric, value, unit, quality = report.metric, report.value, report.unit, report.quality
    if not len(metric) == len(value) == len(unit):
        raise Rejected(
            f"isthmus.telemetry.v1.Report.value: {len(value)} values and "
            f"{len(unit)} units, expected {len(metric)}, one for each metric"
        )
    if not quality:
        return metric, value, unit
    if len(quality) != len(value):
        raise Rejected(
            f"isthmus.telemetry.v1.Report.quality: {len(quality)} entries, "
            f"expected {len(value)}, one for each value, or none"
        )
    good = [at for at, each in enumerate(quality) if each == reports.QUALITY_GOOD]
    return [metric[at] for at in good], [value[at] for at in good], [unit[at] for at in good]


def sources(asset: Asset) -> Sources:
    """What alarms carry of `asset`."""
    place = Place(asset.id, getattr(asset, "class"), asset.path)
    return Sources(place, tuple(asset.sources))


def outbox(
    alarm: Alarm, steps: tuple[Transition, ...], traceparent: bytes | None
) -> Iterator[Outgoing]:
    """What others hear of a new version of `alarm` that took `steps`."""
    for each in steps:
        yield encode(
            _transition(alarm, each),
            topic=TRANSITIONS,
            key=alarm.id,
            id=f"{alarm.id}:{each.seq}",
            source=SERVICE,
            at=each.at,
            traceparent=traceparent,
        )
    if alarm.seq:
        yield encode(
            _alarm(alarm),
            topic=ALARMS,
            key=alarm.id,
            id=f"{alarm.id}:{alarm.seq}:{alarm.revision}",
            source=SERVICE,
            at=_changed_at(alarm, steps),
            traceparent=traceparent,
        )


def _changed_at(alarm: Alarm, steps: tuple[Transition, ...]) -> datetime:
    at = steps[-1].at if steps else alarm.raised_at
    assert at is not None, "an alarm with a transition has been raised"
    return at


def _alarm(alarm: Alarm) -> alarms.Alarm:
    return alarms.Alarm(
        id=alarm.id,
        rule=alarm.rule,
        subject=alarm.subject,
        site=alarm.site,
        path=alarm.path,
        state=f"ALARM_STATE_{alarm.state.upper()}",
        priority=f"PRIORITY_{alarm.priority.upper()}",
        message=alarm.message,
        first_action=alarm.first_action,
        condition=alarm.watches,
        value=alarm.value,
        unit=alarm.unit,
        asset_id=alarm.asset_id,
        asset_class=alarm.asset_class,
        raised_at=_timestamp(alarm.raised_at),
        cleared_at=_timestamp(alarm.cleared_at),
        acknowledged_at=_timestamp(alarm.acknowledged_at),
        acknowledged_by=alarm.acknowledged_by,
        seq=alarm.seq,
    )


def _transition(alarm: Alarm, step: Transition) -> transitions.Transition:
    return transitions.Transition(
        alarm_id=alarm.id,
        seq=step.seq,
        kind=f"TRANSITION_KIND_{step.kind.upper()}",
        state=f"ALARM_STATE_{step.state.upper()}",
        rule=alarm.rule,
        subject=alarm.subject,
        site=alarm.site,
        at=_timestamp(step.at),
        by=step.by,
        comment=step.comment,
        value=step.value,
        unit=step.unit,
    )


def _timestamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def _stored(at: datetime) -> datetime:
    """The time as the store keeps it: BSON dates have milliseconds, and a replay must compare."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
