"""A site with lines into it, and devices that know when they were asked; in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from isthmus.collector.domain.envelope import Envelope, strictest
from isthmus.collector.domain.pacing import BURST
from isthmus.collector.domain.reading import Fault
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import EngineLine, Site

READ = Request.MODBUS_READ_HOLDING_REGISTERS
CONNECT = Request.MODBUS_CONNECT
FRIDAY_NOON = 1_767_355_200.0  # 2026-01-02 12:00 UTC


@dataclass
class Device:
    """Answers after a while, and knows when it was asked."""

    takes_s: float = 0.01
    fault: Fault | None = None
    asked_at: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    asking: int = 0
    asking_most: int = 0

    async def answer(self) -> str:
        self.asked_at.append(now())
        self.asking += 1
        self.asking_most = max(self.asking_most, self.asking)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.asking -= 1
            self.answered_at.append(now())
        if self.fault is not None:
            raise self.fault
        return "answer"


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


@dataclass
class Plant:
    """A site, and lines into it."""

    gate: Any
    measured: Any
    in_flight_max: int = 100

    def __post_init__(self) -> None:
        self.site = Site(
            self.gate,
            self.measured,
            in_flight_max=self.in_flight_max,
            clock=now,
            wall=lambda: FRIDAY_NOON + now(),
        )

    def line(self, address: str = "10.0.0.1:502", timeout_s: float = 1e6, **limits: Any) -> Any:
        """A line that begins a read; `limits` are the target's own."""
        line = EngineLine(self.site, self.site.channel(address))
        line.held = strictest((("target", Envelope(**limits)),))
        line.begin(timeout_s)
        return line


def most_in(times: Sequence[float], window_s: float) -> int:
    """Most events in any window, both ends included."""
    times = sorted(times)
    return max(sum(a <= b <= a + window_s for b in times[i:]) for i, a in enumerate(times))


def kept(times: Sequence[float], rate: float, burst: float = BURST) -> bool:
    """Is the rate kept in windows of all sizes?"""
    return all(most_in(times, w) <= burst + rate * w + 1e-6 for w in (0.1, 1, 3, 10, 60))


async def ask(line: Any, device: Device, times: int = 1, path: str = "") -> None:
    """Ask several times, one after the other."""
    for _ in range(times):
        await line.ask(READ, device.answer, path=path)
