"""Metrics in UCUM units: points of a profile as they are, objects of a MIB by the catalogue."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.normalizer.domain.appearance import NOTHING_PICKED, Pick, Said, mib_order, picker
from isthmus.normalizer.domain.catalog import MetricRule, base
from isthmus.normalizer.domain.report import Metrics, Quality

DECIMALS = 9  # 0.1 * 443 is 44.3, not 44.300000000000004
AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "first": lambda values: values[0],
    "count": len,
    "max": max,
    "mean": lambda values: total(values) / len(values),
    "min": min,
    "sum": lambda values: total(values),
}


def total(values: Sequence[float]) -> float:
    """The sum; infinite where it is greater than a number can be."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


Ranges = Mapping[str, tuple[float, float]]
"""The least and the greatest value that a metric can have, by its name."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One metric of many columns: those of its parts and, for a percentage, of the wholes."""

    rule: MetricRule
    at: tuple[int, ...]
    whole_at: tuple[int, ...]

    def value(self, values: tuple[float, ...]) -> tuple[float, bool]:
        """The metric, and whether it is one: False with what the device says for want of one."""
        rule = self.rule
        parts = [values[i] for i in self.at]
        if rule.equals is not None:
            return float(parts.count(rule.equals)), True
        if rule.whole:
            known = _percentages(parts, [values[i] for i in self.whole_at], rule)
        else:
            known = [p for p in parts if math.isfinite(p) and p not in rule.missing]
        if not known:
            return parts[0], False
        return round(AGGREGATES[rule.aggregate](known) * rule.scale, DECIMALS), True


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """Which metrics the points of one device make; most are one point each, maybe scaled.

    Metrics are known by their number in `names`.
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    pick: Pick[Any] = NOTHING_PICKED
    """A point for each metric: its value, unless it is an aggregate."""
    missing: tuple[tuple[int, tuple[float, ...]], ...] = ()
    """What a device says for want of a value."""
    scales: tuple[tuple[int, float], ...] = ()
    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    limits: tuple[tuple[int, float, float], ...] = ()
    """The least and the greatest value."""

    def measure(self, values: tuple[float, ...]) -> Metrics:
        """The metrics of one read."""
        if not self.names:
            return NOTHING
        found = self.pick(values)
        bad = [number for number, sentinels in self.missing if found[number] in sentinels]
        if self.scales or self.aggregates:
            found = self._computed(list(found), values, bad)
        return Metrics(self.names, found, self.units, self._qualities(found, bad))

    def _computed(
        self, found: list[float], values: tuple[float, ...], bad: list[int]
    ) -> tuple[float, ...]:
        for number, scale in self.scales:
            if number not in bad:
                found[number] = round(found[number] * scale, DECIMALS)
        for number, aggregate in self.aggregates:
            found[number], known = aggregate.value(values)
            if not known:
                bad.append(number)
        return tuple(found)

    def _qualities(self, found: tuple[float, ...], bad: list[int]) -> tuple[Quality, ...]:
        uncertain = [at for at, least, most in self.limits if not least <= found[at] <= most]
        if not bad and not uncertain and _all_finite(found):
            return ()
        qualities = [Quality.GOOD if math.isfinite(v) else Quality.BAD for v in found]
        for at in uncertain:
            if qualities[at] is Quality.GOOD:
                qualities[at] = Quality.UNCERTAIN
        for at in bad:
            qualities[at] = Quality.BAD
        return tuple(qualities)


NOTHING = Metrics()


def _all_finite(values: tuple[float, ...]) -> bool:
    # The sum is not finite when one of them is not, and else only beyond 1.8e308.
    return math.isfinite(sum(values)) or all(map(math.isfinite, values))


def plan_points(points: tuple[str, ...], units: tuple[str, ...], ranges: Ranges) -> MetricPlan:
    """The points that a profile has named; standard nodes such as `DeviceHealth` are no metrics."""
    at = tuple(i for i, name in enumerate(points) if name == name.lower())
    names = tuple(points[i] for i in at)
    pick = picker(at)
    return MetricPlan(names, pick(units), pick, limits=_limits(names, ranges))


def plan(
    rules: Iterable[MetricRule], said: Said, points: tuple[str, ...], ranges: Ranges
) -> MetricPlan:
    """The metrics that the points of a MIB make."""
    columns: dict[str, dict[str, int]] = {}
    for at, name in enumerate(points):
        columns.setdefault(base(name), {})[name.partition(".")[2]] = at
    found: dict[str, Aggregate] = {}
    for rule in rules:
        aggregate = _aggregate(rule, said, columns)
        if aggregate:
            found.setdefault(rule.metric, aggregate)
    names, made = tuple(found), tuple(found.values())
    plain = [(number, a.rule) for number, a in enumerate(made) if _is_plain(a)]
    return MetricPlan(
        names,
        tuple(each.rule.unit for each in made),
        picker(tuple(each.at[0] for each in made)),
        tuple((number, rule.missing) for number, rule in plain if rule.missing),
        tuple((number, rule.scale) for number, rule in plain if rule.scale != 1),
        tuple((number, a) for number, a in enumerate(made) if not _is_plain(a)),
        _limits(names, ranges),
    )


def _limits(names: Sequence[str], ranges: Ranges) -> tuple[tuple[int, float, float], ...]:
    return tuple((at, *ranges[name]) for at, name in enumerate(names) if name in ranges)


def _aggregate(
    rule: MetricRule, said: Said, columns: Mapping[str, Mapping[str, int]]
) -> Aggregate | None:
    parts, wholes = columns.get(rule.of, {}), columns.get(rule.whole, {})
    indices = sorted((i for i in parts if _applies(rule, i, said)), key=mib_order)
    if rule.whole:
        indices = [i for i in indices if i in wholes]
    if not indices:
        return None
    whole_at = tuple(wholes[i] for i in indices) if rule.whole else ()
    return Aggregate(rule, tuple(parts[i] for i in indices), whole_at)


def _is_plain(aggregate: Aggregate) -> bool:
    """Is it one point as it stands, but for its scale?"""
    rule = aggregate.rule
    of_one = len(aggregate.at) == 1 and rule.aggregate != "count"
    return of_one and not rule.whole and rule.equals is None


def _applies(rule: MetricRule, index: str, said: Said) -> bool:
    if not rule.where:
        return True
    name = f"{rule.where}.{index}"
    return said.facts.get(name, f"{said.numbers.get(name, math.nan):g}") in rule.among


def _percentages(parts: list[float], wholes: list[float], rule: MetricRule) -> list[float]:
    """Each part of its whole; `sum` takes them all as one. RFC 3805: negative means unknown."""
    both = zip(parts, wholes, strict=True)
    known = [(p, w) for p, w in both if 0 <= p < math.inf and 0 < w < math.inf]
    if rule.aggregate == "sum" and known:
        known = [(total([p for p, _ in known]), total([w for _, w in known]))]
    return [100 * part / whole for part, whole in known]
