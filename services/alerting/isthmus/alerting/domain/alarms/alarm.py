"""One alarm: a rule on a subject, in the dimensions of OPC UA Part 9 and the words of ISA-18.2.

Condition, acknowledgement, suppression and quality are dimensions of their own (OPC UA Part 9,
5.8.2); what an operator sees is derived from them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

ISTHMUS = UUID("454df657-117c-5018-b978-ecf3122d02f0")  # uuid5(NAMESPACE_DNS, "isthmus")
NOTHING = timedelta(0)
REPORTS = "normalizer.reports.v1"
CHATTER = timedelta(seconds=60)
"""An alarm that is raised three times within so long is chattering (ISA-18.2)."""


class Condition(StrEnum):
    """Where the watched condition stands."""

    NORMAL = "normal"
    PENDING_ON = "pending_on"
    """Beyond the set point, and the on-delay runs."""
    ACTIVE = "active"
    PENDING_OFF = "pending_off"
    """Back inside, and the off-delay runs."""
    LATCHED = "latched"
    """Back inside, and a person must reset it."""


IN_ALARM = frozenset({Condition.ACTIVE, Condition.PENDING_OFF, Condition.LATCHED})


class State(StrEnum):
    """What an operator sees (ISA-18.2)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Quality(StrEnum):
    """Whether what is known of the watched thing is worth a judgement."""

    GOOD = "good"
    STALE = "stale"
    """Nothing good was heard for too long."""
    BAD = "bad"
    """The device itself says that its value is none."""


class SuppressionKind(StrEnum):
    """What holds an alarm back (ISA-18.2; OPC UA Part 9: ShelvingState, SuppressedState, …)."""

    SHELVED = "shelved"
    """By an operator, for a while."""
    DESIGN = "design"
    """By the plant's own logic: maintenance, a parent that is down, a flood."""
    OUT_OF_SERVICE = "out_of_service"
    """By maintenance, until it is returned."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One reason why nobody is called: the alarm moves on, and is not annunciated."""

    kind: SuppressionKind
    at: datetime
    """Since when."""
    source: str = ""
    """Of a DESIGN: `maintenance:<id>`, `parent_down:<subject>`, `flood:<site>`, …"""
    until: datetime | None = None
    """When it ends by itself; a shelf always has one."""
    one_shot: bool = False
    """A shelf that also ends with the next return to normal."""
    by: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        """What holds it back, in a word: the source of a DESIGN, or the kind."""
        return self.source or self.kind.value

    def same(self, other: "Suppression") -> bool:
        """Whether `other` is the same reason, perhaps in other words."""
        return (self.kind, self.source) == (other.kind, other.source)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the alarms of a rule behave; the names are those of OPC UA Part 9, 5.8.2."""

    on: timedelta = NOTHING
    """How long the condition must last to raise an alarm (OnDelay)."""
    off: timedelta = NOTHING
    """How long its end must last to clear it (OffDelay)."""
    latching: bool = False
    """Whether it stays in alarm after its end until a person resets it."""
    realarm: timedelta | None = None
    """How long an acknowledged alarm may last before it is annunciated again (ReAlarmTime)."""
    shelve_max: timedelta = timedelta(hours=8)
    """Longest shelf (MaxTimeShelved): a shift; zero for an alarm that nobody may shelve."""
    stale_after: timedelta | None = None
    """How long an alarm is judged on the last good sample before that counts as stale."""


AT_ONCE = Behaviour()


@dataclass(frozen=True, slots=True)
class Level:
    """One of several set points of a rule, such as HI and HIHI."""

    name: str
    priority: str


@dataclass(frozen=True, slots=True)
class Place:
    """The asset behind a subject, as the inventory knows it."""

    asset_id: str
    asset_class: str
    path: str
    criticality: str = ""
    safety_impact: str = ""
    process_impact: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rule on one subject."""

    id: str
    rule: str
    subject: str
    site: str
    path: str
    priority: str
    """That of the rule, or of the level that is reached."""
    first_action: str
    watches: str
    """What the rule watches: a metric, `reachability`, `health`, `silence`, or an attribute."""
    partition: int
    """Partition of `stream` on which its subject is heard; who owns it keeps the deadlines."""
    stream: str = REPORTS
    """Topic that its subject is heard on."""
    rule_version: int = 0
    consequence: str = ""
    """What it may harm, in the rule's words."""
    runbook: str = ""
    asset_id: str = ""
    asset_class: str = ""
    criticality: str = ""
    safety_impact: str = ""
    process_impact: str = ""

    condition: Condition = Condition.NORMAL
    unacknowledged: bool = False
    quality: Quality = Quality.GOOD
    level: str = ""
    suppressed_by: tuple[Suppression, ...] = ()
    message: str = ""
    value: float = 0.0
    unit: str = ""

    since: datetime | None = None
    """When the running delay began: the crossing, or the return."""
    deadline: datetime | None = None
    """When the running delay ends."""
    remaining: timedelta | None = None
    """What was left of the delay when the quality was lost."""
    realarm_at: datetime | None = None
    """When it is annunciated again if it still lasts."""
    stale_at: datetime | None = None
    """When the last good sample counts as stale."""
    applied_at: datetime | None = None
    """Time of the last sample; older ones change nothing."""
    raised_at: datetime | None = None
    raised_before: datetime | None = None
    """When it was raised the time before."""
    chattering: bool = False
    """It was raised three times within a minute: whoever sees it may want to shelve it."""
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    realarms: int = 0
    """How often it was annunciated again since it was raised."""
    chatters: int = 0
    """How often a return was none (the off-delay absorbed it)."""
    fleetings: int = 0
    """How often a crossing was over before the on-delay."""
    first_out: str = ""
    """The flood that it began: `flood:<site>`."""
    seq: int = 0
    """Grows by one with each transition."""
    revision: int = 0
    """Grows by one with each stored version, so that two owners cannot both write the next."""

    @property
    def in_alarm(self) -> bool:
        """Whether an operator has to do with it."""
        return self.condition in IN_ALARM

    @property
    def open(self) -> bool:
        """Whether its owner must keep it in mind: it has, or will have, a deadline or an end."""
        return self.condition is not Condition.NORMAL or bool(self.suppressed_by)

    @property
    def first_end(self) -> datetime | None:
        """When the first of what holds it back ends by itself."""
        ends = [each.until for each in self.suppressed_by if each.until is not None]
        return min(ends, default=None)

    @property
    def rested_at(self) -> datetime | None:
        """Since when nobody has to do with it; None while somebody has."""
        if self.open or self.unacknowledged:
            return None
        times = (self.applied_at, self.cleared_at, self.acknowledged_at)
        return max((each for each in times if each is not None), default=None)

    @property
    def suppressed(self) -> tuple[str, ...]:
        """What holds it back, in words."""
        return tuple(each.words for each in self.suppressed_by)

    @property
    def state(self) -> State:
        """What an operator sees: what holds it back first, the strongest before the others."""
        kinds = {each.kind for each in self.suppressed_by}
        for kind, state in HELD:
            if kind in kinds:
                return state
        if self.in_alarm:
            return State.UNACKNOWLEDGED if self.unacknowledged else State.ACKNOWLEDGED
        return State.RETURNED_UNACKNOWLEDGED if self.unacknowledged else State.NORMAL

    def under(self, blank: "Alarm") -> "Alarm":
        """The same alarm under its rule as it is now; `blank` is a new alarm of that rule."""
        return replace(
            self,
            site=blank.site,
            path=blank.path,
            priority=blank.priority,
            first_action=blank.first_action,
            watches=blank.watches,
            partition=blank.partition,
            stream=blank.stream,
            rule_version=blank.rule_version,
            consequence=blank.consequence,
            runbook=blank.runbook,
            asset_class=blank.asset_class,
        )

    def at(self, place: Place) -> "Alarm":
        """The same alarm on the asset that the inventory knows there."""
        if self._place == replace(place, path=place.path or self.path):
            return self
        return replace(
            self,
            asset_id=place.asset_id,
            asset_class=place.asset_class,
            path=place.path or self.path,
            criticality=place.criticality,
            safety_impact=place.safety_impact,
            process_impact=place.process_impact,
        )

    @property
    def _place(self) -> Place:
        return Place(
            self.asset_id,
            self.asset_class,
            self.path,
            self.criticality,
            self.safety_impact,
            self.process_impact,
        )


HELD = (
    (SuppressionKind.OUT_OF_SERVICE, State.OUT_OF_SERVICE),
    (SuppressionKind.DESIGN, State.SUPPRESSED),
    (SuppressionKind.SHELVED, State.SHELVED),
)


def alarm_id(rule: str, subject: str) -> str:
    """The same rule on the same subject is the same alarm, for ever."""
    return str(uuid5(ISTHMUS, f"{rule}|{subject}"))
