"""Routes that say what became of an observation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, Field

from isthmus.inventory.api.assets.assets import REFUSED, UNKNOWN, ChangeOut
from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.feed.tracing import Looked, Question, Stage, Trace, Traced
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers import clock
from isthmus.inventory.handlers.feed.tracing import Tracing
from isthmus.runtime.access import Viewer

WITHIN_S = 900
WEEK_S = 604_800
"""Longer than that no topic keeps an observation."""
Id = Annotated[
    UUID,
    Path(
        description="Id of the observation: `observation_id` of a report.",
        examples=["0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"],
    ),
]
At = Annotated[
    datetime | None,
    Query(
        description="About when it was (ISO 8601; without a zone, UTC); now if not said.",
        examples=["2026-03-01T06:00:00Z"],
    ),
]
Within = Annotated[
    int,
    Query(
        ge=1,
        le=WEEK_S,
        description="So many seconds before and after `at` are looked through.",
        examples=[WITHIN_S],
    ),
]
SOURCE = r"[^/\x00]+/[^/\x00]+(/[^\x00]+)?"
SAYS = "Who said it, `site/target[/device]`"
Source = Annotated[
    str,
    Query(
        pattern=f"^({SOURCE})?$",
        max_length=500,
        description=f"{SAYS}: a twelfth of the topic is looked through then.",
        examples=["hagen/press-plc-1"],
    ),
]
Of = Annotated[
    str,
    Query(
        pattern=f"^{SOURCE}$",
        max_length=500,
        description=f"{SAYS}.",
        examples=["hagen/press-plc-1"],
    ),
]
BOUNDS = (
    "Nothing is kept to answer this: the topics are looked through from `at - within_s` to "
    "`at + within_s`, at most 200,000 records or ten seconds of each, and `looked` says how far. "
    "What is not found there is 404."
)


class TracedOut(BaseModel):
    """What became of one report of the observation."""

    id: str = Field(
        description="Id of the report.", examples=["5e0c6b1a-3a77-5c0f-9a34-0a4f0f9d7c11"]
    )
    source: str = Field(description="Whose report it is.", examples=["hagen/press-plc-1"])
    stage: Stage = Field(description="How far it has come.", examples=["changed"])
    said: str = Field(
        description="The same in one sentence.", examples=["it changed firmware of its asset"]
    )
    asset_id: str = Field(
        description="Asset that its source describes; empty when there is none.",
        examples=["0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1"],
    )
    changes: list[ChangeOut] = Field(description="What it changed.")

    @classmethod
    def of(cls, traced: Traced) -> Self:
        """What the API says of a report."""
        return cls(
            id=traced.id,
            source=traced.source,
            stage=traced.step.stage,
            said=traced.step.said,
            asset_id=traced.asset_id,
            changes=[ChangeOut.model_validate(change) for change in traced.changes],
        )


class LookedOut(BaseModel):
    """How far a topic was looked through."""

    topic: str = Field(description="Name of the topic.", examples=["collector.observations.v1"])
    since: datetime = Field(description="From then on.", examples=["2026-03-01T05:45:00Z"])
    until: datetime | None = Field(
        description="Before then; null for the end of the topic.", examples=["2026-03-01T06:15:00Z"]
    )
    records: int = Field(description="So many were looked at.", examples=[1824])
    whole: bool = Field(
        description="False when enough was found before its end, or there was too much.",
        examples=[False],
    )

    @classmethod
    def of(cls, looked: Looked) -> Self:
        """What the API says of a topic."""
        return cls(
            topic=looked.topic,
            since=looked.since,
            until=looked.until,
            records=looked.records,
            whole=looked.whole,
        )


class ObservationTraceOut(BaseModel):
    """What became of an observation."""

    id: str = Field(
        description="Id of the observation.", examples=["0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"]
    )
    stage: Stage = Field(
        description="How far it has come; of several reports the worst counts.",
        examples=["changed"],
    )
    said: str = Field(
        description="The same in one sentence.", examples=["it changed firmware of its asset"]
    )
    source: str = Field(description="Whose read it is.", examples=["hagen/press-plc-1"])
    slot_at: datetime | None = Field(
        description="When the read was due; null where the history alone knows of it.",
        examples=["2026-03-01T06:00:00Z"],
    )
    observed_at: datetime | None = Field(
        description="When it was complete; null where the history alone knows of it.",
        examples=["2026-03-01T06:00:00.042Z"],
    )
    collector: str = Field(description="Who read it.", examples=["collector-0"])
    outcome: str = Field(
        description="`ok`, `timeout`, `unreachable`, `garbled`, `unauthorized`, `refused`, "
        "`not_asked`; empty where the history alone knows of it.",
        examples=["ok"],
    )
    error: str = Field(description="Why it is not `ok`.", examples=["nothing answered within 3 s"])
    reports: list[TracedOut] = Field(description="One for each device that it shows.")
    looked: list[LookedOut] = Field(description="Where was looked, in this order.")

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """What the API says of an observation."""
        return cls(
            id=trace.id,
            stage=trace.step.stage,
            said=trace.step.said,
            source=trace.source,
            slot_at=trace.slot_at,
            observed_at=trace.observed_at,
            collector=trace.collector,
            outcome=trace.outcome,
            error=trace.error,
            reports=[TracedOut.of(each) for each in trace.reports],
            looked=[LookedOut.of(each) for each in trace.looked],
        )


def serve_observations(
    http: FastAPI, tracing: Tracing, now: Callable[[], datetime] = clock.now
) -> None:
    """Add the routes to `http`."""
    serve_problems(http)

    @http.get(
        "/v1/observations",
        tags=["history"],
        summary="What became of the last read of a source up to a time",
        description=f"The one with the latest slot that is not after `at`. {BOUNDS}",
        responses={**UNKNOWN, **REFUSED},
    )
    async def of_source(
        who: Viewer, source: Of, at: At = None, within_s: Within = WITHIN_S
    ) -> ObservationTraceOut:
        about = _about(at, now)
        since, until = _window(about, within_s)
        question = Question(since, until, source=source, at=about)
        return ObservationTraceOut.of(await tracing.trace(question, who.sites))

    @http.get(
        "/v1/observations/{id}",
        tags=["history"],
        summary="What became of an observation",
        description="Seen, made into which reports, of which asset, with which changes; or where "
        f"it waits, or was rejected, and why. {BOUNDS}",
        responses={**UNKNOWN, **REFUSED},
    )
    async def of_id(
        who: Viewer, id: Id, source: Source = "", at: At = None, within_s: Within = WITHIN_S
    ) -> ObservationTraceOut:
        since, until = _window(_about(at, now), within_s)
        question = Question(since, until, str(id), source)
        return ObservationTraceOut.of(await tracing.trace(question, who.sites))


def _about(at: datetime | None, now: Callable[[], datetime]) -> datetime:
    if at is None:
        return now()
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _window(about: datetime, within_s: int) -> tuple[datetime, datetime]:
    """The times that are looked through; raises Invalid where there is no calendar any more."""
    try:
        earliest = (about - timedelta(seconds=within_s)).astimezone(UTC)
        latest = (about + timedelta(seconds=within_s)).astimezone(UTC)
    except OverflowError:
        raise Invalid("at", f"{about.isoformat()}, expected a time of this age") from None
    return max(earliest, datetime.fromtimestamp(0, UTC)), max(
        latest, datetime.fromtimestamp(1, UTC)
    )
