"""What a person may do about an alarm, and why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from isthmus.alerting.domain.alarms.alarm import Alarm, Behaviour, Condition, SuppressionKind
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Act,
    Comment,
    Reset,
    ReturnToService,
    Shelve,
    TakeOutOfService,
    Unshelve,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act cannot be done; with `field`, what was asked for is wrong in itself."""

    reason: str
    field: str = ""


Guard = Callable[[Alarm, Act, Behaviour], Refusal | None]


def refusal(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    """Why `act` cannot be done to `alarm` as it is now; None if it can."""
    if not alarm.seq:
        return Refusal("it has never been an alarm")
    if act.seq != alarm.seq:
        return Refusal(f"seq: {act.seq}, but the alarm is at {alarm.seq}: look at it again")
    return GUARDS[type(act)](alarm, act, behaviour)


def _acknowledge(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    if alarm.unacknowledged:
        return None
    return Refusal(f"nothing to acknowledge: the alarm is {alarm.state.value}")


def _comment(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    return None if act.comment else Refusal("empty, expected what there is to say", "comment")


def _reset(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    if alarm.condition is not Condition.LATCHED:
        return Refusal(f"nothing to reset: its condition is {alarm.condition.value}, not latched")
    if alarm.unacknowledged:
        return Refusal("acknowledge it first: a latched alarm is reset by who has seen it")
    return Refusal("its condition is back") if alarm.since is not None else None


def _shelve(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    assert isinstance(act, Shelve), "GUARDS says so"
    longest_s = behaviour.shelve_max.total_seconds()
    if not longest_s:
        return Refusal("its rule lets nobody shelve it")
    if not act.comment:
        return Refusal("empty, expected the reason", "comment")
    if act.until is None or not act.at < act.until <= act.at + behaviour.shelve_max:
        return Refusal(f"expected more than 0 and at most {longest_s:.0f} s", "duration_s")
    return None


def _unshelve(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    return None if _held(alarm, SuppressionKind.SHELVED) else Refusal("the alarm is not shelved")


def _take_out(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    if _held(alarm, SuppressionKind.OUT_OF_SERVICE):
        return Refusal("the alarm is out of service already")
    return None if act.comment else Refusal("empty, expected the reason", "comment")


def _return(alarm: Alarm, act: Act, behaviour: Behaviour) -> Refusal | None:
    if _held(alarm, SuppressionKind.OUT_OF_SERVICE):
        return None
    return Refusal("the alarm is not out of service")


def _held(alarm: Alarm, kind: SuppressionKind) -> bool:
    return any(each.kind is kind for each in alarm.suppressed_by)


GUARDS: Mapping[type[Act], Guard] = {
    Acknowledge: _acknowledge,
    Comment: _comment,
    Reset: _reset,
    Shelve: _shelve,
    Unshelve: _unshelve,
    TakeOutOfService: _take_out,
    ReturnToService: _return,
}
