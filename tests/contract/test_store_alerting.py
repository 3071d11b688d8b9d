"""What alerting's store promises: on a real one, through Motor and its successor, and in a file."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from tests.contract import stores

from isthmus.alerting.adapters.alarms.mongo import TRANSITIONS_MAX, Alarms
from isthmus.alerting.adapters.alarms.sqlite import SqliteAlarms
from isthmus.alerting.adapters.rules.sources import Sources
from isthmus.alerting.domain.alarms.alarm import (
    REPORTS,
    Alarm,
    Condition,
    Quality,
    State,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.transition import Kind, Transition
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.ports.alarms import Filter, Version
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

Store = Alarms | SqliteAlarms
NOW = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
RECORD = Outgoing("alerting.alarms.v1", b"key", b"value", [("ce_id", b"1")])


@pytest.fixture(params=[*stores.CLIENTS, "sqlite"])
async def alarms(
    request: pytest.FixtureRequest, tmp_path: Path, mongodb: str
) -> AsyncIterator[Store]:
    """The store of alarms on each of its adapters, prepared twice: as at a second start."""
    async with AsyncExitStack() as opened:
        if request.param == "sqlite":
            store: Store = (file := SqliteAlarms(tmp_path / "alarms.sqlite"))
            opened.push_async_callback(file.close)
        else:
            client = stores.client(request.param, mongodb)
            opened.push_async_callback(stores.close, client)
            name = f"contract-{uuid.uuid4().hex[:12]}"
            opened.push_async_callback(client.drop_database, name)
            store = Alarms(client[name].alarms)
        await store.prepare()
        await store.prepare()
        yield store


async def outbox(store: Store) -> list[bytes]:
    """What waits to be published."""
    if isinstance(store, SqliteAlarms):
        query = "SELECT value FROM outbox ORDER BY number"
        rows = await store._do(lambda connection: connection.execute(query).fetchall())
        return [value for (value,) in rows]
    found = await store.collection.find({}).to_list(10)
    return [bytes(record["value"]) for each in found for record in each.get("outbox", [])]


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
        yield Transition(
            seq, Kind.RAISED, State.SHELVED, NOW, "a", "b", 1.5, "Cel", True, "HI", "high", "m",
            ("shelved",),
        )  # fmt: skip


async def test_an_alarm_comes_back_as_it_was_stored(alarms: Store) -> None:
    """Every field, times to the millisecond and with their zone."""
    alarm = raised(
        "a", 1, since=NOW, deadline=NOW, applied_at=NOW, cleared_at=NOW, acknowledged_at=NOW,
        acknowledged_by="b", asset_id="x", asset_class="plc", message="m", value=1.5, unit="Cel",
        quality=Quality.STALE, remaining=timedelta(milliseconds=1500), realarm_at=NOW, level="HI",
        stale_at=NOW, stream="other", rule_version=3, consequence="people", runbook="r",
        criticality="high", safety_impact="direct", process_impact="line-1", realarms=1,
        chatters=2, fleetings=3, first_out="flood:hagen",
        suppressed_by=(
            Suppression(SuppressionKind.SHELVED, NOW, "", NOW, True, "mara", "why"),
            Suppression(SuppressionKind.DESIGN, NOW, "maintenance:m"),
        ),
    )  # fmt: skip
    assert await alarms.write([version(alarm)]) == set()

    assert await alarms.find(["a", "unknown"]) == {"a": alarm}
    assert await alarms.find([]) == {}


async def test_documents_of_another_version_can_be_read(sources: Sources, database: Any) -> None:
    """A rolling upgrade, and the way back."""
    alarms = Alarms(database.alarms)
    await alarms.write([version(an_alarm())])
    change = {"$set": {"unknown": 1}, "$unset": {"asset_class": ""}}
    await database.alarms.update_one({"_id": "a"}, change)
    source = Source("hagen/t", "hagen", "p", 3, NOW, 2.0)
    await sources.save([source])
    await database.sources.update_one({"_id": "hagen/t"}, change)

    assert await alarms.find(["a"]) == {"a": an_alarm()}
    assert await sources.load(3) == [source]


async def test_a_version_is_stored_only_on_its_predecessor(alarms: Store) -> None:
    """The first, a repeated first, the next, a repeated next, one that is too new."""
    first = an_alarm()
    assert await alarms.write([version(first)]) == set()
    assert await alarms.write([version(replace(first, message="other"))]) == {"a"}
    second = replace(first, revision=2, message="second")
    assert await alarms.write([version(second)]) == set()
    assert await alarms.write([version(replace(second, message="other"))]) == {"a"}
    assert await alarms.write([version(replace(second, revision=9))]) == {"a"}

    assert await alarms.find(["a"]) == {"a": second}


async def test_of_a_batch_exactly_those_that_lost_are_named(alarms: Store) -> None:
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


async def test_of_two_owners_only_one_makes_the_next_version(alarms: Store) -> None:
    """Invariant 8: a zombie and its successor write at the same time, again and again."""
    for revision in range(1, 6):
        both = [version(an_alarm(revision=revision, message=owner)) for owner in ("x", "y")]
        lost = await asyncio.gather(*(alarms.write([each]) for each in both))

        assert sorted(map(len, lost)) == [0, 1]
        assert (await alarms.find(["a"]))["a"].message == ("x" if not lost[0] else "y")


async def test_a_version_its_transitions_and_its_outbox_are_stored_together(
    alarms: Store,
) -> None:
    """And none of them when the version lost."""
    step = next(steps(1))
    await alarms.write([version(an_alarm(), step, outbox=(RECORD, RECORD))])
    await alarms.write([version(an_alarm(), step, outbox=(RECORD,))])

    assert await outbox(alarms) == [b"value", b"value"]
    assert await alarms.transitions("a") == [step]


async def test_the_last_transitions_are_kept(alarms: Store) -> None:
    """A chattering alarm does not outgrow its document."""
    await alarms.write([version(an_alarm(), *steps(TRANSITIONS_MAX + 5))])
    kept = await alarms.transitions("a")

    assert [kept[0].seq, kept[-1].seq] == [6, TRANSITIONS_MAX + 5]
    assert await alarms.transitions("unknown") == []


async def test_the_next_owner_of_a_partition_finds_what_is_open(alarms: Store) -> None:
    """Delays that run and shelves included; nothing that is normal, and nothing of others."""
    conditions = dict(zip("abcde", Condition, strict=True))
    await alarms.write([version(an_alarm(i, condition=c)) for i, c in conditions.items()])
    held = (Suppression(SuppressionKind.SHELVED, NOW, until=NOW),)
    await alarms.write(
        [
            version(an_alarm("f", suppressed_by=held)),
            version(an_alarm("g", condition=Condition.ACTIVE, partition=4)),
            version(an_alarm("h", condition=Condition.ACTIVE, stream="other")),
        ]
    )
    first = await alarms.open(REPORTS, 3, "", 3)
    rest = await alarms.open(REPORTS, 3, first[-1].id, 3)

    assert [alarm.id for alarm in first] == ["b", "c", "d"]
    assert [alarm.id for alarm in rest] == ["e", "f"]


async def test_an_alarm_that_closes_is_no_longer_open(alarms: Store) -> None:
    """With the next version."""
    await alarms.write([version(raised("a", 1))])
    await alarms.write([version(an_alarm("a", revision=2))])

    assert await alarms.open(REPORTS, 3, "", 10) == []


async def test_what_is_over_is_found_by_its_age(alarms: Store) -> None:
    """Oldest first; never what somebody has still to do with."""
    over = {"condition": Condition.NORMAL, "unacknowledged": False}
    hour = timedelta(hours=1)
    await alarms.write(
        [
            version(raised("a", 1, **over, cleared_at=NOW - hour)),
            version(raised("b", 1, **over, cleared_at=NOW - 2 * hour)),
            version(raised("c", 1, **over, cleared_at=NOW)),
            version(raised("d", 1, cleared_at=NOW - hour)),
        ]
    )

    assert [alarm.id for alarm in await alarms.rested(NOW - hour, 9)] == ["b", "a"]
    assert [alarm.id for alarm in await alarms.rested(NOW, 1)] == ["b"]


async def test_of_a_forgotten_alarm_the_number_is_kept(alarms: Store) -> None:
    """With its tombstone to be published; it is on no page, and it can be raised again."""
    await alarms.write([version(raised("a", 1, seq=7), *steps(1))])
    gone = replace(raised("a", 1, seq=7), revision=2)
    assert await alarms.forget([version(replace(gone, revision=9))]) == {"a"}
    assert await alarms.forget([version(gone, outbox=(RECORD,))]) == set()
    found = (await alarms.find(["a"]))["a"]

    assert (found.rule, found.subject, found.seq, found.revision) == ("rule", "hagen/t", 7, 2)
    assert (found.raised_at, found.open, found.rested_at) == (None, False, None)
    assert await outbox(alarms) == [b"value"]
    assert (await alarms.page(Filter(), 10, None)).alarms == ()
    assert await alarms.transitions("a") == []
    assert await alarms.write([version(raised("a", 9, seq=8, revision=3))]) == set()
    assert (await alarms.find(["a"]))["a"].seq == 8


async def test_pages_hold_each_raised_alarm_once_latest_first(alarms: Store) -> None:
    """Also when several were raised at the same time."""
    times = {"a": 1, "b": 5, "c": 3, "d": 3, "e": 3, "f": 4}
    await alarms.write([version(raised(id, second)) for id, second in times.items()])
    await alarms.write([version(an_alarm("pending", condition=Condition.PENDING_ON))])

    seen, after = [], None
    for _ in range(4):
        page = await alarms.page(Filter(), 2, after)
        seen += [alarm.id for alarm in page.alarms]
        after = page.after
        if after is None:
            break

    assert seen == ["b", "f", "e", "d", "c", "a"]


async def test_pages_can_be_of_what_is_wanted(alarms: Store) -> None:
    """The state is the one an operator sees; all that is said must hold."""
    shelf = (Suppression(SuppressionKind.SHELVED, NOW, until=NOW),)
    await alarms.write(
        [
            version(raised("a", 1, path="e/s/area")),
            version(raised("b", 2, unacknowledged=False, path="e/s/area/line-1")),
            version(raised("c", 3, condition=Condition.NORMAL, path="e/s/area-2")),
            version(raised("d", 4, site="lyon", asset_class="plc", priority="low")),
            version(raised("e", 5, rule="other", suppressed_by=shelf)),
        ]
    )

    async def ids(**wanted: Any) -> str:
        return "".join(a.id for a in (await alarms.page(Filter(**wanted), 10, None)).alarms)

    assert await ids() == "edcba"
    assert await ids(sites=frozenset({"hagen"})) == "ecba"
    assert await ids(sites=frozenset({"hagen", "lyon"})) == "edcba"
    assert await ids(sites=frozenset()) == ""
    assert await ids(state=State.UNACKNOWLEDGED) == "da"
    assert await ids(state=State.ACKNOWLEDGED, sites=frozenset({"hagen"})) == "b"
    assert await ids(state=State.RETURNED_UNACKNOWLEDGED) == "c"
    assert await ids(state=State.SHELVED) == "e"
    assert await ids(suppressed=True) == "e"
    assert await ids(suppressed=False) == "dcba"
    assert await ids(path="e/s/area") == "ba"
    assert await ids(path="e/s/are") == ""
    assert await ids(rule="other") == "e"
    assert await ids(asset_class="plc", priority="low") == "d"
    assert await ids(since=NOW + timedelta(seconds=4)) == "ed"


async def test_a_later_page_keeps_to_what_is_wanted(alarms: Store) -> None:
    """Also to the time since when."""
    await alarms.write([version(raised(id, second)) for second, id in enumerate("abcde")])
    wanted = Filter(since=NOW + timedelta(seconds=1))
    page = await alarms.page(wanted, 2, None)
    rest = await alarms.page(wanted, 5, page.after)

    assert [alarm.id for alarm in (*page.alarms, *rest.alarms)] == ["e", "d", "c", "b"]
    assert rest.after is None


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


async def test_a_file_keeps_what_was_told_when_its_process_is_gone(tmp_path: Path) -> None:
    """Another process opens it."""
    store = SqliteAlarms(tmp_path / "alarms.sqlite")
    await store.prepare()
    await store.write([version(raised("a", 1), *steps(1), outbox=(RECORD,))])
    await store.close()
    again = SqliteAlarms(tmp_path / "alarms.sqlite")

    assert await again.find(["a"]) == {"a": raised("a", 1)}
    assert await outbox(again) == [b"value"]
    await again.close()


async def test_a_file_that_cannot_be_written_is_retryable(tmp_path: Path) -> None:
    """Nothing is taken for done."""
    (tmp_path / "alarms.sqlite").write_text("no database")
    with pytest.raises(Retryable, match=r"store: alarms\.sqlite: file is not a database"):
        await SqliteAlarms(tmp_path / "alarms.sqlite").prepare()
