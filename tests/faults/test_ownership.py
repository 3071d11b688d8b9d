"""One owner: whatever happens to collectors, each device has one reader, one read for one slot."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.devices import Ups, controller, robot
from tests.faults.plant import FAILOVER_S, OPCUA_LIMITS, SNMP_LIMITS, Plant, plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]
DEVICES = 40
INTERVAL_S = 1.0
ROBOT: dict[str, Any] = {
    "protocol": "opcua",
    "profile": "siemens-s7-1500",
    "limits": OPCUA_LIMITS,
}
UPS: dict[str, Any] = {
    "protocol": "snmp",
    "profile": "ups",
    "limits": SNMP_LIMITS,
    "version": "2c",
    "credential": "ups",
}


@pytest.fixture
async def site(cluster: str, tmp_path: Path) -> AsyncIterator[Plant]:
    """Forty controllers, a robot and some UPSs on a cluster of three brokers."""
    async with plant(cluster, tmp_path, replication_factor=3) as found:
        for number in range(DEVICES):
            name = f"plc-{number}"
            await found.add(name, controller(name), interval_s=INTERVAL_S, read="fc04")
        for name in ("ups-1", "ups-2", "ups-3"):
            await found.add(name, Ups(name), interval_s=2 * INTERVAL_S, **UPS)
        await found.add("robot", robot(), interval_s=2 * INTERVAL_S, **ROBOT)
        yield found


async def test_a_rolling_restart_of_three_collectors(site: Plant) -> None:
    """Each ends well and comes back under its name; its devices are read on."""
    names = ["c-0", "c-1", "c-2"]
    for name in names:
        site.collect(name, ISTHMUS_KAFKA__GROUP_INSTANCE_ID=name)
    await site.working(*names)
    await site.all_read()
    for name in names:
        owned = site.owned(name, time.time() - 3)
        await asyncio.to_thread(site.collectors[name].stop)
        stopped_at = time.monotonic()
        site.collect(name, ISTHMUS_KAFKA__GROUP_INSTANCE_ID=name)
        assert await site.failover(f"{name} restarted", owned, stopped_at) <= FAILOVER_S
        await site.all_read()
    verdict = await site.verdict("rolling-restart")
    assert verdict.violations == []
    assert verdict.unpublished == 0


async def test_a_killed_collector(site: Plant) -> None:
    """Its devices are read by the others within 15 s."""
    names = ["c-0", "c-1", "c-2"]
    for name in names:
        site.collect(name)
    await site.working(*names)
    await site.all_read()
    owned = site.owned("c-1", time.time() - 3)
    site.collectors["c-1"].kill(signal.SIGKILL)
    assert owned
    assert await site.failover("killed", owned, time.monotonic()) <= FAILOVER_S
    await site.all_read()
    verdict = await site.verdict("killed")
    assert verdict.violations == []
    assert verdict.unpublished <= len(owned)


async def test_a_frozen_collector_that_wakes(site: Plant) -> None:
    """Frozen for 25 s: its devices have one reader before, meanwhile and after."""
    names = ["c-0", "c-1", "c-2"]
    for name in names:
        site.collect(name)
    await site.working(*names)
    await site.all_read()
    owned = site.owned("c-1", time.time() - 3)
    frozen_at = time.monotonic()
    site.collectors["c-1"].kill(signal.SIGSTOP)
    assert owned
    assert await site.failover("frozen", owned, frozen_at) <= FAILOVER_S
    await asyncio.sleep(max(0.0, frozen_at + 25 - time.monotonic()))
    site.collectors["c-1"].kill(signal.SIGCONT)
    await asyncio.sleep(10)
    await site.all_read()
    verdict = await site.verdict("frozen")
    assert verdict.violations == []
    assert verdict.unpublished <= len(owned)


async def test_one_collector_then_four_then_two(site: Plant) -> None:
    """Scaling out and in moves devices from hand to hand, never into two."""
    names = ["c-0", "c-1", "c-2", "c-3"]
    site.collect("c-0")
    await site.all_read()
    for name in names[1:]:
        site.collect(name)
    await site.working(*names)
    await site.all_read()
    stopped_at = time.monotonic()
    await asyncio.gather(*(asyncio.to_thread(site.collectors[n].stop) for n in names[2:]))
    took_s = await site.failover("scaled to two", site.devices.values(), stopped_at)
    assert took_s <= FAILOVER_S
    await asyncio.sleep(5)
    verdict = await site.verdict("scaled")
    assert verdict.violations == []
    assert verdict.unpublished == 0
