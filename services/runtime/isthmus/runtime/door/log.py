"""The audit log over HTTP."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from isthmus.runtime.access import EVERYWHERE, Admin
from isthmus.runtime.door.model import AuditLog
from isthmus.runtime.guard import Entry
from isthmus.runtime.pages import INVALID, Cursor, Instant, Limit, Next

Who = Annotated[
    str | None,
    Query(max_length=300, description="Only of this name or identity.", examples=["mara"]),
]
Below = Annotated[
    str | None,
    Query(
        max_length=1000,
        pattern="^/",
        description="Only about this path, or one below it.",
        examples=["/v1/targets/hagen"],
    ),
]
Since = Annotated[
    Instant | None,
    Query(description="Only from then on.", examples=["2026-03-01T00:00:00Z"]),
]
Until = Annotated[
    Instant | None,
    Query(description="Only before then.", examples=["2026-04-01T00:00:00Z"]),
]


class EntryOut(BaseModel):
    """A request that wrote, or was refused."""

    id: str = Field(description="In the order of time.")
    at: datetime = Field(description="When it came.")
    who: str = Field(description="Who asked; empty when nobody could be recognised.")
    identity: str = Field(description="The same, never anybody else's.", examples=["token:3c1f"])
    kind: str = Field(description="`token`, `key`, or `off` when access was off.")
    address: str = Field(description="Address that it came from.", examples=["10.20.0.7"])
    method: str = Field(description="HTTP method.", examples=["PATCH"])
    path: str = Field(description="What it was about.", examples=["/v1/zones/hagen"])
    route: str = Field(description="The route that took it.", examples=["/v1/zones/{zone}"])
    resources: list[str] = Field(description="Ids in the path, and where something was made.")
    request_id: str = Field(description="`X-Request-Id` of the answer.")
    status: int | None = Field(
        description="How it was answered; null when the process ended before it was."
    )
    reason: str = Field(description="Why it was refused.")
    times: int = Field(description="So many tries in a row, counted instead of recorded each.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """What the API says of `entry`."""
        said = {name: getattr(entry, name) for name in cls.model_fields}
        return cls(**{**said, "resources": list(entry.resources)})


class AuditPage(BaseModel):
    """Some entries, the newest first."""

    items: list[EntryOut]
    next: Next


def serve_audit(http: FastAPI, audit: AuditLog) -> None:
    """Add the route of the audit log to `http`."""

    @http.get(
        "/v1/audit",
        tags=["access"],
        summary="Who wrote what, and who was refused",
        description="The newest first; needs admin of every site. A write is recorded before it "
        "is done: an entry without a status was cut short.",
        responses=INVALID,
    )
    async def entries(
        asker: Admin,
        who: Who = None,
        below: Below = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> AuditPage:
        asker.check(EVERYWHERE, "audit log")
        found = await audit.entries(
            who=who, below=below, since=since, until=until, before=cursor, limit=limit
        )
        more = found[-1].id if len(found) == limit else None
        return AuditPage(items=[EntryOut.of(each) for each in found], next=more)
