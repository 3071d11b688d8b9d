"""How one target stands: what holds it, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isthmus.collector.domain.circuit import CircuitState
from isthmus.collector.domain.touches import PollState


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that holds, and the level that it comes from."""

    name: str
    value: Any
    level: str


@dataclass(frozen=True, slots=True)
class Status:
    """How one target of this process stands."""

    site: str
    target: str
    path: str
    protocol: str
    address: str
    profile: str
    interval_s: float
    state: PollState
    reason: str
    circuit: CircuitState
    failures: int
    rests_until: datetime | None
    resting_devices: tuple[str, ...]
    slowed_by: float
    next_slot_at: datetime
    limits: tuple[Limit, ...]
    windows: tuple[Limit, ...]
