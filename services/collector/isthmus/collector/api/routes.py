"""The routes of the collector: what holds for each target that it polls."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated

from fastapi import FastAPI, Path, Query
from fastapi.responses import Response

from isthmus.collector.api.models import EnvelopeOut, StateOut, StatePage
from isthmus.collector.domain.status import Status
from isthmus.collector.domain.touches import PollState
from isthmus.runtime.http import problem
from isthmus.runtime.openapi import documented
from isthmus.runtime.pages import INVALID, UNKNOWN, Cursor, Limit

State = Annotated[PollState | None, Query(description="Only those in this state.")]
Site = Annotated[str, Path(description="Site of the target.", examples=["hagen"])]
Name = Annotated[str, Path(description="Name of the target.", examples=["press-plc-1"])]


def serve(
    http: FastAPI,
    one: Callable[[str], Status | None],
    every: Callable[[str, PollState | None], Iterable[Status]],
) -> None:
    """Add the routes to `http`; `one` takes `site/target`, `every` the name to begin after."""

    @http.get(
        "/v1/envelopes",
        tags=["envelopes"],
        summary="Targets of this collector and their state, page by page",
        responses=INVALID,
    )
    async def listed(state: State = None, limit: Limit = 100, cursor: Cursor = "") -> StatePage:
        items = [StateOut.of(status) for status in islice(every(cursor, state), limit)]
        more = f"{items[-1].site}/{items[-1].target}" if len(items) == limit else None
        return StatePage(items=items, next=more)

    @http.get(
        "/v1/envelopes/{site}/{target}",
        tags=["envelopes"],
        summary="What holds for one target, and why",
        response_model=EnvelopeOut,
        responses=UNKNOWN,
    )
    async def envelope(site: Site, target: Name) -> EnvelopeOut | Response:
        status = one(f"{site}/{target}")
        if status is None:
            owner = "another collector of the site may own it, or it is no target"
            return problem(404, f"this collector does not poll {site}/{target}: {owner}")
        return EnvelopeOut.of(status)

    documented(http)
