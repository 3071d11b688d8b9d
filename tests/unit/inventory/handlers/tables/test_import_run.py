"""One way through the rows of an import."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.unit.inventory.handlers.imports_world import (
    Store,
    Topic,
    Word,
    job,
    keys,
    many,
    table,
    world,
)

from isthmus.inventory.domain.custom_fields import definition
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.domain.tables.import_jobs import (
    Counts,
    ImportJob,
    ImportState,
    Outcome,
    RowVerdict,
)
from isthmus.inventory.domain.tables.mappings import mapping
from isthmus.inventory.handlers.tables import import_run
from isthmus.inventory.handlers.tables.import_run import ImportRun, World, batches
from isthmus.telemetry.v1 import observation_pb2 as pb


async def taken(
    store: Store,
    given: ImportJob,
    file: bytes,
    topic: Topic | None = None,
    holders: Mapping[str, str] | None = None,
    within: World | None = None,
) -> ImportJob:
    """The job when its file is dealt with."""

    async def progress(job: ImportJob) -> None:
        store.imports[job.id] = job

    store.parts[given.id, 0] = file
    run = ImportRun(given, within or world(store, topic, holders), progress)
    await run.run()
    store.imports[given.id] = replace(run.job, state=ImportState.FINISHED)
    return store.imports[given.id]


async def outcomes(store: Store, id: str) -> list[Outcome]:
    return [each async for batch in batches(store, id) for each in batch.outcomes]


async def test_a_good_row_becomes_an_observation() -> None:
    """Of its record as a target of its site; a place stands where an endpoint's does."""
    store, topic = Store(), Topic()

    await taken(store, job(), table("AB/7,1000,SIEMENS AG,S1,A1,nordwerk/hagen"), topic)

    [record] = topic.records
    said = pb.Observation.FromString(record.value or b"")
    assert (record.topic, record.key) == ("inventory.imports.v1", b"hagen/sap:AB%2F7")
    assert (said.site, said.target, said.protocol) == ("hagen", "sap:AB%2F7", "import")
    assert (said.path, said.address, said.interval_s) == ("nordwerk/hagen", "", 0)
    assert said.outcome == said.devices[0].outcome == pb.OUTCOME_OK
    [device] = said.devices
    facts = dict(zip(device.fact, device.text, strict=True))
    assert facts == {"vendor": "SIEMENS AG", "serial": "S1", "asset_number": "A1"}
    assert said.observed_at.ToJsonString() == "2026-03-01T12:00:00Z"


async def test_the_same_file_again_makes_the_same_observations() -> None:
    """By their ids; only the time is another."""
    store, topic = Store(), Topic()

    for id in ("1", "2"):
        await taken(store, job(id), table(*many(3)), topic)

    ids = [pb.Observation.FromString(each.value or b"").id for each in topic.records]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3


async def test_a_bad_row_stops_none_of_the_others() -> None:
    """Good ones are on the topic, bad ones are named, and both are counted."""
    store, topic = Store(), Topic()

    made = await taken(store, job(), table("1,1000,ABB,,,", "2,?,,,,", "3,2000,ABB,,,"), topic)

    assert keys(topic.records) == ["hagen/sap:1", "lyon/sap:3"]
    assert made.counts == Counts(rows=3, new=2, faulty=1, errors=2)
    [batch] = [each async for each in batches(store, "1")]
    assert [(fault.row, fault.column) for fault in batch.faults] == [(3, "B"), (3, "C")]


async def test_rows_are_compared_with_the_last_import() -> None:
    """What is new, what changed in which field, what is the same, what is no more."""
    store = Store()
    await taken(store, job("1"), table("1,1000,ABB,S1,,", "2,1000,ABB,S2,,", "3,1000,ABB,S3,,"))

    made = await taken(
        store, job("2"), table("1,1000,ABB,S1,,", "2,1000,ABB,S9,,x", "4,1000,ABB,,,")
    )

    assert made.against == "1"
    assert [(o.row, o.source, o.verdict, o.changed) for o in await outcomes(store, "2")] == [
        (2, "hagen/sap:1", RowVerdict.UNCHANGED, ()),
        (3, "hagen/sap:2", RowVerdict.CHANGED, ("serial", "path")),
        (4, "hagen/sap:4", RowVerdict.NEW, ()),
        (0, "hagen/sap:3", RowVerdict.GONE, ()),
    ]
    assert made.counts == Counts(rows=3, new=1, changed=1, unchanged=1, gone=1)


async def test_what_is_gone_stays_gone_until_it_comes_back() -> None:
    """The import after it can still withdraw it; one that has the row again takes it for new."""
    store = Store()
    await taken(store, job("1"), table(*many(2)))
    await taken(store, job("2"), table(*many(1)))

    still = await taken(store, job("3"), table(*many(1)))
    back = await taken(store, job("4"), table(*many(2)))

    assert still.counts == Counts(rows=1, unchanged=1, gone=1)
    assert back.counts == Counts(rows=2, unchanged=1, new=1)


async def test_a_full_table_withdraws_what_it_has_no_more() -> None:
    """Once; a dry run says the same, names the assets, and takes nothing."""
    store, word = Store(), Word({"hagen/sap:10": "a", "hagen/sap:11": "b"})
    given = world(store, word=word)
    await taken(store, job("1"), table(*many(12)), within=given)

    full = table(*many(10))
    asked = job(withdraw=True, gone_max=2)
    dry = await taken(store, replace(asked, id="2", dry_run=True), full, within=given)
    assert word.assets == {"hagen/sap:10": "a", "hagen/sap:11": "b"}
    made = await taken(store, replace(asked, id="3"), full, within=given)
    after = await taken(store, replace(asked, id="4"), full, within=given)

    gone = [
        (RowVerdict.WITHDRAWN, "hagen/sap:10", "a"),
        (RowVerdict.WITHDRAWN, "hagen/sap:11", "b"),
    ]
    for id in ("2", "3"):
        found = [(o.verdict, o.source, o.asset) for o in await outcomes(store, id) if not o.row]
        assert found == gone
    assert word.assets == {}
    assert dry.counts == made.counts == Counts(rows=10, unchanged=10, withdrawn=2)
    assert after.counts == Counts(rows=10, unchanged=10)


async def test_what_an_import_kept_the_next_one_may_withdraw() -> None:
    """Whoever forgot to ask for it has not lost the chance."""
    store, word = Store(), Word({"hagen/sap:10": "a"})
    given = world(store, word=word)
    await taken(store, job("1"), table(*many(11)), within=given)
    await taken(store, job("2"), table(*many(10)), within=given)

    made = await taken(store, job("3", withdraw=True), table(*many(10)), within=given)

    assert made.counts.withdrawn == 1
    assert word.assets == {}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (many(3), "7 of 10 rows are gone, expected at most 1; if that is so, import it with "
                  "gone_max=7"),
        ([*many(9), ",1000,Siemens,S9,,"], "a row without an external id may be one of those"),
    ],
)  # fmt: skip
async def test_a_file_that_is_cut_off_withdraws_nothing(rows: list[str], reason: str) -> None:
    """It says what it would take to do so; the rows that it has are taken."""
    store, word = Store(), Word({f"hagen/sap:{n}": f"a{n}" for n in range(10)})
    given = world(store, word=word)
    await taken(store, job("1"), table(*many(10)), within=given)

    made = await taken(store, job("2", withdraw=True), table(*rows), within=given)

    assert made.counts.withdrawn == 0
    assert made.counts.gone > 0
    assert reason in made.notes[-1]
    assert len(word.assets) == 10


async def test_nobody_withdraws_on_a_site_that_is_not_theirs() -> None:
    """Rows of Lyon are gone from the file of an engineer of Hagen, and keep their word."""
    store, word = Store(), Word({"hagen/sap:1": "a", "lyon/sap:2": "b"})
    given = world(store, word=word)
    await taken(
        store, job("1"), table("1,1000,ABB,,,", "2,2000,ABB,,,", "3,1000,ABB,,,"), within=given
    )

    here = job("2", withdraw=True, gone_max=9, sites=frozenset({"hagen"}))
    made = await taken(store, here, table("3,1000,ABB,,,"), within=given)

    assert (made.counts.withdrawn, made.counts.gone) == (1, 1)
    assert word.assets == {"lyon/sap:2": "b"}


async def test_a_cell_is_checked_by_the_definition_of_its_field() -> None:
    """A number is one, and a field of another site is none here."""
    fields = {"power": {"type": "number"}, "hall": {"sites": ["lyon"]}, "due": {"type": "day"}}
    own = {f"custom.{name}": definition(name, row) for name, row in fields.items()}
    columns = {"custom.power": "P", "custom.hall": "H", "custom.due": "D"}
    made = mapping("m", {"system": "m", "site": "hagen", "external_id": "Nr", "columns": columns})
    store = Store()
    file = b"Nr,P,H,D\n1,7.5,,2027-03-01\n2,7kW,,\n3,,hall 2,\n4,,,2027"

    await taken(store, job(mapping=made), file, within=world(store, own=own))

    faults = [(f.row, f.field, f.reason) async for b in batches(store, "1") for f in b.faults]
    assert faults == [
        (3, "custom.power", "'7kW', expected a decimal number with a point, such as 4850.00"),
        (4, "custom.hall", "the asset stands on hagen, expected one of lyon"),
        (5, "custom.due", "'2027', expected a whole day, YYYY-MM-DD"),
    ]


async def test_a_row_with_a_mistake_is_not_gone() -> None:
    """It is in the file; only a record that is not is gone, or one that moved to another site."""
    store = Store()
    await taken(store, job("1"), table("1,1000,ABB,,,", "2,1000,ABB,,,", "3,1000,ABB,,,"))

    made = await taken(store, job("2"), table("1,1000,,,,", "2,2000,ABB,,,", "3,1000,ABB,,,"))

    gone = [o.source for o in await outcomes(store, "2") if o.verdict is RowVerdict.GONE]
    assert gone == ["hagen/sap:2"]
    assert made.counts.new == 1


async def test_a_dry_run_publishes_nothing_and_is_compared_with_by_nobody() -> None:
    """It says what would be: against the last real import, and against the assets there are."""
    store, topic = Store(), Topic()
    await taken(store, job("1"), table("1,1000,ABB,S1,,"), topic)
    held = {
        "hagen|source|hagen/sap:1": "a",
        "global|asset-number|A2": "b",
        "global|serial|siemens/S3": "c",
    }
    file = table("1,1000,ABB,S1,,", "2,1000,ABB,S2,A2,", "3,1000,SIEMENS AG,S-3,,", "4,1000,X,,,")

    made = await taken(store, job("2", dry_run=True), file, topic, held)
    later = await taken(store, job("3"), table("1,1000,ABB,S1,,"), topic)

    assert len(topic.records) == 2
    assert [(o.asset, o.by) for o in await outcomes(store, "2")] == [
        ("a", "external_id"), ("b", "asset_number"), ("c", "serial"), ("", ""),
    ]  # fmt: skip
    assert (made.counts.unchanged, made.counts.new) == (1, 3)
    assert later.against == "1"


async def test_a_run_goes_on_behind_what_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart each row is on the topic at least once, and is counted once."""
    monkeypatch.setattr(import_run, "BATCH_ROWS", 10)
    store, topic = Store(), Topic()

    made = await taken(store, job(published=21), table(*many(35)), topic)

    assert keys(topic.records) == [f"hagen/sap:{n}" for n in range(20, 35)]
    assert (made.counts.rows, made.published) == (35, 36)
    assert len(await outcomes(store, "1")) == 35


async def test_a_file_that_ends_wrong_leaves_what_was_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The batches that were taken stay taken, and the job says up to which row."""
    monkeypatch.setattr(import_run, "BATCH_ROWS", 2)
    store, topic = Store(), Topic()

    with pytest.raises(Invalid, match="unexpected end of data"):
        await taken(store, job(), table(*many(4), '5,1000,"ABB'), topic)

    assert store.imports["1"].published == 5
    assert len(topic.records) == 4


@pytest.mark.parametrize("count", [1_000, pytest.param(50_000, marks=pytest.mark.bench)])
async def test_a_large_file_is_counted_to_its_last_row(count: int) -> None:
    """One row of a hundred with a mistake, and the same file again."""
    rows = [f"{n},{'?' if n % 100 == 7 else '1000'},Siemens,S{n},A{n}," for n in range(count)]
    bad, store, topic = count // 100, Store(), Topic()

    first = await taken(store, job("1"), table(*rows), topic)
    second = await taken(store, job("2"), table(*rows), topic)

    assert first.counts == Counts(rows=count, new=count - bad, faulty=bad, errors=bad)
    assert second.counts == Counts(rows=count, unchanged=count - bad, faulty=bad, errors=bad)
    assert len(topic.records) == 2 * (count - bad)
