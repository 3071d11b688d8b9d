"""Bulkheads: what one device does is never another's trouble."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from isthmus.simulators.modbus import ModbusServer
from isthmus.telemetry.v1.envelope_pb2 import Zone
from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK
from tests.faults.checker import excess, most_in_a_second
from tests.faults.devices import BlackHole, ConnectionLimited, Garbage, controller, gateway
from tests.faults.plant import LIMITS, Plant, late_s, plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]
HEALTHY = 200
INTERVAL_S = 5.0
EAGER_S = 0.2  # more often than its rate lets anybody ask
LATE_S = 1.0
REQUEST_TIMEOUT_S = 1.0
SITE_CONNECTS_PER_S = 20.0


@pytest.fixture
async def site(kafka: str, tmp_path: Path) -> AsyncIterator[Plant]:
    """Two hundred healthy controllers."""
    async with plant(kafka, tmp_path) as found:
        for number in range(HEALTHY):
            name = f"plc-{number}"
            await found.add(name, controller(name), interval_s=INTERVAL_S, read="fc04")
        yield found


async def test_five_bad_devices_delay_none_of_two_hundred(site: Plant) -> None:
    """Black-holed, slow, garbage, connection-limited, and a dead unit behind a gateway."""
    await site.add("black-hole", BlackHole(), interval_s=INTERVAL_S)
    slow = controller("slow")
    slow.response_s = 0.9 * REQUEST_TIMEOUT_S
    await site.add("slow", slow, interval_s=INTERVAL_S, read="fc04")
    await site.add("eager", controller("eager"), interval_s=EAGER_S, read="fc04")
    await site.add("garbage", Garbage(), interval_s=INTERVAL_S)
    limited = ConnectionLimited("limited")
    await site.add("limited", limited, interval_s=INTERVAL_S, read="fc04")
    units = gateway("bus", 3)
    units.units[3].state.silent = True
    bears, numbers = LIMITS.times(3), [1, 2, 3]
    await site.add("gateway", units, interval_s=INTERVAL_S, limits=bears, units=numbers)
    site.collect("c-0")
    await site.all_read()
    await asyncio.sleep(8 * INTERVAL_S)
    healthy = [o for o in site.observations if o.target.startswith("plc-")]
    late = [o.target for o in healthy if late_s(o) > LATE_S]
    verdict = await site.verdict("bulkheads")
    print(f"healthy reads {len(healthy)}, latest {max(map(late_s, healthy)):.3f} s after its slot")
    assert len(healthy) >= 8 * HEALTHY
    assert all(o.outcome == OUTCOME_OK for o in healthy)
    assert late == []
    assert verdict.violations == []
    of_units = [o for o in site.observations if o.target == "gateway"]
    answered = {d.path for o in of_units for d in o.devices if d.outcome == OUTCOME_OK}
    assert answered == {"unit-1", "unit-2"}


async def test_a_switch_that_reboots_under_two_hundred_devices(site: Plant) -> None:
    """Gone for 20 s and back: their connections come back spread, within the site's limit."""
    zone = Zone(site=site.site)
    zone.envelope.site_connects_per_s = SITE_CONNECTS_PER_S
    await site.rule(zone)
    site.collect("c-0")
    site.collect("c-1")
    await site.all_read(timeout_s=90)
    servers = [s for s in site.simulated.values() if isinstance(s, ModbusServer)]
    holes = [BlackHole(server.address) for server in servers]
    for server, hole in zip(servers, holes, strict=True):
        await cut(server, hole)
    await asyncio.sleep(20)
    back_at = time.monotonic()
    for server, hole in zip(servers, holes, strict=True):
        await mend(server, hole)
    took_s = await site.all_read(back_at, timeout_s=120)
    verdict = await site.verdict("switch-reboot")
    opened = [e.at for e in site.history.events if e.what == "opened" and e.at > back_at]
    most = most_in_a_second(opened)
    print(f"all {HEALTHY} read again after {took_s:.1f} s, {most} connects in the busiest second")
    assert excess(opened, SITE_CONNECTS_PER_S) <= LIMITS.burst + 2
    assert verdict.violations == []


async def cut(server: ModbusServer, hole: BlackHole) -> None:
    """No packet passes any more: what is open stays open and hears nothing."""
    for transport in server.connections:
        transport.pause_reading()
    assert server._listener is not None
    server._listener.close()
    server._listener = None
    await hole.start()


async def mend(server: ModbusServer, hole: BlackHole) -> None:
    """Packets pass again; what was open on both sides has died meanwhile."""
    for transport in list(server.connections):
        transport.abort()
    await asyncio.sleep(0)
    await hole.stop()
    await server.start()
