"""What the collector saw, raw: one read of one endpoint, in columns."""

from enum import Enum
from typing import NamedTuple


class Outcome(Enum):
    """How one read ended; the value is what a person is told when nobody said more."""

    OK = "answered"
    TIMEOUT = "no answer"
    UNREACHABLE = "unreachable"
    GARBLED = "answer not understood"
    UNAUTHORIZED = "credentials refused"
    REFUSED = "request refused"
    NOT_ASKED = "not asked"


class Device(NamedTuple):
    """One device as the endpoint showed it: `texts` beside `facts`, the rest beside `points`."""

    path: str
    outcome: Outcome
    error: str = ""
    facts: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    units: tuple[str, ...] = ()


class Observation(NamedTuple):
    """One read of one endpoint; `devices` is empty when the endpoint did not answer."""

    site: str
    protocol: str
    profile: str
    address: str
    outcome: Outcome
    error: str
    devices: tuple[Device, ...]
    slot: int = 0
    """Number of the scheduled slot since 1970, by its interval."""
