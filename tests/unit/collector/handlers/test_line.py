"""The line: what leaves, when, and what is kept back; in virtual time."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.collector.handlers.line_plant import (
    CONNECT,
    READ,
    Device,
    Plant,
    ask,
    kept,
    now,
)
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Window
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.ports import Withheld


@virtual_time
async def test_nothing_waits_where_nothing_limits(plant: Plant) -> None:
    """A request goes out at once, and its answer comes back as it is."""
    line, device = plant.line(), Device(takes_s=0)
    assert await line.ask(READ, device.answer) == "answer"
    await ask(line, device, 99)
    assert now() < 1e-3
    assert not plant.measured.waits
    assert line.tally.counts == {READ: 100}


@virtual_time
async def test_the_gap_lies_between_an_answer_and_the_next_request(plant: Plant) -> None:
    """Also between targets that share the endpoint, and between two reads."""
    device = Device(takes_s=0.03)
    one, other = plant.line(gap_s=0.05), plant.line(gap_s=0.15)
    for _ in range(5):
        await ask(one, device)
        one.begin(1e6)
        await ask(other, device)
    gaps = [b - a for a, b in zip(device.answered_at, device.asked_at[1:], strict=False)]
    assert min(gaps[0::2]) >= 0.15 - 1e-9
    assert min(gaps[1::2]) >= 0.05 - 1e-9
    assert max(gaps) < 0.16
    assert set(plant.measured.waits) == {"gap"}


@virtual_time
async def test_the_first_request_waits_after_a_connection(plant: Plant) -> None:
    """As long as the envelope says, whatever the gap."""
    line, device = plant.line(gap_s=0.05, pause_after_connect_s=1.5), Device()
    await line.connect(CONNECT, device.answer)
    await ask(line, device)
    assert device.asked_at[1] - device.answered_at[0] == pytest.approx(1.5)


@virtual_time
async def test_one_request_at_a_time_also_when_a_source_asks_for_more(plant: Plant) -> None:
    """Requests that a source makes together go out one after the other."""
    line, device = plant.line(gap_s=0.05), Device()
    await asyncio.gather(*(ask(line, device) for _ in range(10)))
    assert device.asking_most == 1
    assert len(device.asked_at) == 10


@virtual_time
async def test_waiting_for_our_own_limits_costs_a_device_none_of_its_time(plant: Plant) -> None:
    """Only asking counts against the timeout of a read."""
    line, device = plant.line(timeout_s=0.55, gap_s=2.0), Device(takes_s=0.1)
    await ask(line, device, 5)
    with pytest.raises(Fault, match=r"10.0.0.1:502: no whole answer within 0.55 s") as ended:
        await ask(line, device)
    assert ended.value.outcome is Outcome.TIMEOUT
    assert len(device.asked_at) == 5, "what cannot be answered in time is not asked"


@virtual_time
async def test_a_library_that_hangs_is_given_up(plant: Plant) -> None:
    """At the end of the read's time, as a timeout that the source may report."""
    line = plant.line(timeout_s=3)
    with pytest.raises(Fault, match="within 3 s"):
        await ask(line, Device(takes_s=1e9))
    assert now() == pytest.approx(3)


@virtual_time
async def test_what_a_device_says_goes_through(plant: Plant) -> None:
    """A fault is the source's to judge; a timeout of the library is not taken for ours."""
    line = plant.line(timeout_s=3)

    async def late() -> None:
        raise TimeoutError("library")

    with pytest.raises(TimeoutError, match="library"):
        await line.ask(READ, late)
    with pytest.raises(Fault, match="0x02"):
        await ask(line, Device(fault=Fault(Outcome.REFUSED, "0x02")))


@pytest.mark.parametrize("state", [PollState.PAUSED, PollState.EXCLUDED, PollState.STOPPED])
@virtual_time
async def test_a_request_that_waits_hears_at_once_that_it_must_not(
    plant: Plant, state: PollState
) -> None:
    """A pause, an exclusion or a stop ends a wait of an hour within the same second."""
    line, device = plant.line(gap_s=60), Device()
    await ask(line, device)
    waiting = asyncio.create_task(ask(line, device))
    await asyncio.sleep(1)
    line.block((state, "because"))
    with pytest.raises(Withheld, match="because"):
        await waiting
    assert now() < 1.1
    assert len(device.asked_at) == 1
    assert line.withheld == (state, "because")


@virtual_time
async def test_the_fence_is_looked_at_for_every_request(plant: Plant) -> None:
    """Also in the middle of a read, and for as long as the request may take."""
    line, device = plant.line(timeout_s=4), Device()
    await ask(line, device)
    plant.gate.is_open = False
    with pytest.raises(Withheld, match="heartbeat"):
        await ask(line, device)
    assert line.withheld == (PollState.FENCED, "no heartbeat was answered in time")
    assert len(device.asked_at) == 1


@virtual_time
async def test_nothing_leaves_outside_the_window(plant: Plant) -> None:
    """A window that closes in the middle of a read ends it; the reason says when it opens."""
    window = Window(("fri",), "11:00", "12:01", "UTC")
    line, device = plant.line(windows=(window,), gap_s=40), Device()
    await ask(line, device, 2)
    with pytest.raises(Withheld, match=r"target: polled only fri 11:00-12:01 UTC"):
        await ask(line, device)
    assert line.obstructed(0) is not None


@virtual_time
async def test_a_busy_device_is_asked_half_as_fast(plant: Plant) -> None:
    """Rates and gaps; once it answers well again for a while, it is asked as before."""
    line, device = plant.line(gap_s=0.5), Device(takes_s=0.1)
    with pytest.raises(Fault):
        await ask(line, Device(takes_s=0.1, fault=Fault(Outcome.REFUSED, "0x06", busy=True)))
    assert plant.measured.slow == 1
    await ask(line, device, 10)
    periods = [b - a for a, b in pairwise(device.asked_at)]
    assert max(periods) == pytest.approx(1.2)
    await ask(line, device, 400)
    assert device.asked_at[-1] - device.asked_at[-2] == pytest.approx(0.6)
    assert plant.measured.slow == 0


@virtual_time
async def test_requests_in_flight_are_bounded(gate: Any, measured: Any) -> None:
    """More endpoints than places take turns."""
    plant, device = Plant(gate, measured, in_flight_max=3), Device(takes_s=1)
    lines = [plant.line(f"10.0.0.{n}:1") for n in range(30)]
    await asyncio.gather(*(ask(line, device) for line in lines))
    assert device.asking_most == 3
    assert now() == pytest.approx(10)


@virtual_time
async def test_silent_devices_take_no_place_of_those_that_answer(gate: Any, measured: Any) -> None:
    """Hundreds of hanging requests, and a healthy device is asked at once."""
    plant, silent, healthy = Plant(gate, measured, in_flight_max=8), Device(takes_s=1e9), Device()
    tasks = []
    for number in range(200):
        line = plant.line(f"10.0.0.{number}:1", timeout_s=100)
        line.failing = True
        tasks.append(asyncio.create_task(ask(line, silent)))
    await asyncio.sleep(1)
    await ask(plant.line("10.0.1.1:1"), healthy)
    assert healthy.asked_at[0] < 1.1
    assert silent.asking_most == 2
    for task in tasks:
        task.cancel()


@virtual_time
async def test_a_paused_line_lets_out_nothing_after_a_wait_for_a_place(
    gate: Any, measured: Any
) -> None:
    """What held while it queued for a place is looked at again before it leaves."""
    plant, slow, device = Plant(gate, measured, in_flight_max=1), Device(takes_s=5), Device()
    first = asyncio.create_task(ask(plant.line("10.0.0.1:1"), slow))
    line = plant.line("10.0.0.2:1")
    second = asyncio.create_task(ask(line, device))
    await asyncio.sleep(1)
    line.block((PollState.PAUSED, "site: now"))
    with pytest.raises(Withheld):
        await second
    await first
    assert not device.asked_at


@virtual_time
async def test_what_a_library_sends_by_itself_is_counted(plant: Plant) -> None:
    """It is in the ledger, and costs the next request nothing."""
    line = plant.line(items_max=20)
    line.sent(Request.OPCUA_PUBLISH, 3)
    assert line.tally.counts == {Request.OPCUA_PUBLISH: 3}
    assert line.items_max == 20


@virtual_time
async def test_a_source_that_hangs_beside_its_line_is_seen(plant: Plant) -> None:
    """Waiting for a limit or an answer is no idleness; anything else is."""
    line, device = plant.line(gap_s=30), Device()
    await ask(line, device)
    waiting = asyncio.create_task(ask(line, device))
    await asyncio.sleep(20)
    assert line.idle_s() == 0
    await waiting
    await asyncio.sleep(7)
    assert line.idle_s() == pytest.approx(7)


@virtual_time
async def test_an_open_line_has_no_limits() -> None:
    """For a bench: what is sent comes back."""

    async def send() -> int:
        return 7

    kinds: list[Callable[..., Awaitable[int]]] = [OpenLine().ask, OpenLine().connect]
    assert [await kind(READ, send) for kind in kinds] == [7, 7]
    OpenLine().sent(READ)
    assert not OpenLine().suspended


@virtual_time
async def test_whoever_waits_for_a_limit_takes_no_place(gate: Any, measured: Any) -> None:
    """A limited subnet that queued while all places were taken does not hold them afterwards."""
    plant, slow, limited, healthy = Plant(gate, measured, 2), Device(takes_s=5), Device(), Device()
    tasks = [asyncio.create_task(ask(plant.line(f"10.9.{n}.1:1"), slow)) for n in range(2)]
    await asyncio.sleep(0)
    for number in range(20):
        line = plant.line(f"10.0.0.{number}:1", subnet_requests_per_s=0.1)
        tasks.append(asyncio.create_task(ask(line, limited)))
    await asyncio.sleep(1)
    await ask(plant.line("10.1.0.1:1"), healthy)
    assert healthy.asked_at[0] < 6
    await asyncio.sleep(400)
    assert len(limited.asked_at) == 20
    assert kept(limited.asked_at, 0.1)
    await asyncio.gather(*tasks)


@virtual_time
async def test_an_endpoint_is_one_whatever_the_case_of_its_name(plant: Plant) -> None:
    """Names of hosts know none (RFC 4343)."""
    assert plant.site.channel("PLC-1.hagen:502") is plant.site.channel("plc-1.Hagen:502")


@virtual_time
async def test_what_was_once_slow_is_asked_again_some_day(plant: Plant) -> None:
    """One slow answer must not mean that its kind of request is never made again."""
    coils, line, other = Request.MODBUS_READ_COILS, plant.line(), Device(takes_s=0.2)
    line.begin(1.0)
    await line.ask(coils, Device(takes_s=0.9).answer)
    device = Device()
    for _ in range(20):
        line.begin(1.0)
        await ask(line, other)
        with suppress(Fault):
            await line.ask(coils, device.answer)
    assert device.asked_at
    assert device.asked_at[0] > 2, "what would not be answered in time is not asked"


@virtual_time
async def test_an_endpoint_is_remembered_for_a_while(plant: Plant) -> None:
    """Whoever comes back meanwhile finds its rates as they are; then it is forgotten."""
    channel = plant.site.channel("10.0.0.1:502")
    forgotten = weakref.ref(channel)
    plant.site.left(channel)
    del channel
    await asyncio.sleep(60)
    plant.site.forget()
    assert forgotten() is plant.site.channel("10.0.0.1:502")
    await asyncio.sleep(61)
    plant.site.forget()
    assert forgotten() is None
