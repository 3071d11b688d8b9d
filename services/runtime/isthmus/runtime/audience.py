"""Those who listen to a stream of this process: bounded, cut off when slow, ended in time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar
from weakref import WeakSet

from isthmus.runtime.errors import IsthmusError

T = TypeVar("T")
WAITING_MAX = 1_000
"""Items that a listener may be behind: more is one that does not read."""
LISTENERS_MAX = 200
LISTENERS_OF_ONE_MAX = 10
HEARTBEAT_S = 15.0
STREAM_MAX_S = 900.0
"""Who was let in is looked at again after a quarter of an hour: a token ends, a role is taken."""


class Ended(StrEnum):
    """Why somebody listens no longer."""

    TIME = "time"
    SLOW = "slow"
    STOPPING = "stopping"
    LEFT = "left"
    REFUSED = "refused"


class Crowded(IsthmusError):
    """As many listen as this process carries, or as many as one client may be."""


@dataclass(eq=False)
class _Listener(Generic[T]):
    who: str
    wants: Callable[[T], bool]
    waiting: deque[T] = field(default_factory=deque)
    ended: Ended | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, item: T) -> None:
        if self.wants(item):
            self.waiting.append(item)
            self.news.set()
        if len(self.waiting) > WAITING_MAX:
            self.end(Ended.SLOW)

    def end(self, why: Ended) -> None:
        self.ended = self.ended or why
        self.waiting.clear()
        self.news.set()

    async def wait(self, patience_s: float) -> None:
        """Until there is something, but not for ever."""
        self.news.clear()
        try:
            async with asyncio.timeout(patience_s):
                await self.news.wait()
        except TimeoutError:
            pass


class Audience(Generic[T]):
    """Hands each item to all who listen; whoever gives does not wait for them."""

    def __init__(self, ended: Callable[[Ended], object] = lambda why: None) -> None:
        """`ended` hears why each listener went, or was not let in."""
        # Weak: a stream that is thrown away before anybody reads of it never ends by itself.
        self._listeners: WeakSet[_Listener[T]] = WeakSet()
        self._closed = False
        self._ended = ended

    def __len__(self) -> int:
        return len(self._listeners)

    def give(self, item: T) -> None:
        """Hand `item` to everyone who wants it."""
        for each in self._listeners:
            each.give(item)

    def close(self) -> None:
        """End every stream, and let nobody in any more: the process stops."""
        self._closed = True
        for each in self._listeners:
            each.end(Ended.STOPPING)

    def listen(
        self, who: str, wants: Callable[[T], bool], missed: Iterable[T] = ()
    ) -> AsyncIterator[T | None]:
        """First what was `missed`, then each item as it is given; None when nothing is new.

        Ends by itself, at the latest after STREAM_MAX_S. Raises Crowded at once.
        """
        mine = sum(each.who == who for each in self._listeners)
        if mine >= LISTENERS_OF_ONE_MAX or len(self._listeners) >= LISTENERS_MAX or self._closed:
            self._ended(Ended.REFUSED)
            most = f"{LISTENERS_OF_ONE_MAX} for one client, {LISTENERS_MAX} in all"
            raise Crowded(f"streams: {mine} of {len(self)} are yours, expected at most {most}")
        listener = _Listener(who, wants)
        self._listeners.add(listener)
        return self._heard(listener, [item for item in missed if wants(item)])

    async def _heard(self, listener: _Listener[T], missed: list[T]) -> AsyncIterator[T | None]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_MAX_S
        try:
            for item in missed:
                yield item
            while listener.ended is None:
                left_s = ends_at - loop.time()
                if listener.waiting:
                    yield listener.waiting.popleft()
                elif left_s <= 0:
                    listener.end(Ended.TIME)
                else:
                    await listener.wait(min(HEARTBEAT_S, left_s))
                    if not listener.news.is_set():
                        yield None
        finally:
            self._listeners.discard(listener)
            self._ended(listener.ended or Ended.LEFT)
