"""Follows the history once, for all clients of this process together."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import structlog

from isthmus.inventory.domain.feed.following import SETTLED, Interest, Place
from isthmus.inventory.handlers import clock
from isthmus.inventory.ports.assets import Event
from isthmus.inventory.ports.feed import EventFeed, StreamMeasures
from isthmus.runtime.errors import IsthmusError

log = structlog.get_logger()
LOOK_S = 1.0
PAGE = 500
WAITING_MAX = 1_000
"""Events that a client may be behind: more is a client that does not read."""
STREAMS_MAX = 200
STREAMS_OF_ONE_MAX = 10
HEARTBEAT_S = 15.0
STREAM_MAX_S = 900.0
"""Who was let in is looked at again after a quarter of an hour: a token ends, a role is taken."""
Step = tuple[Place, Event | None]
"""How far the client has come now, with the event that brought it there; None for a heartbeat."""


class Ended(StrEnum):
    """Why a stream ended."""

    TIME = "time"
    SLOW = "slow"
    STORE = "store"
    STOPPING = "stopping"
    LEFT = "left"
    REFUSED = "refused"


class Crowded(IsthmusError):
    """There are as many streams as this process carries, or as one client may have."""


@dataclass(eq=False)
class Stream:
    """One client, and what it has not been given yet."""

    who: str
    interest: Interest
    after: Place
    waiting: deque[Event] = field(default_factory=deque)
    ended: Ended | None = None
    steps: AsyncGenerator[Step] = field(init=False)
    """What it gets; to be read once."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, event: Event) -> None:
        """An event has happened that it may want."""
        if _place(event) <= self.after or not self.interest.wants(event.site, event.changes):
            return
        if len(self.waiting) >= WAITING_MAX:
            self.end(Ended.SLOW)
            return
        self.waiting.append(event)
        self._news.set()

    def end(self, why: Ended) -> None:
        """It gets nothing more; the first reason counts."""
        self.ended = self.ended or why
        self.waiting.clear()
        self._news.set()

    async def news(self, patience_s: float) -> None:
        """Wait until there is something, but not for ever."""
        self._news.clear()
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            pass


class Changes:
    """Reads what is new once a second, while anybody listens, and hands it to all of them."""

    def __init__(
        self, feed: EventFeed, measures: StreamMeasures, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._feed = feed
        self._measures = measures
        self._now = now
        self._streams: list[Stream] = []
        self._live: set[Stream] = set()
        self._at: Place = (now() - SETTLED, "")
        self._stopping = False

    async def run(self) -> None:
        """Look for what is new until cancelled; then every stream ends."""
        lost = False
        try:
            while True:
                try:
                    await self.look()
                    lost = False
                except IsthmusError as error:
                    if not lost:
                        log.warning("changes_not_read", reason=str(error))
                    lost = True
                await asyncio.sleep(LOOK_S)
        finally:
            self._stopping = True
            for each in self._streams:
                each.end(Ended.STOPPING)

    async def look(self) -> None:
        """Hand on what is new; while nobody listens, there is nothing to read."""
        until = self._now() - SETTLED
        while self._streams:
            events = await self._feed.feed(None, after=self._at, until=until, limit=PAGE)
            for event in events:
                self._at = _place(event)
                for each in self._live:
                    each.give(event)
            if len(events) < PAGE:
                return
        self._at = max(self._at, (until, ""))

    def follow(self, who: str, interest: Interest, after: Place | None) -> Stream:
        """What happens from `after` on, or from now; ends by itself. Raises Crowded at once."""
        mine = sum(each.who == who for each in self._streams)
        if mine >= STREAMS_OF_ONE_MAX or len(self._streams) >= STREAMS_MAX or self._stopping:
            self._measures.ended(Ended.REFUSED)
            most = f"{STREAMS_OF_ONE_MAX} for one client, {STREAMS_MAX} in all"
            raise Crowded(f"streams: {mine} of {len(self._streams)} are yours, expected {most}")
        stream = Stream(who, interest, after or self._at)
        stream.steps = self._followed(stream)
        return stream

    async def _followed(self, stream: Stream) -> AsyncGenerator[Step]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_MAX_S
        self._streams.append(stream)
        self._measures.streams(len(self._streams))
        try:
            yield stream.after, None
            async for event in self._missed(stream):
                yield _place(event), event
            while not stream.ended:
                left_s = ends_at - loop.time()
                if left_s <= 0:
                    stream.end(Ended.TIME)
                elif stream.waiting:
                    event = stream.waiting.popleft()
                    yield _place(event), event
                else:
                    await stream.news(min(HEARTBEAT_S, left_s))
                    if not stream.waiting and not stream.ended:
                        yield max(stream.after, self._at), None
        except IsthmusError as error:
            stream.end(Ended.STORE)
            log.warning("stream_ended", reason=str(error))
        finally:
            self._live.discard(stream)
            self._streams.remove(stream)
            self._measures.streams(len(self._streams))
            self._measures.ended(stream.ended or Ended.LEFT)

    async def _missed(self, stream: Stream) -> AsyncIterator[Event]:
        """What it has not seen up to where all others are; from then on it is one of them."""
        while not stream.ended:
            here, events = self._at, list[Event]()
            if stream.after < here:
                events = await self._feed.feed(
                    stream.interest.sites, after=stream.after, until=here[0], limit=PAGE
                )
            for event in events:
                stream.after = _place(event)
                if stream.interest.wants(event.site, event.changes):
                    yield event
            if len(events) < PAGE and here == self._at:
                # Nothing was awaited since: what comes next is handed to this one too.
                self._live.add(stream)
                return


def _place(event: Event) -> Place:
    return event.recorded_at, event.id


def wanted(events: Iterable[Event], interest: Interest) -> list[Event]:
    """Those of a page that somebody wants."""
    return [event for event in events if interest.wants(event.site, event.changes)]
