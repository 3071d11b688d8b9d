"""What the HTTP interface takes and gives of alarms."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    Condition,
    Quality,
    State,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.transition import Kind, Transition
from isthmus.alerting.ports.alarms import Page
from isthmus.runtime.pages import Flag, Next, Whole

COMMENT_MAX = 2000
SHELF_MAX_S = 31 * 86_400
BULK_MAX = 500
Words = Annotated[str, Field(max_length=COMMENT_MAX)]


class SuppressionItem(BaseModel):
    """One reason why nobody is called."""

    model_config = ConfigDict(from_attributes=True)

    kind: SuppressionKind = Field(description="Shelved, suppressed by design, or out of service.")
    source: str = Field(
        description="What holds it back by design.", examples=["maintenance:press-shop-weekend"]
    )
    at: datetime = Field(description="Since when.")
    until: datetime | None = Field(description="When it ends by itself; a shelf always has one.")
    one_shot: bool = Field(description="A shelf that also ends with the next return to normal.")
    by: str = Field(description="Who did it.", examples=["shift-lead-2"])
    reason: str = Field(description="Why.", examples=["sensor is being replaced"])


class AlarmItem(BaseModel):
    """One alarm, a rule on a subject, as it is now."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(
        description="UUID of the rule and the subject; the same alarm keeps it for ever.",
        examples=["5f0c1f2e-7f3b-5d1c-9a55-1f0f9c2f6f11"],
    )
    rule: str = Field(description="Name of the rule.", examples=["temperature-high"])
    subject: str = Field(
        description="Source `site/target[/device]` that the rule watches, or an asset's id.",
        examples=["hagen/press-plc-1"],
    )
    site: str = Field(description="Site of the subject.", examples=["hagen"])
    path: str = Field(
        description="ISA-95 equipment path of the subject.",
        examples=["nordwerk/hagen/press-shop/line-1/press-1"],
    )
    state: State = Field(description="What an operator sees (ISA-18.2).")
    priority: str = Field(description="low, medium, high or critical.", examples=["high"])
    message: str = Field(
        description="What is wrong, in one sentence.",
        examples=["Temperature is 85 Cel, above 80 Cel."],
    )
    first_action: str = Field(description="What to do first.", examples=["Check the cooling."])
    condition: str = Field(
        validation_alias="watches",
        description="What the rule watches: a metric, `reachability`, `health`, `silence`, "
        "or an attribute.",
        examples=["temperature"],
    )
    value: float = Field(description="The value that decided last.", examples=[85.0])
    unit: str = Field(description="UCUM unit of the value.", examples=["Cel"])
    asset_id: str = Field(description="Asset behind the subject; empty until it is known.")
    asset_class: str = Field(description="Class of that asset.", examples=["plc"])
    raised_at: datetime | None = Field(description="When the condition began.")
    cleared_at: datetime | None = Field(description="When it ended; null while it lasts.")
    acknowledged_at: datetime | None = Field(description="When a person acknowledged it.")
    acknowledged_by: str = Field(description="Who acknowledged it.", examples=["shift-lead-2"])
    seq: int = Field(description="Grows by one with each transition.", examples=[3])
    phase: Condition = Field(
        validation_alias="condition", description="Where the watched condition stands."
    )
    quality: Quality = Field(description="While it is not good, the alarm is frozen as it is.")
    level: str = Field(description="Of several set points, the one reached.", examples=["HIHI"])
    suppressed_by: list[SuppressionItem] = Field(
        description="What holds it back; while there is anything, nobody is called."
    )
    rule_version: int = Field(description="Version of the rule; 0 as it is shipped.", examples=[0])
    consequence: str = Field(
        description="The worst that may come of it: people, environment, production, equipment, "
        "data, cost.",
        examples=["production"],
    )
    runbook: str = Field(description="Where more is said.", examples=["docs/runbooks/heat.md"])
    criticality: str = Field(description="That of the asset.", examples=["high"])
    safety_impact: str = Field(
        description="Whether a safety function depends on the asset.", examples=["indirect"]
    )
    process_impact: str = Field(description="What stands with it.", examples=["line-1"])
    realarm_at: datetime | None = Field(
        description="When it is annunciated again if it still lasts."
    )
    realarms: int = Field(description="How often it was annunciated again.", examples=[0])
    chatters: int = Field(
        description="How often a return was none, because the off-delay absorbed it.", examples=[0]
    )
    first_out: str = Field(description="The flood that it began.", examples=["flood:hagen"])
    chattering: bool = Field(
        description="It was raised three times within a minute: shelving it is proposed."
    )


class AlarmList(BaseModel):
    """A page of alarms, latest raised first."""

    items: list[AlarmItem]
    next: Next

    @classmethod
    def of(cls, page: Page, next: str | None) -> Self:
        """The page as it is given."""
        return cls(items=[item(alarm) for alarm in page.alarms], next=next)


class TransitionItem(BaseModel):
    """One step of an alarm."""

    model_config = ConfigDict(from_attributes=True)

    seq: int = Field(description="Number of the step; there is no gap.", examples=[3])
    kind: Kind = Field(description="What happened.")
    state: State = Field(description="The state after it.")
    at: datetime = Field(description="When it happened at the source, or when the person acted.")
    by: str = Field(description="Who acted; empty for the alarm's own steps.")
    comment: str = Field(description="What they said, or the reason.")
    value: float = Field(description="The value that decided.")
    unit: str = Field(description="UCUM unit of the value.")
    annunciate: bool = Field(description="Whether a person was to hear of it.")
    level: str = Field(description="The level after it.")
    priority: str = Field(description="The priority after it.")
    message: str = Field(description="What was wrong.")
    suppressed: list[str] = Field(description="What held the alarm back after it.")
    chattering: bool = Field(
        default=False, description="Whether it was raised for the third time within a minute."
    )


class TransitionList(BaseModel):
    """The last transitions of an alarm, oldest first."""

    items: list[TransitionItem]

    @classmethod
    def of(cls, transitions: list[Transition]) -> Self:
        """The transitions as they are given."""
        return cls(items=[TransitionItem.model_validate(each) for each in transitions])


class NewsItem(TransitionItem):
    """One step of one alarm, as those who follow all alarms are told of it."""

    kind: str = Field(description="What happened.", examples=["raised"])  # type: ignore[assignment]
    state: str = Field(description="The state after it.", examples=["unacknowledged"])  # type: ignore[assignment]
    alarm_id: str = Field(description="Id of the alarm.")
    rule: str = Field(description="Name of the rule.")
    subject: str = Field(description="What the rule watches.")
    site: str = Field(description="Site of the subject.")
    path: str = Field(description="ISA-95 equipment path of the subject.")


class AlarmDetail(AlarmItem):
    """One alarm, and what happened to it."""

    transitions: list[TransitionItem] = Field(
        default=[], description="The last hundred, oldest first."
    )


class Seen(BaseModel):
    """What somebody does about an alarm as they saw it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"comment": "fan ordered", "seq": 1}}
    )

    seq: Whole = Field(ge=1, le=2**63 - 1, description="`seq` of the alarm as it was seen.")
    comment: Words = Field(
        default="", description="What they have to say; the reason where one is needed."
    )


class Shelving(Seen):
    """Somebody wants to hear nothing of it for a while."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"comment": "sensor is being replaced", "seq": 1, "duration_s": 3600}
        }
    )

    duration_s: Whole = Field(
        gt=0, le=SHELF_MAX_S, description="How long at most; the rule has a limit of its own."
    )
    one_shot: Flag = Field(
        default=False, description="It also ends with the next return to normal."
    )


class SeenAlarm(BaseModel):
    """One of several alarms, as it was seen."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=100, description="Id of the alarm.")
    seq: Whole = Field(ge=1, le=2**63 - 1, description="Its `seq` as it was seen.")


class Several(BaseModel):
    """What somebody does about several alarms at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "alarms": [{"id": "5f0c1f2e-7f3b-5d1c-9a55-1f0f9c2f6f11", "seq": 1}],
                "comment": "power was off",
            }
        },
    )

    alarms: list[SeenAlarm] = Field(
        min_length=1, max_length=BULK_MAX, description="Each at most once."
    )
    comment: Words = Field(default="", description="Said of each of them.")


class SeveralShelved(Several):
    """Somebody wants to hear nothing of several alarms for a while."""

    duration_s: Whole = Field(
        gt=0, le=SHELF_MAX_S, description="How long at most; each rule has a limit of its own."
    )
    one_shot: Flag = Field(
        default=False, description="Each also ends with its next return to normal."
    )


class Result(BaseModel):
    """What became of one of several alarms."""

    id: str = Field(description="Id of the alarm.")
    done: bool = Field(description="Whether it was done.")
    seq: int | None = Field(description="Its `seq` now; null if there is no such alarm.")
    state: State | None = Field(description="Its state now; null if there is no such alarm.")
    reason: str = Field(description="Why it was not done; empty if it was.")


class Results(BaseModel):
    """What became of each, in the order in which they were named."""

    items: list[Result]


def item(alarm: Alarm) -> AlarmItem:
    """The alarm as it is given."""
    return AlarmItem.model_validate(alarm)


def detail(alarm: Alarm, transitions: list[Transition]) -> AlarmDetail:
    """The alarm as it is given, with what happened to it."""
    found = AlarmDetail.model_validate(alarm)
    found.transitions = TransitionList.of(transitions).items
    return found
