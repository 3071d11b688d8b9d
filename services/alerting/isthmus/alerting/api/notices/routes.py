"""Routes of deliveries and receivers: what was told to whom, again, and as a test."""

import time
from collections.abc import Mapping
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Response

from isthmus.alerting.api.notices.models import (
    DeliveryItem,
    DeliveryPage,
    ReceiverItem,
    ReceiverList,
    ReceiverTrialOut,
    Trial,
)
from isthmus.alerting.domain.notices.delivery import DeliveryState, Policy
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.ports.notices import DeliveryStore, Now, Receiver
from isthmus.runtime.access import EVERYWHERE, Engineer, Viewer, narrowed
from isthmus.runtime.http import problem
from isthmus.runtime.pages import INVALID, TAKEN, UNKNOWN, Cursor, Limit

Id = Annotated[str, Path(max_length=300, description="Id of the delivery.")]
Name = Annotated[
    str, Path(max_length=63, description="Name of the receiver.", examples=["control-room"])
]
Receivers = Mapping[str, tuple[Policy, Receiver]]


def deliveries(store: DeliveryStore, now: Now) -> APIRouter:
    """The routes below `/v1/deliveries`."""
    router = APIRouter(prefix="/v1/deliveries", tags=["notifications"])

    @router.get("", summary="What was told to whom, and how it went", responses=INVALID)
    async def listed(
        who: Viewer,
        receiver: Annotated[
            str | None, Query(description="Only for it.", examples=["control-room"])
        ] = None,
        state: Annotated[DeliveryState | None, Query(description="Only in this state.")] = None,
        alarm: Annotated[str | None, Query(description="Only about the alarm of this id.")] = None,
        site: Annotated[
            str | None, Query(description="Only of this site.", examples=["hagen"])
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> DeliveryPage:
        found = await store.page(
            sites=narrowed(who.sites, site),
            receiver=receiver,
            state=state,
            alarm_id=alarm,
            before=cursor,
            limit=limit,
        )
        more = found[-1][0] if len(found) == limit else None
        return DeliveryPage(items=[DeliveryItem.of(each) for _, each in found], next=more)

    @router.post(
        "/{id}/replay",
        summary="Send a delivery again",
        description="The receiver is told with the same key as before, so that it can tell the "
        "repetition from news. 409 while it still waits by itself.",
        response_model=DeliveryItem,
        responses={**UNKNOWN, **TAKEN},
    )
    async def replay(who: Engineer, id: Id) -> DeliveryItem | Response:
        found = await store.find(id)
        if found is None:
            return problem(404, f"no delivery has the id {id[:200]!r}")
        who.check(found.notice.site, "delivery of that id")
        if not await store.replay(id, now()):
            return problem(409, "it waits already, and is sent as soon as it can be")
        again = await store.find(id)
        return DeliveryItem.of(again or found)

    return router


def receivers(known: Receivers, store: DeliveryStore, now: Now) -> APIRouter:
    """The routes below `/v1/receivers`."""
    router = APIRouter(prefix="/v1/receivers", tags=["notifications"])

    @router.get("", summary="Who is told, and how they stand")
    async def listed(who: Viewer) -> ReceiverList:
        stood = await store.stood()
        items = [ReceiverItem.of(policy, stood.get(name)) for name, (policy, _) in known.items()]
        return ReceiverList(items=items)

    @router.post(
        "/{name}/test",
        summary="Tell a receiver that this is a test",
        description="At once, once, and without a delivery; needs engineer of every site, as a "
        "receiver hears of all. Of ServiceNow it makes an incident.",
        response_model=ReceiverTrialOut,
        responses={**UNKNOWN, **INVALID},
    )
    async def test(who: Engineer, name: Name, said: Trial) -> ReceiverTrialOut | Response:
        who.check(EVERYWHERE, "receiver of that name")
        if name not in known:
            return problem(404, f"no receiver has the name {name!r}")
        began_s = time.monotonic()
        answer = await known[name][1].send([_trial(said, who.name, now)], now())
        return ReceiverTrialOut.of(answer, time.monotonic() - began_s)

    return router


def _trial(said: Trial, by: str, now: Now) -> Notice:
    return Notice(
        alarm_id=f"test-{uuid4()}",
        seq=1,
        event=Event.ALERT,
        kind="raised",
        at=now(),
        rule="test",
        subject="isthmus",
        site="test",
        priority="low",
        message=said.message,
        first_action="Nothing has to be done.",
        by=by,
        test=True,
    )
