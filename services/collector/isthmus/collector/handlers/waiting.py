"""Waiting that costs next to nothing while nobody has to wait: places, and a deadline."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Places:
    """So many at the same time, first come, first served.

    Unlike asyncio's Semaphore it hands a place on in constant time, however many wait: thousands
    do, when a whole site was silent for a moment.
    """

    __slots__ = ("_free", "_waiting")

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def full(self) -> bool:
        """Would the next one have to wait?"""
        return self._free == 0

    async def take(self) -> None:
        """Take a place, and wait for one only when all are taken."""
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.give()  # it had just been handed to us
            raise

    def give(self) -> None:
        """Give the place to whoever has waited longest."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1


class Expired(Exception):
    """Something took longer than it may."""


async def within(after_s: float, send: Callable[[], Awaitable[T]]) -> T:
    """What `send` returns, or Expired after `after_s`; what `send` itself raises goes through.

    As asyncio.timeout, of which it keeps the rules for cancellation, at a third of its cost.
    """
    task = asyncio.current_task()
    assert task is not None
    cancelling, expired = task.cancelling(), False

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(after_s, expire)
    try:
        return await send()
    except asyncio.CancelledError as error:
        if expired and task.cancelling() - 1 <= cancelling:
            raise Expired from error
        raise
    finally:
        timer.cancel()
        if expired:
            task.uncancel()
