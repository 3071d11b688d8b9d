"""The kinds of condition as a person writes them in a rule."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from isthmus.alerting.adapters.rules.cel import compiled
from isthmus.alerting.domain.rules.conditions import (
    Assertion,
    Behind,
    Change,
    Condition,
    Count,
    Happened,
    Limit,
    Limits,
    Near,
    NoData,
    Rate,
    State,
    Threshold,
)
from isthmus.alerting.domain.rules.subject import ASSET_FIELDS, DATES, GROUPS, HAPPENINGS

NAME = r"^[a-z][a-z0-9-]*$"
WORD = r"^[a-z][a-z0-9_]*$"
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Words = Annotated[list[Text], Field(min_length=1, max_length=100)]
TAGS = ("one", "each")
"""One value for all, or one for each level: which of them a mistake is in, its value tells."""


def by_level(value: object) -> str:
    """Which of the two `value` is."""
    return "each" if isinstance(value, dict) else "one"


Points = Annotated[
    Annotated[Number, Tag("one")]
    | Annotated[dict[str, Number], Field(min_length=1, max_length=4), Tag("each")],
    Discriminator(by_level),
]
Health = Literal["failure", "check_function", "off_spec", "maintenance_required"]
PER_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Part(BaseModel):
    """A part of a rule; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Sided(Part):
    """Set points on one side."""

    above: Points | None = Field(
        default=None,
        description="Set point, or one for each level with the mildest first.",
        examples=[80, {"hi": 80, "hihi": 90}],
    )
    below: Points | None = Field(default=None, description="The same for a fall.", examples=[10])
    deadband: NotNegative = Field(
        default=0.0, description="How far inside a value must be to be back.", examples=[5]
    )

    @model_validator(mode="after")
    def _one_side(self) -> "Sided":
        if (self.above is None) == (self.below is None):
            raise ValueError("expected one of above, below")
        values = [point.value for point in self.limits().points]
        if values != sorted(set(values), reverse=self.above is None):
            raise ValueError("expected the mildest level first, and no two alike")
        return self

    def limits(self) -> Limits:
        """The domain's word for it."""
        said = self.below if self.above is None else self.above
        points = said if isinstance(said, dict) else {"": said or 0.0}
        each = tuple(Limit(value, level) for level, value in points.items())
        return Limits(each, self.above is not None, self.deadband)


class ThresholdPart(Sided):
    """A metric above or below its set point."""

    metric: str = Field(pattern=WORD, description="Name of the metric.", examples=["temperature"])
    unit: Text = Field(description="Its UCUM unit; in another it is not judged.", examples=["Cel"])

    def watched(self) -> Threshold:
        """The domain's word for it."""
        return Threshold(self.metric, self.unit, self.limits())


class RatePart(Sided):
    """A metric that rises or falls too fast."""

    metric: str = Field(pattern=WORD, description="Name of the metric.", examples=["level"])
    unit: Text = Field(description="Its UCUM unit.", examples=["%"])
    per: Literal["s", "min", "h", "d"] = Field(description="Time that the set point is per.")
    over_s: Positive = Field(description="Least time between two values, in seconds.")
    counter: bool = Field(default=False, description="Only grows, until its device starts anew.")

    def watched(self) -> Rate:
        """The domain's word for it."""
        return Rate(
            self.metric, self.unit, self.limits(), PER_S[self.per], self.over_s, self.counter
        )


class StatePart(Part):
    """Reachability or health among some words."""

    reachability: list[Literal["degraded", "offline"]] = Field(default=[], examples=[["offline"]])
    health: list[Health] = Field(default=[], description="Words of NAMUR NE 107.")

    @model_validator(mode="after")
    def _one_of(self) -> "StatePart":
        if bool(self.reachability) == bool(self.health):
            raise ValueError("expected one of reachability, health")
        return self

    def watched(self) -> State:
        """The domain's word for it."""
        if self.health:
            return State("health", frozenset(self.health))
        return State("reachability", frozenset(self.reachability))


class ChangePart(Part):
    """An attribute, or a metric that counts states, with another value than before."""

    attribute: str = Field(default="", pattern=WORD + "|^$", examples=["firmware"])
    metric: str = Field(default="", pattern=WORD + "|^$", examples=["state"])
    to: Words | None = Field(default=None, description="Only these values; none is any.")

    @model_validator(mode="after")
    def _one_of(self) -> "ChangePart":
        if bool(self.attribute) == bool(self.metric):
            raise ValueError("expected one of attribute, metric")
        return self

    def watched(self) -> Change:
        """The domain's word for it."""
        return Change(self.attribute or f"metric.{self.metric}", frozenset(self.to or ()))


class NoDataPart(Part):
    """No report for so many intervals, and at least so long."""

    intervals: Annotated[Number, Field(ge=1)] = Field(examples=[3])
    silent_s: Positive = Field(examples=[30])

    def watched(self) -> NoData:
        """The domain's word for it."""
        return NoData(self.intervals, self.silent_s)


class BehindPart(Part):
    """Reports that tell of a time long before what others already tell of."""

    behind_s: Positive = Field(examples=[300])

    def watched(self) -> Behind:
        """The domain's word for it."""
        return Behind(self.behind_s)


class ConditionPart(Part):
    """An expression in CEL over a report, its asset and its context."""

    cel: Text = Field(examples=["metric.flow < 1 && attribute.class == 'pump_controller'"])
    units: dict[str, Text] = Field(
        default={},
        description="UCUM unit of each metric that it reads.",
        examples=[{"flow": "m3/h"}],
    )

    def model_post_init(self, _: Any) -> None:
        """Compile it, so that a wrong one is refused where it stands."""
        self.watched()

    def watched(self) -> Condition:
        """The domain's word for it."""
        return Condition(compiled(self.cel, self.units, ASSET_FIELDS))


class AssertionPart(Part):
    """An expression in CEL over an asset, which should hold of none."""

    cel: Text = Field(examples=["asset.zone == 'safety' && asset.end_of_support < today"])

    @field_validator("cel")
    @classmethod
    def _of_assets(cls, cel: str) -> str:
        reads = compiled(cel, {}, ASSET_FIELDS).reads
        other = [n for n in sorted(reads) if not n.startswith("asset.") and n != "today"]
        if other:
            raise ValueError(f"{other[0]} is of a report, expected asset.<field> or today")
        return cel

    def watched(self) -> Assertion:
        """The domain's word for it."""
        return Assertion(compiled(self.cel, {}, ASSET_FIELDS))


class NearPart(Part):
    """A date of an asset that is near or past."""

    field: str = Field(description="Field of the asset.", examples=["end_of_support"])
    days: Points = Field(description="Days before it; negative is after it.", examples=[180])

    @field_validator("field")
    @classmethod
    def _a_date(cls, field: str) -> str:
        if field not in DATES and not field.startswith("custom."):
            known = ", ".join(sorted(DATES))
            raise ValueError(f"is no date of an asset, expected custom.<name> or one of {known}")
        return field

    def watched(self) -> Near:
        """The domain's word for it."""
        return Near(self.field, Sided(below=self.days).limits())


class HappenedPart(Part):
    """Something that happened to an asset, by the inventory."""

    kinds: Words = Field(description="Kinds of changes.", examples=[["replaced"]])
    field: str = Field(default="", description="Of `changed`: the field that changed.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        for kind in kinds:
            if kind not in HAPPENINGS:
                raise ValueError(f"{kind!r}, expected some of {', '.join(sorted(HAPPENINGS))}")
        return kinds

    def watched(self) -> Happened:
        """The domain's word for it."""
        return Happened(frozenset(self.kinds), self.field)


class CountPart(Part):
    """So many alarms of some rules in one group."""

    of: Words = Field(description="Names of the rules.", examples=[["device-silent"]])
    by: str = Field(description="What makes a group.", examples=["site"])
    above: Points | None = Field(default=None, description="Number of alarms.", examples=[5])
    share_above: Points | None = Field(
        default=None, description="Per cent of the sources in the group.", examples=[80]
    )
    least: int = Field(default=1, ge=1, description="Fewer alarms than this are no group.")

    @model_validator(mode="after")
    def _one_of(self) -> "CountPart":
        if (self.above is None) == (self.share_above is None):
            raise ValueError("expected one of above, share_above")
        if self.by not in GROUPS:
            raise ValueError(f"by: {self.by!r}, expected one of {', '.join(sorted(GROUPS))}")
        return self

    def watched(self) -> Count:
        """The domain's word for it."""
        share = self.share_above is not None
        limits = Sided(above=self.share_above if share else self.above).limits()
        return Count(frozenset(self.of), self.by, limits, share, self.least)
