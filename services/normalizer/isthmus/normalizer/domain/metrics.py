"""Metrics in UCUM units: points of a profile as they are, objects of a MIB by the catalogue."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from isthmus.normalizer.domain.appearance import Said, mib_order
from isthmus.normalizer.domain.catalog import MetricRule, base
from isthmus.normalizer.domain.report import Metrics

DECIMALS = 9  # 0.1 * 443 is 44.3, not 44.300000000000004
AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "first": lambda values: values[0],
    "count": len,
    "max": max,
    "mean": lambda values: math.fsum(values) / len(values),
    "min": min,
    "sum": math.fsum,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One metric of one device: the columns of its parts and, for a percentage, of the wholes."""

    rule: MetricRule
    at: tuple[int, ...]
    whole_at: tuple[int, ...]

    def value(self, values: tuple[float, ...]) -> float | None:
        """The metric, or None when the device has no number for it at the moment."""
        rule = self.rule
        parts = [values[i] for i in self.at]
        if rule.whole:
            parts = _percentages(parts, [values[i] for i in self.whole_at], rule)
        else:
            parts = [p for p in parts if p not in rule.missing]
        if rule.equals is not None:
            return float(sum(p == rule.equals for p in parts))
        if not parts:
            return None
        return round(AGGREGATES[rule.aggregate](parts) * rule.scale, DECIMALS)


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """Which metrics the points of one device make: some as they are, others by a rule."""

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    at: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()

    def measure(self, values: tuple[float, ...]) -> Metrics:
        """The metrics of one read."""
        if not self.steps:
            return _finite(self.names, tuple([values[at] for at in self.at]), self.units)
        made = [(step.rule, step.value(values)) for step in self.steps]
        known = [(rule, value) for rule, value in made if value is not None]
        return _finite(
            tuple([rule.metric for rule, _ in known]),
            tuple([value for _, value in known]),
            tuple([rule.unit for rule, _ in known]),
        )


def plan_points(points: tuple[str, ...], units: tuple[str, ...]) -> MetricPlan:
    """The points that a profile has named; standard nodes such as `DeviceHealth` are no metrics."""
    at = tuple(i for i, name in enumerate(points) if name == name.lower())
    return MetricPlan(tuple(points[i] for i in at), tuple(units[i] for i in at), at)


def plan(rules: Iterable[MetricRule], said: Said, points: tuple[str, ...]) -> MetricPlan:
    """The metrics that the points of a MIB make."""
    columns: dict[str, dict[str, int]] = {}
    for at, name in enumerate(points):
        columns.setdefault(base(name), {})[name.partition(".")[2]] = at
    steps: dict[str, Step] = {}
    for rule in rules:
        step = _step(rule, said, columns)
        if step:
            steps.setdefault(rule.metric, step)
    return MetricPlan(steps=tuple(steps.values()))


def _step(rule: MetricRule, said: Said, columns: Mapping[str, Mapping[str, int]]) -> Step | None:
    parts, wholes = columns.get(rule.of, {}), columns.get(rule.whole, {})
    indices = sorted((i for i in parts if _applies(rule, i, said)), key=mib_order)
    if rule.whole:
        indices = [i for i in indices if i in wholes]
    if not indices:
        return None
    whole_at = tuple(wholes[i] for i in indices) if rule.whole else ()
    return Step(rule, tuple(parts[i] for i in indices), whole_at)


def _applies(rule: MetricRule, index: str, said: Said) -> bool:
    if not rule.where:
        return True
    name = f"{rule.where}.{index}"
    return said.facts.get(name, f"{said.numbers.get(name, math.nan):g}") in rule.among


def _percentages(parts: list[float], wholes: list[float], rule: MetricRule) -> list[float]:
    """Each part of its whole; `sum` takes them all as one. RFC 3805: negative means unknown."""
    known = [(p, w) for p, w in zip(parts, wholes, strict=True) if p >= 0 and w > 0]
    if rule.aggregate == "sum" and known:
        known = [(math.fsum(p for p, _ in known), math.fsum(w for _, w in known))]
    return [100 * part / whole for part, whole in known]


def _finite(names: tuple[str, ...], values: tuple[float, ...], units: tuple[str, ...]) -> Metrics:
    if all(map(math.isfinite, values)):
        return Metrics(names, values, units)
    kept = [row for row in zip(names, values, units, strict=True) if math.isfinite(row[1])]
    return Metrics(
        tuple(name for name, _, _ in kept),
        tuple(value for _, value, _ in kept),
        tuple(unit for _, _, unit in kept),
        len(values) - len(kept),
    )
