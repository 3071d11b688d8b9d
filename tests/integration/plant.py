"""A site with an inventory and collectors of its own, as processes, for tests on real parts."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import AsyncMongoClient

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit

DEVICES = Library(folder=Path(__file__).parents[2] / "simulators" / "devices")
ALWAYS = {"start": "00:00", "end": "00:00", "time_zone": "Europe/Berlin"}
LATE_S = 60


@dataclass
class Plant:
    """A site with its collectors, and an inventory with a database of its own."""

    kafka: str
    uri: str
    folder: Path
    processes: ExitStack
    database: str = field(default_factory=lambda: f"d-{uuid.uuid4().hex[:8]}")
    name: str = field(default_factory=lambda: f"d-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    modbus: int = field(default_factory=free_port)
    """The port that all controllers listen on."""
    page: int = field(default_factory=free_port)
    """The port of the collector that a test asks what it polls."""

    async def until_polled(self, target: str, state: str = "") -> None:
        """Wait until the collector on `page` has taken up a target, and it is in that state."""
        url = f"http://127.0.0.1:{self.page}/v1/envelopes/{self.name}/{target}"
        said = ""

        async def come() -> bool:
            nonlocal said
            async with httpx.AsyncClient() as client:
                try:
                    reply = await client.get(url)
                except httpx.TransportError:
                    return False
            said = reply.text
            return reply.status_code == 200 and state in ("", reply.json()["state"])

        await until(come, lambda: said)

    async def another(self) -> "Plant":
        """Another site of the same inventory."""
        plant = replace(self, name=f"d-{uuid.uuid4().hex[:8]}")
        await topics.apply(self.kafka, [plant.name], replication_factor=1)
        return plant

    def start(self, service: str, name: str, **environ: str) -> Process:
        """Start one process of a service."""
        clean = {n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")}
        common = {"ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka, **environ}
        command = [sys.executable, "-m", f"isthmus.{service}"]
        process = Process(name, command, self.folder / f"{name}.log", clean | common)
        process.start()
        self.processes.callback(process.stop)
        return process

    async def inventory(self) -> None:
        """Start the inventory, and wait until it works."""
        process = self.start(
            "inventory", "inventory",
            ISTHMUS_KAFKA__SESSION_TIMEOUT_S="6",
            ISTHMUS_STORE__URI=self.uri,
            ISTHMUS_STORE__DATABASE=self.database,
            ISTHMUS_ACCESS__MODE="off",
            ISTHMUS_HTTP__PORT=str(self.port),
        )  # fmt: skip
        url = f"http://127.0.0.1:{self.port}/readyz"
        await ready.until(process, lambda: ready.http(url))

    def collect(self, name: str, discovery: str = "true", port: int = 0, **environ: str) -> Process:
        """Start one collector."""
        return self.start(
            "collector", name,
            ISTHMUS_COLLECTOR__SITE=self.name,
            ISTHMUS_COLLECTOR__NAME=name,
            ISTHMUS_COLLECTOR__DISCOVERY=discovery,
            ISTHMUS_HTTP__PORT=str(port),
            ISTHMUS_KAFKA__SESSION_TIMEOUT_S="8",
            **environ,
        )  # fmt: skip

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            reply = await client.request(method, f"/v1/{path}", json=body, timeout=20)
            assert reply.status_code < 300, reply.text
            return reply.json() if reply.content else None

    async def look(self, *ranges: str, **more: Any) -> str:
        """Ask for a discovery of some ranges; its id."""
        protocol = {"protocol": "modbus", "ports": [self.modbus]}
        body = {
            "site": self.name, "ranges": ranges, "protocols": [protocol], "window": ALWAYS,
            "requests_per_s": 5, **more,
        }  # fmt: skip
        return str((await self.ask("POST", "discoveries", body))["id"])

    async def state(self, id: str) -> Any:
        """How far a job is."""
        return await self.ask("GET", f"discoveries/{id}")

    async def until(self, id: str, true: Callable[[Any], bool]) -> Any:
        """Wait for a job to come so far."""
        said: Any = None

        async def come() -> bool:
            nonlocal said
            said = await self.state(id)
            return true(said)

        await until(come, lambda: f"{said}")
        return said

    async def target(self, host: str, **more: Any) -> Any:
        """Make a target by hand."""
        endpoint = {"protocol": "modbus", "host": host, "port": self.modbus}
        body = {
            "site": self.name, "target": f"known-{host.replace('.', '-')}", "path": "a/b",
            "interval_s": 1, "profile": "abb-ac800m", "endpoint": endpoint, **more,
        }  # fmt: skip
        return await self.ask("POST", "targets", body)


async def until(true: Callable[[], Awaitable[bool]], why: Callable[[], str]) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(LATE_S):
            while not await true():
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(why())


@asynccontextmanager
async def plant_on(kafka: str, mongodb: str, folder: Path) -> AsyncIterator[Plant]:
    """A site with its inventory; all of it ends with the test, or with the module."""
    with ExitStack() as processes:
        plant = Plant(kafka, mongodb, folder, processes)
        await topics.apply(kafka, [plant.name], replication_factor=1)
        await plant.inventory()
        yield plant
    async with AsyncMongoClient[dict[str, Any]](mongodb) as client:
        await client.drop_database(plant.database)


async def controller(host: str, port: int) -> ModbusServer:
    """A listening controller."""
    model = DEVICES.read("modbus/abb-ac800m", ModbusDevice)
    server = ModbusServer(host, port, {1: Unit(model, model.state({"serial": host}, "test"))})
    await server.start()
    return server
