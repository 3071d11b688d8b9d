"""Fakes of the collector's ports."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest

from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState
from isthmus.collector.ports import DeviceProfile, Line


@dataclass
class Measured:
    """Counts what it is told."""

    outcomes: list[Outcome] = field(default_factory=list)
    targets: int = 0
    skips: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    states: Counter[PollState | None] = field(default_factory=Counter)
    slow: int = 0

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        self.outcomes.append(outcome)

    def targets_changed(self, protocol: str, by: int) -> None:
        self.targets += by

    def withheld(self, state: PollState) -> None:
        self.skips += 1

    def waited(self, limit: str, wait_s: float) -> None:
        self.waits[limit] += 1

    def state_changed(self, before: PollState | None, after: PollState | None) -> None:
        self.states[before] -= 1
        self.states[after] += 1

    def slowed(self, by: int) -> None:
        self.slow += by


@dataclass
class Gate:
    """A fence that is opened and closed by hand."""

    is_open: bool = True

    def open(self, for_s: float) -> bool:
        return self.is_open


@dataclass
class FakeSource:
    """A device that answers after a while, and knows how many asked at the same time."""

    takes_s: float = 0.0
    reading: Reading = field(default_factory=Reading)
    error: Exception | None = None
    shared: list[int] = field(default_factory=lambda: [0, 0])
    reads: int = 0
    closes: int = 0

    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def read(self, line: Line, slot: int) -> Reading:
        self.reads += 1
        try:
            await line.ask(Request.MODBUS_READ_HOLDING_REGISTERS, self._answer)
        except Fault as fault:
            await self.close()
            return Reading.failed(fault)
        if self.error:
            raise self.error
        return self.reading

    async def _answer(self) -> None:
        self.shared[0] += 1
        self.shared[1] = max(self.shared)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.shared[0] -= 1

    async def close(self) -> None:
        self.closes += 1


@pytest.fixture
def measured() -> Measured:
    """A measure."""
    return Measured()


@pytest.fixture
def gate() -> Gate:
    """An open fence."""
    return Gate()


class Fakes:
    """Makes fakes, for tests that need several."""

    def source(self, **fields: object) -> FakeSource:
        return FakeSource(**fields)  # type: ignore[arg-type]


@pytest.fixture
def fakes() -> Fakes:
    """Fake sources."""
    return Fakes()
