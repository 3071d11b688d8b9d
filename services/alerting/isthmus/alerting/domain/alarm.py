"""One alarm as a state machine: a table of steps, applied to events that carry their own time.

The condition and the acknowledgement are two dimensions (OPC UA Part 9, 5.8); what an operator
sees, in the words of ISA-18.2, is derived from both. Times are those of the source, so that a
replay of the same events makes the same alarm, whenever it happens.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

ISTHMUS = UUID("454df657-117c-5018-b978-ecf3122d02f0")  # uuid5(NAMESPACE_DNS, "isthmus")


class Condition(StrEnum):
    """Where the watched condition stands."""

    NORMAL = "normal"
    PENDING_ON = "pending_on"
    ACTIVE = "active"
    PENDING_OFF = "pending_off"


class State(StrEnum):
    """What an operator sees (ISA-18.2)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"


class Kind(StrEnum):
    """What a transition says happened."""

    RAISED = "raised"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"


class Signal(StrEnum):
    """What moves the condition."""

    BEYOND = "beyond"
    """A sample beyond the set point."""
    INSIDE = "inside"
    """A sample inside the set point, not yet past the deadband."""
    CLEAR = "clear"
    """A sample inside the set point by at least the deadband."""
    DUE = "due"
    """The deadline of the delay that runs is reached."""


@dataclass(frozen=True, slots=True)
class Delays:
    """How long a condition must last to raise an alarm, and how long its end must last to clear."""

    on: timedelta = timedelta(0)
    off: timedelta = timedelta(0)


NO_DELAY = Delays()


@dataclass(frozen=True, slots=True)
class Sample:
    """What one report says about one alarm."""

    at: datetime
    signal: Signal
    message: str = ""
    value: float = 0.0
    unit: str = ""
    momentary: bool = False
    """It happened and was over at once: raises, and returns to normal unacknowledged."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything up to `at` is known to have arrived."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A person has seen the alarm as it was at `seq`."""

    at: datetime
    by: str
    comment: str
    seq: int


@dataclass(frozen=True, slots=True)
class Place:
    """The asset behind a source, as the inventory knows it."""

    asset_id: str
    asset_class: str
    path: str


Event = Sample | Clock | Acknowledge | Place


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rule on one subject."""

    id: str
    rule: str
    subject: str
    site: str
    path: str
    priority: str
    first_action: str
    watches: str
    """What the rule watches: a metric, `reachability`, `health`, `silence`, or an attribute."""
    partition: int
    """Partition of the subject's reports; who owns it keeps the deadlines."""
    condition: Condition = Condition.NORMAL
    unacknowledged: bool = False
    message: str = ""
    value: float = 0.0
    unit: str = ""
    asset_id: str = ""
    asset_class: str = ""
    since: datetime | None = None
    """When the running delay began: the crossing, or the return."""
    deadline: datetime | None = None
    """When the running delay ends."""
    applied_at: datetime | None = None
    """Time of the last sample; older ones change nothing."""
    raised_at: datetime | None = None
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    seq: int = 0
    """Grows by one with each transition."""
    revision: int = 0
    """Grows by one with each stored version, so that two owners cannot both write the next."""

    @property
    def state(self) -> State:
        """What an operator sees."""
        if self.condition in (Condition.ACTIVE, Condition.PENDING_OFF):
            return State.UNACKNOWLEDGED if self.unacknowledged else State.ACKNOWLEDGED
        return State.RETURNED_UNACKNOWLEDGED if self.unacknowledged else State.NORMAL


@dataclass(frozen=True, slots=True)
class Transition:
    """One step that others hear of; (alarm, `seq`) is unique and `seq` has no gap."""

    seq: int
    kind: Kind
    state: State
    at: datetime
    by: str = ""
    comment: str = ""
    value: float = 0.0
    unit: str = ""


def alarm_id(rule: str, subject: str) -> str:
    """The same rule on the same subject is the same alarm, for ever."""
    return str(uuid5(ISTHMUS, f"{rule}|{subject}"))


N, ON, A, OFF = Condition
BEYOND, INSIDE, CLEAR, DUE = Signal

# A delay of zero is due at once, so that "with delay" and "without" are one row. Back between
# set point and deadband, a return that was running is over: the alarm is active again.
STEPS: dict[tuple[Condition, Signal], Condition] = {
    (N, BEYOND): ON,
    (N, INSIDE): N,
    (N, CLEAR): N,
    (N, DUE): N,
    (ON, BEYOND): ON,
    (ON, INSIDE): N,
    (ON, CLEAR): N,
    (ON, DUE): A,  # raised
    (A, BEYOND): A,
    (A, INSIDE): A,
    (A, CLEAR): OFF,
    (A, DUE): A,
    (OFF, BEYOND): A,
    (OFF, INSIDE): A,
    (OFF, CLEAR): OFF,
    (OFF, DUE): N,  # cleared
}


def step(alarm: Alarm, event: Event, delays: Delays) -> tuple[Alarm, tuple[Transition, ...]]:
    """The alarm after `event`, and the transitions on the way; an event it has had changes nothing.

    The result differs from `alarm` in more than `applied_at` only if it must be stored.
    """
    match event:
        case Sample():
            return _sample(alarm, event, delays)
        case Clock():
            return _mature(alarm, event.at)
        case Acknowledge():
            return _acknowledge(alarm, event)
        case Place():
            known = replace(
                alarm,
                asset_id=event.asset_id,
                asset_class=event.asset_class,
                path=event.path or alarm.path,
            )
            return known, ()


def changed(before: Alarm, after: Alarm) -> bool:
    """Whether `after` must be stored: the time of a sample alone is not worth a write."""
    return replace(before, applied_at=after.applied_at) != after


def _sample(alarm: Alarm, sample: Sample, delays: Delays) -> tuple[Alarm, tuple[Transition, ...]]:
    if alarm.applied_at is not None and sample.at <= alarm.applied_at:
        return alarm, ()
    alarm, due = _mature(alarm, sample.at)
    moved = replace(_move(alarm, sample, delays), applied_at=sample.at)
    moved, more = _mature(moved, sample.at)
    if not sample.momentary or sample.signal is not BEYOND:
        return moved, due + more
    over = replace(sample, signal=CLEAR)
    moved, last = _mature(_move(moved, over, delays), sample.at)
    return moved, due + more + last


def _move(alarm: Alarm, sample: Sample, delays: Delays) -> Alarm:
    condition = STEPS[alarm.condition, sample.signal]
    if condition is alarm.condition:
        return alarm
    alarm = replace(alarm, condition=condition, since=None, deadline=None)
    if condition is ON:
        alarm = replace(alarm, message=sample.message)
    if condition in (ON, OFF):
        delay = delays.on if condition is ON else delays.off
        alarm = replace(
            alarm,
            since=sample.at,
            deadline=sample.at + delay,
            value=sample.value,
            unit=sample.unit,
        )
    return alarm


def _mature(alarm: Alarm, at: datetime) -> tuple[Alarm, tuple[Transition, ...]]:
    """End the running delay if it ends by `at`."""
    if alarm.deadline is None or alarm.since is None or alarm.deadline > at:
        return alarm, ()
    since = alarm.since
    alarm = replace(
        alarm,
        condition=STEPS[alarm.condition, DUE],
        since=None,
        deadline=None,
        seq=alarm.seq + 1,
    )
    if alarm.condition is A:
        alarm = replace(
            alarm,
            unacknowledged=True,
            raised_at=since,
            cleared_at=None,
            acknowledged_at=None,
            acknowledged_by="",
        )
        return alarm, (_transition(alarm, Kind.RAISED, since),)
    alarm = replace(alarm, cleared_at=since)
    return alarm, (_transition(alarm, Kind.CLEARED, since),)


def _acknowledge(alarm: Alarm, act: Acknowledge) -> tuple[Alarm, tuple[Transition, ...]]:
    if not alarm.unacknowledged or act.seq != alarm.seq:
        return alarm, ()
    alarm = replace(
        alarm,
        unacknowledged=False,
        acknowledged_at=act.at,
        acknowledged_by=act.by,
        seq=alarm.seq + 1,
    )
    said = replace(_transition(alarm, Kind.ACKNOWLEDGED, act.at), by=act.by, comment=act.comment)
    return alarm, (said,)


def _transition(alarm: Alarm, kind: Kind, at: datetime) -> Transition:
    return Transition(alarm.seq, kind, alarm.state, at, value=alarm.value, unit=alarm.unit)
