"""The routing file: who is told of what, when, and how; strict, each mistake with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from isthmus.alerting.adapters.notices.alertmanager import Alertmanager, AlertmanagerPart
from isthmus.alerting.adapters.notices.documents import Document, Mistakes
from isthmus.alerting.adapters.notices.secrets import Part
from isthmus.alerting.adapters.notices.servicenow import ServiceNow, ServiceNowPart
from isthmus.alerting.adapters.notices.smtp import Email, EmailPart
from isthmus.alerting.adapters.notices.webhook import Webhook, WebhookPart
from isthmus.alerting.domain.notices import wording
from isthmus.alerting.domain.notices.calendar import Calendar, Shift
from isthmus.alerting.domain.notices.delivery import Policy
from isthmus.alerting.domain.notices.routing import Match, Route, Step

NAME = r"^[a-z][a-z0-9-]{0,62}$"
ALERTMANAGER_BATCH_MAX = 500


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(
            f"{name[:60]!r}, expected a zone of the IANA database, Europe/Berlin"
        ) from None
    return name


def _link(template: str) -> str:
    wording.named(template)
    if not template.startswith(("https://", "http://")):
        raise ValueError(f"{template[:60]!r}, expected http(s)://…")
    return template


Name = Annotated[str, Field(pattern=NAME)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
Words = list[Annotated[str, Field(min_length=1)]]


class ShiftPart(Part):
    """A part of a day; one that ends before it begins ends on the next day."""

    begin: Clock
    """Time of day, in quotes: "22:00"."""
    end: Clock
    """Time of day, in quotes: "06:00"."""


class CalendarPart(Part):
    """When somebody is there."""

    time_zone: Annotated[str, AfterValidator(_zone)]
    """Zone of the IANA database."""
    weekdays: list[Day] = Field(default=list(DAYS))
    """Days on which the shifts begin."""
    shifts: list[ShiftPart] = Field(default=[ShiftPart(begin="00:00", end="00:00")], min_length=1)
    """Parts of the day; all of it by default."""
    open_on: list[date] = Field(default=[])
    """Further dates, whatever their weekday."""
    closed_on: list[date] = Field(default=[])
    """Dates on which nobody is there: holidays."""

    def calendar(self) -> Calendar:
        """The domain's word for it."""
        return Calendar(
            zone=ZoneInfo(self.time_zone),
            shifts=tuple(
                Shift(time.fromisoformat(each.begin), time.fromisoformat(each.end))
                for each in self.shifts
            ),
            weekdays=frozenset(DAYS.index(day) for day in self.weekdays),
            open_on=frozenset(self.open_on),
            closed_on=frozenset(self.closed_on),
        )


class MatchPart(Part):
    """What an alarm must be; what is left out is not asked for."""

    sites: Words = Field(default=[])
    """Names of sites."""
    paths: Words = Field(default=[])
    """Places of the ISA-95 hierarchy, everything below them included."""
    classes: Words = Field(default=[])
    """Classes of assets."""
    priorities: list[Literal["low", "medium", "high", "critical"]] = Field(default=[])
    """ISA-18.2 priorities."""
    rules: Words = Field(default=[])
    """Names of rules."""
    criticalities: Words = Field(default=[])
    """Criticalities of assets."""
    during: Name | None = None
    """Name of a calendar: only in its shifts."""

    def match(self, calendars: Mapping[str, Calendar]) -> Match:
        """The domain's word for it."""
        return Match(
            sites=frozenset(self.sites),
            paths=tuple(path.strip("/") for path in self.paths),
            classes=frozenset(self.classes),
            priorities=frozenset(self.priorities),
            rules=frozenset(self.rules),
            criticalities=frozenset(self.criticalities),
            during=calendars[self.during] if self.during else None,
        )


class StepPart(Part):
    """Who else is told of an alarm that nobody acknowledges."""

    after_s: float = Field(gt=0, le=604_800)
    """Seconds from the first notice on."""
    to: list[Name] = Field(min_length=1)
    """Names of receivers."""


class RoutePart(Part):
    """A branch of the tree; what it leaves out is as in the route above."""

    match: MatchPart = MatchPart()
    to: list[Name] | None = None
    """Names of receivers; an empty list tells nobody."""
    escalate: list[StepPart] | None = None
    """Steps of the escalation; an empty list has none."""
    go_on: bool = False
    """Whether the routes after it are looked at, too."""
    routes: list["RoutePart"] = Field(default=[])
    """Routes below; the first that matches decides."""

    def route(self, calendars: Mapping[str, Calendar]) -> Route:
        """The domain's word for it."""
        return Route(
            match=self.match.match(calendars),
            to=None if self.to is None else tuple(self.to),
            escalate=None
            if self.escalate is None
            else tuple(Step(timedelta(seconds=s.after_s), tuple(s.to)) for s in self.escalate),
            go_on=self.go_on,
            routes=tuple(each.route(calendars) for each in self.routes),
        )


class ReceiverPart(Part):
    """Somebody, or something, that is told: one of the kinds, and how much it can take."""

    alertmanager: AlertmanagerPart | None = None
    """All replicas of an Alertmanager."""
    email: EmailPart | None = None
    """A mail server and addresses."""
    servicenow: ServiceNowPart | None = None
    """An instance that keeps incidents."""
    webhook: WebhookPart | None = None
    """A URL that takes signed events."""
    messages_per_min: float = Field(default=60, gt=0, le=60_000)
    """Messages a minute for long; more goes in a digest, or waits."""
    messages_burst: int = Field(default=20, ge=1, le=10_000)
    """Messages at once, after a rest."""
    attempts_max: int = Field(default=30, ge=1, le=1000)
    """Tries until a delivery is given up."""
    concurrency: int = Field(default=4, ge=1, le=32)
    """Messages on the way at the same time."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self._kinds()) != 1:
            raise ValueError(f"expected one of {', '.join(MAKERS)}")
        return self

    def policy(self, name: str) -> Policy:
        """How it is told."""
        (kind,) = self._kinds()
        part: Any = getattr(self, kind)
        common: dict[str, Any] = {
            "messages_per_min": self.messages_per_min,
            "messages_burst": self.messages_burst,
            "attempts_max": self.attempts_max,
            "concurrency": self.concurrency,
        }
        if isinstance(part, AlertmanagerPart):
            common |= {"batch_max": ALERTMANAGER_BATCH_MAX, "gathers": True, "concurrency": 1}
        if isinstance(part, WebhookPart | EmailPart):
            common |= {"batch_max": part.batch_max, "events": frozenset(part.events)}
        if isinstance(part, EmailPart):
            wait = timedelta(seconds=part.group_wait_s)
            common |= {"group_by": tuple(part.group_by), "group_wait": wait}
        return Policy(name, kind, **common)

    def made(self, links: Mapping[str, str]) -> Any:
        """The receiver, ready to be told."""
        (kind,) = self._kinds()
        return MAKERS[kind](getattr(self, kind), links)

    def _kinds(self) -> list[str]:
        return [kind for kind in MAKERS if getattr(self, kind) is not None]


MAKERS: dict[str, Any] = {
    "alertmanager": Alertmanager,
    "email": Email,
    "servicenow": ServiceNow,
    "webhook": Webhook,
}


class NoticesPart(Part):
    """The whole file."""

    links: dict[Name, Annotated[str, AfterValidator(_link)]] = Field(default={})
    """Links that a notice carries, by name; `{alarm_id}` and the like stand for its fields."""
    calendars: dict[Name, CalendarPart] = Field(default={})
    """When somebody is there, by name."""
    receivers: dict[Name, ReceiverPart] = Field(min_length=1)
    """Who is told, by name."""
    route: RoutePart
    """Who is told of what."""


@dataclass(frozen=True)
class Configured:
    """Who is told of what, checked; nothing is connected yet."""

    route: Route
    policies: Mapping[str, Policy]
    parts: Mapping[str, ReceiverPart]
    links: Mapping[str, str]

    def receivers(self) -> dict[str, Any]:
        """The receivers, ready to be told; called in the loop that tells them."""
        return {name: part.made(self.links) for name, part in self.parts.items()}


NOBODY = Configured(Route(), {}, {}, {})
"""Nobody is told of anything."""


def load(file: Path) -> Configured:
    """What `file` says; raises Mistakes with a line for each thing that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistakes([f"{file}: {getattr(error, 'strerror', None) or error}"]) from error
    return parsed(file.name, text)


def parsed(name: str, text: str) -> Configured:
    """What the routing file `name` says in `text`; raises Mistakes."""
    document = Document(name, text)
    part = document.check(NoticesPart)
    if wrong := [document.mistake(place, said) for place, said in _unknown(part)]:
        raise Mistakes(wrong)
    calendars = {name: each.calendar() for name, each in part.calendars.items()}
    return Configured(
        route=part.route.route(calendars),
        policies={name: each.policy(name) for name, each in part.receivers.items()},
        parts=part.receivers,
        links=part.links,
    )


Mistake = tuple[tuple[int | str, ...], str]


def _unknown(part: NoticesPart) -> Iterator[Mistake]:
    """Names that nothing in the file has."""
    for place, route in _routes(part.route, ("route",)):
        wanted = route.match.during
        if wanted and wanted not in part.calendars:
            known = ", ".join(part.calendars) or "none"
            yield (*place, "match", "during"), f"{wanted!r}, expected a calendar: {known}"
        lists = [((*place, "to"), route.to or [])]
        lists += [((*place, "escalate", n, "to"), s.to) for n, s in enumerate(route.escalate or ())]
        for where, names in lists:
            for n, name in enumerate(names):
                if name not in part.receivers:
                    known = ", ".join(part.receivers)
                    yield (*where, n), f"{name!r}, expected a receiver: {known}"


def _routes(
    route: RoutePart, place: tuple[int | str, ...]
) -> Iterator[tuple[tuple[int | str, ...], RoutePart]]:
    yield place, route
    for number, below in enumerate(route.routes):
        yield from _routes(below, (*place, "routes", number))
