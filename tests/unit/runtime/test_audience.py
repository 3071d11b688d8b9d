"""Those who listen to a stream: bounded, cut off when slow, ended in time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from isthmus.runtime import audience
from isthmus.runtime.audience import Audience, Crowded, Ended


@pytest.fixture
def ended() -> list[Ended]:
    """Why listeners went."""
    return []


@pytest.fixture
def listeners(ended: list[Ended]) -> Audience[int]:
    """An audience of numbers."""
    return Audience(ended.append)


async def everything(stream: AsyncIterator[int | None]) -> list[int | None]:
    return [each async for each in stream]


async def test_each_hears_what_they_want_from_what_they_missed_on(
    listeners: Audience[int],
) -> None:
    """In the order in which it was given."""
    even = listeners.listen("a", lambda n: n % 2 == 0, [1, 2])
    all_of_it = listeners.listen("b", lambda _: True)
    for number in (3, 4):
        listeners.give(number)

    assert [await anext(even), await anext(even)] == [2, 4]
    assert [await anext(all_of_it), await anext(all_of_it)] == [3, 4]


async def test_who_does_not_read_is_cut_off(listeners: Audience[int], ended: list[Ended]) -> None:
    """And holds nobody up; what waits for them is thrown away."""
    slow = listeners.listen("a", lambda _: True)
    for number in range(audience.WAITING_MAX + 1):
        listeners.give(number)

    assert await everything(slow) == []
    assert (ended, len(listeners)) == ([Ended.SLOW], 0)


async def test_when_nothing_is_new_that_is_said(
    listeners: Audience[int], ended: list[Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the time is over."""
    monkeypatch.setattr(audience, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(audience, "STREAM_MAX_S", 0.05)
    heard = await everything(listeners.listen("a", lambda _: True))

    assert heard
    assert set(heard) == {None}
    assert ended == [Ended.TIME]


async def test_a_process_that_stops_ends_every_stream_at_once(
    listeners: Audience[int], ended: list[Ended]
) -> None:
    """And lets nobody in any more."""
    stream = asyncio.create_task(everything(listeners.listen("a", lambda _: True)))
    await asyncio.sleep(0)
    listeners.close()

    assert await stream == []
    with pytest.raises(Crowded):
        listeners.listen("a", lambda _: True)
    assert ended == [Ended.STOPPING, Ended.REFUSED]


async def test_nobody_takes_all_the_room(listeners: Audience[int], ended: list[Ended]) -> None:
    """Neither one client nor all of them together."""
    mine = [listeners.listen("a", lambda _: True) for _ in range(audience.LISTENERS_OF_ONE_MAX)]
    with pytest.raises(Crowded, match="10 of 10 are yours, expected at most 10 for one client"):
        listeners.listen("a", lambda _: True)
    room = audience.LISTENERS_MAX - len(mine)
    others = [listeners.listen(f"b{number}", lambda _: True) for number in range(room)]
    with pytest.raises(Crowded):
        listeners.listen("c", lambda _: True)

    assert ended == [Ended.REFUSED] * 2
    assert len(listeners) == len(mine) + len(others)


async def test_a_stream_that_nobody_reads_takes_no_room(listeners: Audience[int]) -> None:
    """Its client went before it began."""
    listeners.listen("a", lambda _: True)

    assert len(listeners) == 0


async def test_who_leaves_makes_room(listeners: Audience[int], ended: list[Ended]) -> None:
    """A browser that is closed."""
    stream = listeners.listen("a", lambda _: True, [1])
    assert await anext(stream) == 1
    await stream.aclose()  # type: ignore[attr-defined]

    assert (len(listeners), ended) == (0, [Ended.LEFT])
