"""Deliveries and receivers over HTTP: what may be seen, sent again and tried."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.access import sign_in
from tests.notices import START, Memory, a_notice, after, policies

from isthmus.alerting.api.notices.routes import deliveries, receivers
from isthmus.alerting.domain.notices.delivery import (
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    Verdict,
)
from isthmus.alerting.domain.notices.notice import Notice
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.runtime.http import api

FAILED = Attempt(START, Verdict.RETRYABLE, 0.03125, 503, "starting")


@dataclass
class Phone:
    """A receiver that is tried."""

    heard: list[Notice] = field(default_factory=list)

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        self.heard += notices
        return Answer(Verdict.SENT, 200, "thanks")

    async def close(self) -> None:
        pass


class Office:
    """The API on a store in memory."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.phone = Phone()
        self.http = api("alerting", "test")
        self.http.include_router(deliveries(self.memory, lambda: after(60)))
        known = {name: (policy, self.phone) for name, policy in policies("desk").items()}
        self.http.include_router(receivers(known, self.memory, lambda: after(60)))
        sign_in(self.http, "admin@*")
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.http), base_url="http://test"
        )

    async def queue(self, alarm: str = "a1", site: str = "hagen", **more: Any) -> None:
        notice = a_notice(alarm_id=alarm, site=site)
        given = Delivery(notice, "desk", START, START)
        await self.memory.insert([given])
        self.memory.deliveries[given.id] = replace(given, **more)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """One where somebody of all rights is signed in."""
    found = Office()
    async with found.client:
        yield found


async def test_a_delivery_shows_what_was_told_and_each_attempt(office: Office) -> None:
    """Numbers as decimal text."""
    await office.queue(state=DeliveryState.DEAD, tries=1, attempts=(FAILED,))

    page = (await office.client.get("/v1/deliveries")).json()

    (item,) = page["items"]
    assert page["next"] is None
    assert (item["id"], item["state"], item["event"]) == ("a1:1:desk", "dead", "alert")
    assert item["message"] == "Temperature is 85 Cel, above 80 Cel."
    assert item["attempts"] == [
        {
            "at": "2026-03-02T12:00:00Z",
            "verdict": "retryable",
            "status": 503,
            "duration_s": "0.0312",
            "excerpt": "starting",
            "together": 1,
        }
    ]


async def test_a_list_is_read_page_by_page_and_filtered(office: Office) -> None:
    """By receiver, state, alarm and site."""
    for n in range(3):
        await office.queue(f"a{n}", state=DeliveryState.SENT if n else DeliveryState.DEAD)

    first = (await office.client.get("/v1/deliveries", params={"limit": 2})).json()
    rest = (await office.client.get("/v1/deliveries", params={"cursor": first["next"]})).json()

    assert [item["alarm_id"] for item in first["items"] + rest["items"]] == ["a2", "a1", "a0"]
    for query, count in (
        ({"state": "dead"}, 1),
        ({"alarm": "a2"}, 1),
        ({"receiver": "night"}, 0),
        ({"site": "lyon"}, 0),
    ):
        assert (
            len((await office.client.get("/v1/deliveries", params=query)).json()["items"]) == count
        )


async def test_nobody_sees_the_deliveries_of_another_site(office: Office) -> None:
    """Nor may send them again, nor learns that they are there."""
    await office.queue("a1", "hagen", state=DeliveryState.DEAD)
    await office.queue("a2", "lyon", state=DeliveryState.DEAD)
    sign_in(office.http, "engineer@lyon", "viewer@lyon")

    page = (await office.client.get("/v1/deliveries")).json()
    refused = await office.client.post("/v1/deliveries/a1:1:desk/replay")

    assert [item["site"] for item in page["items"]] == ["lyon"]
    assert refused.status_code == 404
    assert office.memory.states()["a1:1:desk"] == "dead"


async def test_what_ended_is_sent_again_by_hand_and_what_waits_is_not(office: Office) -> None:
    """409: it is sent as soon as it can be anyway."""
    await office.queue(state=DeliveryState.DEAD, tries=30, attempts=(FAILED,))

    again = await office.client.post("/v1/deliveries/a1:1:desk/replay")
    twice = await office.client.post("/v1/deliveries/a1:1:desk/replay")
    never = await office.client.post("/v1/deliveries/a9:1:desk/replay")

    assert (again.status_code, again.json()["state"], again.json()["tries"]) == (200, "waiting", 0)
    assert (twice.status_code, never.status_code) == (409, 404)


async def test_an_operator_may_not_send_again(office: Office) -> None:
    """An engineer may."""
    await office.queue(state=DeliveryState.DEAD)
    sign_in(office.http, "operator@*")

    assert (await office.client.post("/v1/deliveries/a1:1:desk/replay")).status_code == 403


async def test_receivers_show_how_they_stand(office: Office) -> None:
    """Also one that nobody tells yet."""
    (before,) = (await office.client.get("/v1/receivers")).json()["items"]
    await office.memory.hold("desk", "one", START, after(90))
    await office.memory.stand("desk", "one", Standing(START, 4, START, after(60), "503 starting"))

    (item,) = (await office.client.get("/v1/receivers")).json()["items"]

    assert before["at"] is None
    assert (item["name"], item["kind"], item["waiting"]) == ("desk", "webhook", 4)
    assert item["spared_until"] == "2026-03-02T12:01:00Z"
    assert item["reason"] == "503 starting"


async def test_a_receiver_is_tried_at_once_and_told_that_it_is_a_test(office: Office) -> None:
    """Who tried it is who is signed in."""
    tried = await office.client.post("/v1/receivers/desk/test", json={"message": "Ring, please."})

    (notice,) = office.phone.heard
    assert (tried.status_code, tried.json()["verdict"], tried.json()["status"]) == (
        200,
        "sent",
        200,
    )
    assert (notice.message, notice.test, notice.by) == ("Ring, please.", True, "mara")
    assert office.memory.deliveries == {}


async def test_a_receiver_is_tried_by_who_answers_for_every_site_only(office: Office) -> None:
    """It hears of all of them."""
    sign_in(office.http, "engineer@hagen")
    refused = await office.client.post("/v1/receivers/desk/test", json={})
    sign_in(office.http, "engineer@*")
    unknown = await office.client.post("/v1/receivers/night/test", json={})
    strange = await office.client.post("/v1/receivers/desk/test", json={"colour": "red"})

    assert [each.status_code for each in (refused, unknown, strange)] == [403, 404, 422]
    assert office.phone.heard == []
