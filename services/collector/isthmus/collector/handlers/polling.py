"""The engine: reads every target at its slots, one read at a time on each endpoint."""

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import structlog

from isthmus.collector.domain import Fault, Outcome, Reading, Schedule, rest_ms
from isthmus.collector.handlers.observations import Origin, observation
from isthmus.collector.ports import Fence, Measure, Source
from isthmus.runtime.codec import Outgoing

log = structlog.get_logger()
LOOK_S = 1.0  # the wall clock may be set: look at it at least this often
CLOSE_TIMEOUT_S = 1.0


@dataclass(eq=False)
class Line:
    """One endpoint; whoever holds the lock is alone on it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    polls: int = 0


@dataclass(eq=False)
class Poll:
    """One target while it is polled."""

    origin: Origin
    source: Source
    timeout_s: float
    schedule: Schedule
    line: Line
    stopped: bool = False
    failures: int = 0
    task: asyncio.Task[None] | None = None


class Engine:
    """One heap of due slots for all targets, and a bounded number of reads at the same time."""

    def __init__(
        self,
        put: Callable[[Outgoing], None],
        fence: Fence,
        measure: Measure,
        *,
        polls_max: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._put = put
        self._fence = fence
        self._measure = measure
        self._clock = clock
        self._free = asyncio.Semaphore(polls_max)
        self._polls: dict[str, Poll] = {}
        self._lines: WeakValueDictionary[str, Line] = WeakValueDictionary()
        self._due: list[tuple[int, int, Poll]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self._fenced = True  # until the first heartbeat

    def start(self, origin: Origin, source: Source, timeout_s: float) -> None:
        """Poll a target from its next slot on."""
        name = origin.identity.name
        line = self._lines.get(origin.address)
        if line is None:
            line = self._lines[origin.address] = Line()
        line.polls += 1
        poll = Poll(origin, source, timeout_s, Schedule.of(name, origin.interval_s), line)
        self._polls[name] = poll
        self._measure.targets_changed(origin.protocol, 1)
        self._schedule(poll)

    async def stop(self, names: Iterable[str]) -> None:
        """Stop polling: waits for reads in flight, each within its timeout, and closes."""
        polls = [self._polls.pop(name) for name in names if name in self._polls]
        for poll in polls:
            poll.stopped = True
        await asyncio.gather(*(self._end(poll) for poll in polls))

    async def run(self) -> None:
        """Start reads when they are due, until cancelled."""
        while True:
            delay_s = LOOK_S
            if self._due:
                delay_s = min(LOOK_S, self._due[0][0] / 1000 - self._clock())
            if delay_s > 0:
                await self._pause(delay_s)
                continue
            slot_ms, _, poll = heapq.heappop(self._due)
            if not poll.stopped:
                await self._free.acquire()
                poll.task = asyncio.create_task(self._poll(poll, slot_ms))

    async def _pause(self, delay_s: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(delay_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _schedule(self, poll: Poll) -> None:
        if poll.stopped:
            return
        interval_ms = poll.schedule.interval_ms
        rest = rest_ms(interval_ms, poll.failures, random.random())
        slot_ms = poll.schedule.slot_after(int(self._clock() * 1000) + rest)
        heapq.heappush(self._due, (slot_ms, next(self._order), poll))
        self._changed.set()

    async def _poll(self, poll: Poll, slot_ms: int) -> None:
        try:
            async with poll.line.lock:
                await self._observe(poll, slot_ms)
        finally:
            self._free.release()
            self._schedule(poll)

    async def _observe(self, poll: Poll, slot_ms: int) -> None:
        if poll.stopped:
            return
        if not self._may_read(poll):
            return
        started = time.monotonic()
        late_s = self._clock() - slot_ms / 1000
        reading = await self._read(poll)
        took_s = time.monotonic() - started
        if poll.line.polls > 1:
            await poll.source.close()  # the endpoint's one connection is the next target's turn
        self._judge(poll, reading)
        self._measure.polled(poll.origin.protocol, reading.outcome, late_s=late_s, took_s=took_s)
        observed_at = datetime.fromtimestamp(self._clock(), UTC)
        self._put(
            observation(
                poll.origin, reading, slot_ms=slot_ms, observed_at=observed_at, duration_s=took_s
            )
        )

    def _may_read(self, poll: Poll) -> bool:
        is_open = self._fence.open(poll.timeout_s)
        if not is_open:
            self._measure.skipped()
            if not self._fenced:
                log.warning("polls_fenced", reason="no heartbeat was answered in time")
        elif self._fenced:
            log.info("polls_allowed")
        self._fenced = not is_open
        return is_open

    async def _read(self, poll: Poll) -> Reading:
        try:
            async with asyncio.timeout(poll.timeout_s):
                return await poll.source.read()
        except TimeoutError:
            await poll.source.close()
            error = f"{poll.origin.address}: no whole answer within {poll.timeout_s:g} s"
            return Reading.failed(Fault(Outcome.TIMEOUT, error))
        except Exception as error:
            if poll.failures == 0:
                log.error("read_failed", source=poll.origin.identity.name, exc_info=error)
            await poll.source.close()
            text = f"{poll.origin.address}: unexpected {type(error).__name__}: {error}"
            return Reading.failed(Fault(Outcome.GARBLED, text))

    def _judge(self, poll: Poll, reading: Reading) -> None:
        name = poll.origin.identity.name
        if reading.outcome is Outcome.OK:
            if poll.failures:
                log.info("source_recovered", source=name, failures=poll.failures)
            poll.failures = 0
            return
        if poll.failures == 0:
            log.warning(
                "source_lost", source=name, outcome=reading.outcome.value, reason=reading.error
            )
        poll.failures += 1

    async def _end(self, poll: Poll) -> None:
        try:
            if poll.task is not None:
                async with asyncio.timeout(poll.timeout_s):
                    await asyncio.wait({poll.task})
        except TimeoutError:
            if poll.task is not None:
                poll.task.cancel()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await poll.source.close()
        except TimeoutError:
            log.warning("close_timed_out", source=poll.origin.identity.name)
        poll.line.polls -= 1
        self._measure.targets_changed(poll.origin.protocol, -1)
