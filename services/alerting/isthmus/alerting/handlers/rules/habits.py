"""Sources that report as they always do: nearly every report needs no more than a look.

A report that differs from the last one in nothing but its ids, its time and its values, and whose
values are within all limits, says nothing new to any rule. What does not differ is compared as
bytes, in the order in which protobuf writes fields; a writer with another order costs time, and
changes nothing. The numbers of the fields are those of report.proto.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from isthmus.alerting.domain.rules.conditions import Condition, Expression, Rate, Threshold
from isthmus.alerting.domain.rules.index import Index
from isthmus.alerting.domain.rules.reading import METRIC
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.handlers.alarms.partitions import Partition
from isthmus.runtime.codec import Record
from isthmus.telemetry.v1.report_pb2 import Report

UUID_CHARS = 36
IDS = b"\x0a\x24", b"\x12\x24"
"""Tags and lengths of `id` and `observation_id`, both UUIDs."""
IDS_BYTES = 2 * (2 + UUID_CHARS)
TIME = b"\x3a"
"""Tag of `observed_at`."""
VALUES = b"\x82\x01"
"""Tag of `value`, whose doubles are packed."""


Columns = tuple[int, tuple[str, ...], tuple[str, ...]]
"""Whose reports have the same metrics in the same order, judged by the same rules."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What must be looked at in the values of a report, by their place in it."""

    above: tuple[tuple[int, float], ...]
    below: tuple[tuple[int, float], ...]
    rates: tuple[tuple[int, str, Rate], ...]
    conditions: tuple[tuple[Expression, tuple[tuple[str, int], ...]], ...]

    def quiet(self, values: Sequence[float], source: Source, at: datetime) -> bool:
        """Is there nothing to say of these values?"""
        for place, limit in self.above:
            if not values[place] <= limit:  # nor is what is no number
                return False
        for place, limit in self.below:
            if not values[place] >= limit:
                return False
        told = self.rates and self._rates(values, source, at)
        return not (told or (self.conditions and self._conditions(values)))

    def _rates(self, values: Sequence[float], source: Source, at: datetime) -> bool:
        """Is one of them too fast, or a counter begun anew? A window that ends begins the next."""
        for place, name, rate in self.rates:
            base, value = source.measured.get(name), values[place]
            if base is None or (rate.counter and value < base[1]):
                return True
            elapsed_s = (at - base[0]).total_seconds()
            if elapsed_s < rate.over_s:
                continue
            if rate.limits.beyond((value - base[1]) / elapsed_s * rate.per_s):
                return True
            source.measured[name] = (at, value)
        return False

    def _conditions(self, values: Sequence[float]) -> bool:
        """Does an expression hold, or can it not be said?"""
        try:
            return any(
                expression.holds({name: values[place] for name, place in reads})
                for expression, reads in self.conditions
            )
        except ValueError:
            return True


@dataclass(slots=True)
class Habit:
    """How a source reported last."""

    size: int
    """Bytes of its report, without the time."""
    time_at: int
    """Where the time stands in it."""
    values_at: int
    """Where the values stand behind the time."""
    values: struct.Struct
    same: int
    """Hash of the bytes that do not differ."""
    checks: Checks

    def read(self, raw: bytes) -> tuple[float, ...] | None:
        """The values of a report that differs in nothing else; None if it does."""
        after = self.time_at + 2 + raw[self.time_at + 1] if len(raw) > self.time_at + 1 else 0
        begin = after + self.values_at
        if len(raw) - (after - self.time_at) != self.size:
            return None
        end = begin + self.values.size
        if hash((raw[IDS_BYTES : self.time_at], raw[after:begin], raw[end:])) != self.same:
            return None
        return self.values.unpack_from(raw, begin)


class Habits:
    """How the sources of the owned partitions report, as long as the rules stay as they are."""

    def __init__(self) -> None:
        self._generation = 0
        self._checks: dict[Columns, Checks | None] = {}
        self._habits: dict[int, tuple[Partition, dict[str, Habit | None]]] = {}

    def of(self, partition: Partition, generation: int) -> dict[str, Habit | None]:
        """The habits of the sources of `partition` by name, empty after a change of rules."""
        if generation != self._generation:
            self._generation = generation
            self._checks.clear()
            self._habits.clear()
        owner, habits = self._habits.get(partition.number, (None, {}))
        if owner is not partition:
            habits = {}
            self._habits[partition.number] = (partition, habits)
        return habits

    def learn(self, record: Record[Report], report: Report, rules: Index) -> Habit | None:
        """How a source reports of which there is nothing to say; None if it cannot be told."""
        columns = (id(rules), tuple(report.metric), tuple(report.unit))
        if columns not in self._checks:
            self._checks[columns] = checks(rules, *columns[1:])
        found = self._checks[columns]
        return habit(record.value or b"", report, found) if found else None


def habit(raw: bytes, report: Report, checks: Checks) -> Habit | None:
    """How a source reports that has sent `raw`; None if it cannot be told."""
    if report.quality or not (raw.startswith(IDS[0]) and raw.startswith(IDS[1], IDS_BYTES // 2)):
        return None
    stamp = report.observed_at.SerializeToString()
    values = _values(len(report.value))
    packed = VALUES + _varint(values.size) + values.pack(*report.value) if report.value else b""
    time_at = raw.find(TIME + bytes([len(stamp)]) + stamp, IDS_BYTES)
    after = time_at + 2 + len(stamp)
    begin = raw.find(packed, after) + len(packed) - values.size
    if time_at < 0 or begin < after:
        return None
    same = hash((raw[IDS_BYTES:time_at], raw[after:begin], raw[begin + values.size :]))
    size = len(raw) - (after - time_at)
    return Habit(size, time_at, begin - after, values, same, checks)


def checks(rules: Index, metric: tuple[str, ...], unit: tuple[str, ...]) -> Checks | None:
    """What to look at in such values; None if they cannot be judged by themselves."""
    if rules.by_attribute or any(isinstance(rule.watched, Condition) for rule in rules.always):
        return None
    above: list[tuple[int, float]] = []
    below: list[tuple[int, float]] = []
    rates, conditions = [], []
    places = {name: place for place, name in enumerate(metric)}
    for place, name in enumerate(metric):
        for rule in rules.by_metric.get(name, ()):
            watched = rule.watched
            if isinstance(watched, Condition):
                if (reads := _places(watched.expression, places, unit)) is None:
                    return None
                conditions += [(watched.expression, reads)] if reads else []
            elif isinstance(watched, Rate) and unit[place] == watched.unit:
                rates.append((place, rule.name, watched))
            elif isinstance(watched, Threshold) and unit[place] == watched.unit:
                mildest = (place, watched.limits.points[0].value)
                (above if watched.limits.rising else below).append(mildest)
    return Checks(tuple(above), tuple(below), tuple(rates), tuple(conditions))


def _places(
    expression: Expression, places: Mapping[str, int], unit: tuple[str, ...]
) -> tuple[tuple[str, int], ...] | None:
    """Where what an expression reads stands; empty if it is not all there in its unit, None if it
    reads more than values."""
    found = []
    for name in expression.reads:
        metric = name.removeprefix(METRIC)
        if metric == name:
            return None
        if metric not in places or unit[places[metric]] != expression.units.get(metric):
            return ()
        found.append((name, places[metric]))
    return tuple(found)


@cache
def _values(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}d")


def _varint(number: int) -> bytes:
    """Protocol Buffers encoding, base 128 varints."""
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
