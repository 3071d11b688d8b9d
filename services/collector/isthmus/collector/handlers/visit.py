"""A look at an endpoint that is no target: through the engine's line, at the pace of a job."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from isthmus.collector.domain.envelope import Envelope, strictest
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import EngineLine
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import Withheld

T = TypeVar("T")
Check = Callable[[], Awaitable[None]]
"""Raises Withheld once the endpoint must not be asked any more; looked at every second."""
LOOK_S = 1.0
TIMEOUT_S = 2.0
"""Seconds of asking until an endpoint counts as silent."""
STRANGER = Envelope(connections_max=1, connection="per_read", gap_s=0.2)
"""What a device bears of which nothing is known yet."""
LOOKED_AT = PollState.STOPPED, "looked at once, by a discovery"


@dataclass(eq=False)
class Pace:
    """Requests of one job: one in each period, until it ends."""

    period_s: float
    steady: Callable[[], float]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    free_at: float = float("-inf")
    line: EngineLine | None = None

    def end(self) -> None:
        """Let nothing more out, also nothing that waits already."""
        self.ended.set()
        if self.line is not None:
            self.line.block((PollState.STOPPED, "the discovery ended"))

    def begin(self) -> None:
        """A request leaves now."""
        self.free_at = self.steady() + self.period_s

    async def turn(self, wait_s: float) -> bool:
        """May the next request leave, after waiting so long at most? Raises Withheld at the end."""
        if (delay_s := self.free_at - self.steady()) > 0:
            try:
                async with asyncio.timeout(min(delay_s, wait_s)):
                    await self.ended.wait()
            except TimeoutError:
                pass
        if self.ended.is_set():
            raise Withheld("the discovery ended")
        return self.free_at <= self.steady()


class VisitLine:
    """The engine's line to a stranger, held to what every zone of the site says.

    Nobody knows yet in which zone it stands: the strictest of all of them holds.
    """

    suspended: frozenset[str] = frozenset()

    def __init__(
        self, engine: Engine, line: EngineLine, host: str, pace: Pace, check: Check
    ) -> None:
        self._engine = engine
        self._line = line
        self._host = host
        self._pace = pace
        self._check = check
        self._bind()

    @property
    def items_max(self) -> int | None:
        return self._line.items_max

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        await self._turn()
        return await self._line.connect(kind, lambda: self._sent(send))

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        await self._turn()
        return await self._line.ask(kind, lambda: self._sent(send), path=path)

    def sent(self, kind: Request, count: int = 1) -> None:
        self._line.sent(kind, count)

    async def watch(self) -> None:
        """Hold back what waits already as soon as it must not be sent any more; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look()

    async def _turn(self) -> None:
        await self._look()
        while self._line.obstacle is None and not await self._pace.turn(LOOK_S):
            pass

    async def _look(self) -> None:
        self._bind()
        try:
            await self._check()
        except Withheld as reason:
            self._line.block((PollState.EXCLUDED, str(reason)))

    async def _sent(self, send: Callable[[], Awaitable[T]]) -> T:
        self._pace.begin()
        return await send()

    def _bind(self) -> None:
        rules = self._engine.rules
        self._line.held = held = strictest((("discovery", STRANGER), *rules.levels_anywhere()))
        if forbidden := rules.forbidden_anywhere(self._host):
            self._line.block((PollState.EXCLUDED, forbidden))
        elif held.envelope.paused:
            reason = f"{held.levels['paused']}: {held.envelope.reason or 'paused'}"
            self._line.block((PollState.PAUSED, reason))


@asynccontextmanager
async def visit(
    engine: Engine, origin: Origin, pace: Pace, check: Check
) -> AsyncIterator[VisitLine]:
    """A line for one identification; what was sent stands in the touch ledger afterwards."""
    channel = engine.site.channel(origin.address)
    line = EngineLine(engine.site, channel)
    started_at = engine.site.wall()
    async with channel.turn:
        line.begin(TIMEOUT_S)
        pace.line = line
        visiting = VisitLine(engine, line, channel.host, pace, check)
        watching = asyncio.create_task(visiting.watch())
        try:
            yield visiting
        finally:
            watching.cancel()
            pace.line = None
            if line.tally.counts:
                account = engine.ledger.open(origin, line.tally)
                account.from_at = started_at
                account.state, account.reason = LOOKED_AT
                engine.ledger.close(account)
