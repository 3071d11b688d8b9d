"""What the stores of windows, reports and counters promise, through Motor and its successor."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from isthmus.alerting.adapters.quiet.reports import Reports
from isthmus.alerting.adapters.quiet.slots import Slots
from isthmus.alerting.adapters.quiet.windows import Windows
from isthmus.alerting.domain.quiet.kpis import SLOT, Slot
from isthmus.alerting.domain.quiet.maintenance import Window
from isthmus.alerting.ports.quiet import Bad, Counted, Gain, Part
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

NOW = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
RECORD = Outgoing("alerting.maintenance.v1", b"w", b"value", [("ce_id", b"1")])
RETENTION_S = 3e8  # ten years: what these tests store is of a fixed day
WINDOW = Window(
    "w", "hagen", "Service", datetime(2026, 3, 7, 6), timedelta(hours=4), "Europe/Berlin",
    "FREQ=WEEKLY;BYDAY=SA", ("n/hagen",), ("plc",), ("press",), ("a1",), ("hot",), 1, False,
    "mara", NOW,
)  # fmt: skip
BAD = Bad("a", "hot", "hagen/t", "hagen", "n/hagen", "high", "unacknowledged", "85", NOW)
PART = Part("w", "hagen", START, START + timedelta(hours=1), "reports/0", NOW, (BAD,), 1)


@pytest.fixture
async def windows(database: Any) -> Windows:
    """The store of windows."""
    store = Windows(database.maintenance)
    await store.prepare()
    return store


@pytest.fixture
async def reports(database: Any) -> Reports:
    """The store of reports, prepared twice: as at a second start."""
    store = Reports(database.maintenance_reports, RETENTION_S)
    await store.prepare()
    await store.prepare()
    return store


@pytest.fixture
async def slots(database: Any) -> Slots:
    """The store of counters, prepared twice."""
    store = Slots(database.kpis, RETENTION_S)
    await store.prepare()
    await store.prepare()
    return store


def a_gain(before: int | None, offset: int, partition: int = 0, **fields: Any) -> Gain:
    given = {"site": "hagen", "start": START, "annunciated": 1}
    return Gain(Slot(**{**given, **fields}), partition, before, offset)


async def test_a_window_comes_back_as_it_was_stored(windows: Windows) -> None:
    """Every field; its first occurrence is by the clock on the wall, and not of UTC."""
    assert await windows.write(WINDOW, (RECORD,))
    document = await windows.collection.find_one({"_id": "w"})

    assert await windows.all() == [WINDOW]
    assert len(document["outbox"]) == 1


async def test_versions_of_a_window_are_stored_one_after_the_other(windows: Windows) -> None:
    """What is deleted leaves its version; nobody skips one."""
    gone = WINDOW.gone("tom", NOW)
    assert await windows.write(WINDOW, ())
    assert not await windows.write(WINDOW, ())
    assert not await windows.write(replace(WINDOW, version=3), ())
    assert await windows.write(gone, ())

    assert await windows.all() == [gone]


async def test_of_many_who_store_the_first_version_one_does(windows: Windows) -> None:
    """The others are told to look again."""
    stored = await asyncio.gather(
        *(windows.write(replace(WINDOW, by=f"p{n}"), (RECORD,)) for n in range(8))
    )

    assert sorted(stored) == [False] * 7 + [True]


async def test_a_window_of_another_version_of_ours_can_be_read(
    windows: Windows, database: Any
) -> None:
    """A rolling upgrade, and the way back."""
    await windows.write(WINDOW, ())
    change = {"$set": {"unknown": 1}, "$unset": {"tags": ""}}
    await database.maintenance.update_one({"_id": "w"}, change)

    assert await windows.all() == [replace(WINDOW, tags=())]


async def test_a_report_is_kept_once_for_each_owner_and_occurrence(reports: Reports) -> None:
    """The first that looked was right."""
    assert await reports.add(PART)
    assert not await reports.add(replace(PART, count=5))
    assert await reports.add(replace(PART, owner="reports/1", still_bad=(), count=0))

    assert sorted((p.owner, p.count) for p in await reports.of("w", None, 10)) == [
        ("reports/0", 1),
        ("reports/1", 0),
    ]
    assert PART in await reports.of("w", None, 10)
    assert await reports.of("other", None, 10) == []


async def test_reports_are_read_by_occurrence_the_latest_first(reports: Reports) -> None:
    """All parts of each; a page begins before an end."""
    for week in range(4):
        later = timedelta(weeks=week)
        for owner in ("reports/0", "reports/1"):
            part = replace(PART, owner=owner, start=PART.start + later, end=PART.end + later)
            assert await reports.add(part)

    found = await reports.of("w", None, 2)
    assert [part.end for part in found] == [PART.end + timedelta(weeks=n) for n in (3, 3, 2, 2)]
    rest = await reports.of("w", found[-1].end, 9)
    assert [part.end for part in rest] == [PART.end + timedelta(weeks=n) for n in (1, 1, 0, 0)]


async def test_a_slot_grows_by_what_was_counted(slots: Slots) -> None:
    """Each of its numbers, of several partitions."""
    whole = Slot(
        "hagen", START, 2, 3, 4, 5, 6.5, 7, Counter(low=2), Counter(a=1, b=1), Counter(a=1)
    )
    assert await slots.add([Gain(whole, 0, None, 10)]) == set()
    assert await slots.add([a_gain(None, 4, partition=1, alarms=Counter(a=1))]) == set()
    assert await slots.add([a_gain(10, 12, priorities=Counter(high=1))]) == set()

    [found] = await slots.between(None, START, START + SLOT, 10)
    assert found == Slot(
        "hagen", START, 4, 3, 4, 5, 6.5, 7, Counter(low=2, high=1), Counter(a=2, b=1), Counter(a=1)
    )
    key = ("hagen", START)
    assert await slots.read([key, ("lyon", START)]) == {
        key: Counted({0: 12, 1: 4}, frozenset({"a", "b"}))
    }


async def test_a_slot_does_not_grow_from_where_it_is_not(slots: Slots) -> None:
    """What is counted already, or comes after something that is not counted yet."""
    key = ("hagen", START)
    assert await slots.add([a_gain(None, 10)]) == set()
    assert await slots.add([a_gain(None, 10)]) == {key}
    assert await slots.add([a_gain(9, 12)]) == {key}
    assert await slots.add([a_gain(11, 12), a_gain(None, 3, site="lyon")]) == {key}

    found = await slots.between(None, START, START + SLOT, 10)
    assert {slot.site: slot.annunciated for slot in found} == {"hagen": 1, "lyon": 1}


async def test_partitions_that_begin_a_slot_at_once_are_all_counted(slots: Slots) -> None:
    """Who was not first tries again, as its handler does."""

    async def count(partition: int) -> None:
        for _ in range(20):
            if not await slots.add([a_gain(None, 1, partition)]):
                return
            counted = await slots.read([("hagen", START)])
            if partition in counted[("hagen", START)].offsets:
                return
        raise AssertionError(partition)

    await asyncio.gather(*(count(partition) for partition in range(12)))

    [found] = await slots.between(None, START, START + SLOT, 10)
    assert found.annunciated == 12


async def test_slots_are_read_by_site_and_period(slots: Slots) -> None:
    """The end is not in it; no more than was asked for."""
    for site in ("hagen", "lyon", "oslo"):
        for number in range(3):
            await slots.add([a_gain(None, 1, site=site, start=START + number * SLOT)])

    two = await slots.between(frozenset({"hagen", "oslo"}), START, START + 2 * SLOT, 10)
    assert {(slot.site, slot.start) for slot in two} == {
        (site, START + number * SLOT) for site in ("hagen", "oslo") for number in (0, 1)
    }
    assert len(await slots.between(None, START, START + 9 * SLOT, 5)) == 5
    assert await slots.between(frozenset(), START, START + 9 * SLOT, 5) == []


async def test_a_store_that_is_gone_is_worth_another_try(
    windows: Windows, reports: Reports, slots: Slots
) -> None:
    """Every question says so."""

    class Gone:
        def __getattr__(self, name: str) -> Any:
            raise AutoReconnect("away")

    for store in (windows, reports, slots):
        store.collection = Gone()
    with pytest.raises(Retryable):
        await windows.all()
    with pytest.raises(Retryable):
        await reports.add(PART)
    with pytest.raises(Retryable):
        await slots.add([a_gain(None, 1)])
