"""Rules: what raises an alarm, how urgent it is, what it may harm, and what to do first."""

from collections.abc import Mapping
from dataclasses import dataclass

from isthmus.alerting.domain.alarms.alarm import AT_ONCE, Behaviour, Level
from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Behind,
    Change,
    Condition,
    Count,
    Flood,
    Happened,
    Near,
    NoData,
    Rate,
    State,
    Threshold,
    Watched,
)

ASSET_SIDE = (Assertion, Near, Happened)
"""Conditions that are judged of assets; all others but Count are judged of reports."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What raises an alarm, what it may harm, and what to do first."""

    name: str
    priority: str
    message: str
    """Template of one sentence; FIELDS says what it may hold."""
    first_action: str
    watched: Watched
    behaviour: Behaviour = AT_ONCE
    levels: tuple[Level, ...] = ()
    """Of several set points: the mildest first."""
    classes: frozenset[str] = frozenset()
    """Device classes that it is for; empty means all."""
    consequence: str = ""
    """The worst that may come of it: people, environment, production, equipment, data, cost."""
    impact: str = ""
    """What it may harm, in a sentence."""
    runbook: str = ""
    version: int = 0
    """0 as it is shipped; grows by one with each time that it is stored."""

    @property
    def watches(self) -> str:
        """The word for what it watches: a metric, `reachability`, `health`, `silence`, …"""
        match self.watched:
            case Threshold(metric=word) | Rate(metric=word):
                return word
            case State(of=word) | Change(of=word) | Near(field=word):
                return word
            case Happened(field=field, kinds=kinds):
                return field or min(kinds)
            case Condition(expression=expression) | Assertion(expression=expression):
                return expression.text
            case _:
                return WORDS[type(self.watched)]

    @property
    def harm(self) -> str:
        """What it may harm, and the worst that may come of it."""
        return ": ".join(part for part in (self.consequence, self.impact) if part)

    def concerns(self, asset_class: str) -> bool:
        """Is it for devices of this class?"""
        return not self.classes or asset_class in self.classes

    def sentence(self, source: str, **known: object) -> str:
        """The alarm's message; what is not known here stays empty."""
        return self.message.format_map({**FIELDS, "source": source, **known})


WORDS: Mapping[type, str] = {
    NoData: "silence",
    Behind: "delay",
    Count: "count",
    Flood: "annunciations",
}
FIELDS: Mapping[str, object] = {
    "source": "",
    "value": 0.0,
    "unit": "",
    "limit": 0.0,
    "state": "",
    "reason": "",
    "before": "",
    "after": "",
    "silent_s": 0.0,
}
"""What a message may name, with stand-ins of the right type."""
