"""Between the messages on the transitions topic and notices."""

from isthmus.alarms.v1 import alarm_pb2, transition_pb2
from isthmus.alerting.domain.notices.notice import Notice, meaning
from isthmus.runtime.codec import from_timestamp
from isthmus.runtime.errors import Rejected

TRANSITIONS = "alerting.transitions.v1"
REQUIRED = ("alarm_id", "seq", "kind", "at")
TEXTS = (
    "alarm_id", "rule", "subject", "site", "path", "asset_id", "asset_class", "level", "message",
    "unit", "first_action", "consequence", "criticality", "safety_impact", "process_impact",
    "runbook", "by", "comment",
)  # fmt: skip
KINDS = {
    number: name.removeprefix("TRANSITION_KIND_").lower()
    for name, number in transition_pb2.TransitionKind.items()
}
STATES = {
    number: name.removeprefix("ALARM_STATE_").lower()
    for name, number in alarm_pb2.AlarmState.items()
}
PRIORITIES = {
    number: name.removeprefix("PRIORITY_").lower() for name, number in alarm_pb2.Priority.items()
}


def notice(step: transition_pb2.Transition) -> Notice:
    """The notice of `step`; raises Rejected for a kind that nobody knows."""
    if step.kind not in KINDS:
        raise Rejected(f"isthmus.alarms.v1.Transition.kind: {step.kind}, expected a known kind")
    kind = KINDS[step.kind]
    return Notice(
        **{name: getattr(step, name) for name in TEXTS},
        seq=step.seq,
        event=meaning(kind, annunciate=step.annunciate),
        kind=kind,
        at=from_timestamp(step.at),
        state=STATES.get(step.state, ""),
        priority=PRIORITIES.get(step.priority, ""),
        value=format(step.value, ".12g") if step.unit or step.value else "",
        suppressed=", ".join(step.suppressed),
        raised_at=from_timestamp(step.raised_at) if step.HasField("raised_at") else None,
    )
