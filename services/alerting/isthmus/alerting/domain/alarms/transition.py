"""One step of an alarm that others hear of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from isthmus.alerting.domain.alarms.alarm import State


class Kind(StrEnum):
    """What a transition says happened."""

    RAISED = "raised"
    CLEARED = "cleared"
    LATCHED = "latched"
    """The condition is over, and a person must reset the alarm."""
    RESET = "reset"
    ACKNOWLEDGED = "acknowledged"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out_of_service"
    RETURNED_TO_SERVICE = "returned_to_service"
    LEVEL_CHANGED = "level_changed"
    REANNUNCIATED = "reannunciated"
    """It was acknowledged, and lasts too long."""
    STALE = "stale"
    """Nothing good is heard: the alarm is frozen as it is."""
    GOOD = "good"
    CLOSED = "closed"
    """Its rule was changed or removed."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step that others hear of; (alarm, `seq`) is unique and `seq` has no gap."""

    seq: int
    kind: Kind
    state: State
    """After the step."""
    at: datetime
    by: str = ""
    comment: str = ""
    value: float = 0.0
    unit: str = ""
    annunciate: bool = False
    """Whether a person shall hear of it now."""
    level: str = ""
    priority: str = ""
    message: str = ""
    suppressed: tuple[str, ...] = ()
    """What holds the alarm back, in words."""
    chattering: bool = False
    """Whether it was raised for the third time within a minute: shelving it is proposed."""
