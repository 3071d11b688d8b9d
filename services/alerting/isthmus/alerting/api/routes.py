"""Routes of the HTTP interface: look at alarms, acknowledge one."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from isthmus.alerting.api.models import (
    Acknowledgement,
    AlarmItem,
    AlarmList,
    TransitionList,
    item,
)
from isthmus.alerting.domain.alarm import Acknowledge, Alarm, State
from isthmus.alerting.handlers.ledger import Ledger
from isthmus.alerting.handlers.partitions import Now
from isthmus.alerting.ports import AlarmStore
from isthmus.runtime.http import Problem, problem

Id = Annotated[str, Path(description="Id of the alarm.")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 503: {"model": Problem}}


def routes(store: AlarmStore, ledger: Ledger, now: Now) -> APIRouter:
    """The routes under `/v1/alarms`."""
    router = APIRouter(prefix="/v1/alarms", tags=["alarms"])

    @router.get(
        "",
        summary="Alarms, latest raised first",
        response_model=AlarmList,
        responses={503: {"model": Problem}},
    )
    async def alarms(
        site: Annotated[str | None, Query(description="Only of this site.")] = None,
        state: Annotated[State | None, Query(description="Only in this state.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="Most alarms on a page.")] = 100,
        cursor: Annotated[str, Query(description="`next` of the page before.")] = "",
    ) -> Any:
        try:
            after = _place(cursor) if cursor else None
        except ValueError:
            return problem(422, f"cursor: {cursor[:80]!r}, expected `next` of a page")
        page = await store.page(site, state and state.value, limit, after)
        return AlarmList.of(page, _cursor(*page.after) if page.after else None)

    @router.get(
        "/{id}/transitions",
        summary="What happened to an alarm",
        response_model=TransitionList,
        responses=NOT_FOUND,
    )
    async def transitions(id: Id) -> Any:
        found = await store.transitions(id)
        return _missing(id) if found is None else TransitionList.of(found)

    @router.post(
        "/{id}/acknowledge",
        summary="Say that a person has seen an alarm and takes it on",
        response_model=AlarmItem,
        responses={**NOT_FOUND, 409: {"model": Problem}},
    )
    async def acknowledge(id: Id, body: Acknowledgement) -> Any:
        act = Acknowledge(_milliseconds(now()), body.by, body.comment, body.seq)
        outcome = await ledger.acknowledge(id, act)
        if outcome is None:
            return _missing(id)
        alarm, done = outcome
        return item(alarm) if done else _conflict(alarm, body.seq)

    return router


def _conflict(alarm: Alarm, seq: int) -> JSONResponse:
    if alarm.seq != seq:
        return problem(409, f"seq: {seq}, but the alarm is at {alarm.seq}: look at it again")
    return problem(409, f"nothing to acknowledge: the alarm is {alarm.state.value}")


def _missing(id: str) -> JSONResponse:
    return problem(404, f"no alarm has the id {id[:80]!r}")


def _cursor(at: datetime, id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{id}".encode()).decode()


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, id = base64.urlsafe_b64decode(cursor).decode().partition("|")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError from error
    place = datetime.fromisoformat(at)
    if place.tzinfo is None or not id:
        raise ValueError
    return place, id


def _milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
