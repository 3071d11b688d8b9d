"""The line to one endpoint: where the engine holds its envelope, whatever the protocol."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from weakref import WeakValueDictionary

import structlog

from isthmus.collector.domain.address import host_of
from isthmus.collector.domain.envelope import Held, strictest, subnet
from isthmus.collector.domain.pacing import BURST, Adaptive, Bucket
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState, Tally
from isthmus.collector.handlers.waiting import Expired, Places, within
from isthmus.collector.ports import Fence, Measure, Withheld

log = structlog.get_logger()
T = TypeVar("T")
SHARE_LEAST = 0.001
MINUTE_S = 60
FAILING_PART = 4
REMEMBERED_S = 120.0
Obstacle = tuple[PollState, str]
"""What keeps requests back, and why, for a person."""


class OpenLine:
    """A line without limits: for a bench, a test, or a probe of one's own simulator."""

    items_max: int | None = None
    suspended: frozenset[str] = frozenset()

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await send()

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        pass


class Site:
    """What all lines of this process share: the site's budgets, the fence, requests in flight."""

    def __init__(
        self,
        fence: Fence,
        measure: Measure,
        *,
        in_flight_max: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.fence = fence
        self.measure = measure
        self.clock = clock
        self.wall = wall
        self.share = 1.0
        """The part of the site's budgets that is ours: other collectors poll the rest."""
        self.requests = Bucket()
        self.connects = Bucket()
        self.healthy = Places(in_flight_max)
        # Devices that do not answer hold a request for as long as its timeout: they have places
        # of their own, and never take those of devices that do.
        self.failing = Places(max(1, in_flight_max // FAILING_PART))
        self._subnets: WeakValueDictionary[str, Bucket] = WeakValueDictionary()
        self._channels: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._left: deque[tuple[float, Channel]] = deque()

    def channel(self, address: str) -> "Channel":
        """The channel to `host:port`, one and the same for all of its targets."""
        address = address.lower()  # names of hosts know no case (RFC 4343)
        channel = self._channels.get(address)
        if channel is None:
            host = host_of(address)
            bucket = self._subnets.setdefault(subnet(host) or host, Bucket())
            channel = self._channels[address] = Channel(address, host, bucket)
        return channel

    def joined(self, channel: "Channel") -> None:
        """A first target uses it, or one that has come back."""
        if channel.adaptive.factor > 1:
            self.measure.slowed(1)

    def left(self, channel: "Channel") -> None:
        """No target uses it; what it was asked lately still counts for one that comes back."""
        if channel.adaptive.factor > 1:
            self.measure.slowed(-1)
        self._left.append((self.clock() + REMEMBERED_S, channel))

    def forget(self) -> None:
        """Forget channels that nobody came back to; called about once a second."""
        while self._left and self._left[0][0] <= self.clock():
            self._left.popleft()


@dataclass(eq=False, slots=True, weakref_slot=True)
class Channel:
    """One endpoint, which targets may share: one read and one request at a time."""

    address: str
    host: str
    subnet: Bucket
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    request: asyncio.Lock = field(default_factory=asyncio.Lock)
    requests: Bucket = field(default_factory=Bucket)
    devices: dict[str, Bucket] = field(default_factory=dict)
    adaptive: Adaptive = field(default_factory=Adaptive)
    ended_at: float = float("-inf")
    connected_at: float = float("-inf")
    latency_s: float = 0.0

    def device(self, path: str) -> Bucket:
        """The bucket of one device behind the endpoint; the empty path is the endpoint itself."""
        bucket = self.devices.get(path)
        if bucket is None:
            bucket = self.devices[path] = Bucket()
        return bucket


class Demand(NamedTuple):
    """One rate that a request must keep."""

    limit: str
    bucket: Bucket
    period_s: float
    burst: float


class EngineLine:
    """The line of one target: every request waits here for its turn, or is withheld."""

    __slots__ = (
        "_channel", "_closed", "_held", "_idle_since", "_inside", "_left_s", "_minute", "_site",
        "_timeout_s", "_waiter",
        "failing", "obstacle", "suspended", "tally", "withheld",
    )  # fmt: skip

    def __init__(self, site: Site, channel: Channel) -> None:
        self._site = site
        self._channel = channel
        self._held: Held = strictest(())
        self.obstacle: Obstacle | None = None
        """Set while the target is paused, excluded or stopped."""
        self.withheld: Obstacle | None = None
        """What the last request that was not let out met."""
        self.suspended: frozenset[str] = frozenset()
        self.failing = False
        self.tally = Tally()
        self._timeout_s = self._left_s = 0.0
        self._inside = 0
        self._idle_since = float("inf")
        self._waiter: asyncio.Future[None] | None = None
        self._minute = -1
        self._closed = ""

    @property
    def held(self) -> Held:
        """The limits that hold; from the moment on at which others are set."""
        return self._held

    @held.setter
    def held(self, held: Held) -> None:
        self._held = held
        self._minute = -1
        now = self._site.clock()
        for path in list(self._channel.devices):
            for _, bucket, period_s, burst in self._demands(path, connecting=True):
                bucket.settle(now, period_s, burst)
        self.wake()

    @property
    def items_max(self) -> int | None:
        return self._held.envelope.items_max

    def begin(self, timeout_s: float, suspended: frozenset[str] = frozenset()) -> None:
        """Begin a read that may spend `timeout_s` on asking; waiting here does not count."""
        self._timeout_s = self._left_s = timeout_s
        self.suspended = suspended
        self.withheld = None
        self._idle_since = self._site.clock()

    def block(self, obstacle: Obstacle | None) -> None:
        """Let nothing out from now on, also nothing that waits already; None lets it out again."""
        self.obstacle = obstacle
        if obstacle is not None:
            self.wake()

    def wake(self) -> None:
        """Look again at what a waiting request waits for."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def obstructed(self, for_s: float) -> Obstacle | None:
        """What keeps a request of up to `for_s` seconds back now."""
        if self.obstacle is not None:
            return self.obstacle
        if closed := self.window_closed():
            return PollState.OUTSIDE_WINDOW, closed
        if not self._site.fence.open(for_s):
            return PollState.FENCED, "no heartbeat was answered in time"
        return None

    def idle_s(self) -> float:
        """How long its source has sent nothing, nor waited to send: longer than a read is stuck."""
        return 0.0 if self._inside else self._site.clock() - self._idle_since

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        answer = await self._in_turn(kind, send, "", connecting=True)
        self._channel.connected_at = self._channel.ended_at
        return answer

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        return await self._in_turn(kind, send, path, connecting=False)

    def sent(self, kind: Request, count: int = 1) -> None:
        now = self._site.clock()
        for _ in range(count):
            self.tally.began(kind, now)
        self.tally.ended(now)

    async def _in_turn(
        self, kind: Request, send: Callable[[], Awaitable[T]], path: str, *, connecting: bool
    ) -> T:
        channel, before = self._channel, self._channel.adaptive.factor
        self._inside += 1
        try:
            async with channel.request:
                answer = await self._send(kind, send, path, connecting)
                if not connecting:
                    channel.adaptive.answered(kind, channel.latency_s, channel.ended_at)
                return answer
        finally:
            self._inside -= 1
            self._idle_since = self._site.clock()
            self._note(before)

    async def _send(
        self, kind: Request, send: Callable[[], Awaitable[T]], path: str, connecting: bool
    ) -> T:
        places = self._site.failing if self.failing else self._site.healthy
        demands = await self._admitted(places, kind, path, connecting)
        try:
            now = self._site.clock()
            for demand in demands:
                demand.bucket.take(now, demand.period_s)
            return await self._exchange(kind, send, now)
        finally:
            places.give()

    async def _exchange(self, kind: Request, send: Callable[[], Awaitable[T]], started: float) -> T:
        self.tally.began(kind, started)
        try:
            return await within(self._left_s, send)
        except Expired:
            raise self._used_up() from None
        except Fault as fault:
            if fault.busy:
                self._channel.adaptive.busy(started)
            raise
        finally:
            ended = self._site.clock()
            self._channel.ended_at = ended
            self._channel.latency_s = ended - started
            self._left_s -= ended - started
            self.tally.ended(ended)

    async def _admitted(
        self, places: Places, kind: Request, path: str, connecting: bool
    ) -> list[Demand]:
        """Wait until all limits hold, and for a place; who waits for a limit holds no place."""
        while True:
            demands = await self._pace(kind, path, connecting)
            waits = places.full
            await places.take()
            if not waits:
                return demands
            demands = list(self._demands(path, connecting))
            wait_s, *_ = self._longest(demands, [demand.bucket for demand in demands])
            if wait_s <= 0 and self.obstructed(self._left_s) is None:
                return demands
            places.give()

    async def _pace(self, kind: Request, path: str, connecting: bool) -> list[Demand]:
        """Wait until all limits hold; raises Withheld as soon as nothing may be sent."""
        queued: Collection[Bucket] = ()
        while True:
            self._check(kind)
            demands = list(self._demands(path, connecting))
            wait_s, limit, bucket = self._longest(demands, queued)
            if wait_s <= 0:
                return demands
            self._site.measure.waited(limit, wait_s)
            bucket.waiting += 1
            queued = (bucket,)
            try:
                await self._rest(wait_s)
            finally:
                bucket.waiting -= 1

    def _check(self, kind: Request) -> None:
        self.withheld = self.obstructed(self._left_s)
        if self.withheld is not None:
            raise Withheld(self.withheld[1])
        # What would usually not be answered in time is not asked and then abandoned.
        if self._left_s <= self._channel.adaptive.usual_s.get(kind, 0.0):
            self._channel.adaptive.not_asked(kind)
            raise self._used_up()

    def _note(self, before: float) -> None:
        """Say once that an endpoint is asked less than usual, and once that it no longer is."""
        now = self._channel.adaptive.factor
        if (before > 1) != (now > 1):
            self._site.measure.slowed(1 if now > 1 else -1)
            log.info("endpoint_slowed" if now > 1 else "endpoint_recovered", factor=now,
                     address=self._channel.address)  # fmt: skip

    def _used_up(self) -> Fault:
        error = f"{self._channel.address}: no whole answer within {self._timeout_s:g} s"
        return Fault(Outcome.TIMEOUT, error)

    def _longest(
        self, demands: list[Demand], queued: Collection[Bucket]
    ) -> tuple[float, str, Bucket]:
        """The limit that is the longest to wait for; its turn has come at those of `queued`."""
        channel, envelope, now = self._channel, self._held.envelope, self._site.clock()
        gap_s = channel.adaptive.gap_s(envelope.gap_s or 0.0, channel.latency_s)
        longest = channel.ended_at + gap_s - now, "gap", channel.requests
        pause_s = channel.connected_at + (envelope.pause_after_connect_s or 0.0) - now
        if pause_s > longest[0]:
            longest = pause_s, "pause_after_connect", channel.requests
        for limit, bucket, period_s, burst in demands:
            wait_s = bucket.wait_s(now, period_s, burst)
            if bucket.waiting and bucket not in queued:
                wait_s = max(0.0, wait_s) + bucket.waiting * period_s
            if wait_s > longest[0]:
                longest = wait_s, limit, bucket
        return longest

    def _demands(self, path: str, connecting: bool) -> Iterator[Demand]:
        channel, site, envelope = self._channel, self._site, self._held.envelope
        slower = channel.adaptive.factor
        if rate := envelope.device_requests_per_s:
            yield Demand("device", channel.device(path), slower / rate, BURST)
        if rate := envelope.endpoint_requests_per_s:
            yield Demand("endpoint", channel.requests, slower / rate, BURST)
        for limit, rate, bucket in (
            ("subnet", envelope.subnet_requests_per_s, channel.subnet),
            ("site", envelope.site_requests_per_s, site.requests),
            ("connects", envelope.site_connects_per_s if connecting else None, site.connects),
        ):
            if rate:
                share = max(site.share, SHARE_LEAST)
                yield Demand(limit, bucket, 1 / (rate * share), max(1.0, BURST * share))

    async def _rest(self, wait_s: float) -> None:
        """Sleep, unless something changes that a waiting request must hear of."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(wait_s, self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def window_closed(self) -> str:
        """Why no window is open now, for a person; empty when polling is allowed."""
        if not self._held.windows:
            return ""
        # A window's ends are whole minutes: look once in each.
        minute = int(self._site.wall() // MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            self._closed = self._held.closed(datetime.fromtimestamp(self._site.wall(), UTC))
        return self._closed
