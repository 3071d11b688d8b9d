"""What a read says, when it is due, and how long a failing target rests."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "isthmus")
BACKOFF_MAX_S = 60.0


class Outcome(Enum):
    """How one read of an endpoint, or of one device behind it, ended."""

    OK = "ok"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    GARBLED = "garbled"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"


class Fault(Exception):
    """A read that failed at the device; the text is one sentence for a person."""

    def __init__(self, outcome: Outcome, error: str) -> None:
        super().__init__(error)
        self.outcome = outcome


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

    @classmethod
    def failed(cls, fault: Fault) -> "Reading":
        """The reading of an endpoint that did not answer as it should."""
        return cls(fault.outcome, str(fault))


@dataclass(frozen=True, slots=True)
class Identity:
    """Names under which a read is published; the same in every collector and every replay."""

    site: str
    target: str

    @property
    def name(self) -> str:
        """`site/target`, the key of everything about the target."""
        return f"{self.site}/{self.target}"

    def observation_id(self, slot_at: datetime) -> str:
        """Id of the Observation of one slot (RFC 9562, version 5)."""
        return str(uuid.uuid5(NAMESPACE, f"{self.name}|{slot_at.astimezone(UTC).isoformat()}"))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The slots of one target: whole milliseconds since the epoch, the same in every process."""

    interval_ms: int
    phase_ms: int

    @classmethod
    def of(cls, name: str, interval_s: float) -> "Schedule":
        """The schedule of a target: its phase spreads targets of one interval evenly."""
        interval_ms = max(1, round(interval_s * 1000))
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return cls(interval_ms, int.from_bytes(digest) % interval_ms)

    def slot_after(self, now_ms: int) -> int:
        """The first slot later than `now_ms`: what was missed stays missed."""
        number = (now_ms - self.phase_ms) // self.interval_ms + 1
        return self.phase_ms + number * self.interval_ms


def rest_ms(interval_ms: int, failures: int, jitter: float) -> int:
    """Time to leave out after `failures` reads in a row failed; `jitter` is within 0 and 1.

    The next read comes at the first slot after it: at most interval * 2**failures or a minute
    later, at random in between, so that devices that fail together are not asked together.
    """
    if failures == 0:
        return 0
    ceiling = min(interval_ms * 2.0 ** min(failures, 16), BACKOFF_MAX_S * 1000)
    return round(max(0.0, ceiling - interval_ms) * jitter)


def at(slot_ms: int) -> datetime:
    """The aware UTC time of a slot."""
    return datetime.fromtimestamp(slot_ms / 1000, UTC)
