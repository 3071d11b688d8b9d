"""Discovery on real parts: a job asks the hosts of a range, a person decides what is polled."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.integration.plant import DEVICES, Plant, controller, plant_on, until

from isthmus.demo.kafka import free_port
from isthmus.simulators.devices import OpcuaDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

RANGE = "127.31.0.0/28"
HOSTS = 14
IDENTIFICATION = "fc2b"
Devices = dict[str, ModbusServer]


@pytest.fixture
async def plant(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Plant]:
    """A site of the test's own."""
    async with plant_on(kafka, mongodb, tmp_path) as plant:
        yield plant


@pytest.fixture
async def devices(plant: Plant) -> AsyncIterator[Devices]:
    """Five controllers in the range."""
    async with AsyncExitStack() as stack:
        servers: Devices = {}
        for host in (f"127.31.0.{last}" for last in (2, 5, 9, 11, 14)):
            servers[host] = await controller(host, plant.modbus)
            stack.push_async_callback(servers[host].stop)
        yield servers


def touched(devices: Devices) -> dict[str, dict[str, int]]:
    """What each device was asked, as it counted itself."""
    return {host: dict(device.record.requests) for host, device in devices.items()}


async def test_a_job_finds_what_is_there_and_what_is_approved_is_polled(
    plant: Plant, devices: Devices
) -> None:
    """Targets and what stands on a do-not-poll list are never asked; each other host once."""
    forbidden, known = devices["127.31.0.9"], devices["127.31.0.5"]
    await plant.ask("PUT", f"zones/{plant.name}", {"do_not_poll": ["127.31.0.9"]})
    await plant.target("127.31.0.5", envelope={"paused": True, "reason": "stands still"})
    plant.collect("one")
    started = time.monotonic()
    job = await plant.look(RANGE)
    said = await plant.until(job, lambda job: job["state"] == "finished")
    took_s = time.monotonic() - started

    found = {each["address"]: each for each in said["found"]}
    free = [f"127.31.0.{last}:{plant.modbus}" for last in (11, 14, 2)]
    assert sorted(found) == free
    assert found[free[0]]["facts"]["VendorName"] == "ABB AB"
    assert {each["verdict"] for each in said["found"]} == {"waiting"}
    assert (said["hosts"], said["done"]) == (HOSTS, HOSTS)
    assert (said["asked"], said["answered"], said["skipped"]) == (12, 3, 2)
    assert took_s > (12 + 3 - 1) / 5 - 1, "faster than it may be"
    assert forbidden.record.connections_most == known.record.connections_most == 0
    for host in ("127.31.0.2", "127.31.0.11", "127.31.0.14"):
        record = devices[host].record
        assert dict(record.requests) == {IDENTIFICATION: 1}
        assert (record.connections_most, record.connections, record.writes) == (1, 0, 0)

    how = {"addresses": [free[2]], "profile": "abb-ac800m", "interval_s": 0.5, "path": "a/b"}
    approved = await plant.ask("POST", f"discoveries/{job}/approve", how)
    ignored = await plant.ask("POST", f"discoveries/{job}/ignore", {"addresses": [free[0]]})

    assert [each["target"] for each in approved["targets"]] == [f"modbus-127-31-0-2-{plant.modbus}"]
    assert [each["verdict"] for each in ignored["items"]] == ["ignored"]
    record = devices["127.31.0.2"].record
    await until(lambda: _more_than(record.requests, 4), lambda: str(record.requests))
    assert record.connections_most == 1
    verdicts = {each["address"]: each["verdict"] for each in (await plant.state(job))["found"]}
    assert verdicts == dict(zip(free, ("ignored", "waiting", "approved"), strict=True))


async def _more_than(requests: Any, number: int) -> bool:
    return bool(sum(requests.values()) > number)


async def test_a_cancelled_job_asks_nobody_any_more(plant: Plant, devices: Devices) -> None:
    """Within seconds, and it stays so."""
    plant.collect("one")
    job = await plant.look(RANGE, requests_per_s=2)
    await plant.until(job, lambda job: job["found"])
    await plant.ask("DELETE", f"discoveries/{job}")
    await asyncio.sleep(2)
    then = touched(devices)
    await asyncio.sleep(4)

    assert touched(devices) == then
    assert devices["127.31.0.14"].record.connections_most == 0
    said = await plant.state(job)
    assert said["state"] == "cancelled"
    assert said["done"] < HOSTS


async def test_a_pause_of_the_site_holds_a_job_until_it_is_over(
    plant: Plant, devices: Devices
) -> None:
    """Nothing is asked meanwhile; the job says what it waits for, and then goes on."""
    pause = {"envelope": {"paused": True, "reason": "commissioning"}}
    await plant.ask("PATCH", f"zones/{plant.name}", pause)
    plant.collect("one")
    job = await plant.look(RANGE)
    said = await plant.until(job, lambda job: job["reason"])
    await asyncio.sleep(2)
    assert "commissioning" in said["reason"]
    assert not any(touched(devices).values())

    await plant.ask("PATCH", f"zones/{plant.name}", {"envelope": {"paused": False}})

    said = await plant.until(job, lambda job: job["state"] == "finished")
    assert said["answered"] == 5


async def test_a_job_goes_on_after_its_collector_was_killed(plant: Plant, devices: Devices) -> None:
    """The next one does not begin again: what the first had said is done is not asked again."""
    first = plant.collect("first")
    job = await plant.look(RANGE, requests_per_s=0.5)
    await plant.until(job, lambda job: job["collector"] == "first" and job["done"] >= 3)
    first.kill()
    plant.collect("second")
    said = await plant.until(job, lambda job: job["collector"] == "second")
    assert said["done"] >= 3
    said = await plant.until(job, lambda job: job["answered"] >= 2)
    await plant.ask("DELETE", f"discoveries/{job}")

    assert touched(devices)["127.31.0.2"] == {IDENTIFICATION: 1}
    assert devices["127.31.0.5"].record.connections_most == 1


async def test_a_collector_that_may_not_discover_leaves_jobs_alone(
    plant: Plant, devices: Devices
) -> None:
    """Off by default; beside one that may, it polls its targets and no more."""
    await plant.target("127.31.0.5", interval_s=0.5)
    plant.collect("polls-only", discovery="false")
    job = await plant.look(RANGE)
    record = devices["127.31.0.5"].record
    await until(lambda: _more_than(record.requests, 2), lambda: str(record.requests))
    await asyncio.sleep(2)
    assert (await plant.state(job))["state"] == "waiting"
    plant.collect("discovers")

    said = await plant.until(job, lambda job: job["state"] == "finished")

    assert (said["collector"], said["answered"]) == ("discovers", 4)
    assert record.connections_most == 1


async def test_each_protocol_has_its_own_question(plant: Plant, tmp_path: Path) -> None:
    """OPC UA GetEndpoints, Modbus basic identification, SNMP one GET; then nothing more."""
    opcua_port, snmp_port = free_port(), free_port()
    model = DEVICES.read("opcua/siemens-s7-1500", OpcuaDevice)
    server = OpcuaServer("127.31.0.2", opcua_port, model, model.state({"serial": "E1"}, "t"), {})
    plc = await controller("127.31.0.3", plant.modbus)
    switch = DEVICES.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "engine_id": "80001f8804abcdef"}
    agent = SnmpAgent(switch, switch.state(given, "n1"), "public")
    socket = SnmpSocket("127.31.0.4", snmp_port, [agent])
    await server.start()
    await socket.start()
    credentials = tmp_path / "credentials.yaml"
    credentials.write_text("ro: {community: public}\n")
    plant.collect("one", ISTHMUS_CREDENTIALS__FILE=str(credentials))
    protocols = [
        {"protocol": "snmp", "ports": [snmp_port], "credential": "ro"},
        {"protocol": "modbus", "ports": [plant.modbus]},
        {"protocol": "opcua", "ports": [opcua_port]},
    ]
    job = await plant.look("127.31.0.0/29", protocols=protocols)
    said = await plant.until(job, lambda job: job["state"] == "finished")
    approved = await plant.ask(
        "POST", f"discoveries/{job}/approve", {"interval_s": 5, "path": "a/b"}
    )

    facts = {each["address"]: each["facts"] for each in said["found"]}
    assert facts[f"127.31.0.2:{opcua_port}"]["ProductUri"]
    assert facts[f"127.31.0.3:{plant.modbus}"]["VendorName"] == "ABB AB"
    assert facts[f"127.31.0.4:{snmp_port}"]["sysName"] == "n1"
    assert len(facts) == 3
    assert len(approved["targets"]) == 3
    assert {each["profile"] for each in approved["targets"]} == {"auto"}
    for each in (server, plc, socket):
        await each.stop()
