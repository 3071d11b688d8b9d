"""Alarms and their transitions as others hear of them."""

from collections.abc import Iterator
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from isthmus.alarms.v1 import alarm_pb2 as alarms
from isthmus.alarms.v1 import transition_pb2 as transitions
from isthmus.alerting.domain.alarms.alarm import Alarm, Suppression
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.runtime.codec import Outgoing, encode, tombstone

SERVICE = "alerting"
ALARMS = "alerting.alarms.v1"
TRANSITIONS = "alerting.transitions.v1"


def forgotten(alarm: Alarm) -> tuple[Outgoing, ...]:
    """What others hear when `alarm` is over for so long that it is no longer kept."""
    return (tombstone(ALARMS, alarm.id),) if alarm.seq else ()


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
        phase=f"CONDITION_PHASE_{alarm.condition.upper()}",
        quality=f"SAMPLE_QUALITY_{alarm.quality.upper()}",
        level=alarm.level,
        suppressions=[_suppression(each) for each in alarm.suppressed_by],
        rule_version=alarm.rule_version,
        consequence=alarm.consequence,
        runbook=alarm.runbook,
        criticality=alarm.criticality,
        safety_impact=alarm.safety_impact,
        process_impact=alarm.process_impact,
        realarm_at=_timestamp(alarm.realarm_at),
        realarms=alarm.realarms,
        chatters=alarm.chatters,
        first_out=alarm.first_out,
        chattering=alarm.chattering,
    )


def _suppression(held: Suppression) -> alarms.Suppression:
    return alarms.Suppression(
        kind=f"SUPPRESSION_KIND_{held.kind.upper()}",
        source=held.source,
        began_at=_timestamp(held.at),
        ends_at=_timestamp(held.until),
        one_shot=held.one_shot,
        by=held.by,
        reason=held.reason,
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
        annunciate=step.annunciate,
        level=step.level,
        priority=f"PRIORITY_{step.priority.upper()}",
        message=step.message,
        suppressed=step.suppressed,
        path=alarm.path,
        first_action=alarm.first_action,
        consequence=alarm.consequence,
        runbook=alarm.runbook,
        asset_id=alarm.asset_id,
        asset_class=alarm.asset_class,
        criticality=alarm.criticality,
        safety_impact=alarm.safety_impact,
        process_impact=alarm.process_impact,
        raised_at=_timestamp(alarm.raised_at),
        chattering=step.chattering,
    )


def _timestamp(at: datetime | None) -> Timestamp | None:
    if at is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
