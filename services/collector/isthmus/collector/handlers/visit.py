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

    async def turn(self) -> None:
        """Wait until the next request may leave; raises Withheld when the job ends first."""
        while not self.ended.is_set() and (delay_s := self.free_at - self.steady()) > 0:
            try:
                async with asyncio.timeout(delay_s):
                    await self.ended.wait()
            except TimeoutError:
                pass
        if self.ended.is_set():
            raise Withheld("the discovery ended")


class VisitLine:
    """The engine's line to a stranger, held to what every zone of the site says.

    Nobody knows yet in which zone it stands: the strictest of all of them holds.
    """

    suspended: frozenset[str] = frozenset()

    def __init__(self, engine: Engine, line: EngineLine, host: str, pace: Pace) -> None:
        self._engine = engine
        self._line = line
        self._host = host
        self._pace = pace
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

    async def _turn(self) -> None:
        await self._pace.turn()
        self._bind()

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
async def visit(engine: Engine, origin: Origin, pace: Pace) -> AsyncIterator[VisitLine]:
    """A line for one identification; what was sent stands in the touch ledger afterwards."""
    channel = engine.site.channel(origin.address)
    line = EngineLine(engine.site, channel)
    started_at = engine.site.wall()
    async with channel.turn:
        line.begin(TIMEOUT_S)
        pace.line = line
        try:
            yield VisitLine(engine, line, channel.host, pace)
        finally:
            pace.line = None
            if line.tally.counts:
                account = engine.ledger.open(origin, line.tally)
                account.from_at = started_at
                account.state, account.reason = LOOKED_AT
                engine.ledger.close(account)
