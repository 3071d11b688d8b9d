"""The route of the figures of ISA-18.2."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from isthmus.alerting.api.alarms.routes import Site
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.quiet.kpis import (
    SHARES,
    Figures,
    Now,
    Slot,
    figures,
    share,
    slot_of,
)
from isthmus.alerting.handlers.alarms.partitions import Now as Clock
from isthmus.alerting.ports.alarms import AlarmStore
from isthmus.alerting.ports.quiet import SlotStore
from isthmus.runtime.access import Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, Instant

PERIOD = timedelta(days=1)
PERIOD_MAX = timedelta(days=31)
SLOTS_MAX = 20_000
NOTHING = Now()
Decimal = Annotated[str, Field(examples=["1.4"])]
Standing = Callable[[], Mapping[str, Now]]


class PriorityItem(BaseModel):
    """How many annunciations had one priority."""

    priority: str = Field(description="`high` counts what is critical too.", examples=["low"])
    count: int
    share_percent: Decimal = Field(description="Of all annunciations.")
    target_percent: Decimal = Field(description="What it should be, about.")


class BusyItem(BaseModel):
    """An alarm that called often."""

    alarm_id: str
    rule: str = Field(description="Empty when the alarm is forgotten.")
    subject: str = Field(description="Empty when the alarm is forgotten.")
    count: int
    share_percent: Decimal = Field(description="Of all annunciations of the site.")


class ChatterItem(BaseModel):
    """An alarm that was raised three times within a minute."""

    alarm_id: str
    rule: str = Field(description="Empty when the alarm is forgotten.")
    subject: str = Field(description="Empty when the alarm is forgotten.")
    count: int = Field(description="How often.")
    proposal: Literal["shelve"] = Field(
        default="shelve",
        description="Shelve it, and give its rule a deadband or an off-delay. Nobody does so "
        "unasked.",
    )


class SiteItem(BaseModel):
    """The figures of one site."""

    site: str = Field(examples=["hagen"])
    annunciated: int = Field(description="How often a person was called.")
    held: int = Field(description="How often nobody was, because something held the alarm back.")
    per_10_min: Decimal = Field(description="Annunciations, on average; about 1 is acceptable.")
    busiest_10_min: int = Field(description="Annunciations in the busiest ten minutes.")
    per_operator_hour: Decimal = Field(description="Annunciations, on average; 6 is acceptable.")
    flood_percent: Decimal = Field(
        description="Of the time, with more than 10 in ten minutes; below 1 is the target."
    )
    priorities: list[PriorityItem] = Field(description="About 80, 15 and 5 per cent is the target.")
    top: list[BusyItem] = Field(description="The ten busiest alarms.")
    top_percent: Decimal = Field(description="Of all annunciations; below 5 is the target.")
    chattering: list[ChatterItem] = Field(description="None is the target.")
    acknowledged: int
    mean_time_to_acknowledge_s: Decimal | None = Field(description="Null when none was.")
    within_10_min_percent: Decimal | None = Field(
        description="Of what was acknowledged, what was within ten minutes; null when none was."
    )
    stale: int = Field(description="Alarms that last for more than a day, now; below 5.")
    stale_since: datetime | None = Field(description="Since when the oldest of them lasts.")
    shelved: int = Field(description="Alarms that are shelved now.")
    shelved_since: datetime | None = Field(description="Since when the oldest of them is.")

    @classmethod
    def of(cls, found: Figures, now: Now, operators: int, names: Mapping[str, Alarm]) -> Self:
        """The figures as they are given."""
        return cls(
            site=found.site,
            annunciated=found.annunciated,
            held=found.held,
            per_10_min=_shown(found.per_slot, 2),
            busiest_10_min=found.most,
            per_operator_hour=_shown(found.per_operator_hour(operators), 2),
            flood_percent=_shown(found.flooded_share, 2),
            priorities=[_priority(found, priority) for priority in SHARES],
            top=[
                BusyItem(**_named(names, id, n), share_percent=_shown(share(n, found.annunciated)))
                for id, n in found.top
            ],
            top_percent=_shown(found.top_share),
            chattering=[ChatterItem(**_named(names, id, n)) for id, n in found.chattering],
            acknowledged=found.acknowledged,
            mean_time_to_acknowledge_s=_per(found.waited_s, found.acknowledged),
            within_10_min_percent=_per(100.0 * found.seen_soon, found.acknowledged),
            stale=now.stale,
            stale_since=now.stale_since,
            shelved=now.shelved,
            shelved_since=now.shelved_since,
        )


class Kpis(BaseModel):
    """The figures of each site where something was counted, or stands."""

    since: datetime = Field(alias="from", description="Beginning of the first ten minutes.")
    until: datetime = Field(alias="to", description="End of the period.")
    operators: int
    items: list[SiteItem] = Field(description="By site.")


def serve_kpis(
    http: FastAPI, slots: SlotStore, alarms: AlarmStore, standing: Standing, now: Clock
) -> None:
    """Add the route to `http`."""

    @http.get(
        "/v1/kpis",
        tags=["kpis"],
        summary="How much the alarms ask of people (ISA-18.2)",
        description="Counted by site and ten minutes, as it happens; what is stale and shelved is "
        "as it is now. At most 31 days; without `from`, the last day.",
        response_model=Kpis,
        responses=INVALID,
    )
    async def kpis(
        who: Viewer,
        site: Site = None,
        since: Annotated[
            Instant | None, Query(alias="from", description="Beginning of the period.")
        ] = None,
        until: Annotated[Instant | None, Query(alias="to", description="Its end; now.")] = None,
        operators: Annotated[
            int, Query(ge=1, le=1000, description="Operators who share the alarms of a site.")
        ] = 1,
    ) -> Any:
        until = until or now()
        first = slot_of(since or until - PERIOD)
        if not first < until <= first + PERIOD_MAX:
            at_fault = {"field": "from", "reason": "expected before `to`, and at most 31 days"}
            return problem(422, "the request is not valid", [at_fault])
        sites = narrowed(who.sites, site)
        found = await slots.between(sites, first, until, SLOTS_MAX)
        if len(found) == SLOTS_MAX:
            return problem(422, "too much was counted for one answer: ask for one site, or less")
        counted = _by_site(found)
        stands = {s: n for s, n in standing().items() if sites is None or s in sites}
        made = [
            figures(name, counted.get(name, ()), first, until)
            for name in sorted(counted.keys() | stands.keys())
        ]
        named = {id for each in made for id, _ in (*each.top, *each.chattering)}
        names = await alarms.find(named)
        items = [SiteItem.of(e, stands.get(e.site, NOTHING), operators, names) for e in made]
        return Kpis(**{"from": first, "to": until}, operators=operators, items=items)


def _by_site(slots: list[Slot]) -> dict[str, list[Slot]]:
    found: dict[str, list[Slot]] = {}
    for slot in slots:
        found.setdefault(slot.site, []).append(slot)
    return found


def _priority(found: Figures, priority: str) -> PriorityItem:
    higher = found.priorities.get("critical", 0) if priority == "high" else 0
    return PriorityItem(
        priority=priority,
        count=found.priorities.get(priority, 0) + higher,
        share_percent=_shown(found.priority_share(priority)),
        target_percent=_shown(SHARES[priority]),
    )


def _named(names: Mapping[str, Alarm], id: str, count: int) -> dict[str, Any]:
    alarm = names.get(id)
    said = (alarm.rule, alarm.subject) if alarm else ("", "")
    return {"alarm_id": id, "rule": said[0], "subject": said[1], "count": count}


def _per(total: float, count: int) -> str | None:
    return _shown(total / count) if count else None


def _shown(number: float, places: int = 1) -> str:
    return f"{number:.{places}f}"
