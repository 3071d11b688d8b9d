"""Following the transitions of all replicas."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.alerting.conftest import BLANK

from isthmus.alerting.domain.alarms.alarm import (
    REPORTS,
    Place,
    State,
    Suppression,
    SuppressionKind,
    alarm_id,
)
from isthmus.alerting.domain.alarms.events import Acknowledge, Sample, Shelve, Signal
from isthmus.alerting.domain.alarms.place import Reached
from isthmus.alerting.handlers.alarms.following import RECENT_MAX, Following, News
from isthmus.alerting.handlers.alarms.ledger import Entry
from isthmus.alerting.handlers.alarms.partitions import Partition
from isthmus.alerting.handlers.alarms.records import TRANSITIONS
from isthmus.runtime.audience import Audience

HOT = alarm_id("hot", "hagen/t")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Raw:
    """A record as Kafka's consumer gives it."""

    value: bytes | None
    offset: int
    partition: int = 0
    key: bytes = b"k"
    topic: str = TRANSITIONS
    headers: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def following(service: Any) -> Following:
    """A follower beside a replica that owns partition 0."""
    made = Following((service.owned,), Audience())
    made.start({0: 0})
    return made


def records(service: Any) -> list[Raw]:
    """The transitions that were published, as records."""
    published = [r for r in service.memory.published if r.topic == TRANSITIONS]
    return [Raw(r.value, n, headers=r.headers) for n, r in enumerate(published)]


async def shelve(replica: Any) -> None:
    """Somebody shelves the alarm through this replica."""
    act = Shelve(NOW, "a", 1, "why", NOW + timedelta(seconds=60))
    await replica.ledger.act({HOT: act}, lambda alarm: None)


async def test_the_owner_learns_of_what_happened_and_is_held_back(
    service: Any, following: Following
) -> None:
    """Who judges happenings keeps no deadlines: else it would be held back for ever."""
    [partition] = service.owned.loaded
    rule, place = service.rules.by_name["firmware"], Place("a", "plc", "")
    held = Suppression(SuppressionKind.DESIGN, NOW, "maintenance:w", NOW + timedelta(seconds=60))
    blank = replace(
        BLANK, id="x", priority="low", rule="firmware", subject="a", partition=0, stream=REPORTS
    )
    unkept = Partition(0, heard_at=None)
    happened = Sample(NOW, Signal.BEYOND, momentary=True)
    service.ledger._holds = lambda alarm, at: [held]
    await service.ledger.record([Entry(unkept, blank, rule, happened, place)])
    for record in records(service):
        following.handle(record)
    assert partition.open == {}
    await following.learn()

    assert partition.deadlines.first == NOW + timedelta(seconds=60)


async def test_the_owner_learns_what_a_person_did_on_another_replica(
    service: Any, successor: Any, report: Any, following: Following
) -> None:
    """Else the end of a shelf would be nobody's deadline."""
    await service.hear(report(0, temperature=85))
    await shelve(successor)
    for record in records(service):
        following.handle(record)
    await following.learn()
    service.second = 100
    await service.timers.fire()

    assert service.memory.alarms[HOT].state is State.UNACKNOWLEDGED
    assert service.steps()[-2:] == [("hot", 2, "shelved"), ("hot", 3, "unshelved")]


async def test_what_was_not_learned_while_the_store_was_down_is_learned_later(
    service: Any, successor: Any, report: Any, following: Following, monkeypatch: Any
) -> None:
    """The act is not forgotten."""
    monkeypatch.setattr("isthmus.alerting.handlers.alarms.following.RETRY_S", 0)
    await service.hear(report(0, temperature=85))
    await shelve(successor)
    for record in records(service):
        following.handle(record)
    service.memory.down = True
    await following.learn()
    service.memory.down = False
    task = asyncio.create_task(following.run())
    async with asyncio.timeout(5):
        while not next(iter(service.owned.loaded)).open["hagen/t"]["hot"].suppressed_by:
            await asyncio.sleep(0.01)
    task.cancel()


async def test_an_act_that_the_owner_made_part_of_a_later_version_changes_nothing(
    service: Any, report: Any, following: Following
) -> None:
    """It is read as it is now, not as it was."""
    await service.hear(report(0, temperature=85))
    await service.ledger.act({HOT: Acknowledge(NOW, "a", 1)}, lambda alarm: None)
    await service.hear(report(2, temperature=70))
    for record in records(service):
        following.handle(record)
    await following.learn()

    assert next(iter(service.owned.loaded)).open == {}


async def heard(following: Following, after: Reached | None = None) -> tuple[bool, list[int]]:
    """Whether nothing was missed, and the numbers of what was missed."""
    whole, news = following.stream("mara", lambda _: True, after)
    given: list[int] = []
    try:
        async with asyncio.timeout(0.05):
            async for each in news:
                assert each is not None
                given.append(each.offset)
    except TimeoutError:
        pass
    return whole, given


async def test_who_comes_again_has_what_they_missed(
    service: Any, report: Any, following: Following
) -> None:
    """From the place of the last event on, on any replica."""
    await service.hear(report(0, temperature=85), report(2, temperature=70))
    for record in records(service):
        following.handle(record)

    assert str(following.reached) == "0-2"
    assert await heard(following, Reached({0: 1})) == (True, [1])
    assert await heard(following, Reached({0: 2})) == (True, [])
    assert await heard(following) == (True, [])


async def test_who_comes_too_late_is_told_that_there_is_a_gap(
    service: Any, report: Any, following: Following
) -> None:
    """Of what is no longer kept, and of what was before this process."""
    await service.hear(report(0, temperature=85))
    [record] = records(service)
    following.start({0: 5})
    for offset in range(5, 7 + RECENT_MAX):
        record.offset = offset
        following.handle(record)

    assert (await heard(following, Reached({0: 4})))[0] is False
    assert (await heard(following, Reached({0: 6})))[0] is False
    assert (await heard(following, Reached({0: 7})))[0] is True
    assert (await heard(following, Reached({})))[0] is False


async def test_a_record_that_is_no_transition_is_left_out(following: Following) -> None:
    """The others go on."""
    following.handle(Raw(b"\xff", 0))
    following.handle(Raw(None, 1))

    assert str(following.reached) == "0-2"
    assert await heard(following, Reached({0: 0})) == (True, [])


async def test_a_word_of_a_newer_version_is_empty(
    service: Any, report: Any, following: Following
) -> None:
    """An enum grows; an older replica goes on."""
    await service.hear(report(0, temperature=85))
    [record] = records(service)
    record.value = (record.value or b"") + b"\x18\x63"  # field 3, kind: 99
    following.handle(record)
    _, news = following.stream("mara", lambda _: True, Reached({0: 0}))
    found = await anext(news)

    assert isinstance(found, News)
    assert (found.kind, found.state) == ("", "unacknowledged")
