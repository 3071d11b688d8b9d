"""The engine: reads every target at its slots, each within its envelope, none in another's way."""

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from isthmus.collector.domain.circuit import CLOSED, CircuitState
from isthmus.collector.domain.envelope import UNLIMITED, Envelope, SiteRules, Zone
from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.domain.schedule import Schedule, at
from isthmus.collector.domain.status import Status
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.governor import NOT_ASKED, STOPPED, Contact, Governor
from isthmus.collector.handlers.line import Channel, EngineLine, Obstacle, Site
from isthmus.collector.handlers.names import HostNames
from isthmus.collector.handlers.observations import Origin, observation
from isthmus.collector.handlers.poll import CLOSE_TIMEOUT_S, Poll
from isthmus.collector.handlers.touches import TouchLedger
from isthmus.collector.ports import Fence, Measure, Resolve, Source, Withheld
from isthmus.runtime.codec import Outgoing

log = structlog.get_logger()
LOOK_S = 1.0  # the wall clock may be set: look at it at least this often
HANG_UP_S = 3.0  # a request in flight may end; a pause or a stop is to be whole in five seconds
AT_ONCE = 50  # targets that are stopped without a breath for the event loop
SPARE = 100  # slots of stopped targets that do no harm
SET_BACK_S = 600.0  # a clock that was wrong, not one that was corrected


class Engine:
    """One heap of due slots for all targets, and one line to each."""

    def __init__(
        self,
        put: Callable[[Outgoing], None],
        fence: Fence,
        measure: Measure,
        *,
        resolve: Resolve,
        polls_max: int,
        touches_interval_s: float = 60.0,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._put = put
        self._measure = measure
        self._clock = clock
        self._steady = steady
        self._jitter = jitter
        self.ledger = TouchLedger(put, clock, touches_interval_s)
        self.site = Site(fence, measure, in_flight_max=polls_max, clock=steady, wall=clock)
        hosts = HostNames(resolve, steady)
        self._governor = Governor(self.site, self.ledger, hosts, self._hang_up_soon)
        self._polls: dict[str, Poll] = {}
        self._sharing: dict[Channel, list[Poll]] = {}
        self._reading: set[Poll] = set()
        self._due: list[tuple[int, int, Poll]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self._looked_at = self._looked_on = float("-inf")

    def start(
        self, origin: Origin, source: Source, timeout_s: float, envelope: Envelope = UNLIMITED
    ) -> None:
        """Poll a target from its next slot on; `timeout_s` bounds the asking of one read."""
        channel = self.site.channel(origin.address)
        line = EngineLine(self.site, channel)
        poll = Poll(
            origin=origin,
            envelope=envelope,
            channel=channel,
            line=line,
            account=self.ledger.open(origin, line.tally),
            source=source,
            profile=source.profile,
            timeout_s=timeout_s,
            schedule=Schedule.of(origin.identity.name, origin.interval_s),
        )
        self._polls[poll.name] = poll
        if channel not in self._sharing:
            self._sharing[channel] = []
            self.site.joined(channel)
        self._sharing[channel].append(poll)
        self._measure.targets_changed(origin.protocol, 1)
        poll.own, poll.safety = poll.profile.envelope, poll.profile.safety
        self._governor.admit(poll)
        self._schedule(poll)

    def bound(self, name: str, envelope: Envelope) -> None:
        """Another envelope of a target that is polled; its connection stays."""
        poll = self._polls[name]
        poll.envelope = envelope
        self._governor.bind(poll)

    def govern(self, zones: Iterable[Zone]) -> None:
        """The rules of the site and its zones, all of them, as they are from now on."""
        self._governor.govern(zones)

    async def follow_names(self) -> None:
        """Know which hosts a do-not-poll list is about; until cancelled."""
        await self._governor.follow_names()

    def share(self, part: float) -> None:
        """The part of the site's shared budgets that is ours, above 0 and at most 1."""
        self.site.share = part

    @property
    def rules(self) -> SiteRules:
        """The rules as they are now."""
        return self._governor.rules

    async def stop(self, names: Iterable[str]) -> None:
        """Stop polling: requests in flight may end, but not for long; returns when all is closed.

        Goes on when it is cancelled; to stop the same targets again is to wait for their end.
        """
        polls = [self._polls[name] for name in names if name in self._polls]
        for poll in polls:
            poll.line.block(STOPPED)
        for number, poll in enumerate(polls):
            if poll.ending is None:
                poll.ending = asyncio.create_task(self._end(poll))
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        if ending := [poll.ending for poll in polls if poll.ending is not None]:
            await asyncio.wait(ending)

    def status(self, name: str) -> Status | None:
        """How `site/target` stands; None when it is not polled here."""
        poll = self._polls.get(name)
        return None if poll is None else poll.status(self._clock())

    def statuses(self, after: str = "", state: PollState | None = None) -> Iterator[Status]:
        """How the targets in `state`, or all, stand: by name, from the first after `after` on."""
        polls = sorted(
            (name, poll)
            for name, poll in self._polls.items()
            if name > after and state in (None, poll.account.state)
        )
        return (poll.status(self._clock()) for _, poll in polls)

    async def run(self) -> None:
        """Start reads when they are due, until cancelled."""
        while True:
            if self._steady() - self._looked_at >= LOOK_S:
                self._look()
            delay_s = LOOK_S
            if self._due:
                delay_s = min(LOOK_S, self._due[0][0] / 1000 - self._clock())
            if delay_s > 0:
                await self._pause(delay_s)
                continue
            slot_ms, _, poll = heapq.heappop(self._due)
            if poll.stopped:
                continue
            if poll.circuit.state(self._clock()) is CircuitState.OPEN:
                self._rest(poll, slot_ms)
            else:
                poll.task = asyncio.create_task(self._poll(poll, slot_ms))

    async def _pause(self, delay_s: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(delay_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _look(self) -> None:
        self._looked_at = self._steady()
        self._look_at_clock()
        self._governor.look()
        self.site.forget()
        for poll in self._reading:
            stuck = poll.line.idle_s() > poll.timeout_s
            if stuck and poll.limit is not None and not poll.limit.expired():
                poll.limit.reschedule(asyncio.get_running_loop().time())

    def _look_at_clock(self) -> None:
        """Begin anew when the clock was set far back; else no slot is read twice."""
        before, self._looked_on = self._looked_on, self._clock()
        if self._looked_on < before - SET_BACK_S:
            log.warning("clock_set_back", by_s=round(before - self._looked_on))
            due, self._due = self._due, []
            for _, _, poll in due:
                self._schedule(poll)

    def _hang_up_soon(self, contact: Contact) -> None:
        if isinstance(contact, Poll) and not contact.stopped and contact.hanging_up is None:
            contact.hanging_up = asyncio.create_task(self._hang_up(contact))

    async def _hang_up(self, poll: Poll) -> None:
        """Give the connection back; a request in flight may end, but not for long."""
        task = poll.task
        try:
            if task is not None and poll in self._reading:
                await asyncio.wait({task}, timeout=HANG_UP_S)
                if poll.line.obstructed(0):
                    task.cancel()
            async with poll.channel.turn:
                if poll.connected and poll.line.obstructed(0):
                    await poll.close()
        finally:
            poll.hanging_up = None

    def _schedule(self, poll: Poll) -> None:
        if poll.stopped:
            return
        poll.due_ms = poll.schedule.slot_after(int(self._clock() * 1000))
        heapq.heappush(self._due, (poll.due_ms, next(self._order), poll))
        if self._due[0][2] is poll:
            self._changed.set()

    def _rest(self, poll: Poll, slot_ms: int) -> None:
        """Say of a slot that is left out how the last read failed: silence would mean us."""
        obstacle = poll.line.obstructed(0)
        if obstacle is None:
            until = f"not asked until {at(int(poll.circuit.until * 1000)):%H:%M:%S} UTC"
            self._say(poll, replace(poll.failed, error=f"{until}; {poll.failed.error}"), slot_ms, 0)
        elif obstacle[0] in NOT_ASKED:
            self._say(poll, Reading(Outcome.NOT_ASKED, obstacle[1]), slot_ms, 0)
        self._schedule(poll)

    async def _poll(self, poll: Poll, slot_ms: int) -> None:
        try:
            async with poll.channel.turn:
                if not poll.stopped:
                    await self._observe(poll, slot_ms)
        finally:
            poll.task = None
            self._schedule(poll)

    async def _observe(self, poll: Poll, slot_ms: int) -> None:
        started = self._steady()
        late_s = self._clock() - slot_ms / 1000
        obstacle = poll.line.obstructed(poll.timeout_s)
        reading = None
        if obstacle is None:
            await self._make_room(poll)
            reading = await self._read(poll, slot_ms)
        if reading is None:
            await self._leave_out(poll, slot_ms, obstacle or poll.line.withheld)
            return
        took_s = self._steady() - started
        self._judge(poll, reading)
        self._measure.polled(poll.origin.protocol, reading.outcome, late_s=late_s, took_s=took_s)
        self._say(poll, reading, slot_ms, took_s)
        self._look_at_profile(poll)
        if poll.line.held.envelope.connection == "per_read":
            await poll.close()

    async def _make_room(self, poll: Poll) -> None:
        """Have no more connections to the endpoint than it bears, with the one of this read."""
        others = [each for each in self._sharing[poll.channel] if each is not poll]
        spare = (poll.line.held.envelope.connections_max or 1) - 1
        for other in [each for each in others if each.connected][spare:]:
            await other.close()

    async def _leave_out(self, poll: Poll, slot_ms: int, obstacle: Obstacle | None) -> None:
        """Nothing may be sent: hang up, and say so of this slot where that is for us to say."""
        if poll.connected:
            await poll.close()
        if obstacle is None or poll.stopped:
            return
        state, reason = obstacle
        self._measure.withheld(state)
        self._governor.enter(poll, state, reason)
        if state in NOT_ASKED:
            self._say(poll, Reading(Outcome.NOT_ASKED, reason), slot_ms, 0.0)

    def _say(self, poll: Poll, reading: Reading, slot_ms: int, took_s: float) -> None:
        now = datetime.fromtimestamp(self._clock(), UTC)
        self._put(
            observation(poll.origin, reading, slot_ms=slot_ms, observed_at=now, duration_s=took_s)
        )

    def _look_at_profile(self, poll: Poll) -> None:
        """A read may have recognised another device, which bears something else."""
        profile = poll.source.profile
        if profile is not poll.profile:
            poll.profile, poll.own, poll.safety = profile, profile.envelope, profile.safety
            self._governor.bind(poll)

    async def _read(self, poll: Poll, slot_ms: int) -> Reading | None:
        """Read once; None when the engine itself kept back what was to be sent."""
        line = poll.line
        line.begin(poll.timeout_s, poll.siblings.resting(self._clock()))
        line.failing = poll.circuit.failures > 0
        try:
            reading = await self._limited(poll, poll.schedule.number(slot_ms))
        except Withheld:
            return None
        except TimeoutError:
            await poll.close()
            error = f"{poll.origin.address}: no whole answer within {poll.timeout_s:g} s"
            return Reading.failed(Fault(Outcome.TIMEOUT, error))
        except Exception as error:
            return await self._failed(poll, error)
        finally:
            if not poll.contacted and line.tally.contacted:
                poll.contacted = True
                log.info("source_contacted", source=poll.name, address=poll.origin.address)
        rest_max_s, now = line.held.envelope.backoff_max_s or 0.0, self._clock()
        return poll.siblings.judged(reading, line.suspended, now, rest_max_s, self._jitter)

    async def _limited(self, poll: Poll, number: int) -> Reading:
        """One read of its source, until `_look` finds it stuck."""
        poll.connected = True
        self._reading.add(poll)
        try:
            async with asyncio.timeout(None) as poll.limit:
                return await poll.source.read(poll.line, number)
        finally:
            poll.limit = None
            self._reading.discard(poll)

    async def _failed(self, poll: Poll, error: Exception) -> Reading:
        """A bug of an adapter: it costs this read, and nothing else."""
        if poll.circuit.failures == 0:
            log.error("read_failed", source=poll.name, exc_info=error)
        await poll.close()
        text = f"{poll.origin.address}: unexpected {type(error).__name__}: {error}"
        return Reading.failed(Fault(Outcome.GARBLED, text))

    def _judge(self, poll: Poll, reading: Reading) -> None:
        before, state, reason = poll.circuit, PollState.POLLING, ""
        if reading.outcome is Outcome.OK:
            if before.failures:
                log.info("source_recovered", source=poll.name, failures=before.failures)
            poll.circuit = CLOSED
        else:
            if before.failures == 0:
                outcome, why = reading.outcome.value, reading.error
                log.warning("source_lost", source=poll.name, outcome=outcome, reason=why)
            now, rest_max_s = self._clock(), poll.line.held.envelope.backoff_max_s or 0.0
            poll.circuit = before.failed(now, rest_max_s, self._jitter())
            poll.failed = reading
            if poll.circuit.state(now) is not CircuitState.CLOSED:
                state, reason = PollState.CIRCUIT_OPEN, "it failed several times in a row"
        if poll.line.obstacle is None:
            self._governor.enter(poll, state, reason)

    async def _end(self, poll: Poll) -> None:
        if busy := {task for task in (poll.task, poll.hanging_up) if task is not None}:
            await asyncio.wait(busy, timeout=min(poll.timeout_s, HANG_UP_S))
            for task in busy:
                task.cancel()
            await asyncio.wait(busy, timeout=CLOSE_TIMEOUT_S)
        await poll.close()
        self._governor.dismiss(poll)
        self._forget(poll)
        self._measure.targets_changed(poll.origin.protocol, -1)

    def _forget(self, poll: Poll) -> None:
        del self._polls[poll.name]
        sharing = self._sharing[poll.channel]
        sharing.remove(poll)
        if not sharing:
            del self._sharing[poll.channel]
            self.site.left(poll.channel)
        if len(self._due) > 2 * len(self._polls) + SPARE:  # slots of targets that were stopped
            self._due = [each for each in self._due if not each[2].stopped]
            heapq.heapify(self._due)
