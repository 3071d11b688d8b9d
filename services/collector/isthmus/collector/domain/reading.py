"""What one read of an endpoint says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    """How one read of an endpoint, or of one device behind it, ended."""

    OK = "ok"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    GARBLED = "garbled"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"
    """Paused, outside its window, or excluded: says nothing about the device."""


class Fault(Exception):
    """A read that failed at the device; the text is one sentence for a person."""

    def __init__(self, outcome: Outcome, error: str, *, busy: bool = False) -> None:
        super().__init__(error)
        self.outcome = outcome
        self.busy = busy
        """The device says that it is asked too much: slow down."""


@dataclass(frozen=True, slots=True)
class DeviceReading:
    """What one device said: texts, and numbers with their UCUM unit."""

    path: str = ""
    outcome: Outcome = Outcome.OK
    error: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, tuple[float, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one read of one endpoint said."""

    outcome: Outcome = Outcome.OK
    error: str = ""
    devices: tuple[DeviceReading, ...] = ()
    profile: str = ""
    """Name of the profile that it was read by, where the source itself found it."""

    @classmethod
    def failed(cls, fault: Fault) -> "Reading":
        """The reading of an endpoint that did not answer as it should."""
        return cls(fault.outcome, str(fault))
