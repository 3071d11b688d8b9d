"""What notices ask of their store, on the real one through both clients, and on the fake."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.contract import stores
from tests.notices import START, Memory, a_notice, after

from isthmus.alerting.adapters.notices.deliveries import MongoDeliveries
from isthmus.alerting.domain.notices.delivery import (
    Announced,
    Attempt,
    Delivery,
    DeliveryState,
    Pending,
    Verdict,
)
from isthmus.alerting.domain.notices.notice import Event
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.alerting.ports.notices import DeliveryStore
from isthmus.runtime.errors import Retryable

RETENTION_S = 3e8  # ten years: what these tests store is of a fixed day
SENT = Attempt(START, Verdict.SENT, 0.01, 200, "thanks")
FAILED = Attempt(START, Verdict.RETRYABLE, 0.5, None, "no answer", together=2)


@pytest.fixture(params=[*stores.CLIENTS, "memory"])
async def store(request: pytest.FixtureRequest, mongodb: str) -> AsyncIterator[DeliveryStore]:
    """A store that is empty, and prepared twice: as at a second start."""
    if request.param == "memory":
        yield Memory()
        return
    client: Any = stores.client(request.param, mongodb)
    name = f"contract-{uuid4().hex[:12]}"
    found = MongoDeliveries(client[name], RETENTION_S)
    await found.prepare()
    await found.prepare()
    yield found
    await client.drop_database(name)
    await stores.close(client)


def a_delivery(alarm: str = "a1", seq: int = 1, receiver: str = "desk", **more: Any) -> Delivery:
    notice = more.pop("notice", None) or a_notice(seq=seq, alarm_id=alarm)
    return Delivery(notice, receiver, **{"queued_at": START, "due_at": START, **more})


async def due(store: DeliveryStore, second: float = 0, receiver: str = "desk") -> list[str]:
    return [each.id for each in await store.due(receiver, after(second))]


async def test_a_delivery_comes_back_as_it_was_stored(store: DeliveryStore) -> None:
    """Every field of it, and of its notice."""
    notice = a_notice(value="85.2", raised_at=START, suppressed="shelved", test=True)
    given = a_delivery(notice=notice, group="hagen", step=0)

    await store.insert([given])

    assert await store.find(given.id) == given
    assert await store.find("another") is None


async def test_a_replayed_transition_makes_no_second_delivery(store: DeliveryStore) -> None:
    """And takes nothing back from the first: it may be sent by now."""
    await store.insert([a_delivery()])
    await store.record([replace(a_delivery(), state=DeliveryState.SENT, attempts=(SENT,))])

    assert await store.insert([a_delivery(), a_delivery(seq=2)]) == 1

    found = await store.find("a1:1:desk")
    assert found is not None
    assert found.state is DeliveryState.SENT


async def test_of_each_alarm_the_first_that_waits_is_due(store: DeliveryStore) -> None:
    """Order is kept for an alarm and a receiver, and for nothing else."""
    await store.insert([a_delivery(seq=2), a_delivery(seq=1), a_delivery("a2", seq=7)])
    await store.insert([a_delivery(seq=1, receiver="night")])

    assert sorted(await due(store)) == ["a1:1:desk", "a2:7:desk"]


async def test_what_is_tried_again_later_holds_up_its_own_alarm_only(store: DeliveryStore) -> None:
    """Its end must not overtake its beginning."""
    first = a_delivery()
    await store.insert([first, a_delivery(seq=2), a_delivery("a2")])

    await store.record([replace(first, due_at=after(60), tries=1, attempts=(FAILED,))])

    assert await due(store, 59) == ["a2:1:desk"]
    assert sorted(await due(store, 60)) == ["a1:1:desk", "a2:1:desk"]


async def test_what_is_dead_holds_up_nothing(store: DeliveryStore) -> None:
    """The receiver refused the beginning, and may take the end."""
    first = a_delivery()
    await store.insert([first, a_delivery(seq=2)])

    await store.record([replace(first, state=DeliveryState.DEAD, attempts=(FAILED,))])

    assert await due(store) == ["a1:2:desk"]


async def test_a_step_of_an_escalation_is_due_later_and_holds_up_nothing(
    store: DeliveryStore,
) -> None:
    """It has the lowest `seq`, and is not the first to be sent."""
    await store.insert([a_delivery(step=1, due_at=after(900)), a_delivery(seq=2)])

    assert await due(store) == ["a1:2:desk"]
    assert sorted(await due(store, 900)) == ["a1:1:desk:1", "a1:2:desk"]


async def test_an_escalation_is_cancelled_as_far_as_it_waits(store: DeliveryStore) -> None:
    """What was sent was sent, and what is told at once is told."""
    steps = [a_delivery(step=n, due_at=after(n)) for n in (1, 2)]
    await store.insert([a_delivery(), *steps, a_delivery("a2", step=1)])
    await store.insert([a_delivery(seq=5, step=1)])
    await store.record([replace(steps[0], state=DeliveryState.SENT, attempts=(SENT,))])

    assert await store.cancel("a1", 5) == 1

    found = [await store.find(f"a1:1:desk:{n}") for n in (1, 2)]
    assert [each and each.state for each in found] == [DeliveryState.SENT, DeliveryState.CANCELLED]
    assert sorted(await due(store, 10)) == ["a1:1:desk", "a1:5:desk:1", "a2:1:desk:1"]


async def test_attempts_are_kept_with_what_became_of_the_delivery(store: DeliveryStore) -> None:
    """Each of them, in order."""
    once = replace(a_delivery(), tries=1, attempts=(FAILED,))
    await store.insert([a_delivery()])
    await store.record([once])
    await store.record([replace(once, state=DeliveryState.SENT, attempts=(FAILED, SENT))])

    found = await store.find("a1:1:desk")
    assert found is not None
    assert found.attempts == (FAILED, SENT)
    assert (found.state, found.tries) == (DeliveryState.SENT, 1)


async def test_what_ended_may_be_sent_again_as_if_never_tried(store: DeliveryStore) -> None:
    """And what waits cannot: it is sent anyway."""
    await store.insert([a_delivery()])
    assert not await store.replay("a1:1:desk", after(5))
    dead = replace(a_delivery(), state=DeliveryState.DEAD, tries=30, attempts=(FAILED,))
    await store.record([dead])

    assert await store.replay("a1:1:desk", after(100))

    found = await store.find("a1:1:desk")
    assert found == replace(dead, state=DeliveryState.WAITING, tries=0, due_at=after(100))
    assert not await store.replay("another", START)


async def test_what_is_announced_is_kept_until_it_ends(store: DeliveryStore) -> None:
    """By alarm; more of them than one question may ask for."""
    pending = (Pending("chief", after(900)),)
    notices = {f"a{n}": a_notice(alarm_id=f"a{n}") for n in range(120)}
    told = {id: Announced(n, ("desk", "night"), START, pending) for id, n in notices.items()}
    await store.announce(dict(told))

    await store.announce({"a0": None, "a1": replace(told["a1"], quiet=True, since=None)})

    found = await store.announced([*told, "another"])
    assert len(found) == 119
    assert found["a2"] == told["a2"]
    assert found["a1"].quiet
    assert found["a1"].since is None


async def test_an_older_announcement_never_replaces_a_newer_one(store: DeliveryStore) -> None:
    """A replica that has lost the partition and does not know it yet."""
    newer = Announced(a_notice(seq=5), ("desk",), START)
    await store.announce({"a1": newer})

    await store.announce({"a1": Announced(a_notice(seq=4), ("night",), START)})

    assert await store.announced(["a1"]) == {"a1": newer}


async def test_what_stands_is_what_a_receiver_was_told_and_is_not_held_back(
    store: DeliveryStore,
) -> None:
    """A successor repeats it."""
    for name, receivers, quiet in (
        ("a1", ("am",), False),
        ("a2", ("am",), True),
        ("a3", (), False),
    ):
        notice = a_notice(alarm_id=name)
        await store.announce({name: Announced(notice, receivers, START, quiet=quiet)})

    assert [each.alarm_id async for each in store.standing("am")] == ["a1"]


async def test_one_process_at_a_time_tells_a_receiver(store: DeliveryStore) -> None:
    """Until it gives the duty back, or is not heard of for the length of its lease."""
    until = after(90)
    assert await store.hold("desk", "one", START, until)
    assert await store.hold("desk", "one", after(20), after(110))
    assert not await store.hold("desk", "two", after(100), after(190))
    assert await store.hold("night", "two", START, until)

    assert await store.hold("desk", "two", after(111), after(200))
    assert not await store.hold("desk", "one", after(112), after(202))
    await store.release("desk", "one")
    assert not await store.hold("desk", "one", after(113), after(203))
    await store.release("desk", "two")
    assert await store.hold("desk", "one", after(114), after(204))


async def test_of_many_who_want_a_receiver_one_gets_it(store: DeliveryStore) -> None:
    """All of them ask in the same moment, before there is anything."""
    asked = (store.hold("desk", str(n), START, after(90)) for n in range(8))

    assert sum(await asyncio.gather(*asked)) == 1


async def test_how_a_receiver_stands_is_said_by_who_tells_it(store: DeliveryStore) -> None:
    """And by nobody else."""
    standing = Standing(START, 3, after(-60), after(60), "503 starting")
    await store.hold("desk", "one", START, after(90))
    await store.stand("desk", "two", replace(standing, waiting=7))
    assert await store.stood() == {}

    await store.stand("desk", "one", standing)

    assert await store.stood() == {"desk": standing}


async def test_how_much_waits_and_for_how_long(store: DeliveryStore) -> None:
    """Of what is due; an escalation that is not is no backlog."""
    assert await store.waiting("desk", START) == (0, None)
    await store.insert([a_delivery(due_at=after(n), alarm=f"a{n}") for n in (0, 5, 900)])

    assert await store.waiting("desk", after(10)) == (2, START)


async def test_deliveries_are_listed_the_latest_first_page_by_page(store: DeliveryStore) -> None:
    """Each once, by any filter, and never of a site that is not asked for."""
    for n in range(7):
        site = "lyon" if n == 3 else "hagen"
        notice = a_notice(alarm_id=f"a{n}", site=site)
        queued_at = START + timedelta(seconds=n)
        given = Delivery(notice, "desk" if n % 2 else "night", queued_at, queued_at)
        await store.insert([given])
    found = await store.find("a5:1:desk")
    assert found is not None
    await store.record([replace(found, state=DeliveryState.DEAD, attempts=(FAILED,))])

    async def listed(**asked: Any) -> list[str]:
        everything: dict[str, Any] = {"sites": None, "receiver": None, "state": None}
        query = everything | {"alarm_id": None, "limit": 2} | asked
        shown: list[str] = []
        before = ""
        while page := await store.page(before=before, **query):
            before = page[-1][0]
            shown += [each.notice.alarm_id for _, each in page]
        return shown

    assert await listed() == ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]
    assert await listed(sites=frozenset({"lyon"})) == ["a3"]
    assert await listed(sites=frozenset()) == []
    assert await listed(receiver="desk", sites=frozenset({"hagen"})) == ["a5", "a1"]
    assert await listed(state=DeliveryState.DEAD) == ["a5"]
    assert await listed(alarm_id="a2") == ["a2"]


async def test_a_store_that_is_down_is_a_matter_of_time() -> None:
    """Everything that asks it raises Retryable."""
    client: Any = stores.client("motor", "mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50)
    store = MongoDeliveries(client["nothing"], RETENTION_S)

    for asking in (
        store.insert([a_delivery()]),
        store.due("desk", START),
        store.announced(["a1"]),
        store.announce({"a1": None}),
        store.hold("desk", "one", START, START),
        store.find("a1:1:desk"),
    ):
        with pytest.raises(Retryable):
            await asking
    await stores.close(client)


def test_an_event_is_stored_as_its_word() -> None:
    """What another version reads must not be an enumeration of this one."""
    assert [each.value for each in Event] == ["alert", "update", "quiet", "end"]
