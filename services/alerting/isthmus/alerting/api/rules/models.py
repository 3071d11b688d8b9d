"""What the routes of rules take and give."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from isthmus.alerting.adapters.rules.cases import AssetPart, ReportPart
from isthmus.alerting.adapters.rules.parts import RulePart
from isthmus.alerting.domain.rules.trial import Told
from isthmus.alerting.ports.rules import RuleVersion
from isthmus.runtime.pages import Next

TRIED_MAX = 1000


class RuleItem(BaseModel):
    """One rule, and who has changed it."""

    rule: RulePart
    origin: Literal["shipped", "stored"] = Field(
        description="As it comes with the product or its folder, or as somebody has stored it."
    )
    version: int = Field(
        description="Grows by one with each time that it is stored or deleted.", examples=[3]
    )
    by: str = Field(description="Who stored it; empty for a shipped one.", examples=["engineer-2"])
    at: datetime | None = Field(description="When; null for a shipped one.")


class RuleList(BaseModel):
    """Some rules, by name."""

    items: list[RuleItem]
    next: Next


class ExplainedItem(RuleItem):
    """The same, with what it is in words."""

    explanation: dict[str, str] = Field(
        description="What it watches, when it is raised, what it says.",
        examples=[{"for": "ups", "watches": "battery_charge", "raised after": "0 s"}],
    )


class VersionItem(BaseModel):
    """What somebody has stored under the name of a rule."""

    version: int = Field(examples=[3])
    rule: RulePart | None = Field(description="Null when it was deleted.")
    deleted: bool
    by: str = Field(examples=["engineer-2"])
    at: datetime

    @classmethod
    def of(cls, version: RuleVersion) -> Self:
        """The version as it is given."""
        body = RulePart.model_validate_json(version.body) if version.body else None
        return cls(
            version=version.version,
            rule=body,
            deleted=version.deleted,
            by=version.by,
            at=version.at,
        )


class VersionList(BaseModel):
    """The versions of a rule, oldest first, as far as they are kept."""

    items: list[VersionItem]


class TrialIn(BaseModel):
    """A rule on trial: what it would make of reports and assets."""

    model_config = ConfigDict(extra="forbid")

    rule: RulePart
    asset_class: str = Field(
        default="", description="Device class of the reports that say none.", examples=["ups"]
    )
    start: datetime = Field(
        description="The moment of `at_s: 0`.", examples=["2026-01-01T00:00:00Z"]
    )
    reports: list[ReportPart] = Field(default=[], max_length=TRIED_MAX)
    assets: list[AssetPart] = Field(default=[], max_length=TRIED_MAX)
    until_s: float | None = Field(
        default=None, description="How long time passes after the last of them.", examples=[60]
    )


class TrialTransition(BaseModel):
    """One transition that the rule would make."""

    at: datetime
    subject: str = Field(examples=["hagen/ups-1"])
    kind: str = Field(examples=["raised"])
    state: str = Field(examples=["unacknowledged"])
    level: str = Field(description="Empty for a rule without levels.", examples=["hi"])
    priority: str = Field(examples=["high"])
    message: str = Field(examples=["The battery of hagen/ups-1 is down to 29 %"])

    @classmethod
    def of(cls, told: Told) -> Self:
        """The transition as it is given."""
        step = told.transition
        return cls(
            at=step.at,
            subject=told.alarm.subject,
            kind=step.kind.value,
            state=step.state.value,
            level=step.level,
            priority=step.priority,
            message=step.message,
        )


class RuleTrialOut(BaseModel):
    """What the rule made of it."""

    transitions: list[TrialTransition]
    failed: list[str] = Field(
        description="Why its expression could not be judged, where it could not."
    )
