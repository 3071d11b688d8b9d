"""The touch ledger: one record for each endpoint and interval, of all that was sent to it."""

import asyncio
import math
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from isthmus.collector.domain.schedule import NAMESPACE, Schedule
from isthmus.collector.domain.touches import PollState, Tally
from isthmus.collector.handlers.observations import Origin
from isthmus.runtime.codec import Outgoing, encode, new_traceparent
from isthmus.telemetry.v1 import touches_pb2 as pb

TOPIC = "collector.touches.v1"
TICK_S = 1.0
CHANGED_RECORDS_MAX = 500  # in one tick: a pause of a whole site must not crowd out Observations
STATES = {
    PollState.POLLING: pb.POLL_STATE_POLLING,
    PollState.PAUSED: pb.POLL_STATE_PAUSED,
    PollState.OUTSIDE_WINDOW: pb.POLL_STATE_OUTSIDE_WINDOW,
    PollState.EXCLUDED: pb.POLL_STATE_EXCLUDED,
    PollState.CIRCUIT_OPEN: pb.POLL_STATE_CIRCUIT_OPEN,
    PollState.FENCED: pb.POLL_STATE_FENCED,
    PollState.STOPPED: pb.POLL_STATE_STOPPED,
}


@dataclass(eq=False, slots=True)
class Account:
    """What the ledger knows of one endpoint: what was sent to it, and how it stands."""

    origin: Origin
    tally: Tally
    from_at: float
    """When its current interval began, in seconds since the epoch."""
    due_at: float
    """When its record is due, if anything was sent."""
    state: PollState = PollState.POLLING
    reason: str = ""
    recorded: tuple[PollState, str] = (PollState.POLLING, "")
    """State and reason of its last record."""

    @property
    def changed(self) -> bool:
        """Does its state differ from that of its last record?"""
        if self.state is PollState.FENCED and not self.tally.contacted:
            return False  # a start: nothing has been sent, and nothing has ended
        return (self.state, self.reason) != self.recorded


def touches(account: Account, until_at: float) -> Outgoing:
    """The record of what an account holds."""
    origin, tally = account.origin, account.tally
    # The clock may have been set back.
    from_at = datetime.fromtimestamp(min(account.from_at, until_at), UTC)
    name = origin.identity.name
    gap_s = tally.gap_s_least
    message = pb.Touches(
        id=str(uuid.uuid5(NAMESPACE, f"{name}|{origin.collector}|{from_at.isoformat()}")),
        site=origin.identity.site,
        target=origin.identity.target,
        address=origin.address,
        protocol=origin.protocol,
        collector=origin.collector,
        from_at=from_at,
        until_at=datetime.fromtimestamp(until_at, UTC),
        kind=[kind.value for kind in tally.counts],
        count=tally.counts.values(),
        requests_in_a_second_most=tally.in_a_second_most,
        gap_s_least=max(0.0, gap_s) if math.isfinite(gap_s) else 0.0,
        state=STATES[account.state],
        reason=account.reason,
    )
    return encode(
        message,
        topic=TOPIC,
        key=name,
        id=message.id,
        source="collector",
        at=datetime.fromtimestamp(until_at, UTC),
        traceparent=new_traceparent(message.id),
    )


@dataclass(eq=False)
class TouchLedger:
    """Writes each account once in an interval, and at once when its state changes."""

    put: Callable[[Outgoing], None]
    clock: Callable[[], float]
    interval_s: float = 60.0
    _open: set[Account] = field(default_factory=set)
    _changed: deque[Account] = field(default_factory=deque)

    def open(self, origin: Origin, tally: Tally) -> Account:
        """The account of an endpoint that may be touched from now on."""
        now, phase_ms = self.clock(), Schedule.of(origin.identity.name, self.interval_s).phase_ms
        account = Account(origin, tally, from_at=now, due_at=now + phase_ms / 1000)
        self._open.add(account)
        return account

    def changed(self, account: Account) -> None:
        """The account's state is another one: say so within a tick or a few."""
        if account.changed:
            self._changed.append(account)

    def close(self, account: Account) -> None:
        """Write what an account still holds: nothing more comes."""
        self._open.discard(account)
        self._write(account, self.clock())

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """Write what has changed, and what is due: each endpoint at its own phase."""
        now = self.clock()
        for _ in range(min(CHANGED_RECORDS_MAX, len(self._changed))):
            account = self._changed.popleft()
            if account.changed and account in self._open:
                self._write(account, now)
        for account in self._open:
            # Further away than it was ever set: the clock was set back.
            if not 0 < account.due_at - now <= 2 * self.interval_s:
                self._due(account, now)

    def _due(self, account: Account, now: float) -> None:
        account.due_at = now + self.interval_s
        if account.tally.counts:
            self._write(account, now)
        else:
            account.from_at = now

    def _write(self, account: Account, now: float) -> None:
        self.put(touches(account, now))
        account.tally.cleared()
        account.from_at = now
        account.recorded = (account.state, account.reason)
