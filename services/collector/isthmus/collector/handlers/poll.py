"""One target while it is polled: what the engine knows of it, its connection, how it stands."""

import asyncio
from dataclasses import dataclass, field

import structlog

from isthmus.collector.domain.circuit import CLOSED, Circuit, CircuitState, Siblings
from isthmus.collector.domain.envelope import limits
from isthmus.collector.domain.reading import Reading
from isthmus.collector.domain.schedule import Schedule, at
from isthmus.collector.domain.status import Limit, Status
from isthmus.collector.handlers.governor import Contact
from isthmus.collector.ports import DeviceProfile, Source

log = structlog.get_logger()
CLOSE_TIMEOUT_S = 1.5  # a source aborts by itself after a second


@dataclass(eq=False, slots=True, kw_only=True)
class Poll(Contact):
    """One target while it is polled."""

    source: Source
    profile: DeviceProfile
    timeout_s: float
    schedule: Schedule
    circuit: Circuit = CLOSED
    failed: Reading = field(default_factory=Reading)
    """How the last read that failed ended."""
    siblings: Siblings = field(default_factory=Siblings)
    due_ms: int = 0
    connected: bool = False
    """May there be a connection?"""
    contacted: bool = False
    task: asyncio.Task[None] | None = None
    """Set while a slot is read, or waits for its endpoint."""
    limit: asyncio.Timeout | None = None
    """Set while a read goes on."""
    hanging_up: asyncio.Task[None] | None = None
    ending: asyncio.Task[None] | None = None
    """Set from its stop on."""
    _closing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def stopped(self) -> bool:
        """Is it polled no more?"""
        return self.ending is not None

    @property
    def engaged(self) -> bool:
        return self.connected or self.limit is not None

    async def close(self) -> None:
        """Give the connection back; who comes while it is being closed waits for that."""
        async with self._closing:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self.source.close()
            except TimeoutError:
                log.warning("close_timed_out", source=self.name)
            except Exception as error:
                log.error("close_failed", source=self.name, exc_info=error)
            self.connected = False

    def status(self, now: float) -> Status:
        """How it stands at `now`, in seconds since the epoch."""
        origin, circuit, held = self.origin, self.circuit, self.line.held
        state = circuit.state(now)
        return Status(
            site=origin.identity.site,
            target=origin.identity.target,
            path=origin.path,
            protocol=origin.protocol,
            address=origin.address,
            profile=origin.profile,
            interval_s=origin.interval_s,
            state=self.account.state,
            reason=self.account.reason,
            circuit=state,
            failures=circuit.failures,
            rests_until=at(int(circuit.until * 1000)) if state is CircuitState.OPEN else None,
            resting_devices=tuple(sorted(self.siblings.resting(now))),
            slowed_by=self.channel.adaptive.factor,
            next_slot_at=at(self.due_ms),
            limits=tuple(Limit(*each) for each in limits(held)),
            windows=tuple(
                Limit("windows", str(w), level) for level, ws in held.windows for w in ws
            ),
        )
