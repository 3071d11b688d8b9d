"""Fakes of the collector's ports."""

import asyncio
from dataclasses import dataclass, field

import pytest

from isthmus.collector.domain import Outcome, Reading


@dataclass
class Measured:
    """Counts what it is told."""

    outcomes: list[Outcome] = field(default_factory=list)
    targets: int = 0
    skips: int = 0
    drops: int = 0

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        self.outcomes.append(outcome)

    def targets_changed(self, protocol: str, by: int) -> None:
        self.targets += by

    def skipped(self) -> None:
        self.skips += 1

    def dropped(self, records: int) -> None:
        self.drops += records


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

    async def read(self) -> Reading:
        self.reads += 1
        self.shared[0] += 1
        self.shared[1] = max(self.shared)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.shared[0] -= 1
        if self.error:
            raise self.error
        return self.reading

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
