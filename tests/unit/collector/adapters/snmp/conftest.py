"""Agents on real sockets whose objects a test writes down and changes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Source
from isthmus.simulators.devices import SnmpDevice
from isthmus.simulators.mib import Mib
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

T = TypeVar("T")
Objects = Mapping[str, tuple[str, Any]]
UPTIME = "1.3.6.1.2.1.1.3.0"


class CountedLine:
    """A line without limits that counts what goes through it."""

    def __init__(self, items_max: int | None = None) -> None:
        self.items_max = items_max
        self.suspended: Collection[str] = ()
        self.kinds: Counter[Request] = Counter()

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await self.ask(kind, send)

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        self.kinds[kind] += 1
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        self.kinds[kind] += count


class ScriptedAgent:
    """An agent of versions 1 and 2c with the community `public`."""

    def __init__(self, objects: Objects, **device: Any) -> None:
        self._device = device
        self._agent = self._made({UPTIME: ("timeticks", 100), **objects})
        self._socket = SnmpSocket("127.0.0.1", 0, [self._agent])

    @property
    def port(self) -> int:
        return self._socket.port

    @property
    def requests(self) -> Counter[str]:
        return self._agent.record.requests

    async def start(self) -> None:
        await self._socket.start()

    async def stop(self) -> None:
        await self._socket.stop()

    def has(self, objects: Objects) -> None:
        """From now on the agent has these objects and no others, beside an uptime."""
        fresh = self._made({UPTIME: ("timeticks", 200), **objects})
        self._agent._mib, self._agent._device = fresh._mib, fresh._device

    def _made(self, objects: Objects) -> SnmpAgent:
        model = SnmpDevice(source="a test", objects=dict(objects), **self._device)
        state = model.state({}, "scripted")
        agent = SnmpAgent(model, state, "public")
        agent._mib = Mib(model, state)
        return agent


class Registered:
    """Counts what the loop is asked to listen to, and to listen to no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        loop = asyncio.get_running_loop()
        for name in ("add_reader", "remove_reader"):
            monkeypatch.setattr(loop, name, self._counted(name, getattr(loop, name)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            self.calls.append(name)
            return call(*args)

        return counted


class MakeAgent(Protocol):
    """Starts an agent with these objects, dotted numbers to type and value."""

    async def __call__(self, objects: Objects, **device: Any) -> ScriptedAgent: ...


@pytest.fixture
async def scripted() -> AsyncIterator[MakeAgent]:
    """Starts agents that end with the test."""
    agents: list[ScriptedAgent] = []

    async def make(objects: Objects, **device: Any) -> ScriptedAgent:
        agent = ScriptedAgent(objects, **device)
        await agent.start()
        agents.append(agent)
        return agent

    yield make
    for agent in agents:
        await agent.stop()


@pytest.fixture
def reader(tmp_path: Path) -> Callable[..., Source]:
    """The source of an agent, by a profile of the given groups."""
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("ro: {community: public}\n")

    def make(agent: ScriptedAgent, groups: str, version: str = "2c", **more: Any) -> Source:
        extra = "".join(f"{name}: {value}\n" for name, value in more.pop("profile", {}).items())
        (tmp_path / "scripted.yaml").write_text(f"protocol: snmp\ngroups: [{groups}]\n{extra}")
        place = {"protocol": "snmp", "host": "127.0.0.1", "port": agent.port, "credential": "ro"}
        fields = {**place, "version": version, "request_timeout_s": 0.3, **more}
        return endpoint(fields).source(
            "scripted", ProfileFolder(tmp_path), CredentialsFile(secrets)
        )

    return make


def column(oid: str, kind: str, values: Mapping[Any, Any]) -> Objects:
    """One column of a table."""
    return {f"{oid}.{index}": (kind, value) for index, value in values.items()}
