"""When a target is due, and the names under which a read of it is published."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "isthmus")


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

    def number(self, slot_ms: int) -> int:
        """The number of a slot, counted from the epoch."""
        return (slot_ms - self.phase_ms) // self.interval_ms

    def slot_after(self, now_ms: int) -> int:
        """The first slot later than `now_ms`: what was missed stays missed."""
        number = (now_ms - self.phase_ms) // self.interval_ms + 1
        return self.phase_ms + number * self.interval_ms


def at(slot_ms: int) -> datetime:
    """The aware UTC time of a slot."""
    return datetime.fromtimestamp(slot_ms / 1000, UTC)
