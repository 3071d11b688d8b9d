"""Rule files: strict YAML, where each mistake is one line and the other rules go on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from isthmus.alerting.domain.alarm import Delays
from isthmus.alerting.domain.rules import FIELDS, Change, NoData, Rule, State, Threshold, Watched

NAME = r"^[a-z][a-z0-9-]*$"
WORD = r"^[a-z][a-z0-9_]*$"
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
Words = Annotated[list[Text], Field(min_length=1)]


class Part(BaseModel):
    """A part of a rule file; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ThresholdPart(Part):
    """A metric above or below its set point."""

    metric: str = Field(pattern=WORD)
    unit: Text
    above: Number | None = None
    below: Number | None = None
    deadband: Annotated[Number, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _one_side(self) -> "ThresholdPart":
        if (self.above is None) == (self.below is None):
            raise ValueError("expected one of above, below")
        return self

    def watched(self) -> Watched:
        """The domain's word for it."""
        return Threshold(self.metric, self.unit, self.above, self.below, self.deadband)


class StatePart(Part):
    """Reachability or health among some words."""

    reachability: list[Literal["degraded", "offline"]] = []
    health: list[Literal["failure", "check_function", "off_spec", "maintenance_required"]] = []

    @model_validator(mode="after")
    def _one_of(self) -> "StatePart":
        if bool(self.reachability) == bool(self.health):
            raise ValueError("expected one of reachability, health")
        return self

    def watched(self) -> Watched:
        """The domain's word for it."""
        if self.health:
            return State("health", frozenset(self.health))
        return State("reachability", frozenset(self.reachability))


class ChangePart(Part):
    """A canonical attribute with another value than before."""

    attribute: str = Field(pattern=WORD)

    def watched(self) -> Watched:
        """The domain's word for it."""
        return Change(self.attribute)


class NoDataPart(Part):
    """No report for so many intervals, and at least so long."""

    intervals: Annotated[Number, Field(ge=1)]
    silent_s: Annotated[Number, Field(gt=0)]

    def watched(self) -> Watched:
        """The domain's word for it."""
        return NoData(self.intervals, self.silent_s)


class RulePart(Part):
    """One rule as a person writes it."""

    name: str = Field(pattern=NAME)
    priority: Literal["low", "medium", "high", "critical"]
    message: Text
    first_action: Text
    classes: Words | None = None
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    threshold: ThresholdPart | None = None
    state: StatePart | None = None
    change: ChangePart | None = None
    no_data: NoDataPart | None = None

    @field_validator("message")
    @classmethod
    def _fields(cls, message: str) -> str:
        try:
            message.format_map(FIELDS)
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            known = ", ".join(FIELDS)
            raise ValueError(f"{error} in a template, expected only {{…}} of {known}") from error
        return message

    @model_validator(mode="after")
    def _one_kind(self) -> "RulePart":
        if len(self._kinds()) != 1:
            raise ValueError("expected one of threshold, state, change, no_data")
        return self

    def rule(self) -> Rule:
        """The domain's word for it."""
        delays = Delays(timedelta(seconds=self.on_delay_s), timedelta(seconds=self.off_delay_s))
        return Rule(
            name=self.name,
            priority=self.priority,
            message=self.message,
            first_action=self.first_action,
            watched=self._kinds()[0].watched(),
            delays=delays,
            classes=frozenset(self.classes or ()),
        )

    def _kinds(self) -> list[ThresholdPart | StatePart | ChangePart | NoDataPart]:
        return [k for k in (self.threshold, self.state, self.change, self.no_data) if k]


@dataclass(frozen=True)
class Loaded:
    """The rules in force, and one line for each mistake."""

    rules: tuple[Rule, ...]
    mistakes: tuple[str, ...]


def load(folder: Path | None) -> Loaded:
    """The shipped rules and those of `folder`; one with a mistake is left out alone."""
    rules: dict[str, Rule] = {}
    mistakes: list[str] = []
    for file in _files(folder):
        for found in _read(file):
            if isinstance(found, str):
                mistakes.append(f"{file.name}: {found}")
            elif found.name in rules:
                mistakes.append(f"{file.name}: rule {found.name}: name: is taken by another rule")
            else:
                rules[found.name] = found
    return Loaded(tuple(rules.values()), tuple(mistakes))


def _files(folder: Path | None) -> Iterator[Traversable]:
    shipped: list[Traversable] = list((files("isthmus.alerting") / "rules").iterdir())
    own: list[Traversable] = list(folder.iterdir()) if folder else []
    for found in (shipped, own):
        yield from sorted((f for f in found if f.name.endswith(".yaml")), key=lambda f: f.name)


def _read(file: Traversable) -> Iterator[Rule | str]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield f"no YAML: {' '.join(str(error).split())}"
        return
    if not isinstance(content, dict) or list(content) != ["rules"]:
        yield "expected one key, rules, with a list of rules"
        return
    if not isinstance(content["rules"], list):
        yield "rules: expected a list of rules"
        return
    for number, item in enumerate(content["rules"], 1):
        yield from _parse(number, item)


def _parse(number: int, item: Any) -> Iterable[Rule | str]:
    try:
        return [RulePart.model_validate(item).rule()]
    except ValidationError as error:
        name = item.get("name", number) if isinstance(item, dict) else number
        return [f"rule {name}: {_explained(each)}" for each in error.errors()]


def _explained(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    given = error["input"]
    shown = f" {given!r}:" if isinstance(given, str | int | float | bool) else ""
    return f"{place}:{shown} {error['msg']}" if place else str(error["msg"])
