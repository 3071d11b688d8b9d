"""Rates of device, endpoint, subnet and site: kept by all together, and used; in virtual time."""

import asyncio
from typing import Any

import pytest
from tests.unit.collector.handlers.line_plant import (
    CONNECT,
    Device,
    Plant,
    ask,
    kept,
    now,
)
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Window, strictest


@pytest.mark.parametrize(
    ("limit", "addresses", "paths"),
    [
        ("device_requests_per_s", ["10.0.0.1:502"], ["unit-1"]),
        ("endpoint_requests_per_s", ["10.0.0.1:502"], ["unit-1", "unit-2", "unit-3"]),
        ("subnet_requests_per_s", [f"10.0.0.{n}:502" for n in range(8)], [""]),
        ("site_requests_per_s", [f"10.0.{n}.1:502" for n in range(8)], [""]),
    ],
)
@virtual_time
async def test_a_rate_is_kept_and_used(
    plant: Plant, limit: str, addresses: list[str], paths: list[str]
) -> None:
    """However many ask, no window of time has more than the rate and its burst; none is wasted."""
    devices = [Device(takes_s=0.02) for _ in addresses]

    async def keep_asking(address: str, device: Device) -> None:
        line = plant.line(address, **{limit: 5.0})
        while True:
            for path in paths:
                await ask(line, device, path=path)

    tasks = [
        asyncio.create_task(keep_asking(*each)) for each in zip(addresses, devices, strict=True)
    ]
    await asyncio.sleep(100)
    for task in tasks:
        task.cancel()
    times = [t for device in devices for t in device.asked_at]
    assert kept(times, 5.0)
    assert len(times) >= 0.95 * 500
    counts = [len(device.asked_at) for device in devices]
    assert max(counts) <= 1.5 * min(counts), "one endpoint took another's turn"


@virtual_time
async def test_each_unit_has_a_rate_of_its_own(plant: Plant) -> None:
    """What one unit behind a gateway has used up is not another's loss."""
    line, one, other = plant.line(device_requests_per_s=1), Device(), Device()
    await ask(line, one, 4, path="unit-1")
    await ask(line, other, 4, path="unit-2")
    assert other.asked_at[-1] < 0.2
    await ask(line, one, 1, path="unit-1")
    assert one.asked_at[-1] >= 1.0


@virtual_time
async def test_collectors_of_one_site_share_its_rate(gate: Any, measured: Any) -> None:
    """Each takes the part of its partitions: together they never exceed what the site bears."""
    times: list[float] = []

    async def collector(part: float) -> None:
        plant, device = Plant(gate, measured), Device()
        plant.site.share = part
        device.asked_at = times
        await ask(plant.line(site_requests_per_s=8), device, 200)

    tasks = [asyncio.create_task(collector(part)) for part in (0.5, 0.25, 0.25)]
    await asyncio.sleep(20)
    for task in tasks:
        task.cancel()
    assert kept(times, 8)
    assert len(times) > 150


@virtual_time
async def test_connections_of_a_site_are_rationed(plant: Plant) -> None:
    """After a switch came back, its devices are not all connected at once."""
    times: list[float] = []

    async def reconnect(number: int) -> None:
        device = Device()
        device.asked_at = times
        line = plant.line(f"10.0.{number}.1:502", site_connects_per_s=10)
        await line.connect(CONNECT, device.answer)

    await asyncio.gather(*(reconnect(number) for number in range(100)))
    assert kept(times, 10)
    assert max(times) < 10.5


@virtual_time
async def test_hundreds_that_wait_for_one_budget_queue_for_it(plant: Plant) -> None:
    """Each looks about once, at its turn; whoever comes later does not go first."""
    early, late = Device(), Device()
    waiting = [ask(plant.line(f"10.0.{n}.1:1", site_requests_per_s=10), early) for n in range(200)]
    tasks = [asyncio.create_task(each) for each in waiting]
    await asyncio.sleep(5.05)
    await ask(plant.line("10.1.0.1:1", site_requests_per_s=10), late)
    await asyncio.wait(tasks)
    assert plant.measured.waits["site"] < 2 * 200
    assert late.asked_at[0] > 19


@virtual_time
async def test_a_limited_subnet_holds_up_nobody_else(plant: Plant) -> None:
    """Its requests wait; those into another subnet of the site go out at once."""
    slow, fast = Device(), Device()
    queue = [
        asyncio.create_task(ask(plant.line(f"10.0.0.{n}:1", subnet_requests_per_s=0.1), slow))
        for n in range(20)
    ]
    await asyncio.sleep(1)
    line = plant.line("10.0.9.1:1", subnet_requests_per_s=0.1, site_requests_per_s=100)
    await ask(line, fast)
    assert fast.asked_at[0] < 1.1
    for task in queue:
        task.cancel()


@virtual_time
async def test_a_looser_limit_ends_a_wait_for_a_stricter_one(plant: Plant) -> None:
    """Another envelope holds from now on, also for what waits already; windows too."""
    line, device = plant.line(device_requests_per_s=0.001), Device()
    await ask(line, device, 4)
    waiting = asyncio.create_task(ask(line, device))
    await asyncio.sleep(10)
    line.held = strictest((("target", Envelope(device_requests_per_s=1)),))
    await waiting
    assert now() < 20
    saturday = Window(("sat",), "11:00", "12:00", "UTC")
    line.held = strictest((("target", Envelope(windows=(saturday,))),))
    assert line.window_closed()
    friday = Window(("fri",), "11:00", "13:00", "UTC")
    line.held = strictest((("target", Envelope(windows=(friday,))),))
    assert not line.window_closed(), "in the same minute"
    line.held = strictest(())
    assert not line.window_closed()
