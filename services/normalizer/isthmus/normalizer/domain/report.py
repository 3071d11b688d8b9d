"""One device in the vocabulary of the platform."""

from dataclasses import dataclass, field
from enum import Enum, IntEnum

GLOBAL = "global"


class Tier(IntEnum):
    """How far an identity key may be trusted; a lower number is stronger."""

    PINNED = 1
    UNIQUE = 2
    STRONG = 3
    WEAK = 4


class Reachability(Enum):
    """Whether a device answers."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    NOT_ASKED = "not_asked"
    """Nobody asked: polling is paused, outside its window, or excluded."""


class Health(IntEnum):
    """Device status of NAMUR NE 107; the numbers order them, worst last."""

    UNKNOWN = 0
    NORMAL = 1
    MAINTENANCE_REQUIRED = 2
    OFF_SPEC = 3
    CHECK_FUNCTION = 4
    FAILURE = 5


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One typed, canonical claim "this is the device that …"."""

    tier: Tier
    scope: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """One canonical attribute, what the device said, and the rule that made one from the other."""

    name: str
    value: str
    raw: str
    rule: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Identity:
    """Who a device is; compared as an object, for a device keeps one while it says the same."""

    keys: tuple[Key, ...]
    attributes: tuple[Attribute, ...] = ()
    unrecognised: tuple[str, ...] = ()

    def value(self, attribute: str) -> str:
        """The canonical value of an attribute, or nothing."""
        return next((a.value for a in self.attributes if a.name == attribute), "")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Numbers of one device, in columns; `skipped` counts those that are no finite number."""

    names: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    units: tuple[str, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """One device of one observation."""

    device: str
    reachability: Reachability
    identity: Identity
    reachability_reason: str = ""
    health: Health = Health.UNKNOWN
    health_reason: str = ""
    metrics: Metrics = field(default_factory=Metrics)
