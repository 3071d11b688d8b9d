"""The table of steps, so that the page of the states and the code can be laid side by side."""

from collections.abc import Mapping
from typing import Any

from isthmus.alerting.domain.alarms.alarm import Condition, Quality, SuppressionKind
from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.alarms.transition import Kind

N, ON, A, OFF, L = Condition
BEYOND, INSIDE, CLEAR, DUE = Signal

# A delay of zero is due at once, so that "with delay" and "without" are one row. Back between
# set point and deadband, a return that was running is over: the alarm is active again.
STEPS: Mapping[tuple[Condition, Signal], Condition] = {
    (N, BEYOND): ON,
    (N, INSIDE): N,
    (N, CLEAR): N,
    (N, DUE): N,
    (ON, BEYOND): ON,
    (ON, INSIDE): N,  # fleeting
    (ON, CLEAR): N,  # fleeting
    (ON, DUE): A,  # raised
    (A, BEYOND): A,  # the level may change
    (A, INSIDE): A,  # the level may change
    (A, CLEAR): OFF,
    (A, DUE): A,
    (OFF, BEYOND): A,  # chatter absorbed
    (OFF, INSIDE): A,  # chatter absorbed
    (OFF, CLEAR): OFF,
    (OFF, DUE): N,  # cleared; latched if the rule says so
    (L, BEYOND): L,  # the on-delay runs again
    (L, INSIDE): L,  # and is over
    (L, CLEAR): L,
    (L, DUE): A,  # raised again
}

UNSEEN: Mapping[str, Any] = {
    "unacknowledged": True,
    "acknowledged_at": None,
    "acknowledged_by": "",
    "realarm_at": None,
}
"""What an alarm is that a person must hear of again."""
AT_REST: Mapping[str, Any] = {
    "condition": N,
    "quality": Quality.GOOD,
    "since": None,
    "deadline": None,
    "remaining": None,
    "realarm_at": None,
    "stale_at": None,
}
"""What an alarm is whose condition is normal: no timer of it runs."""
ENDED: Mapping[SuppressionKind, Kind] = {
    SuppressionKind.SHELVED: Kind.UNSHELVED,
    SuppressionKind.DESIGN: Kind.UNSUPPRESSED,
    SuppressionKind.OUT_OF_SERVICE: Kind.RETURNED_TO_SERVICE,
}
BEGUN: Mapping[SuppressionKind, Kind] = {
    SuppressionKind.SHELVED: Kind.SHELVED,
    SuppressionKind.DESIGN: Kind.SUPPRESSED,
    SuppressionKind.OUT_OF_SERVICE: Kind.OUT_OF_SERVICE,
}
