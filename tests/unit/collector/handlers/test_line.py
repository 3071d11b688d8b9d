"""The line: what leaves, when, and what is kept back; in virtual time."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Window, strictest
from isthmus.collector.domain.pacing import BURST
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import EngineLine, OpenLine, Site
from isthmus.collector.ports import Withheld

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


@pytest.fixture
def plant(gate: Any, measured: Any) -> Plant:
    """A site whose fence is open."""
    return Plant(gate, measured)


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
