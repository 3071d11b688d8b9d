"""The queue of imports: accepted, worked at, ended, whatever happens in between."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.inventory.handlers.imports_world import (
    MAPPING,
    Store,
    Topic,
    body,
    job,
    keys,
    many,
    table,
    world,
)

from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.import_jobs import ATTEMPTS_MAX, Format, ImportJob, ImportState
from isthmus.inventory.handlers.tables import import_run, imports
from isthmus.inventory.handlers.tables.imports import Imports, TooLarge

FAR = timedelta(hours=1)


async def start(made: Imports, *chunks: bytes) -> ImportJob:
    return await made.start(
        MAPPING, Format.CSV, body(*chunks), dry_run=False, requested_by="mara", sites=None
    )


async def worked(made: Imports, store: Store) -> ImportJob:
    """The oldest job, taken and worked at."""
    now = datetime.now(UTC)
    found = await store.take(made._owner, now, now + FAR)
    assert found
    await made.work(found)
    return store.imports[found.id]


async def test_a_file_is_kept_in_parts_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it comes in chunks; afterwards only what became of it is kept."""
    monkeypatch.setattr(imports, "PART_BYTES", 16)
    store, topic = Store(), Topic()
    made = Imports(world(store, topic))
    file = table(*many(3))

    job = await start(made, file[:20], file[20:21], file[21:])

    assert (job.state, job.bytes) == (ImportState.WAITING, len(file))
    assert len(store.parts) == -(-len(file) // 16)
    assert await store.file(job.id) == file
    ended = await worked(made, store)
    assert (ended.state, ended.counts.new) == (ImportState.FINISHED, 3)
    assert ended.finished_at
    assert store.parts == {}


async def test_a_file_that_is_too_large_or_empty_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even the parts that had come by then."""
    monkeypatch.setattr(imports, "FILE_BYTES_MAX", 64)
    monkeypatch.setattr(imports, "PART_BYTES", 16)
    store = Store()
    made = Imports(world(store))

    with pytest.raises(TooLarge):
        await start(made, b"x" * 60, b"x" * 5)
    with pytest.raises(Invalid, match="empty, expected a table"):
        await start(made)

    assert (store.parts, store.imports) == ({}, {})


async def test_ids_are_in_the_order_of_imports() -> None:
    """So that the newest is found by its id."""
    made = Imports(world(Store()))

    first = await start(made, b"x")
    await asyncio.sleep(0.002)
    second = await start(made, b"x")

    assert first.id < second.id


async def test_a_file_that_cannot_be_read_ends_with_the_reason() -> None:
    """In one sentence that names what was expected."""
    store = Store()
    made = Imports(world(store))
    await start(made, b"Nr,Maker\n1,ABB\n")

    ended = await worked(made, store)

    assert ended.state is ImportState.FAILED
    assert "'Werk'" in ended.reason
    assert "row 1 has 'nr', 'maker'" in ended.reason


async def test_an_import_waits_for_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on behind the rows that are on the topic."""
    monkeypatch.setattr(imports, "RETRY_S", 0)
    monkeypatch.setattr(import_run, "BATCH_ROWS", 2)
    store, topic = Store(), Topic(away=3, until=2)
    made = Imports(world(store, topic))
    await start(made, table(*many(7)))

    ended = await worked(made, store)

    assert ended.state is ImportState.FINISHED
    assert keys(topic.records) == [f"hagen/sap:{n}" for n in range(7)]
    assert ended.counts.new == 7


async def test_a_bug_ends_the_import_and_not_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file would meet it again and again."""
    store = Store()

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    given = world(store)
    made = Imports(replace(given, read=broken))
    await start(made, b"x")

    ended = await worked(made, store)

    assert (ended.state, ended.reason) == (
        ImportState.FAILED, "unexpected ZeroDivisionError; the log of the service has more",
    )  # fmt: skip


async def test_an_import_that_ends_the_process_is_given_up() -> None:
    """After some tries, so that the others are not held up for ever."""
    store = Store()
    made = Imports(world(store))
    await store.add(job(attempts=ATTEMPTS_MAX))

    ended = await worked(made, store)

    assert ended.state is ImportState.FAILED
    assert ended.reason == f"begun {ATTEMPTS_MAX} times, never finished"


async def test_an_import_that_another_replica_took_is_left_to_it() -> None:
    """At the next progress; what was published until then comes once more."""
    store, topic = Store(), Topic()
    made = Imports(world(store, topic))
    await start(made, table(*many(3)))
    now = datetime.now(UTC)
    found = await store.take(made._owner, now, now)
    assert found
    await store.take("another", now + FAR, now + FAR)

    await made.work(found)

    assert store.imports[found.id].state is ImportState.WAITING
    assert len(topic.records) == 3


async def test_a_replica_that_stops_gives_its_import_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one goes on at once, and it is not counted as begun in vain."""
    store = Store()

    async def for_ever(*_: Any) -> None:
        await asyncio.Event().wait()

    topic = Topic()
    monkeypatch.setattr(topic, "publish", for_ever)
    made = Imports(world(store, topic))
    running = asyncio.create_task(made.run())
    job = await start(made, table(*many(3)))
    while not store.owners:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert store.owners == {}
    assert store.imports[job.id].attempts == 0
    ended = await worked(Imports(world(store)), store)
    assert ended.state is ImportState.FINISHED


async def test_what_waits_is_worked_at_in_the_background() -> None:
    """As soon as it is there."""
    store = Store()
    made = Imports(world(store))
    running = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    job = await start(made, table(*many(3)))
    async with asyncio.timeout(5):
        while store.imports[job.id].state is not ImportState.FINISHED:
            await asyncio.sleep(0.01)
    running.cancel()

    assert store.imports[job.id].attempts == 1
