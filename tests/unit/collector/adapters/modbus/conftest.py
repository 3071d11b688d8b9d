"""Simulated units with maps of a test's own, and a line that keeps a record."""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from isthmus.collector.adapters.modbus import Modbus, ModbusSource
from isthmus.collector.adapters.modbus.registers import Profile
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.simulators.devices import ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.state import State

T = TypeVar("T")


@dataclass
class NotedLine:
    """Lets everything out until its time is up, and knows what it was."""

    items_max: int | None = None
    suspended: frozenset[str] = frozenset()
    left: int = 1_000_000
    sends: Counter[Request] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await self.ask(kind, send)

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        if self.left <= 0:
            raise Fault(Outcome.TIMEOUT, "not asked: the time of the endpoint is used up")
        self.left -= 1
        self.sends[kind] += 1
        self.paths[path] += 1
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        self.sends[kind] += count


@dataclass
class Workshop:
    """Devices with the registers of a test, and sources that read them."""

    servers: list[ModbusServer] = field(default_factory=list)
    sources: list[ModbusSource] = field(default_factory=list)

    async def serve(self, *units: ModbusDevice, **options: Any) -> ModbusServer:
        """Units 1, 2, 3 … of one endpoint."""
        built = {n: Unit(unit, State({})) for n, unit in enumerate(units, 1)}
        server = ModbusServer("127.0.0.1", 0, built, gateway=len(units) > 1, **options)
        server.response_s = 0.0
        await server.start()
        self.servers.append(server)
        return server

    def source(self, server: ModbusServer, profile: Profile, **fields: Any) -> ModbusSource:
        """Reads all units of a server by one profile."""
        given = {"protocol": "modbus", "host": "127.0.0.1", "port": server.port}
        given |= {"request_timeout_s": 0.5, "units": list(server.units)}
        endpoint = Modbus.model_validate(given | fields)
        credentials: Any = None
        units = dict.fromkeys(endpoint.units, profile)
        self.sources.append(ModbusSource(endpoint, profile, units, credentials))
        return self.sources[-1]


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    """A workshop that is cleared up at the end."""
    workshop = Workshop()
    yield workshop
    for source in workshop.sources:
        await source.close()
    for server in workshop.servers:
        await server.stop()
        assert server.record.writes == 0


@pytest.fixture
def line() -> NotedLine:
    """A line."""
    return NotedLine()


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port from which nothing comes: its queue is full, and Linux drops a further SYN."""
    with socket.socket() as listening, socket.socket() as filling:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        filling.connect(listening.getsockname())
        yield listening.getsockname()[1]


def holding(addresses: Any, **fields: Any) -> list[dict[str, Any]]:
    """Registers of a profile: `r10` at 10."""
    return [
        {"name": f"r{a}", "table": "holding", "address": a, "type": "uint16", **fields}
        for a in addresses
    ]


def having(addresses: Any, **fields: Any) -> ModbusDevice:
    """A device that has these holding registers, and answers their addresses."""
    registers = [
        {"table": "holding", "address": a, "type": "uint16", "value": a} for a in addresses
    ]
    return ModbusDevice.model_validate({"source": "test", "registers": registers, **fields})


@dataclass
class Maps:
    """Makes maps, for tests that need several."""

    having: Callable[..., ModbusDevice] = having
    holding: Callable[..., list[dict[str, Any]]] = holding

    def profile(self, registers: Any = (), **fields: Any) -> Profile:
        """A profile."""
        return Profile(protocol="modbus", registers=list(registers), **fields)


@pytest.fixture
def maps() -> Maps:
    """Maps."""
    return Maps()
