"""What moves an alarm: samples, the clock, people, the plant's own logic, changes of rules."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    Place,
    Quality,
    Suppression,
    SuppressionKind,
)


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
class Sample:
    """What one report says about one alarm."""

    at: datetime
    signal: Signal
    message: str = ""
    value: float = 0.0
    unit: str = ""
    momentary: bool = False
    """It happened and was over at once: raises, and returns to normal unacknowledged."""
    level: str = ""
    """The highest level whose set point is crossed; empty for a rule without levels."""
    holds: str = ""
    """The highest level whose deadband is not left yet; empty if that is `level`."""
    quality: Quality = Quality.GOOD
    """A sample that is not good neither raises nor clears, whatever its signal says."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Everything up to `at` is known to have arrived."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Suppress:
    """The plant's own logic holds the alarm back."""

    at: datetime
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class Release:
    """What held the alarm back does no longer."""

    at: datetime
    kind: SuppressionKind
    source: str = ""


@dataclass(frozen=True, slots=True)
class FirstOut:
    """The alarm began a flood."""

    group: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Its rule has changed in words, priorities or delays: `blank` is a new alarm of it."""

    at: datetime
    blank: Alarm


@dataclass(frozen=True, slots=True)
class Close:
    """Its rule is gone, or watches something else now."""

    at: datetime
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does about an alarm as they saw it, at `seq`."""

    at: datetime
    by: str
    seq: int
    comment: str = ""
    """What they have to say; the reason where the act needs one."""


class Acknowledge(Act):
    """They have seen it and take it on."""

    __slots__ = ()


class Comment(Act):
    """They have something to say."""

    __slots__ = ()


class Reset(Act):
    """They have looked, and let a latched alarm go."""

    __slots__ = ()


class Unshelve(Act):
    """They want to hear of it again."""

    __slots__ = ()


class TakeOutOfService(Act):
    """It is being worked on."""

    __slots__ = ()


class ReturnToService(Act):
    """It is whole again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Shelve(Act):
    """They want to hear nothing of it until then, at most."""

    until: datetime | None = None
    one_shot: bool = False


Event = Sample | Clock | Act | Suppress | Release | FirstOut | Adopt | Close | Place
