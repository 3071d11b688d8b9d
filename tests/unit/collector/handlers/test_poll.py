"""One target's connection, given back once and for sure."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.virtual_time import virtual_time

from isthmus.collector.domain.circuit import Circuit, CircuitState
from isthmus.collector.domain.envelope import UNLIMITED
from isthmus.collector.domain.schedule import Identity, Schedule
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import EngineLine, Site
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.poll import Poll
from isthmus.collector.handlers.touches import Account
from isthmus.collector.ports import DeviceProfile


@dataclass
class Closing:
    """A source of which only the end matters."""

    takes_s: float = 0.0
    error: Exception | None = None
    closing: int = 0
    closed: int = 0
    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))

    async def close(self) -> None:
        self.closing += 1
        await asyncio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        self.closed += 1


@pytest.fixture
def site(gate: Any, measured: Any) -> Site:
    """A site whose clocks stand still."""
    return Site(gate, measured, in_flight_max=1, clock=lambda: 0.0, wall=lambda: 0.0)


def poll(site: Site, source: Any) -> Poll:
    """A target that has a connection."""
    origin = Origin(Identity("s", "plc"), "e/s", "modbus", "p", "10.0.0.1:502", 10, "me")
    channel = site.channel(origin.address)
    line = EngineLine(site, channel)
    return Poll(
        origin=origin, envelope=UNLIMITED, channel=channel, line=line,
        account=Account(origin, line.tally, from_at=0, due_at=60),
        source=source, profile=source.profile, timeout_s=1, schedule=Schedule.of("s/plc", 10),
        connected=True,
    )  # fmt: skip


@virtual_time
async def test_two_that_close_wait_for_the_same_end(site: Site) -> None:
    """Neither goes on before the connection is gone, and the source is asked one by one."""
    source = Closing(takes_s=0.8)
    polled = poll(site, source)

    async def close() -> int:
        await polled.close()
        return source.closed

    assert min(await asyncio.gather(close(), close())) >= 1
    assert not polled.engaged


@virtual_time
async def test_a_close_that_is_cut_off_is_no_close(site: Site) -> None:
    """Who comes next closes again."""
    polled = poll(site, Closing(takes_s=0.8))
    closing = asyncio.create_task(polled.close())
    await asyncio.sleep(0.1)
    closing.cancel()
    await asyncio.wait([closing])
    assert polled.engaged


@virtual_time
async def test_a_close_that_raises_or_hangs_ends_all_the_same(site: Site) -> None:
    """A bug of one source holds up nobody."""
    for source in (Closing(error=RuntimeError("a bug")), Closing(takes_s=1e9)):
        polled = poll(site, source)
        async with asyncio.timeout(2):
            await polled.close()
        assert not polled.engaged


@virtual_time
async def test_a_target_says_how_it_stands(site: Site) -> None:
    """Circuit, rest and next slot are those of the moment."""
    polled = poll(site, Closing())
    polled.circuit, polled.due_ms = Circuit(3, until=90.0), 70_000
    resting, over = polled.status(60.0), polled.status(95.0)
    assert (resting.state, resting.circuit) == (PollState.POLLING, CircuitState.OPEN)
    assert resting.rests_until is not None
    assert resting.rests_until.timestamp() == 90
    assert (over.circuit, over.rests_until) == (CircuitState.HALF_OPEN, None)
    assert resting.next_slot_at.timestamp() == 70
    assert not polled.stopped
