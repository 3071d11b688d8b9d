"""Places and deadlines, and what a cancellation does to them."""

import asyncio

import pytest
from tests.virtual_time import virtual_time

from isthmus.collector.handlers.waiting import Expired, Places, within


async def hold(places: Places, order: list[int], number: int) -> None:
    """Take a place for a second."""
    await places.take()
    order.append(number)
    await asyncio.sleep(1)
    places.give()


@virtual_time
async def test_whoever_came_first_is_first() -> None:
    """Two at a time, in order."""
    places, order = Places(2), list[int]()
    await asyncio.gather(*(hold(places, order, number) for number in range(10)))
    assert order == list(range(10))
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    assert not places.full


@virtual_time
async def test_a_place_is_never_lost_to_a_cancellation() -> None:
    """Neither while waiting, nor in the very moment in which it is handed over."""
    places, order = Places(1), list[int]()
    await places.take()
    waiting = [asyncio.create_task(hold(places, order, number)) for number in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    places.give()
    waiting[1].cancel()  # it has the place already, and does not know it yet
    await asyncio.wait(waiting)
    assert order == [2]
    assert not places.full


@virtual_time
async def test_what_ends_in_time_comes_back() -> None:
    """And what it raises goes through, also a TimeoutError of its own."""

    async def answer() -> str:
        await asyncio.sleep(0.9)
        return "answer"

    async def late() -> None:
        raise TimeoutError("own")

    assert await within(1, answer) == "answer"
    with pytest.raises(TimeoutError, match="own"):
        await within(1, late)
    await asyncio.sleep(5)


@virtual_time
async def test_what_takes_too_long_is_ended() -> None:
    """It is cancelled, and may clean up; the task itself goes on as if nothing had happened."""
    ended = []

    async def hang() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append(asyncio.get_running_loop().time())

    with pytest.raises(Expired):
        await within(2, hang)
    assert ended == [2]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@virtual_time
async def test_a_cancellation_from_outside_is_not_taken_for_the_deadline() -> None:
    """A stop stays a stop, also when both come at once."""

    async def wait() -> None:
        await within(2, lambda: asyncio.sleep(1e9))

    for after_s in (1, 2):
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(after_s, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task


@virtual_time
async def test_a_library_that_makes_another_error_of_a_deadline_leaves_no_trace() -> None:
    """The task counts as cancelled by nobody afterwards, as after asyncio.timeout."""

    async def translated() -> None:
        try:
            await asyncio.sleep(1e9)
        except asyncio.CancelledError:
            raise ConnectionError("lost") from None

    async def swallowed() -> str:
        try:
            await asyncio.sleep(1e9)
        except asyncio.CancelledError:
            pass
        return "answer"

    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(ConnectionError):
        await within(1, translated)
    assert task.cancelling() == 0
    assert await within(1, swallowed) == "answer"
    assert task.cancelling() == 0
