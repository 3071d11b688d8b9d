"""What a receiver is told: one step of one alarm, with everything a person needs to act."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """What a step means for those who are told."""

    ALERT = "alert"
    """Somebody shall hear of the alarm now: raised, risen, repeated, or no longer held back."""
    UPDATE = "update"
    """More is known: acknowledged, commented, latched, of lower priority."""
    QUIET = "quiet"
    """Held back from now on: shelved, suppressed, or out of service."""
    END = "end"
    """No longer an alarm."""


ENDS = frozenset({"cleared", "reset", "closed"})
HOLDS = frozenset({"shelved", "suppressed", "out_of_service"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of one alarm."""

    alarm_id: str
    seq: int
    event: Event
    kind: str
    """The transition's kind, as `alerting.transitions.v1` names it in lower case."""
    at: datetime
    rule: str
    subject: str
    site: str
    priority: str
    message: str
    state: str = ""
    """The state after the step, in the words of ISA-18.2."""
    path: str = ""
    asset_id: str = ""
    asset_class: str = ""
    level: str = ""
    value: str = ""
    """Decimal text."""
    unit: str = ""
    first_action: str = ""
    consequence: str = ""
    criticality: str = ""
    safety_impact: str = ""
    process_impact: str = ""
    runbook: str = ""
    by: str = ""
    comment: str = ""
    suppressed: str = ""
    """What holds the alarm back."""
    was_priority: str = ""
    """The priority that was told before, where it differs."""
    raised_at: datetime | None = None
    test: bool = False
    """A person tries a receiver; there is no such alarm."""

    @property
    def key(self) -> str:
        """The same for every repetition of this step: what a receiver tells duplicates by."""
        return f"{self.alarm_id}:{self.seq}"


def meaning(kind: str, *, annunciate: bool) -> Event:
    """What a transition of `kind` means for those who are told."""
    if annunciate:
        return Event.ALERT
    if kind in ENDS:
        return Event.END
    return Event.QUIET if kind in HOLDS else Event.UPDATE
