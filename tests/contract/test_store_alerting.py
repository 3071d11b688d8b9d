"""What alerting's store promises, on a real one, through Motor and through its successor."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from isthmus.alerting.adapters.mongo import TRANSITIONS_MAX, Alarms, Sources
from isthmus.alerting.domain.alarm import Alarm, Condition, Kind, State, Transition
from isthmus.alerting.domain.source import Source
from isthmus.alerting.ports import Version
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

NOW = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
RECORD = Outgoing("alerting.alarms.v1", b"key", b"value", [("ce_id", b"1")])


@pytest.fixture
async def alarms(database: Any) -> Alarms:
    """The store of alarms, prepared twice: as at a second start."""
    store = Alarms(database.alarms)
    await store.prepare()
    await store.prepare()
    return store


@pytest.fixture
async def sources(database: Any) -> Sources:
    """The store of sources."""
    store = Sources(database.sources)
    await store.prepare()
    return store


def an_alarm(id: str = "a", **fields: Any) -> Alarm:
    """A first version."""
    blank = Alarm(id, "rule", "hagen/t", "hagen", "path", "high", "Look.", "temperature", 3)
    return replace(blank, **{"revision": 1, **fields})


def raised(id: str, second: int, **fields: Any) -> Alarm:
    """An alarm that has been raised once."""
    at = NOW + timedelta(seconds=second)
    given = {"condition": Condition.ACTIVE, "unacknowledged": True, "raised_at": at, "seq": 1}
    return an_alarm(id, **{**given, **fields})


def version(alarm: Alarm, *steps: Transition, outbox: tuple[Outgoing, ...] = ()) -> Version:
    return Version(alarm, steps, outbox)


def steps(count: int) -> Iterator[Transition]:
    for seq in range(1, count + 1):
        yield Transition(seq, Kind.RAISED, State.UNACKNOWLEDGED, NOW, "a", "b", 1.5, "Cel")


async def test_an_alarm_comes_back_as_it_was_stored(alarms: Alarms) -> None:
    """Every field, times to the millisecond and with their zone."""
    alarm = raised(
        "a", 1, since=NOW, deadline=NOW, applied_at=NOW, cleared_at=NOW, acknowledged_at=NOW,
        acknowledged_by="b", asset_id="x", asset_class="plc", message="m", value=1.5, unit="Cel",
    )  # fmt: skip
    assert await alarms.write([version(alarm)]) == set()

    assert await alarms.find(["a", "unknown"]) == {"a": alarm}
    assert await alarms.find([]) == {}


async def test_documents_of_another_version_can_be_read(
    alarms: Alarms, sources: Sources, database: Any
) -> None:
    """A rolling upgrade, and the way back."""
    await alarms.write([version(an_alarm())])
    change = {"$set": {"unknown": 1}, "$unset": {"asset_class": ""}}
    await database.alarms.update_one({"_id": "a"}, change)
    source = Source("hagen/t", "hagen", "p", 3, NOW, 2.0)
    await sources.save([source])
    await database.sources.update_one({"_id": "hagen/t"}, change)

    assert await alarms.find(["a"]) == {"a": an_alarm()}
    assert await sources.load(3) == [source]


async def test_a_version_is_stored_only_on_its_predecessor(alarms: Alarms) -> None:
    """The first, a repeated first, the next, a repeated next, one that is too new."""
    first = an_alarm()
    assert await alarms.write([version(first)]) == set()
    assert await alarms.write([version(replace(first, message="other"))]) == {"a"}
    second = replace(first, revision=2, message="second")
    assert await alarms.write([version(second)]) == set()
    assert await alarms.write([version(replace(second, message="other"))]) == {"a"}
    assert await alarms.write([version(replace(second, revision=9))]) == {"a"}

    assert await alarms.find(["a"]) == {"a": second}


async def test_of_a_batch_exactly_those_that_lost_are_named(alarms: Alarms) -> None:
    """The others are stored."""
    await alarms.write([version(an_alarm(id)) for id in "abc"])
    await alarms.write([version(an_alarm("b", revision=2))])

    lost = await alarms.write(
        [
            version(an_alarm("a", revision=2)),
            version(an_alarm("b", revision=2)),
            version(an_alarm("c", revision=1)),
            version(an_alarm("d", revision=1)),
        ]
    )
    found = await alarms.find("abcd")

    assert lost == {"b", "c"}
    assert {id: alarm.revision for id, alarm in found.items()} == {"a": 2, "b": 2, "c": 1, "d": 1}


async def test_of_two_owners_only_one_makes_the_next_version(alarms: Alarms) -> None:
    """Invariant 8: a zombie and its successor write at the same time, again and again."""
    for revision in range(1, 6):
        both = [version(an_alarm(revision=revision, message=owner)) for owner in ("x", "y")]
        lost = await asyncio.gather(*(alarms.write([each]) for each in both))

        assert sorted(map(len, lost)) == [0, 1]
        assert (await alarms.find(["a"]))["a"].message == ("x" if not lost[0] else "y")


async def test_a_version_its_transitions_and_its_outbox_are_stored_together(
    alarms: Alarms, database: Any
) -> None:
    """And none of them when the version lost."""
    step = next(steps(1))
    await alarms.write([version(an_alarm(), step, outbox=(RECORD, RECORD))])
    await alarms.write([version(an_alarm(), step, outbox=(RECORD,))])
    [document] = await database.alarms.find({}).to_list(10)

    assert [bytes(record["value"]) for record in document["outbox"]] == [b"value", b"value"]
    assert await alarms.transitions("a") == [step]


async def test_the_last_transitions_are_kept(alarms: Alarms) -> None:
    """A chattering alarm does not outgrow its document."""
    await alarms.write([version(an_alarm(), *steps(TRANSITIONS_MAX + 5))])
    kept = await alarms.transitions("a")

    assert kept is not None
    assert [kept[0].seq, kept[-1].seq] == [6, TRANSITIONS_MAX + 5]
    assert await alarms.transitions("unknown") is None


async def test_the_next_owner_of_a_partition_finds_what_is_open(alarms: Alarms) -> None:
    """Delays that run included; nothing that is normal, and nothing of other partitions."""
    states = dict(zip("abcd", Condition, strict=True))
    await alarms.write([version(an_alarm(i, condition=c)) for i, c in states.items()])
    await alarms.write([version(an_alarm("e", condition=Condition.ACTIVE, partition=4))])

    assert {alarm.id for alarm in await alarms.open(3)} == {"b", "c", "d"}


async def test_pages_hold_each_raised_alarm_once_latest_first(alarms: Alarms) -> None:
    """Also when several were raised at the same time."""
    times = {"a": 1, "b": 5, "c": 3, "d": 3, "e": 3, "f": 4}
    await alarms.write([version(raised(id, second)) for id, second in times.items()])
    await alarms.write([version(an_alarm("pending", condition=Condition.PENDING_ON))])

    seen, after = [], None
    for _ in range(4):
        page = await alarms.page(None, None, 2, after)
        seen += [alarm.id for alarm in page.alarms]
        after = page.after
        if after is None:
            break

    assert seen == ["b", "f", "e", "d", "c", "a"]


async def test_pages_can_be_of_one_site_and_of_one_state(alarms: Alarms) -> None:
    """The state is the one an operator sees."""
    await alarms.write(
        [
            version(raised("a", 1)),
            version(raised("b", 2, unacknowledged=False)),
            version(raised("c", 3, condition=Condition.NORMAL)),
            version(raised("d", 4, site="lyon")),
        ]
    )

    async def ids(site: str | None, state: str | None) -> list[str]:
        return [alarm.id for alarm in (await alarms.page(site, state, 10, None)).alarms]

    assert await ids("hagen", None) == ["c", "b", "a"]
    assert await ids(None, "unacknowledged") == ["d", "a"]
    assert await ids("hagen", "acknowledged") == ["b"]
    assert await ids(None, "returned_unacknowledged") == ["c"]


async def test_a_source_is_replaced_only_by_a_later_report_of_it(sources: Sources) -> None:
    """A zombie that writes late takes nothing back."""
    newer = Source("hagen/t", "hagen", "p", 3, NOW, 2.0, "plc", {"firmware": "2"}, part=True)
    older = replace(newer, last_at=NOW - timedelta(seconds=1), watched={"firmware": "1"})
    await sources.save([older])
    await sources.save([newer])
    await sources.save([older])
    await sources.save([])

    assert await sources.load(3) == [newer]
    assert await sources.load(4) == []


async def test_a_store_that_is_down_is_retryable() -> None:
    """The batch comes again; nothing is taken for done."""
    client: Any = AsyncIOMotorClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=200)
    down = Alarms(client.database.alarms)

    with pytest.raises(Retryable, match="store: ServerSelectionTimeoutError"):
        await down.find(["a"])
    with pytest.raises(Retryable):
        await down.write([version(an_alarm())])
    client.close()
