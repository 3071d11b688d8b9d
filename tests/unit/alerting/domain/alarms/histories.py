"""What the tests of the state machine have in common: an alarm, its times, its samples."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from isthmus.alerting.domain.alarms.alarm import (
    AT_ONCE,
    Alarm,
    Behaviour,
    Level,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Event,
    Sample,
    Shelve,
    Signal,
    Suppress,
)
from isthmus.alerting.domain.alarms.machine import step
from isthmus.alerting.domain.alarms.transition import Kind, Transition

START = datetime(2026, 1, 1, tzinfo=UTC)
BLANK = Alarm("id", "rule", "hagen/t", "hagen", "path", "high", "Look.", "temperature", 0)
LEVELS = (Level("HI", "medium"), Level("HIHI", "critical"))


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def run(
    alarm: Alarm,
    *events: Event,
    behaviour: Behaviour = AT_ONCE,
    levels: Sequence[Level] = (),
) -> tuple[Alarm, list[Transition]]:
    transitions: list[Transition] = []
    for event in events:
        alarm, steps = step(alarm, event, behaviour, levels)
        transitions += steps
    return alarm, transitions


def kinds(steps: Sequence[Transition]) -> list[Kind]:
    return [each.kind for each in steps]


def beyond(second: float, **fields: Any) -> Sample:
    return Sample(at(second), Signal.BEYOND, f"at {second}", second, "Cel", **fields)


def clear(second: float, **fields: Any) -> Sample:
    return Sample(at(second), Signal.CLEAR, "", second, "Cel", **fields)


def inside(second: float, **fields: Any) -> Sample:
    return Sample(at(second), Signal.INSIDE, "", second, "Cel", **fields)


def ack(second: float, seq: int) -> Acknowledge:
    return Acknowledge(at(second), "mara", seq)


def shelve(second: float, seq: int, for_s: float = 60, *, one_shot: bool = False) -> Shelve:
    return Shelve(at(second), "mara", seq, "because", at(second + for_s), one_shot)


def design(second: float, source: str = "maintenance:m", until: float | None = None) -> Suppress:
    ends = None if until is None else at(until)
    return Suppress(at(second), Suppression(SuppressionKind.DESIGN, at(second), source, ends))
