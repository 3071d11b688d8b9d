"""One device in the vocabulary of the platform."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

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


class Quality(IntEnum):
    """What a value is worth (OPC 10000-8)."""

    GOOD = 1
    UNCERTAIN = 2
    BAD = 3


class Kind(Enum):
    """What a device has to do with another one of the same endpoint."""

    PART_OF = "part_of"
    BEHIND = "behind"
    EXPOSED_BY = "exposed_by"
    PERIPHERAL_OF = "peripheral_of"
    INSTALLED_ON = "installed_on"


class SightingKind(Enum):
    """How one device knows of another."""

    LLDP = "lldp"
    CDP = "cdp"
    ARP = "arp"
    FDB = "fdb"


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
    confidence: float = 1.0
    order: str = ""
    """Of a version: a text that sorts as its maker counts."""


@dataclass(frozen=True, slots=True)
class Relation:
    """An edge to another device of the same endpoint."""

    kind: Kind
    device: str
    position: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Another device that the reporting one has seen."""

    kind: SightingKind
    port: str = ""
    mac: str = ""
    address: str = ""
    name: str = ""
    remote_port: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Identity:
    """Who a device is; compared as an object, for a device keeps one while it says the same."""

    keys: tuple[Key, ...]
    attributes: tuple[Attribute, ...] = ()
    alternatives: tuple[Attribute, ...] = ()
    """What the same answer also says of an attribute, the most trusted first."""
    unrecognised: tuple[str, ...] = ()
    relation: Relation | None = None

    def value(self, attribute: str) -> str:
        """The canonical value of an attribute, or nothing."""
        return next((a.value for a in self.attributes if a.name == attribute), "")


class Metrics(NamedTuple):
    """Numbers of one device, in columns."""

    names: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    units: tuple[str, ...] = ()
    qualities: tuple[Quality, ...] = ()
    """One for each value; empty when all are good."""


class Report(NamedTuple):
    """One device of one observation."""

    device: str
    reachability: Reachability
    identity: Identity
    reachability_reason: str = ""
    health: Health = Health.UNKNOWN
    health_reason: str = ""
    metrics: Metrics = Metrics()
    sightings: tuple[Sighting, ...] = ()
    every: int = 1
    """It is reported at every n-th slot of its endpoint."""
