"""What imports ask of their store, on the real one, through motor and through its successor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.adapters.tables.imports import MongoImports
from isthmus.inventory.domain.tables.import_jobs import (
    Batch,
    Counts,
    Format,
    ImportJob,
    ImportState,
    Outcome,
    RowVerdict,
)
from isthmus.inventory.domain.tables.imports import Fault
from isthmus.inventory.domain.tables.mappings import ImportMapping, mapping

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
OTHER = timedelta(hours=1)


@pytest.fixture
async def store(database: Any) -> MongoImports:
    """The store of imports, with its indexes."""
    store = MongoImports(database)
    await store.prepare()
    return store


def sap(name: str = "sap") -> ImportMapping:
    row = {
        "system": "sap",
        "site": {"column": "Werk.Nr", "values": {"$1.000": "hagen"}},
        "external_id": "Equip.",
        "columns": {"vendor": "Hersteller", "custom.cabinet": "Schrank"},
        "ignore_rows": {"Stat.": ["x"]},
    }
    return mapping(name, row)


def job(id: str = "1", name: str = "sap", **more: Any) -> ImportJob:
    made = ImportJob(id, sap(name), Format.CSV, 10, False, "mara", NOON, frozenset({"hagen"}))
    return replace(made, **more)


async def test_a_mapping_is_kept_until_it_is_removed(store: MongoImports) -> None:
    """Headings may have dots and dollars in them, which names in the store may not."""
    assert await store.put_mapping(sap())
    assert not await store.put_mapping(sap())
    await store.put_mapping(sap("erp"))

    assert await store.mapping("sap") == sap()
    assert [each.name for each in await store.mappings("", 10)] == ["erp", "sap"]
    assert [each.name for each in await store.mappings("erp", 1)] == ["sap"]
    assert await store.remove_mapping("sap")
    assert not await store.remove_mapping("sap")
    assert await store.mapping("sap") is None


async def test_a_file_is_its_parts_in_their_order(store: MongoImports) -> None:
    """Another import's are not among them, and a part may be kept twice."""
    for number in (1, 0, 10, 2, 1):
        await store.keep_part("1", number, f"<{number}>".encode(), NOON)
    await store.keep_part("10", 0, b"another", NOON)

    assert await store.file("1") == b"<0><1><2><10>"
    await store.drop_file("1")
    assert await store.file("1") == b""
    assert await store.file("10") == b"another"


async def test_a_job_is_read_back_whole(store: MongoImports) -> None:
    """What goes in comes out, field by field."""
    whole = job(
        state=ImportState.FAILED, reason="file: no", notes=("guessed",), against="0", published=7,
        counts=Counts(9, 1, 2, 3, 4, 5, 6, 7), attempts=2, finished_at=LATER, dry_run=True,
        format=Format.XLSX,
    )  # fmt: skip
    await store.add(whole)
    await store.add(job("2", sites=None))

    assert await store.job("1") == whole
    assert await store.job("3") is None
    assert [each.id for each in await store.jobs(before="", limit=10)] == ["2", "1"]
    assert [each.id for each in await store.jobs(before="2", limit=10)] == ["1"]


async def test_one_replica_works_at_a_job(store: MongoImports) -> None:
    """Until it has not said a word for too long; then it can write no more."""
    await store.add(job())

    mine = await store.take("a", NOON, LATER)
    assert mine
    assert mine.attempts == 1
    assert await store.take("b", NOON, LATER) is None
    assert await store.write(replace(mine, published=3), "a", LATER)
    after = await store.take("b", LATER + OTHER, LATER + OTHER)
    assert after
    assert (after.published, after.attempts) == (3, 2)
    assert not await store.write(mine, "a", LATER)


async def test_a_job_that_is_given_back_is_free_at_once(store: MongoImports) -> None:
    """And was not begun in vain; nobody else can give it back."""
    await store.add(job())
    await store.take("a", NOON, LATER)

    await store.release("1", "b")
    assert await store.take("b", NOON, LATER) is None
    await store.release("1", "a")
    again = await store.take("b", NOON, LATER)

    assert again
    assert again.attempts == 1


async def test_imports_by_one_mapping_are_taken_one_after_another(store: MongoImports) -> None:
    """Each is compared with the one before it; those by other mappings need not wait."""
    for id, name in (("1", "sap"), ("2", "sap"), ("3", "erp")):
        await store.add(job(id, name))

    first = await store.take("a", NOON, LATER)
    second = await store.take("b", NOON, LATER)
    assert first
    assert second
    assert (first.id, second.id) == ("1", "3")
    assert await store.take("c", NOON, LATER) is None
    await store.write(first.ended(ImportState.FINISHED, NOON), "a", LATER)
    third = await store.take("c", NOON, LATER)
    assert third
    assert third.id == "2"


async def test_what_became_of_rows_is_kept_in_batches(store: MongoImports) -> None:
    """In their order, and once: a batch that comes again takes the place of the first."""
    outcome = Outcome(2, "hagen/sap:1", RowVerdict.CHANGED, b"\x00\xff", ("vendor",), "a", "serial")
    fault = Fault(3, "G", "Wert", "purchase_price", "'x', expected a number")
    whole = Batch(10, (outcome,), (fault,))
    for number in (0, 2, 10):
        await store.write_batch("1", Batch(number))
    await store.write_batch("1", whole)
    await store.write_batch("10", Batch(0))

    assert await store.batches("1", 0, 2) == [Batch(0), Batch(2)]
    assert await store.batches("1", 3, 10) == [whole]


async def test_an_import_is_compared_with_the_last_whole_one(store: MongoImports) -> None:
    """No dry run, none that failed, none by another mapping, none after it."""
    await store.add(job("1", state=ImportState.FINISHED))
    await store.add(job("2", state=ImportState.FINISHED, dry_run=True))
    await store.add(job("3", state=ImportState.FAILED))
    await store.add(job("4", "erp", state=ImportState.FINISHED))
    await store.add(job("6", state=ImportState.FINISHED))

    last = await store.last("sap", "5")

    assert last
    assert last.id == "1"
    assert await store.last("sap", "1") is None


async def test_old_imports_are_forgotten(store: MongoImports) -> None:
    """But for the one that the next is compared with, and what nobody has worked at yet."""
    await store.add(job("1", state=ImportState.WAITING))
    await store.add(job("2", state=ImportState.FINISHED))
    await store.add(job("3", state=ImportState.FINISHED))
    for id in ("4", "5", "6"):
        await store.add(job(id, state=ImportState.FINISHED, dry_run=True))
    await store.write_batch("2", Batch(0))
    await store.write_batch("3", Batch(0))
    await store.keep_part("gone", 0, b"x", NOON)
    await store.keep_part("new", 0, b"x", LATER)

    await store.prune("sap", 2, LATER)

    assert [each.id for each in await store.jobs(before="", limit=9)] == ["6", "5", "3", "1"]
    assert await store.batches("2", 0, 1) == []
    assert await store.batches("3", 0, 1) == [Batch(0)]
    assert (await store.file("gone"), await store.file("new")) == (b"", b"x")
