"""An engine to test, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.name_server import NameServer

from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import DeviceProfile, Line
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1 import observation_pb2 as pb
from isthmus.telemetry.v1.touches_pb2 import Touches

INTERVAL_S = 1.0
FRIDAY_NOON = 1_767_355_200.0  # 2026-01-02 12:00 UTC
READ = Request.MODBUS_READ_HOLDING_REGISTERS
PAUSED = Envelope(paused=True, reason="maintenance")
GONE = Reading.failed(Fault(Outcome.UNREACHABLE, "gone"))


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


def origin(
    target: str, address: str = "", interval_s: float = INTERVAL_S, path: str = "e/s/a"
) -> Origin:
    """What a target says of itself."""
    address = address or f"{target}:502"
    return Origin(Identity("s", target), path, "modbus", "p", address, interval_s, "me")


@dataclass
class Bench:
    """An engine and what it published."""

    gate: Any
    measured: Any
    jitter: float = 1.0
    polls_max: int = 50
    names: NameServer = field(default_factory=NameServer)
    records: list[Outgoing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = Engine(
            self.records.append,
            self.gate,
            self.measured,
            resolve=self.names.resolve,
            polls_max=self.polls_max,
            clock=lambda: FRIDAY_NOON + now(),
            steady=now,
            jitter=lambda: self.jitter,
        )

    @property
    def observations(self) -> list[pb.Observation]:
        topic = "collector.observations.v1"
        return [pb.Observation.FromString(r.value or b"") for r in self.records if r.topic == topic]

    @property
    def touches(self) -> list[Touches]:
        topic = "collector.touches.v1"
        return [Touches.FromString(r.value or b"") for r in self.records if r.topic == topic]

    def of(self, target: str) -> list[pb.Observation]:
        return [o for o in self.observations if o.target == target]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        tasks = [
            asyncio.create_task(t)
            for t in (
                self.engine.run(),
                self.engine.ledger.run(),
                self.engine.follow_names(),
            )
        ]
        yield self.engine
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@dataclass
class Gateway:
    """A gateway with units; the dead ones take a second each."""

    dead: set[str] = field(default_factory=set)
    units: tuple[str, ...] = ("unit-1", "unit-2", "unit-3")
    asked: Counter[str] = field(default_factory=Counter)
    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def read(self, line: Line, slot: int) -> Reading:
        units = [unit for unit in self.units if unit not in line.suspended]
        return Reading(devices=tuple([await self._unit(line, unit) for unit in units]))

    async def _unit(self, line: Line, unit: str) -> DeviceReading:
        try:
            await line.ask(READ, lambda: self._answer(unit), path=unit)
        except Fault as fault:
            return DeviceReading(unit, fault.outcome, str(fault))
        return DeviceReading(unit, points={"power": (1.0, "kW")})

    async def _answer(self, unit: str) -> None:
        self.asked[unit] += 1
        await asyncio.sleep(1 if unit in self.dead else 0.01)
        if unit in self.dead:
            raise Fault(Outcome.TIMEOUT, f"{unit}: no answer")

    async def close(self) -> None:
        pass


async def until(true: Callable[[], object]) -> None:
    """Wait, by the tenth of a virtual second."""
    while not true():
        await asyncio.sleep(0.1)
