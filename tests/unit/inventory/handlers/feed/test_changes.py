"""Who follows changes gets each once, in order, and nobody waits for the slowest."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.inventory.domain.feed.following import SETTLED, Interest, Place
from isthmus.inventory.handlers.feed import changes as module
from isthmus.inventory.handlers.feed.changes import STREAMS_OF_ONE_MAX, Changes, Crowded, Step
from isthmus.inventory.ports.assets import Event
from isthmus.runtime.errors import Retryable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = Interest(None)


@dataclass
class World:
    """A history, a clock, and what is counted."""

    now: datetime = NOON
    events: list[Event] = field(default_factory=list)
    reads: list[frozenset[str] | None] = field(default_factory=list)
    away: bool = False
    open: int = 0
    why: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.changes = Changes(self, self, lambda: self.now)

    def record(self, *names: str, site: str = "hagen", field: str = "name") -> None:
        """New events, a second later; settled after that."""
        self.now += timedelta(seconds=1)
        for name in names:
            self.events.append(
                Event(
                    f"{name}/1", name, 1, self.now, self.now, site, "", "", "", [{"field": field}]
                )
            )
        self.now += SETTLED

    async def feed(
        self, sites: frozenset[str] | None, *, after: Place | None, until: datetime, limit: int
    ) -> list[Event]:
        await asyncio.sleep(0)
        if self.away:
            raise Retryable("store: away")
        self.reads.append(sites)
        found = sorted(self.events, key=lambda e: (e.recorded_at, e.id))
        found = [e for e in found if after is None or (e.recorded_at, e.id) > after]
        found = [e for e in found if sites is None or e.site in sites]
        return [e for e in found if e.recorded_at <= until][:limit]

    def streams(self, open: int) -> None:
        self.open = open

    def ended(self, reason: str) -> None:
        self.why[reason] += 1

    def follow(self, interest: Interest = ALL, after: Place | None = None) -> AsyncGenerator[Step]:
        return self.changes.follow("mara", interest, after).steps


async def names(steps: AsyncIterator[Step], count: int) -> list[str]:
    """The assets of the next events."""
    found: list[str] = []
    async for _, event in steps:
        found += [event.asset_id] if event else []
        if len(found) == count:
            break
    return found


async def listening(steps: AsyncIterator[Step]) -> asyncio.Task[Step]:
    """Wait for the next step, as a client does whom nothing was missed."""
    task = asyncio.ensure_future(anext(steps))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_who_begins_now_gets_what_happens_from_now_on() -> None:
    """First a place to come back to, then each event once."""
    world = World()
    world.record("a")
    world.now += timedelta(seconds=1)
    await world.changes.look()
    steps = world.follow()
    at, event = await anext(steps)
    waiting = await listening(steps)
    begun = world.now - SETTLED
    world.record("b", "c")
    await world.changes.look()

    (first_at, first) = await waiting
    assert (at, event) == ((begun, ""), None)
    assert first is not None
    assert (first_at, first.asset_id) == ((first.recorded_at, "b/1"), "b")
    assert await names(steps, 1) == ["c"]


async def test_who_comes_back_with_a_place_gets_what_was_missed() -> None:
    """Only that, and then goes on with the others."""
    world = World()
    world.record("a")
    known = (world.events[0].recorded_at, world.events[0].id)
    world.record("b")
    world.record("c")
    await world.changes.look()
    steps = world.follow(after=known)
    missed = await names(steps, 2)
    waiting = await listening(steps)
    world.record("d")
    await world.changes.look()
    _, event = await waiting

    assert missed == ["b", "c"]
    assert event is not None
    assert event.asset_id == "d"


async def test_the_history_is_read_once_for_all() -> None:
    """And not at all while nobody listens."""
    world = World()
    await world.changes.look()
    assert world.reads == []
    several = [world.changes.follow(str(n), ALL, None).steps for n in range(20)]
    for steps in several:
        await anext(steps)
    waiting = [await listening(steps) for steps in several]
    world.record("a")
    await world.changes.look()

    assert {event.asset_id for _, event in await asyncio.gather(*waiting) if event} == {"a"}
    assert world.reads == [None]


async def test_nobody_gets_what_they_may_not_see_or_do_not_want() -> None:
    """Neither live nor when they come back."""
    world = World()
    begin = (NOON, "")
    lyon = Interest(frozenset({"lyon"}))
    owner = Interest(None, frozenset({"owner"}))
    back = [world.follow(lyon, begin), world.follow(owner, begin)]
    live = [world.follow(lyon), world.follow(owner)]
    for steps in live:
        await anext(steps)
    waiting = [await listening(steps) for steps in live]
    world.record("h", "o", site="hagen")
    world.record("l", site="lyon")
    world.record("p", site="hagen", field="owner")
    await world.changes.look()

    assert [event.asset_id for _, event in await asyncio.gather(*waiting) if event] == ["l", "p"]
    assert [await names(steps, 1) for steps in back] == [["l"], ["p"]]


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is counted, and can come back to where it was."""
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    world = World()
    slow, quick = world.follow(), world.changes.follow("jo", ALL, None).steps
    for steps in (slow, quick):
        await anext(steps)
    await listening(slow)
    waiting = await listening(quick)
    world.record("a")
    await world.changes.look()
    await waiting
    for name in ("b", "c", "d", "e"):
        world.record(name)
        await world.changes.look()
        assert await names(quick, 1) == [name]

    assert [step async for step in slow] == []
    assert world.why == {"slow": 1}


async def test_a_stream_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks again is looked at again."""
    monkeypatch.setattr(module, "STREAM_MAX_S", 0.05)
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.02)
    world = World()

    steps = [step async for step in world.follow()]

    assert len(steps) >= 2
    assert all(event is None for _, event in steps)
    assert (world.why, world.open) == ({"time": 1}, 0)


async def test_a_heartbeat_leads_past_what_was_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes back after a quiet hour need not look through it again."""
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.01)
    world = World()
    steps = world.follow(Interest(frozenset({"lyon"})))
    await anext(steps)
    waiting = await listening(steps)
    world.record("h", site="hagen")
    await world.changes.look()

    await waiting
    (at, event) = await anext(steps)
    assert (at, event) == ((world.events[0].recorded_at, "h/1"), None)


async def test_when_the_service_stops_every_stream_ends_at_once() -> None:
    """A stop does not wait for a quarter of an hour."""
    world = World()
    running = asyncio.create_task(world.changes.run())
    steps = world.follow()
    await anext(steps)
    waiting = await listening(steps)
    running.cancel()

    async with asyncio.timeout(1):
        with pytest.raises(StopAsyncIteration):
            await waiting
    assert world.why == {"stopping": 1}
    with pytest.raises(Crowded):
        world.follow()


async def test_one_client_cannot_take_all_streams() -> None:
    """Ten are enough for one; what it closes it may open again."""
    world = World()
    mine = [world.follow() for _ in range(STREAMS_OF_ONE_MAX)]
    for steps in mine:
        await anext(steps)

    with pytest.raises(Crowded, match="10 of 10 are yours"):
        world.follow()
    world.changes.follow("jo", ALL, None)
    await mine[0].aclose()
    world.follow()

    assert world.why == {"refused": 1, "left": 1}
    assert world.open == STREAMS_OF_ONE_MAX - 1


async def test_while_the_store_is_away_a_stream_waits_and_misses_nothing() -> None:
    """Who has not seen everything yet comes back later."""
    world = World()
    steps = world.follow()
    await anext(steps)
    waiting = await listening(steps)
    world.record("a")
    world.away = True
    with pytest.raises(Retryable):
        await world.changes.look()
    behind = world.follow(after=(NOON - timedelta(days=1), ""))
    assert [event async for _, event in behind] == [None]
    world.away = False
    await world.changes.look()

    _, event = await waiting
    assert event is not None
    assert event.asset_id == "a"
    assert world.why == {"store": 1}


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_every_event_comes_once_and_in_order(data: st.DataObject) -> None:
    """Whenever somebody comes and goes, and whatever is recorded meanwhile."""

    async def story() -> None:
        world, got = World(), list[str]()
        after: Place | None = (NOON - timedelta(days=1), "")
        for n in range(data.draw(st.integers(1, 8))):
            async with aclosing(world.follow(after=after)) as steps:
                async for at, event in steps:
                    after = at
                    got += [event.asset_id] if event else []
                    if event is None:
                        world.record(*[f"{n}.{k}" for k in range(data.draw(st.integers(0, 3)))])
                        await world.changes.look()
                    if data.draw(st.booleans()) or len(got) == len(world.events):
                        break
        last = world.changes.follow("last", ALL, after).steps
        async with aclosing(last) as steps:
            await anext(steps)
            got += await names(steps, len(world.events) - len(got)) if missing(world, got) else []
        assert got == [event.asset_id for event in world.events]

    asyncio.run(story())


def missing(world: World, got: list[str]) -> bool:
    return len(got) < len(world.events)
