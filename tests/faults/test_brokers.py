"""Brokers come and go; no device notices."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from isthmus.demo.cluster import NODES, Cluster
from tests.faults.devices import controller
from tests.faults.plant import FAILOVER_S, Plant, plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]
DEVICES = 20
INTERVAL_S = 1.0
NAMES = ("c-0", "c-1", "c-2")


@pytest.fixture
async def site(brokers: Cluster, tmp_path: Path) -> AsyncIterator[Plant]:
    """Twenty controllers and three collectors that read them."""
    async with plant(brokers.bootstrap_servers, tmp_path, replication_factor=3) as found:
        for number in range(DEVICES):
            name = f"plc-{number}"
            await found.add(name, controller(name), interval_s=INTERVAL_S, read="fc04")
        for name in NAMES:
            found.collect(name)
        await found.working(*NAMES)
        await found.all_read()
        yield found


async def test_a_broker_that_is_killed_and_comes_back(site: Plant, brokers: Cluster) -> None:
    """Whichever coordinates the group: another one takes over, and reads go on."""
    for index in range(NODES):
        killed_at = time.monotonic()
        brokers.processes[index].kill(signal.SIGKILL)
        what = f"broker {index + 1} killed"
        assert await site.failover(what, site.devices.values(), killed_at) <= FAILOVER_S
        await asyncio.to_thread(brokers.processes[index].stop)
        brokers.processes[index].start()
        await brokers.ready(index)
        await site.all_read()
    verdict = await site.verdict("brokers-killed")
    assert verdict.violations == []
    assert verdict.silence_s_most <= FAILOVER_S + INTERVAL_S
    assert verdict.unpublished == 0


async def test_a_rolling_restart_of_all_brokers(site: Plant, brokers: Cluster) -> None:
    """One after another, as an upgrade does it; nothing that was read is lost."""
    for index in range(NODES):
        stopped_at = time.monotonic()
        await asyncio.to_thread(brokers.processes[index].stop)
        brokers.processes[index].start()
        await brokers.ready(index)
        what = f"broker {index + 1} restarted"
        assert await site.failover(what, site.devices.values(), stopped_at) <= FAILOVER_S
        await site.all_read()
    verdict = await site.verdict("brokers-restarted")
    assert verdict.violations == []
    assert verdict.silence_s_most <= FAILOVER_S + INTERVAL_S
    assert verdict.unpublished == 0
