"""What a rule watches for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from isthmus.alerting.domain.alarms.events import Signal


@dataclass(frozen=True, slots=True)
class Limit:
    """One set point, and the level that lies beyond it."""

    value: float
    level: str = ""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a value stands among set points."""

    signal: Signal
    limit: Limit
    """The last set point that it is beyond; else the first one."""
    holds: str = ""
    """The highest level whose deadband it has not left."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Set points on one side, the mildest first; a value is back once past the deadband."""

    points: tuple[Limit, ...]
    rising: bool = True
    deadband: float = 0.0

    def place(self, value: float) -> "Stand":
        """Where `value` stands."""
        passed = [point for point in self.points if self._excess(value, point) > 0]
        held = [point for point in self.points if self._excess(value, point) > -self.deadband]
        if passed:
            return Stand(Signal.BEYOND, passed[-1], held[-1].level)
        return Stand(Signal.INSIDE if held else Signal.CLEAR, self.points[0])

    def beyond(self, value: float) -> bool:
        """Is `value` beyond the mildest set point?"""
        return value > self.points[0].value if self.rising else value < self.points[0].value

    def _excess(self, value: float, point: Limit) -> float:
        return value - point.value if self.rising else point.value - value


@dataclass(frozen=True, slots=True)
class Threshold:
    """A metric above or below its set points."""

    metric: str
    unit: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a metric rises or falls, per `per_s`, seen over at least `over_s`.

    Two values further apart than FORGOTTEN windows are no rate: nobody knows what was between.
    """

    metric: str
    unit: str
    limits: Limits
    per_s: float
    over_s: float
    counter: bool = False
    """It only grows, and begins at zero when its device does: a fall is no rate."""


FORGOTTEN = 10


@dataclass(frozen=True, slots=True)
class State:
    """Reachability or health is one of some words; what nobody knows neither raises nor clears."""

    of: str
    among: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """An attribute, or a metric that counts states, has another value than before."""

    of: str
    """An attribute's name; of a metric `metric.<name>`."""
    to: frozenset[str] = frozenset()
    """The values that matter; empty means any."""


@dataclass(frozen=True, slots=True)
class NoData:
    """No report for so many intervals, and at least for so long."""

    intervals: float
    silent_s: float

    def window(self, interval_s: float) -> timedelta:
        """How long a source with this interval may be silent."""
        return timedelta(seconds=max(self.intervals * interval_s, self.silent_s))


@dataclass(frozen=True, slots=True)
class Behind:
    """Reports come, and tell of a time so far before what others already tell of.

    The newest report of the partition is the clock, as for silence: while everything comes late,
    as after an outage of ours, nobody is behind.
    """

    behind_s: float


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition in CEL, compiled; it is judged when everything that it reads is known."""

    text: str
    reads: frozenset[str]
    """`metric.<name>`, `attribute.<name>`, `asset.<field>`, or a word of the context."""
    units: Mapping[str, str]
    """The unit in which each metric is meant; in another one it is not known."""
    holds: Callable[[Mapping[str, object]], bool]
    """Asked with a value for each of `reads`; raises ValueError when it cannot be said."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A report for which an expression holds."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Assertion:
    """An asset for which an expression holds that should hold of none."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Near:
    """A date of an asset is near or past: end of warranty, of sale, of support."""

    field: str
    limits: Limits
    """Days until it, falling."""


@dataclass(frozen=True, slots=True)
class Happened:
    """The inventory says that something happened to an asset; it is over at once."""

    kinds: frozenset[str]
    field: str = ""
    """Of a changed asset: the field; empty means any."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many alarms of some rules in one group, or so great a share of its sources."""

    of: frozenset[str]
    by: str
    """`site`, `zone`, or a level of the equipment path: `area`, `line`, `cell`."""
    limits: Limits
    share: bool = False
    """The limits are per cent of the sources that the inventory knows in the group."""
    least: int = 1
    """Fewer alarms than this are no group, whatever their share."""


@dataclass(frozen=True, slots=True)
class Flood:
    """More annunciations at a site than a person can take in; `domain/quiet/flood.py` counts."""


Watched = (
    Threshold
    | Rate
    | State
    | Change
    | NoData
    | Behind
    | Condition
    | Assertion
    | Near
    | Happened
    | Count
    | Flood
)
