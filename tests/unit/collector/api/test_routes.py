"""What holds for each target, over HTTP."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.name_server import NameServer

from isthmus.collector.api.routes import serve
from isthmus.collector.domain.circuit import CircuitState
from isthmus.collector.domain.envelope import Envelope, Window, Zone
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import DeviceProfile
from isthmus.runtime.http import api

Get = Callable[[str], Any]
WINDOW = Window(("mon", "tue"), "22:00", "06:00", "Europe/Berlin")


@pytest.fixture
def engine(gate: Any, measured: Any, fakes: Any) -> Engine:
    """An engine that owns two targets."""
    engine = Engine(lambda record: None, gate, measured, resolve=NameServer().resolve, polls_max=10)
    profile = DeviceProfile(protocol="fake", envelope=Envelope(gap_s=0.05))
    for target in ("plc-2", "plc-1"):
        origin = Origin(
            Identity("hagen", target), "e/a", "modbus", "m340", f"{target}:502", 2, "me"
        )
        engine.start(origin, fakes.source(profile=profile), 1, Envelope(items_max=20))
    return engine


@pytest.fixture
def get(engine: Engine) -> Get:
    """Asks the API of that engine."""
    http: FastAPI = api("collector", "")
    serve(http, engine.status, engine.statuses)

    async def ask(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=http)
        async with httpx.AsyncClient(transport=transport, base_url="http://c") as client:
            return await client.get(path)

    return lambda path: asyncio.run(ask(path))


def test_every_limit_has_its_value_and_its_level(engine: Engine, get: Get) -> None:
    """Profile, target, zone, site, or the default where nobody says anything."""
    engine.govern(
        [Zone("e", Envelope(gap_s=0.2, windows=(WINDOW,))), Zone("", Envelope(gap_s=0.1))]
    )
    answer = get("/v1/envelopes/hagen/plc-1").json()
    limits = {each["limit"]: (each["value"], each["level"]) for each in answer["limits"]}
    assert limits["gap_s"] == (0.2, "zone e")
    assert limits["items_max"] == (20, "target")
    assert limits["connections_max"] == (1, "default")
    assert answer["windows"] == [
        {"limit": "windows", "value": "mon,tue 22:00-06:00 Europe/Berlin", "level": "zone e"}
    ]
    assert answer["circuit"] == CircuitState.CLOSED
    assert answer["slowed_by"] == 1
    assert answer["rests_until"] is None
    assert answer["next_slot_at"].endswith("Z")
    assert (answer["address"], answer["profile"]) == ("plc-1:502", "m340")


def test_what_holds_a_target_is_said(engine: Engine, get: Get) -> None:
    """State and reason, in the list as for one; the list can be asked for one state only."""
    engine.bound("hagen/plc-2", Envelope(paused=True, reason="overhaul"))
    one = get("/v1/envelopes/hagen/plc-2").json()
    assert (one["state"], one["reason"]) == ("paused", "target: overhaul")
    listed = get("/v1/envelopes").json()["items"]
    assert [(each["target"], each["state"]) for each in listed] == [
        ("plc-1", "polling"),
        ("plc-2", "paused"),
    ]
    paused = get("/v1/envelopes?state=paused").json()["items"]
    assert [each["target"] for each in paused] == ["plc-2"]
    assert get("/v1/envelopes?state=asleep").status_code == 422


def test_the_list_comes_page_by_page(get: Get) -> None:
    """Ten thousand targets are no one answer."""
    first = get("/v1/envelopes?limit=1").json()
    assert [each["target"] for each in first["items"]] == ["plc-1"]
    second = get(f"/v1/envelopes?limit=1&cursor={first['next']}").json()
    assert [each["target"] for each in second["items"]] == ["plc-2"]
    last = get(f"/v1/envelopes?limit=1&cursor={second['next']}").json()
    assert last == {"items": [], "next": None}


def test_a_target_of_another_collector_is_not_here(get: Get) -> None:
    """The problem says where to look."""
    answer = get("/v1/envelopes/hagen/other")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "another collector of the site may own it" in answer.json()["detail"]
