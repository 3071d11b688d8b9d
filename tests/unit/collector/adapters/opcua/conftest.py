"""Simulated OPC UA servers, and a line that remembers what went through it."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.opcua import OpcUaSource
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.requests import Request
from isthmus.simulators.devices import Library, OpcuaDevice, OpcuaMachine
from isthmus.simulators.opcua import Machine, OpcuaServer
from isthmus.simulators.opcua_security import Security

T = TypeVar("T")
MACHINES = {"Mill": "dmgmori-dmu65", "Arm": "kuka-kr210", "Press": "beckhoff-cx5130-tags"}
Serve = Callable[..., Awaitable[OpcuaServer]]
Make = Callable[..., OpcUaSource]


class Line:
    """Lets everything out, and counts it."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.items_max: int | None = None
        self.suspended: frozenset[str] = frozenset()

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        self.kinds[kind] += 1
        return await send()

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        self.kinds[kind] += 1
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        self.kinds[kind] += count


@pytest.fixture
def line() -> Line:
    """A line without limits."""
    return Line()


@pytest.fixture
async def serve(library: Library) -> AsyncIterator[Serve]:
    """Starts aggregating servers with three machines; a write to one of them fails the test."""
    servers = []

    async def start(
        machines: dict[str, str] = MACHINES, security: Security | None = None
    ) -> OpcuaServer:
        device = library.read("opcua/softing-edgeaggregator", OpcuaDevice)
        shown = {}
        for name, model in machines.items():
            file = library.read(f"opcua/{model}", OpcuaMachine)
            shown[name] = Machine(file, file.state({"serial": f"S-{name}"}, name))
        server = OpcuaServer("127.0.0.1", 0, device, device.state({}, "cell"), shown, security)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.temper.hung = False
        await server.stop()
    assert [server.record.writes for server in servers] == [0] * len(servers)


@pytest.fixture
async def opcua(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes the source of a server, with a credentials file; closes it after the test."""
    made: list[OpcUaSource] = []
    file = tmp_path / "credentials.yaml"

    def make(server: OpcuaServer, profile: str = "opcua-aggregator", **fields: Any) -> OpcUaSource:
        url = f"opc.tcp://127.0.0.1:{server.port}"
        at = {"protocol": "opcua", "url": url, "request_timeout_s": 1, **fields}
        source = endpoint(at).source(profile, ProfileFolder(), CredentialsFile(file))
        assert isinstance(source, OpcUaSource)
        made.append(source)
        return source

    yield make
    for source in made:
        await source.close()
