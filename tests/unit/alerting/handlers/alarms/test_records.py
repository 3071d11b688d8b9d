"""Between protobuf and the domain."""

from dataclasses import replace
from datetime import UTC, datetime

from isthmus.alarms.v1.alarm_pb2 import Alarm as AlarmMessage
from isthmus.alarms.v1.alarm_pb2 import AlarmState, Priority
from isthmus.alarms.v1.transition_pb2 import Transition as TransitionMessage
from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.alarm import Alarm, Condition, State
from isthmus.alerting.domain.alarms.transition import Kind, Transition
from isthmus.alerting.handlers.alarms.records import outbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm(
    "id", "hot", "hagen/t", "hagen", "p", "critical", "Look.", "temperature", 0,
    condition=Condition.ACTIVE, unacknowledged=True, message="85", value=85, unit="Cel",
    raised_at=NOW, seq=1, revision=3,
)  # fmt: skip


def test_an_alarm_is_published_whole() -> None:
    """With each of its transitions before it."""
    step = Transition(
        1, Kind.RAISED, State.UNACKNOWLEDGED, NOW, "", "", 85, "Cel", True, "", "high"
    )
    first, second = outbox(ALARM, (step,), b"00-trace")
    transition = TransitionMessage.FromString(first.value or b"")
    alarm = AlarmMessage.FromString(second.value or b"")

    assert transition.kind == TransitionKind.TRANSITION_KIND_RAISED
    assert (transition.alarm_id, transition.seq, transition.site) == ("id", 1, "hagen")
    assert alarm.state == AlarmState.ALARM_STATE_UNACKNOWLEDGED
    assert alarm.priority == Priority.PRIORITY_CRITICAL
    assert (alarm.condition, alarm.value, alarm.unit) == ("temperature", 85, "Cel")
    assert alarm.raised_at.ToDatetime(UTC) == NOW
    assert not alarm.HasField("cleared_at")


def test_an_alarm_that_was_never_raised_is_nobody_s_business() -> None:
    """A delay that runs is not on the topic."""
    pending = replace(ALARM, seq=0, raised_at=None, condition=Condition.PENDING_ON)

    assert list(outbox(pending, (), None)) == []
