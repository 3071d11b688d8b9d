"""A rule as a person writes it, in a file or through the API: strict, each mistake one line."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from isthmus.alerting.adapters.rules.kinds import (
    NAME,
    TAGS,
    AssertionPart,
    BehindPart,
    ChangePart,
    ConditionPart,
    CountPart,
    HappenedPart,
    NearPart,
    NoDataPart,
    Part,
    Positive,
    RatePart,
    StatePart,
    Text,
    ThresholdPart,
    Words,
    by_level,
)
from isthmus.alerting.domain.alarms.alarm import Behaviour, Level
from isthmus.alerting.domain.rules.rule import FIELDS, Rule

Priority = Literal["low", "medium", "high", "critical"]
Consequence = Literal["people", "environment", "production", "equipment", "data", "cost"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
KINDS = (
    "threshold",
    "rate",
    "state",
    "change",
    "no_data",
    "behind",
    "condition",
    "assertion",
    "near",
    "happened",
    "count",
)


class RulePart(Part):
    """What raises an alarm, what it may harm, and what to do first."""

    name: str = Field(pattern=NAME, max_length=100, examples=["ups-battery-low"])
    priority: Annotated[
        Annotated[Priority, Tag("one")] | Annotated[dict[str, Priority], Tag("each")],
        Discriminator(by_level),
    ] = Field(description="ISA-18.2 priority, or one for each level.", examples=["high"])
    message: Text = Field(
        description="What is wrong, in one sentence; may name {source}, {value}, {limit}, …",
        examples=["The battery of {source} is down to {value:.0f} %"],
    )
    impact: Text = Field(
        description="What it may harm.", examples=["What it feeds stops when it is empty."]
    )
    first_action: Text = Field(description="What to do first.", examples=["Shut loads down."])
    consequence: Consequence = Field(description="The worst that may come of it.")
    runbook: str = Field(
        default="", max_length=300, description="Page with more; none is the shipped one."
    )
    source: str = Field(
        default="",
        max_length=300,
        description="Where the set point comes from: a standard, a data sheet.",
    )
    enabled: bool = Field(default=True, description="False switches a shipped rule off.")
    classes: Words | None = Field(
        default=None, description="Device classes that it is for; none is all.", examples=[["ups"]]
    )
    on_delay_s: Seconds = Field(default=0.0, description="How long it must last to be raised.")
    off_delay_s: Seconds = Field(default=0.0, description="How long its end must last to clear.")
    latching: bool = Field(default=False, description="Stays until a person resets it.")
    realarm_s: Positive | None = Field(
        default=None, description="Announced again so long after an acknowledgement."
    )
    shelve_max_s: Seconds | None = Field(
        default=None, description="Longest time for which it may be shelved."
    )
    stale_after_s: Positive | None = Field(
        default=None, description="Stale when nothing good was heard for so long."
    )
    threshold: ThresholdPart | None = None
    rate: RatePart | None = None
    state: StatePart | None = None
    change: ChangePart | None = None
    no_data: NoDataPart | None = None
    behind: BehindPart | None = None
    condition: ConditionPart | None = None
    assertion: AssertionPart | None = None
    near: NearPart | None = None
    happened: HappenedPart | None = None
    count: CountPart | None = None

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
            raise ValueError(f"expected one of {', '.join(KINDS)}")
        levels = [point.level for point in _points(self._kinds()[0].watched()) if point.level]
        said = list(self.priority) if isinstance(self.priority, dict) else []
        if levels != said:
            raise ValueError(
                f"priority: for {said or 'no levels'}, expected {levels or 'one word'}"
            )
        return self

    @property
    def kind(self) -> tuple[str, Part]:
        """The kind of its condition, and what it says."""
        return next((k, part) for k in KINDS if (part := getattr(self, k)) is not None)

    def rule(self, version: int = 0, runbook: str = "") -> Rule:
        """The domain's word for it; `runbook` is the page where it names none, with `{rule}`."""
        return Rule(
            name=self.name,
            priority=self._mildest(),
            message=self.message,
            first_action=self.first_action,
            watched=self._kinds()[0].watched(),
            behaviour=self._behaviour(),
            levels=self._levels(),
            classes=frozenset(self.classes or ()),
            consequence=self.consequence,
            impact=self.impact,
            runbook=self.runbook or runbook.replace("{rule}", self.name),
            version=version,
        )

    def _behaviour(self) -> Behaviour:
        shelf = {} if self.shelve_max_s is None else {"shelve_max": _span(self.shelve_max_s)}
        return Behaviour(
            on=_span(self.on_delay_s),
            off=_span(self.off_delay_s),
            latching=self.latching,
            realarm=_span(self.realarm_s) if self.realarm_s else None,
            stale_after=_span(self.stale_after_s) if self.stale_after_s else None,
            **shelf,
        )

    def _levels(self) -> tuple[Level, ...]:
        said = self.priority if isinstance(self.priority, dict) else {}
        return tuple(Level(name, priority) for name, priority in said.items())

    def _mildest(self) -> str:
        return (
            next(iter(self.priority.values())) if isinstance(self.priority, dict) else self.priority
        )

    def _kinds(self) -> list[Any]:
        return [part for kind in KINDS if (part := getattr(self, kind)) is not None]


def parsed(body: str, version: int, runbook: str = "") -> Rule | None:
    """The rule of a stored body, None when it is switched off; raises ValueError, one line."""
    try:
        part = RulePart.model_validate_json(body)
    except ValidationError as error:
        raise ValueError("; ".join(reason for _, reason in explained(error))) from error
    return part.rule(version, runbook) if part.enabled else None


def explained(error: ValidationError) -> list[tuple[tuple[str | int, ...], str]]:
    """Where each mistake stands, and one line on it: field, value, what was expected."""
    return [(_place(each), _explained(each)) for each in error.errors()]


def _place(error: Any) -> tuple[str | int, ...]:
    return tuple(part for part in error["loc"] if part not in TAGS)


def _explained(error: Any) -> str:
    place = ".".join(str(part) for part in _place(error))
    given = error["input"]
    shown = f" {given!r}:" if isinstance(given, str | int | float | bool) else ""
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}:{shown} {reason}" if place else reason


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _points(watched: Any) -> tuple[Any, ...]:
    limits = getattr(watched, "limits", None)
    return limits.points if limits else ()
