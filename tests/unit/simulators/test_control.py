"""The control endpoint, asked by httpx without a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from isthmus.simulators.control import application
from isthmus.simulators.fleet import Fleet
from isthmus.simulators.simulation import build


@pytest.fixture
async def client(fleet: Fleet, devices: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Nothing listens: only changes that need no socket are made here."""
    simulation = build(fleet, devices, {"modbus": 0, "snmp": 0, "opcua": 0})
    transport = httpx.ASGITransport(application(simulation))
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        yield client
    await simulation.stop()


async def test_it_shows_records_and_truth_of_every_device(
    client: httpx.AsyncClient, fleet: Fleet
) -> None:
    """Records by endpoint, truth by device, events with what they expect."""
    records = (await client.get("/record")).json()
    assert records["hagen/press-plc-1"]["writes"] == 0
    told = (await client.get("/fleet")).json()["devices"]
    assert [device["name"] for device in told] == [device.name for device in fleet.devices]
    assert told[0]["truth"]["class"] == "plc"
    events = (await client.get("/events")).json()
    assert events["value-crosses-limit"]["state"] == "idle"
    assert events["value-crosses-limit"]["expect"]


async def test_a_change_is_made_and_logged(client: httpx.AsyncClient) -> None:
    """What was posted stands in the truth log."""
    answer = await client.post("/devices/atm-1", json={"set": {"firmware": "0157.00"}})
    assert answer.status_code == 200
    (change,) = (await client.get("/truth")).json()
    assert (change["seq"], change["device"], change["after"]) == (1, "atm-1", "0157.00")


async def test_an_event_is_accepted(client: httpx.AsyncClient) -> None:
    """It runs in the background: 202."""
    assert (await client.post("/events/device-goes-silent-and-returns")).status_code == 202
    events = (await client.get("/events")).json()
    assert events["device-goes-silent-and-returns"]["state"] == "running"


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/devices/atm-9", {}, "device 'atm-9' is unknown"),
        ("/devices/atm-1", {"sett": {}}, "sett: Extra inputs are not permitted, got {}"),
        ("/events/fire", {}, "event 'fire' is unknown"),
    ],
)
async def test_a_mistake_is_answered_with_its_reason(
    client: httpx.AsyncClient, path: str, body: dict[str, object], reason: str
) -> None:
    """Status 422 and one line."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json() == {"error": reason}
