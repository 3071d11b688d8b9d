"""Discovery jobs: one host at a time, one request at a time, through the engine's line.

Owning the partition is the duty to run its jobs. What was done is said in events, from which the
job's record gets its progress, so that the next owner goes on where this one ended.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from isthmus.collector.domain.discovery import Found, Job, Probe, Progress
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.discoveries import REQUIRED, event, job, progress
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.visit import TIMEOUT_S, Pace, visit
from isthmus.collector.ports import Identification, Occupied, Withheld
from isthmus.runtime.codec import Outgoing, decode
from isthmus.runtime.consume import Raw, dead_letter
from isthmus.runtime.errors import Rejected, Unauthorized
from isthmus.telemetry.v1 import discovery_pb2 as pb

log = structlog.get_logger()
LOOK_S = 1.0
PROGRESS_S = 10.0
PROGRESS_HOSTS = 64
PRESENT = (Outcome.REFUSED, Outcome.UNAUTHORIZED)
"""What only something that speaks the protocol can say."""


@dataclass(eq=False)
class Run:
    """One job while this process owns it."""

    job: Job
    partition: int
    pace: Pace
    progress: Progress
    said: Progress
    """What its last event said, at `said_at`."""
    said_at: float = float("-inf")
    heard: Progress = field(default_factory=Progress)
    """What the record says now: an owner before us may have come further than we read."""
    started: bool = False
    probe: int = 0
    """Number of the probe that is next at the current host."""
    waits_for: str = ""

    @property
    def ended(self) -> bool:
        """May nothing more be sent for it?"""
        return self.pace.ended.is_set()


class Discovery:
    """The owner of the jobs of one site, and what runs them."""

    def __init__(
        self,
        site: str,
        collector: str,
        engine: Engine,
        identify: Identification,
        occupied: Occupied,
        *,
        put: Callable[[Outgoing], None],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._collector = collector
        self._engine = engine
        self._identify = identify
        self._occupied = occupied
        self._put = put
        self._clock = clock
        self._steady = steady
        self._loading: dict[int, dict[bytes | None, Raw]] = {}
        self._owned: set[int] = set()
        self._runs: dict[str, Run] = {}
        self._done: dict[str, int] = {}
        self._refused: set[tuple[int, int]] = set()
        self._asking = asyncio.Lock()
        self._changed = asyncio.Event()

    def share(self, part: float) -> None:
        """The jobs of a site have one owner: nothing is shared."""

    async def take(self, records: Sequence[Raw]) -> None:
        """Keep the last record of each job while a partition loads; apply at once after that."""
        for record in records:
            if record.partition in self._owned:
                await self._apply(record)
            else:
                self._loading.setdefault(record.partition, {})[record.key] = record

    async def loaded(self, partition: int) -> None:
        """Take up what stands on the partition."""
        self._owned.add(partition)
        for record in self._loading.pop(partition, {}).values():
            await self._apply(record)

    async def release(self, partitions: Iterable[int] | None = None) -> None:
        """Send nothing more for the jobs of `partitions`; wait for the request in flight."""
        self._loading.clear()
        released = self._owned.copy() if partitions is None else set(partitions)
        self._owned -= released
        self._done = {id: p for id, p in self._done.items() if p not in released}
        gone = [run for run in self._runs.values() if run.partition in released]
        for run in gone:
            await self._end(run)
            if run.started:
                self._say_progress(run)

    async def run(self) -> None:
        """Ask host after host, until cancelled."""
        while True:
            self._changed.clear()
            run = self._next()
            if run is not None and await self._host(run):
                await asyncio.sleep(0)  # hosts that are skipped must not hold up the others
            else:
                await self._pause()

    def _next(self) -> Run | None:
        """The job that was asked for first, of those whose window is open now."""
        now = self._now()
        for run in sorted(self._runs.values(), key=lambda r: (r.job.requested_at, r.job.id)):
            if run.job.window.open_at(now):
                return run
            self._wait_for(run, f"its window: {run.job.window}")
        return None

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _host(self, run: Run) -> bool:
        """Do the next host of a job; False when nothing may be sent now."""
        async with self._asking:
            if run.ended:
                return True
            try:
                await self._step(run)
            except Withheld as reason:
                self._wait_for(run, str(reason))
                return False
            except Unauthorized as error:
                self._finish(run, pb.DISCOVERY_EVENT_KIND_REFUSED, str(error))
                return True
            run.waits_for = ""
            if run.progress.cursor >= run.job.hosts:
                self._finish(run, pb.DISCOVERY_EVENT_KIND_FINISHED)
            elif self._is_due(run):
                self._say_progress(run)
        return True

    async def _step(self, run: Run) -> None:
        if run.probe == 0 and run.heard.cursor > run.progress.cursor:
            run.progress = run.heard
        if run.progress.cursor >= run.job.hosts:
            return
        if not run.started:
            run.started = True
            self._say(run, pb.DISCOVERY_EVENT_KIND_STARTED)
        host = run.job.host(run.progress.cursor)
        rules = self._engine.rules
        if rules.unresolved:
            raise Withheld(rules.forbidden_anywhere(host))
        if rules.forbidden_anywhere(host) or await self._occupied.by(host):
            run.progress = run.progress.after_skipping()
        else:
            run.progress = run.progress.after_asking(answered=await self._climb(run, host))
        run.probe = 0

    async def _climb(self, run: Run, host: str) -> bool:
        """Ask one probe after the other, until one is answered."""
        for probe in run.job.probes[run.probe :]:
            found = await self._ask(run, host, probe)
            run.probe += 1
            if found is not None:
                self._say_found(run, address(host, probe.port), probe, found)
                return True
        return False

    async def _ask(self, run: Run, host: str, probe: Probe) -> Found | None:
        """What an endpoint says of itself; None when nothing there speaks the protocol."""
        origin = Origin(
            identity=Identity(self._site, f"discovery-{run.job.id[:8]}"),
            path="",
            protocol=probe.protocol,
            profile="",
            address=address(host, probe.port),
            interval_s=0,
            collector=self._collector,
        )
        async with visit(self._engine, origin, run.pace, lambda: self._free(run, host)) as line:
            try:
                return await self._identify(line, probe, host, TIMEOUT_S)
            except Fault as fault:
                if fault.outcome not in PRESENT:
                    return None
                return Found({"refusal": str(fault)}, self._identify.endpoint(probe, host))
            except (Withheld, Unauthorized):
                raise
            except Exception as error:
                log.error("identification_failed", address=origin.address, exc_info=error)
                return None

    async def _free(self, run: Run, host: str) -> None:
        """Raise Withheld once a host that is being asked must not be asked any more."""
        if not run.job.window.open_at(self._now()):
            raise Withheld(f"its window: {run.job.window}")
        if taken_by := await self._occupied.by(host):
            raise Withheld(f"{host} is {taken_by} now")

    async def _apply(self, record: Raw) -> None:
        try:
            decoded = decode(record, pb.Discovery, required=REQUIRED)
        except Rejected as error:
            self._refuse(record, error)
            return
        run = self._runs.get(decoded.key)
        if decoded.message is None:
            self._done.pop(decoded.key, None)
            if run is not None:
                await self._end(run)
                self._say(run, pb.DISCOVERY_EVENT_KIND_CANCELLED)
        elif run is not None:
            run.heard = progress(decoded.message)
        elif decoded.key not in self._done:
            self._take_up(decoded.message, record)

    def _take_up(self, message: pb.Discovery, record: Raw) -> None:
        try:
            made = job(message)
            if made.site != self._site:
                raise ValueError(f"site: {made.site!r}, expected {self._site!r}")
        except ValueError as error:
            self._refuse(record, Rejected(f"discovery {message.id}: {error}"))
            return
        pace, done = Pace(1 / made.requests_per_s, self._steady), progress(message)
        self._runs[made.id] = Run(made, record.partition, pace, done, said=done)
        self._changed.set()

    async def _end(self, run: Run) -> None:
        """Let nothing more out, and wait until what is in flight has ended."""
        self._runs.pop(run.job.id, None)
        run.pace.end()
        async with self._asking:
            pass

    def _finish(self, run: Run, kind: pb.DiscoveryEventKind, reason: str = "") -> None:
        run.pace.end()
        self._runs.pop(run.job.id, None)
        self._done[run.job.id] = run.partition
        self._say(run, kind, reason)

    def _wait_for(self, run: Run, reason: str) -> None:
        if run.waits_for != reason and not run.ended:
            run.waits_for = reason
            self._say_progress(run)

    def _is_due(self, run: Run) -> bool:
        hosts = run.progress.cursor - run.said.cursor
        return hosts >= PROGRESS_HOSTS or self._steady() - run.said_at >= PROGRESS_S

    def _say_progress(self, run: Run) -> None:
        self._say(run, pb.DISCOVERY_EVENT_KIND_PROGRESS, run.waits_for)

    def _say_found(self, run: Run, address: str, probe: Probe, found: Found) -> None:
        kind = pb.DISCOVERY_EVENT_KIND_FOUND
        self._put(
            event(
                run.job, kind, run.progress, at=self._now(), collector=self._collector,
                address=address, protocol=probe.protocol, found=found,
            )
        )  # fmt: skip
        log.info("endpoint_found", discovery=run.job.id, address=address, protocol=probe.protocol)

    def _say(self, run: Run, kind: pb.DiscoveryEventKind, reason: str = "") -> None:
        run.said, run.said_at = run.progress, self._steady()
        at, collector = self._now(), self._collector
        self._put(event(run.job, kind, run.progress, at=at, collector=collector, reason=reason))
        if kind != pb.DISCOVERY_EVENT_KIND_PROGRESS or reason:
            word = pb.DiscoveryEventKind.Name(kind).removeprefix("DISCOVERY_EVENT_KIND_").lower()
            log.info(f"discovery_{word}", discovery=run.job.id, reason=reason)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _refuse(self, record: Raw, error: Rejected) -> None:
        place = (record.partition, record.offset)
        if place not in self._refused:
            self._refused.add(place)
            log.error("discovery_rejected", offset=record.offset, reason=str(error))
            self._put(dead_letter(record, error, "collector"))


def address(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
