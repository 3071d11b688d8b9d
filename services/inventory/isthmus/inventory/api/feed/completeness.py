"""Up to when everything is in: the route that says it, and what lists and reports state of it."""

from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import Depends, FastAPI, Query, Request
from pydantic import BaseModel, Field

from isthmus.inventory.domain.feed.completeness import Late, Watermark, earliest
from isthmus.inventory.handlers.feed.completeness import Completeness
from isthmus.runtime.access import Viewer, narrowed

INSTANT = "2026-03-01T09:42:00Z"
HEADER = "Isthmus-Complete-Until"
"""Of a file: what `complete_until` is in a document."""
Site = Annotated[str, Query(max_length=63, description="Only of this site.", examples=["hagen"])]
CompleteUntil = Annotated[
    datetime | None,
    Field(
        description="Every read that was due up to then is in, of all sites that this is about; "
        "null where nothing is polled. `/v1/completeness` says what is late.",
        examples=[INSTANT],
    ),
]


async def stated(request: Request, who: Viewer) -> datetime | None:
    """Up to when all is in, of the sites that the caller sees or asks for."""
    completeness: Completeness | None = getattr(request.app.state, "completeness", None)
    if completeness is None:
        return None
    return completeness.until(narrowed(who.sites, request.query_params.get("site")))


Stated = Annotated[datetime | None, Depends(stated)]
"""For a route whose answer counts or reports: it goes into `complete_until`."""


def header(until: datetime | None) -> dict[str, str]:
    """What the answer with a file says of it (RFC 3339); nothing where nothing is polled."""
    return {HEADER: until.astimezone(UTC).isoformat().replace("+00:00", "Z")} if until else {}


class LateOut(BaseModel):
    """A target whose next read should have come."""

    target: str = Field(description="`site/target`.", examples=["hagen/press-plc-1"])
    collector: str = Field(
        description="Who read it last; empty when nobody ever has.", examples=["collector-0"]
    )
    until: datetime = Field(description="When its next read was due.", examples=[INSTANT])

    @classmethod
    def of(cls, late: Late) -> Self:
        """What the API says of a target."""
        return cls(target=late.target, collector=late.collector, until=late.until)


class CollectorMarkOut(BaseModel):
    """One collector of a site: up to when all that it reads there is in."""

    collector: str = Field(
        description="Empty for targets that nobody has read yet.", examples=["collector-0"]
    )
    complete_until: datetime = Field(
        description="Everything of it that was due up to then is in.", examples=[INSTANT]
    )
    targets: int = Field(description="Targets that it read last.", examples=[14])
    late: int = Field(description="How many of them are late.", examples=[0])


class SiteMarkOut(BaseModel):
    """One site: up to when everything that was due there is in."""

    site: str = Field(description="Name of the site.", examples=["hagen"])
    complete_until: datetime = Field(
        description="Every read that was due up to then is in; never later than the newest one.",
        examples=[INSTANT],
    )
    newest_at: datetime | None = Field(
        description="The latest scheduled read that is in; null when there is none yet.",
        examples=["2026-03-01T09:58:30Z"],
    )
    targets: int = Field(description="Targets that are polled, or wanted.", examples=[14])
    late: int = Field(
        description="Targets whose next read was due more than half a minute ago.", examples=[0]
    )
    held_back_by: list[LateOut] = Field(description="The latest of them, at most ten.")
    collectors: list[CollectorMarkOut] = Field(description="By name.")

    @classmethod
    def of(cls, mark: Watermark) -> Self:
        """What the API says of a watermark."""
        return cls(
            site=mark.name,
            complete_until=mark.until,
            newest_at=mark.newest,
            targets=mark.targets,
            late=mark.late,
            held_back_by=[LateOut.of(each) for each in mark.held_back_by],
            collectors=[
                CollectorMarkOut(
                    collector=each.name,
                    complete_until=each.until,
                    targets=each.targets,
                    late=each.late,
                )
                for each in mark.collectors
            ],
        )


class CompletenessOut(BaseModel):
    """Up to when everything is in, of every site that is polled."""

    complete_until: CompleteUntil
    items: list[SiteMarkOut] = Field(description="By site.")


def serve_completeness(http: FastAPI, completeness: Completeness) -> None:
    """Add the route to `http`; what others state is taken from there too."""
    http.state.completeness = completeness

    @http.get(
        "/v1/completeness",
        tags=["history"],
        summary="Up to when everything that was due is in",
        description="A collector says something of each scheduled read of each target, also that "
        "it failed, or that nobody asked because the target is paused, outside its window or on a "
        "do-not-poll list: none of that holds a site back. A target that nothing has come of, "
        "because its collector is away or its reports are on their way, does, until it is removed "
        "or seven days are over. Imports have no schedule and do not count. Ten seconds coarse.",
    )
    async def read(who: Viewer, site: Site = "") -> CompletenessOut:
        marks = completeness.marks(narrowed(who.sites, site))
        return CompletenessOut(
            complete_until=earliest(marks), items=[SiteMarkOut.of(each) for each in marks]
        )
