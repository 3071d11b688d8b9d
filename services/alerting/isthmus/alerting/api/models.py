"""What the HTTP interface takes and gives."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.alerting.domain.alarm import Alarm, Kind, State, Transition
from isthmus.alerting.ports import Page


class AlarmItem(BaseModel):
    """One alarm, a rule on a subject, as it is now."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(
        description="UUID of the rule and the subject; the same alarm keeps it for ever.",
        examples=["5f0c1f2e-7f3b-5d1c-9a55-1f0f9c2f6f11"],
    )
    rule: str = Field(description="Name of the rule.", examples=["temperature-high"])
    subject: str = Field(
        description="Source `site/target[/device]` that the rule watches.",
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


class AlarmList(BaseModel):
    """A page of alarms, latest raised first."""

    items: list[AlarmItem]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")

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
    comment: str = Field(description="What they said.")
    value: float = Field(description="The value that decided.")
    unit: str = Field(description="UCUM unit of the value.")


class TransitionList(BaseModel):
    """The last transitions of an alarm, oldest first."""

    items: list[TransitionItem]

    @classmethod
    def of(cls, transitions: list[Transition]) -> Self:
        """The transitions as they are given."""
        return cls(items=[TransitionItem.model_validate(each) for each in transitions])


class Acknowledgement(BaseModel):
    """A person has seen the alarm and takes it on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"by": "shift-lead-2", "comment": "fan ordered", "seq": 1}},
    )

    by: str = Field(min_length=1, max_length=200, description="Who acknowledges.")
    comment: str = Field(default="", max_length=2000, description="What they have to say.")
    seq: int = Field(ge=1, description="`seq` of the alarm as it was seen.")


def item(alarm: Alarm) -> AlarmItem:
    """The alarm as it is given."""
    return AlarmItem.model_validate(alarm)
