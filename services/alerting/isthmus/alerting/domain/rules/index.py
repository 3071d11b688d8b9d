"""The rules by what they watch, so that a report meets no other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from isthmus.alerting.domain.rules.conditions import (
    Behind,
    Change,
    Condition,
    Expression,
    NoData,
    Rate,
    State,
    Threshold,
)
from isthmus.alerting.domain.rules.reading import METRIC
from isthmus.alerting.domain.rules.rule import Rule

ATTRIBUTE = "attribute."


@dataclass
class Index:
    """The rules for one device class; each stands under one thing that it cannot do without."""

    by_metric: dict[str, list[Rule]] = field(default_factory=dict)
    by_attribute: dict[str, list[Rule]] = field(default_factory=dict)
    always: list[Rule] = field(default_factory=list)
    """Rules on what every report says: reachability, health, its time."""
    changes: dict[str, list[Rule]] = field(default_factory=dict)
    """By what changes, an attribute or `metric.<name>`: its last value must be kept."""
    rates: list[tuple[Rule, Rate]] = field(default_factory=list)
    """Of these the value that began the window must be kept."""
    silences: list[tuple[Rule, NoData]] = field(default_factory=list)

    def add(self, rule: Rule) -> None:
        """Put `rule` where a report meets it; rules that no report concerns stand nowhere."""
        match rule.watched:
            case Threshold(metric=metric):
                self.by_metric.setdefault(metric, []).append(rule)
            case Rate(metric=metric):
                self.by_metric.setdefault(metric, []).append(rule)
                self.rates.append((rule, rule.watched))
            case Change(of=of):
                self.changes.setdefault(of, []).append(rule)
            case Condition(expression=expression):
                self._condition(rule, expression)
            case State() | Behind():
                self.always.append(rule)
            case NoData():
                self.silences.append((rule, rule.watched))

    def _condition(self, rule: Rule, expression: Expression) -> None:
        """Under what the fewest reports have: a metric before an attribute."""
        for prefix, place in ((METRIC, self.by_metric), (ATTRIBUTE, self.by_attribute)):
            if names := [name for name in expression.reads if name.startswith(prefix)]:
                place.setdefault(max(names).removeprefix(prefix), []).append(rule)
                return
        self.always.append(rule)


def index(rules: Iterable[Rule], asset_class: str, *, part: bool = False) -> Index:
    """The rules that concern devices of `asset_class`; empty when it is not known yet.

    A part is read with its device: whether it answers and is heard is told of the device, once,
    and not again of each of its hundred modules and programs.
    """
    found = Index()
    for rule in rules:
        if rule.concerns(asset_class) and not (part and _of_the_whole(rule)):
            found.add(rule)
    return found


def _of_the_whole(rule: Rule) -> bool:
    match rule.watched:
        case State(of="reachability") | NoData() | Behind():
            return True
        case _:
            return False
