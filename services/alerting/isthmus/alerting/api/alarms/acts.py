"""Routes of what people do about alarms."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse, Response

from isthmus.alerting.api.alarms.models import (
    AlarmItem,
    Result,
    Results,
    Seen,
    SeenAlarm,
    Several,
    SeveralShelved,
    Shelving,
    item,
)
from isthmus.alerting.domain.alarms.acts import Refusal
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Act,
    Comment,
    Reset,
    ReturnToService,
    Shelve,
    TakeOutOfService,
    Unshelve,
)
from isthmus.alerting.handlers.alarms.ledger import Acted, Ledger
from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.runtime.access import (
    Engineer,
    Identity,
    Known,
    Operator,
    Principal,
    Refused,
    Role,
)
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, TAKEN, UNKNOWN

Id = Annotated[
    str,
    Path(
        max_length=100,
        description="Id of the alarm.",
        examples=["5f0c1f2e-7f3b-5d1c-9a55-1f0f9c2f6f11"],
    ),
]
TAGS: list[str | Enum] = ["alarms"]
ANSWERS: dict[int | str, dict[str, Any]] = {**UNKNOWN, **TAKEN, **INVALID}
GRAVE = frozenset({"critical"})
"""Priorities of alarms that only an engineer may shelve."""
SAFETY = frozenset({"direct", "indirect"})
"""Safety impacts of assets whose alarms only an engineer may shelve."""
Make = Callable[..., Act]
BY_OPERATORS: Mapping[str, tuple[Make, str]] = {
    "acknowledge": (Acknowledge, "Say that a person has seen an alarm and takes it on"),
    "comment": (Comment, "Say something about an alarm"),
    "reset": (Reset, "Let a latched alarm go, whose condition is over"),
    "unshelve": (Unshelve, "End the shelf of an alarm"),
}
BY_ENGINEERS: Mapping[str, tuple[Make, str]] = {
    "take-out-of-service": (TakeOutOfService, "Take an alarm out of service, with the reason"),
    "return-to-service": (ReturnToService, "Return an alarm to service"),
}


class _Permit:
    """Whether somebody may act, alarm by alarm."""

    def __init__(self, check: Callable[[Alarm], None]) -> None:
        self._check = check
        self.refused: dict[str, Refused] = {}

    def __call__(self, alarm: Alarm) -> Refusal | None:
        try:
            self._check(alarm)
        except Refused as error:
            self.refused[alarm.id] = error
            return Refusal(str(error))
        return None


def serve_acts(http: FastAPI, ledger: Ledger, now: Now) -> None:
    """Add the routes to `http`."""
    desk = _Desk(ledger, now)
    _several(http, desk)
    _shelving(http, desk)
    for name, (make, summary) in BY_OPERATORS.items():
        _for_operators(http, desk, name, make, summary)
    for name, (make, summary) in BY_ENGINEERS.items():
        _for_engineers(http, desk, name, make, summary)


class _Desk:
    """Where acts are taken in: signed, checked, done, answered."""

    def __init__(self, ledger: Ledger, now: Now) -> None:
        self._ledger = ledger
        self._now = now

    async def one(
        self, id: str, body: Seen, who: Principal, make: Make, check: Callable[[Alarm], None]
    ) -> AlarmItem | Response:
        """The alarm after the act, or why it was not done."""
        permit = _Permit(check)
        made = self._made(make, who, body.seq, body)
        outcome = (await self._ledger.act({id: made}, permit)).get(id)
        if id in permit.refused:
            raise permit.refused[id]
        if outcome is None:
            return problem(404, f"no alarm has the id {id[:80]!r}")
        return item(outcome.alarm) if outcome.refused is None else _refused(outcome.refused)

    async def several(
        self, body: Several, who: Principal, make: Make, check: Callable[[Alarm], None]
    ) -> Results | Response:
        """What became of each alarm."""
        seen = {each.id: each for each in body.alarms}
        if len(seen) < len(body.alarms):
            reason = "names an alarm twice, expected each at most once"
            return problem(422, "the request is not valid", [{"field": "alarms", "reason": reason}])
        permit = _Permit(check)
        made = {id: self._made(make, who, each.seq, body) for id, each in seen.items()}
        done = await self._ledger.act(made, permit)
        hidden = {id for id, error in permit.refused.items() if error.status == 404}
        shown = {id: outcome for id, outcome in done.items() if id not in hidden}
        return Results(items=[_result(each, shown) for each in body.alarms])

    def _made(self, make: Make, who: Principal, seq: int, body: Seen | Several) -> Act:
        at = self._now()
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        if isinstance(body, Shelving | SeveralShelved):
            until = at + timedelta(seconds=body.duration_s)
            return Shelve(at, who.name, seq, body.comment, until, body.one_shot)
        return make(at, who.name, seq, body.comment)


def _several(http: FastAPI, desk: _Desk) -> None:
    @http.post(
        "/v1/alarms/acknowledge",
        summary="Acknowledge several alarms; the answer says which were not",
        response_model=Results,
        tags=TAGS,
        responses=INVALID,
    )
    async def acknowledge_several(who: Operator, body: Several) -> Any:
        return await desk.several(body, who, Acknowledge, partial(_may, who))

    @http.post(
        "/v1/alarms/shelve",
        summary="Shelve several alarms; the answer says which were not",
        response_model=Results,
        tags=TAGS,
        responses=INVALID,
    )
    async def shelve_several(who: Operator, known: Known, body: SeveralShelved) -> Any:
        return await desk.several(body, who, Shelve, partial(_may_shelve, who, known))


def _shelving(http: FastAPI, desk: _Desk) -> None:
    @http.post(
        "/v1/alarms/{id}/shelve",
        summary="Hear nothing of an alarm for a while",
        description="Needs a reason. Of an alarm of critical priority, or of an asset that a "
        "safety function depends on, only an engineer may.",
        response_model=AlarmItem,
        tags=TAGS,
        responses=ANSWERS,
    )
    async def shelve(who: Operator, known: Known, id: Id, body: Shelving) -> Any:
        return await desk.one(id, body, who, Shelve, partial(_may_shelve, who, known))


def _for_operators(http: FastAPI, desk: _Desk, name: str, make: Make, summary: str) -> None:
    async def act(who: Operator, id: Id, body: Seen) -> Any:
        return await desk.one(id, body, who, make, partial(_may, who))

    _route(http, name, act, summary)


def _for_engineers(http: FastAPI, desk: _Desk, name: str, make: Make, summary: str) -> None:
    async def act(who: Engineer, id: Id, body: Seen) -> Any:
        return await desk.one(id, body, who, make, partial(_may, who))

    _route(http, name, act, summary)


def _route(http: FastAPI, name: str, act: Callable[..., Any], summary: str) -> None:
    http.add_api_route(
        f"/v1/alarms/{{id}}/{name}",
        act,
        name=name.replace("-", "_"),
        methods=["POST"],
        summary=summary,
        response_model=AlarmItem,
        tags=TAGS,
        responses=ANSWERS,
    )


def _may(who: Principal, alarm: Alarm) -> None:
    who.check(alarm.site, f"alarm {alarm.id!r}")


def _may_shelve(who: Principal, known: Identity, alarm: Alarm) -> None:
    _may(who, alarm)
    if alarm.priority in GRAVE or alarm.safety_impact in SAFETY:
        known.acting(Role.ENGINEER).check(alarm.site, f"alarm {alarm.id!r}")


def _refused(refused: Refusal) -> JSONResponse:
    if not refused.field:
        return problem(409, refused.reason)
    at_fault = {"field": refused.field, "reason": refused.reason}
    return problem(422, f"{refused.field}: {refused.reason}", [at_fault])


def _result(seen: SeenAlarm, done: Mapping[str, Acted]) -> Result:
    if (outcome := done.get(seen.id)) is None:
        reason = f"no alarm has the id {seen.id!r}"
        return Result(id=seen.id, done=False, seq=None, state=None, reason=reason)
    alarm, refused = outcome.alarm, outcome.refused
    reason = f"{refused.field}: {refused.reason}".removeprefix(": ") if refused else ""
    return Result(
        id=alarm.id, done=refused is None, seq=alarm.seq, state=alarm.state, reason=reason
    )
