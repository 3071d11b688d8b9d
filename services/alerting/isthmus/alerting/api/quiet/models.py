"""What the routes of maintenance take and give."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from isthmus.alerting.adapters.quiet.recurrence import TEXT_MAX, checked, time_zones
from isthmus.alerting.api.alarms.models import AlarmItem, item
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.quiet.maintenance import Span, Window
from isthmus.alerting.ports.quiet import Part
from isthmus.runtime.pages import Next, Whole

DURATION_MAX_S = 31 * 86_400
NAMES_MAX = 100
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
SITE = r"^(\*|[a-z0-9][a-z0-9-]{0,62})$"
ID = r"^[a-z0-9][a-z0-9-]{0,62}$"
TEXTS = ("site", "title", "time_zone", "recurrence", "id", "version", "by", "at")
LISTS = ("paths", "classes", "tags", "assets", "rules")
Word = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[list[Word], Field(max_length=NAMES_MAX)]
EXAMPLE: JsonDict = {
    "site": "hagen",
    "title": "Press shop: weekly service",
    "starts": "2026-03-07T06:00:00",
    "time_zone": "Europe/Berlin",
    "duration_s": 14400,
    "recurrence": "FREQ=WEEKLY;BYDAY=SA",
    "paths": ["nordwerk/hagen/press-shop"],
}


class WindowSaid(BaseModel):
    """On what people work, and when; what is not named does not matter."""

    site: str = Field(
        pattern=SITE, description="One site, or `*` for every site.", examples=["hagen"]
    )
    title: str = Field(
        min_length=1,
        max_length=200,
        description="What is done, for who sees an alarm that is held back.",
        examples=["Press shop: weekly service"],
    )
    starts: str = Field(
        description="When the first one begins, by the clock on the wall of `time_zone`.",
        examples=["2026-03-07T06:00:00"],
    )
    time_zone: str = Field(
        default="UTC",
        description="Name in the IANA time zone database.",
        examples=["Europe/Berlin"],
    )
    duration_s: Whole = Field(
        ge=60, le=DURATION_MAX_S, description="How long each lasts.", examples=[14400]
    )
    recurrence: str = Field(
        default="",
        max_length=TEXT_MAX,
        description="RRULE (RFC 5545, 3.3.10), daily or rarer; empty: it occurs once.",
        examples=["FREQ=WEEKLY;BYDAY=SA"],
    )
    paths: Words = Field(
        default=[],
        description="At one of these places of the hierarchy, or below it; empty: wherever.",
        examples=[["nordwerk/hagen/press-shop"]],
    )
    classes: Words = Field(
        default=[], description="Of one of these device classes; empty: any.", examples=[["plc"]]
    )
    tags: Words = Field(
        default=[],
        description="Of assets with at least one of these tags; empty: any.",
        examples=[["press"]],
    )
    assets: Words = Field(
        default=[],
        description="Of these assets, by id or source `site/target[/device]`; empty: any.",
        examples=[["hagen/press-plc-1"]],
    )
    rules: Words = Field(
        default=[], description="Of these rules; empty: any.", examples=[["device-offline"]]
    )


class WindowIn(WindowSaid):
    """A window that somebody stores."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    @field_validator("starts")
    @classmethod
    def _local(cls, text: str) -> str:
        if LOCAL.fullmatch(text):
            datetime.fromisoformat(text)
            return text
        raise ValueError(f"{text[:40]!r}, expected a time without a zone: 2026-03-07T06:00:00")

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name in time_zones():
            return name
        raise ValueError(f"{name[:40]!r}, expected a name such as Europe/Berlin or UTC")

    @field_validator("recurrence")
    @classmethod
    def _rule(cls, text: str, info: ValidationInfo) -> str:
        starts, zone = info.data.get("starts"), info.data.get("time_zone")
        if not text or starts is None or zone is None:
            return text  # what is wrong with those is said already
        return checked(text, datetime.fromisoformat(starts), zone)

    @field_validator("paths")
    @classmethod
    def _paths(cls, paths: list[str]) -> list[str]:
        for path in paths:
            if not all(path.split("/")):
                raise ValueError(f"{path[:80]!r}, expected names with a `/` between them")
        return paths

    def window(self, id: str, version: int = 0, by: str = "", at: datetime | None = None) -> Window:
        """The window that it says."""
        return Window(
            id=id,
            site=self.site,
            title=self.title,
            starts=datetime.fromisoformat(self.starts),
            duration=timedelta(seconds=self.duration_s),
            time_zone=self.time_zone,
            recurrence=self.recurrence,
            paths=tuple(self.paths),
            classes=tuple(self.classes),
            tags=tuple(self.tags),
            assets=tuple(self.assets),
            rules=tuple(self.rules),
            version=version,
            by=by,
            at=at,
        )


class SpanItem(BaseModel):
    """One occurrence of a window."""

    model_config = ConfigDict(from_attributes=True)

    start: datetime = Field(description="When it begins.", examples=["2026-03-07T05:00:00Z"])
    end: datetime = Field(description="When it ends.", examples=["2026-03-07T09:00:00Z"])


class WindowItem(WindowSaid):
    """One window, and who stored it."""

    id: str = Field(description="Its id.", examples=["press-shop-weekly"])
    version: int = Field(description="Grows by one with each time that it is stored.", examples=[2])
    by: str = Field(description="Who stored it.", examples=["engineer-2"])
    at: datetime | None = Field(description="When it was stored.")
    holds: bool = Field(description="Whether it holds alarms back now.")
    next: SpanItem | None = Field(
        description="The occurrence that there is now, or the next one; null when it is over."
    )

    @classmethod
    def of(cls, window: Window, next: Span | None, now: datetime) -> Self:
        """The window as it is given; `next` is the first occurrence that is not over."""
        said: dict[str, Any] = {name: getattr(window, name) for name in TEXTS}
        said |= {name: list(getattr(window, name)) for name in LISTS}
        return cls(
            **said,
            starts=window.starts.isoformat(),
            duration_s=int(window.duration.total_seconds()),
            holds=next is not None and next.covers(now),
            next=SpanItem.model_validate(next) if next else None,
        )


class WindowList(BaseModel):
    """Some windows, by id."""

    items: list[WindowItem]
    next: Next


class Preview(BaseModel):
    """When a window occurs, and what it would hold back now."""

    occurrences: list[SpanItem] = Field(description="Those that are not over, the next first.")
    alarms: list[AlarmItem] = Field(
        description="Alarms that are not normal now, and that it concerns."
    )
    complete: bool = Field(description="Whether these are all of them.")

    @classmethod
    def of(cls, spans: Iterable[Span], alarms: Iterable[Alarm], *, complete: bool) -> Self:
        """What was found, as it is given."""
        return cls(
            occurrences=[SpanItem.model_validate(span) for span in spans],
            alarms=[item(alarm) for alarm in alarms],
            complete=complete,
        )


class BadItem(BaseModel):
    """One alarm that was still bad."""

    model_config = ConfigDict(from_attributes=True)

    alarm_id: str = Field(description="Id of the alarm.")
    rule: str = Field(description="Name of its rule.", examples=["temperature-high"])
    subject: str = Field(description="What the rule watches.", examples=["hagen/press-plc-1"])
    site: str = Field(description="Its site.", examples=["hagen"])
    path: str = Field(description="Its place in the hierarchy.")
    priority: str = Field(description="low, medium, high or critical.", examples=["high"])
    state: str = Field(description="What an operator saw.", examples=["unacknowledged"])
    message: str = Field(description="What is wrong, in one sentence.")
    raised_at: datetime = Field(description="When the condition began.")


class ReportItem(BaseModel):
    """What was still bad when one occurrence of a window was over."""

    start: datetime = Field(description="When it began.")
    end: datetime = Field(description="When it ended.")
    at: datetime = Field(description="When it was looked.")
    count: int = Field(description="How many alarms were still bad.", examples=[2])
    still_bad: list[BadItem] = Field(description="The first of them.")

    @classmethod
    def of(cls, parts: list[Part], sites: frozenset[str] | None) -> Self:
        """The parts of one occurrence, as far as they are of `sites`."""
        bad = [e for part in parts for e in part.still_bad if sites is None or e.site in sites]
        whole = sites is None or all(part.site in sites for part in parts)
        return cls(
            start=parts[0].start,
            end=parts[0].end,
            at=max(part.at for part in parts),
            count=sum(part.count for part in parts) if whole else len(bad),
            still_bad=[BadItem.model_validate(each) for each in bad],
        )


class ReportList(BaseModel):
    """What was still bad after each occurrence, the latest first."""

    items: list[ReportItem]
    next: Next
