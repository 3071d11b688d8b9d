"""Discovery on real parts: a job asks the hosts of a range, a person decides what is polled."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.plant import DEVICES, Plant, controller, plant_on, until

from isthmus.demo.kafka import free_port
from isthmus.simulators.devices import OpcuaDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTS = 14
IDENTIFICATION = "fc2b"
NUMBERS = count(1)


@dataclass
class Range:
    """A network of one test alone, with five controllers."""

    number: int = field(default_factory=lambda: next(NUMBERS))
    devices: dict[str, ModbusServer] = field(default_factory=dict)

    @property
    def network(self) -> str:
        return f"{self.host(0)}/28"

    def host(self, last: int) -> str:
        return f"127.31.{self.number}.{last}"

    def known(self, last: int) -> str:
        """The target that a test makes of a host by hand."""
        return f"known-{self.host(last).replace('.', '-')}"

    def record(self, last: int) -> Any:
        """What a controller itself counted."""
        return self.devices[self.host(last)].record

    def touched(self) -> dict[str, dict[str, int]]:
        """What each device was asked, as it counted itself."""
        return {host: dict(device.record.requests) for host, device in self.devices.items()}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def plant(
    kafka: str, mongodb: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Plant]:
    """A site whose one collector may discover."""
    folder = tmp_path_factory.mktemp("plant")
    credentials = folder / "credentials.yaml"
    credentials.write_text("ro: {community: public}\n")
    async with plant_on(kafka, mongodb, folder) as plant:
        plant.collect("one", port=plant.page, ISTHMUS_CREDENTIALS__FILE=str(credentials))
        yield plant


@pytest_asyncio.fixture(loop_scope="module")
async def hosts(plant: Plant) -> AsyncIterator[Range]:
    """Five controllers in a network of their own."""
    async with AsyncExitStack() as stack:
        made = Range()
        for last in (2, 5, 9, 11, 14):
            server = made.devices[made.host(last)] = await controller(made.host(last), plant.modbus)
            stack.push_async_callback(server.stop)
        yield made


async def test_a_job_finds_what_is_there_and_what_is_approved_is_polled(
    plant: Plant, hosts: Range
) -> None:
    """Targets and what stands on a do-not-poll list are never asked; each other host once."""
    await plant.ask("PUT", f"zones/{plant.name}", {"do_not_poll": [hosts.host(9)]})
    await plant.target(hosts.host(5), envelope={"paused": True, "reason": "stands still"})
    await plant.until_polled(hosts.known(5))
    started = time.monotonic()
    job = await plant.look(hosts.network)
    said = await plant.until(job, lambda job: job["state"] == "finished")
    took_s = time.monotonic() - started

    found = {each["address"]: each for each in said["found"]}
    free = [f"{hosts.host(last)}:{plant.modbus}" for last in (11, 14, 2)]
    assert sorted(found) == free
    assert found[free[0]]["facts"]["VendorName"] == "ABB AB"
    assert {each["verdict"] for each in said["found"]} == {"waiting"}
    assert (said["hosts"], said["done"]) == (HOSTS, HOSTS)
    assert (said["asked"], said["answered"], said["skipped"]) == (12, 3, 2)
    assert took_s > (12 + 3 - 1) / 5 - 1, "faster than it may be"
    assert hosts.record(9).connections_most == hosts.record(5).connections_most == 0
    for last in (2, 11, 14):
        record = hosts.record(last)
        assert dict(record.requests) == {IDENTIFICATION: 1}
        assert (record.connections_most, record.connections, record.writes) == (1, 0, 0)

    how = {"addresses": [free[2]], "profile": "abb-ac800m", "interval_s": 0.5, "path": "a/b"}
    approved = await plant.ask("POST", f"discoveries/{job}/approve", how)
    ignored = await plant.ask("POST", f"discoveries/{job}/ignore", {"addresses": [free[0]]})

    place = hosts.host(2).replace(".", "-")
    assert [each["target"] for each in approved["targets"]] == [f"modbus-{place}-{plant.modbus}"]
    assert [each["verdict"] for each in ignored["items"]] == ["ignored"]
    record = hosts.record(2)
    await until(lambda: _more_than(record.requests, 4), lambda: str(record.requests))
    assert record.connections_most == 1
    verdicts = {each["address"]: each["verdict"] for each in (await plant.state(job))["found"]}
    assert verdicts == dict(zip(free, ("ignored", "waiting", "approved"), strict=True))


async def _more_than(requests: Any, number: int) -> bool:
    return bool(sum(requests.values()) > number)


async def test_a_cancelled_job_asks_nobody_any_more(plant: Plant, hosts: Range) -> None:
    """Within seconds, and it stays so."""
    job = await plant.look(hosts.network, requests_per_s=2)
    await plant.until(job, lambda job: job["found"])
    await plant.ask("DELETE", f"discoveries/{job}")
    await asyncio.sleep(1.5)
    then = hosts.touched()
    await asyncio.sleep(2.5)

    assert hosts.touched() == then
    assert hosts.record(14).connections_most == 0
    said = await plant.state(job)
    assert said["state"] == "cancelled"
    assert said["done"] < HOSTS


async def test_a_pause_of_the_site_holds_a_job_until_it_is_over(plant: Plant, hosts: Range) -> None:
    """Nothing is asked meanwhile; the job says what it waits for, and then goes on."""
    pause = {"envelope": {"paused": True, "reason": "commissioning"}}
    await plant.target(hosts.host(5), interval_s=0.5)
    await plant.until_polled(hosts.known(5))
    await plant.ask("PATCH", f"zones/{plant.name}", pause)
    await plant.until_polled(hosts.known(5), "paused")
    job = await plant.look(hosts.network)
    said = await plant.until(job, lambda job: job["reason"])
    then = hosts.touched()
    await asyncio.sleep(2)
    assert "commissioning" in said["reason"]
    assert hosts.touched() == then
    assert [host for host, requests in then.items() if requests] in ([], [hosts.host(5)])

    await plant.ask("PATCH", f"zones/{plant.name}", {"envelope": {"paused": False}})

    said = await plant.until(job, lambda job: job["state"] == "finished")
    assert said["answered"] == 4


async def test_each_protocol_has_its_own_question(plant: Plant) -> None:
    """OPC UA GetEndpoints, Modbus basic identification, SNMP one GET; then nothing more."""
    own = Range()
    opcua_port, snmp_port = free_port(), free_port()
    model = DEVICES.read("opcua/siemens-s7-1500", OpcuaDevice)
    server = OpcuaServer(own.host(2), opcua_port, model, model.state({"serial": "E1"}, "t"), {})
    plc = await controller(own.host(3), plant.modbus)
    switch = DEVICES.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "n1", "mac": "00:1b:0c:3a:10:01", "engine_id": "80001f8804abcdef"}
    agent = SnmpAgent(switch, switch.state(given, "n1"), "public")
    socket = SnmpSocket(own.host(4), snmp_port, [agent])
    await server.start()
    await socket.start()
    protocols = [
        {"protocol": "snmp", "ports": [snmp_port], "credential": "ro"},
        {"protocol": "modbus", "ports": [plant.modbus]},
        {"protocol": "opcua", "ports": [opcua_port]},
    ]
    job = await plant.look(f"{own.host(0)}/29", protocols=protocols)
    said = await plant.until(job, lambda job: job["state"] == "finished")
    approved = await plant.ask(
        "POST", f"discoveries/{job}/approve", {"interval_s": 5, "path": "a/b"}
    )

    facts = {each["address"]: each["facts"] for each in said["found"]}
    assert facts[f"{own.host(2)}:{opcua_port}"]["ProductUri"]
    assert facts[f"{own.host(3)}:{plant.modbus}"]["VendorName"] == "ABB AB"
    assert facts[f"{own.host(4)}:{snmp_port}"]["sysName"] == "n1"
    assert len(facts) == 3
    assert len(approved["targets"]) == 3
    assert {each["profile"] for each in approved["targets"]} == {"auto"}
    for each in (server, plc, socket):
        await each.stop()


async def test_a_job_goes_on_after_its_collector_was_killed(plant: Plant, hosts: Range) -> None:
    """The next one does not begin again: what the first had said is done is not asked again."""
    plant = await plant.another()
    first = plant.collect("first")
    job = await plant.look(hosts.network, requests_per_s=2)
    await plant.until(job, lambda job: job["collector"] == "first" and job["done"] >= 3)
    first.kill()
    plant.collect("second")
    said = await plant.until(job, lambda job: job["collector"] == "second")
    assert said["done"] >= 3
    said = await plant.until(job, lambda job: job["answered"] >= 2)
    await plant.ask("DELETE", f"discoveries/{job}")

    assert hosts.touched()[hosts.host(2)] == {IDENTIFICATION: 1}
    assert hosts.record(5).connections_most == 1


async def test_a_collector_that_may_not_discover_leaves_jobs_alone(
    plant: Plant, hosts: Range
) -> None:
    """Off by default; beside one that may, it polls its targets and no more."""
    plant = await plant.another()
    await plant.target(hosts.host(5), interval_s=0.5)
    plant.collect("polls-only", discovery="false")
    job = await plant.look(hosts.network)
    record = hosts.record(5)
    await until(lambda: _more_than(record.requests, 4), lambda: str(record.requests))
    assert (await plant.state(job))["state"] == "waiting"
    plant.collect("discovers")

    said = await plant.until(job, lambda job: job["state"] == "finished")

    assert (said["collector"], said["answered"]) == ("discovers", 4)
    assert record.connections_most == 1
