"""The engine under churn: whatever is done to it, in whatever order, devices notice none of it."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.name_server import NameServer
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.domain.reading import Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import DeviceProfile, Line

STEPS = 40
ADDRESSES = ("x:1", "y:1", "z:1")
WHOLE_S = 5  # a pause, and a stop
PAUSED = Envelope(paused=True, reason="maintenance")


@dataclass
class Plant:
    """Devices with one connection each, and what may be sent to them now."""

    gate: Any
    chance: random.Random
    wanted: set[str] = field(default_factory=set)
    paused: bool = False
    open: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ADDRESSES, 0))

    def asked(self, target: str) -> None:
        """A request arrives."""
        assert target in self.wanted, "asked after its stop"
        assert self.gate.is_open, "asked behind a closed fence"
        assert not self.paused, "asked while it is paused"


@dataclass
class Moody:
    """A source that hangs, raises, dawdles and closes as it likes."""

    target: str
    address: str
    plant: Plant
    is_open: bool = False
    busy: int = 0
    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def read(self, line: Line, slot: int) -> Reading:
        chance = self.plant.chance
        try:
            if not self.is_open:
                await line.connect(Request.MODBUS_CONNECT, self._open)
            for _ in range(chance.randint(1, 3)):
                await line.ask(Request.MODBUS_READ_COILS, self._answer)
            if chance.random() < 0.01:
                raise KeyError("a bug")
            await asyncio.sleep(chance.choice([0] * 15 + [10, 1e6]))
            return Reading()
        finally:
            await asyncio.sleep(chance.choice([0, 0, 0, 0.9]))

    async def _open(self) -> None:
        self.plant.asked(self.target)
        await asyncio.sleep(self.plant.chance.choice([0, 0.01, 0.5]))
        self.is_open = True
        self.plant.open[self.address] += 1
        assert self.plant.open[self.address] == 1, "a second connection"
        await asyncio.sleep(self.plant.chance.choice([0] * 9 + [1e6]))

    async def _answer(self) -> None:
        self.plant.asked(self.target)
        await asyncio.sleep(self.plant.chance.choice([0, 0.01, 0.01, 0.3, 2, 1e6]))

    async def close(self) -> None:
        assert not self.busy, "closed by two at the same time"
        self.busy += 1
        was_open, self.is_open = self.is_open, False
        try:
            await asyncio.sleep(self.plant.chance.choice([0, 0, 0.9]))
            if self.plant.chance.random() < 0.01:
                raise RuntimeError("a bug")
        finally:
            self.plant.open[self.address] -= was_open
            self.busy -= 1


@dataclass
class Churn:
    """Starts, stops, pauses and fences, at random."""

    engine: Engine
    plant: Plant

    async def step(self) -> None:
        """One thing more."""
        chance, target = self.plant.chance, f"t{self.plant.chance.randint(0, 5)}"
        match chance.choice(("start", "start", "stop", "stop", "pause", "fence")):
            case "start" if target not in self.plant.wanted:
                self._start(target)
            case "stop" if target in self.plant.wanted:
                await self._stop(target)
            case "pause":
                self.pause(not self.plant.paused)
            case "fence":
                self.plant.gate.is_open = not self.plant.gate.is_open
        await asyncio.sleep(chance.choice([0, 0.1, 1, 3]))

    def pause(self, paused: bool) -> None:
        """Pause the site, or let it go on."""
        self.plant.paused = paused
        self.engine.govern([Zone("", PAUSED)] if paused else [])

    def _start(self, target: str) -> None:
        chance, address = self.plant.chance, self.plant.chance.choice(ADDRESSES)
        self.plant.wanted.add(target)
        interval_s = chance.choice([0.3, 1, 5])
        origin = Origin(Identity("s", target), "e/s", "modbus", "p", address, interval_s, "me")
        envelope = Envelope(connection=chance.choice([None, "per_read"]), backoff_max_s=2)
        source = Moody(target, address, self.plant)
        self.engine.start(origin, source, chance.choice([1, 4]), envelope)

    async def _stop(self, target: str) -> None:
        self.plant.wanted.discard(target)
        stopping = asyncio.create_task(self.engine.stop([f"s/{target}"]))
        await asyncio.wait([stopping], timeout=self.plant.chance.random())
        stopping.cancel()  # and once more, as a process that ends in the middle of it
        async with asyncio.timeout(WHOLE_S + 1):
            await self.engine.stop([f"s/{target}"])


@pytest.mark.parametrize("seed", range(5))
@virtual_time
async def test_a_device_notices_nothing_of_churn(gate: Any, measured: Any, seed: int) -> None:
    """One connection at most, nothing after a stop or a pause, and nothing left behind."""
    wrong: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    now = asyncio.get_running_loop().time
    engine = Engine(
        lambda record: None,
        gate,
        measured,
        resolve=NameServer().resolve,
        polls_max=4,
        clock=lambda: 1e9 + now(),
        steady=now,
    )
    running = asyncio.create_task(engine.run())
    churn = Churn(engine, Plant(gate, random.Random(seed)))
    for _ in range(STEPS):
        await churn.step()
    gate.is_open = True
    churn.pause(False)
    await asyncio.sleep(10)
    churn.pause(True)
    await asyncio.sleep(WHOLE_S)
    assert set(churn.plant.open.values()) == {0}
    churn.plant.wanted.clear()
    await engine.stop([f"s/t{number}" for number in range(6)])
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    assert measured.targets == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert wrong == []
