"""Ownership and bulkheads as the devices see them, in short; `make faults` has the long forms."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.faults.devices import BlackHole, ConnectionLimited, Garbage, controller, gateway
from tests.faults.plant import FAILOVER_S, LIMITS, Plant, late_s, plant

from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK

DEVICES = 16
INTERVAL_S = 1.0
EAGER_S = 0.2  # more often than its rate lets anybody ask
LATE_S = 1.0


@pytest.fixture
async def site(kafka: str, tmp_path: Path) -> AsyncIterator[Plant]:
    """Sixteen controllers."""
    async with plant(kafka, tmp_path) as found:
        for number in range(DEVICES):
            name = f"plc-{number}"
            await found.add(name, controller(name), interval_s=INTERVAL_S, read="fc04")
        yield found


async def test_whatever_happens_to_collectors_each_device_has_one_reader(site: Plant) -> None:
    """One, then three; one restarts, one is killed, one freezes and wakes."""
    site.collect("c-0")
    await site.all_read()
    for name in ("c-1", "c-2"):
        site.collect(name)
    await site.working("c-0", "c-1", "c-2")
    await asyncio.to_thread(site.collectors["c-0"].stop)
    site.collect("c-0")
    await site.working("c-0", "c-1", "c-2")
    lost = site.owned("c-1", time.time() - 3)
    killed_at = time.monotonic()
    site.collectors["c-1"].kill(signal.SIGKILL)
    assert await site.failover("killed", lost, killed_at) <= FAILOVER_S
    frozen = site.owned("c-2", time.time() - 3)
    frozen_at = time.monotonic()
    site.collectors["c-2"].kill(signal.SIGSTOP)
    assert await site.failover("frozen", frozen, frozen_at) <= FAILOVER_S
    site.collectors["c-2"].kill(signal.SIGCONT)
    await asyncio.sleep(3)
    await site.all_read()
    verdict = await site.verdict("short-ownership")
    assert verdict.violations == []
    assert verdict.writes == 0
    assert verdict.unpublished <= len(lost) + len(frozen)


async def test_a_bad_device_delays_no_other(site: Plant) -> None:
    """Black-holed, slow, garbage, connection-limited, and a dead unit behind a gateway."""
    slow, units = controller("slow"), gateway("bus", 2)
    slow.response_s = 0.9
    units.units[2].state.silent = True
    await site.add("black-hole", BlackHole(), interval_s=INTERVAL_S)
    await site.add("slow", slow, interval_s=INTERVAL_S)
    await site.add("eager", controller("eager"), interval_s=EAGER_S, read="fc04")
    await site.add("garbage", Garbage(), interval_s=INTERVAL_S)
    await site.add("limited", ConnectionLimited("limited"), interval_s=INTERVAL_S, read="fc04")
    bears, numbers = LIMITS.times(2), [1, 2]
    await site.add("gateway", units, interval_s=INTERVAL_S, limits=bears, units=numbers)
    site.collect("c-0")
    await site.all_read()
    await asyncio.sleep(5 * INTERVAL_S)
    verdict = await site.verdict("short-bulkheads")
    healthy = [o for o in site.observations if o.target.startswith("plc-")]
    assert len(healthy) >= 5 * DEVICES
    assert all(o.outcome == OUTCOME_OK for o in healthy)
    assert [o.target for o in healthy if late_s(o) > LATE_S] == []
    assert verdict.violations == []
