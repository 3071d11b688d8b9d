"""What inventory asks of its store for targets, zones and discoveries, on the real one."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.adapters.polling.discoveries import MongoJobs
from isthmus.inventory.adapters.polling.wanted import MongoProfiles, MongoWanted
from isthmus.inventory.domain.polling.bulk import BulkRow, BulkVerdict
from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    FindingVerdict,
    Job,
    Probe,
    Progress,
)
from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.polling.zones import Zone, zone
from isthmus.inventory.handlers.polling.bulk import Bulk, no_rules, target_rules
from isthmus.inventory.handlers.polling.orders import job_record, target_record, zone_record
from isthmus.inventory.handlers.polling.wanted import Kind, Wanted
from isthmus.inventory.ports.polling import Publishing, Standing
from isthmus.runtime.codec import Outgoing, tombstone

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = {"days": ["sat"], "start": "08:00", "end": "12:00", "time_zone": "Europe/Berlin"}
JOB = Job(
    id="j", site="hagen", ranges=("127.21.0.0/28",), probes=(Probe("snmp", 161, "ro"),),
    window=WINDOW, requests_per_s=1.0, requested_by="planner", note="", requested_at=NOON,
    hosts=14, changed_at=NOON,
)  # fmt: skip


@pytest.fixture
async def targets(database: Any) -> MongoWanted[Target]:
    """The store of targets, with its indexes."""
    store = MongoWanted(database["targets"], Target)
    await store.prepare()
    return store


@pytest.fixture
async def jobs(database: Any) -> MongoJobs:
    """The store of jobs and findings, with its indexes."""
    store = MongoJobs(database)
    await store.prepare()
    return store


def plc(name: str = "plc", port: int = 502, **more: Any) -> Target:
    """A target at a port of one host."""
    endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": port, "units": [1, 2]}
    return Target("hagen", name, "nordwerk/hagen", 2.0, "m340", endpoint, **more)


def version(target: Target, revision: int = 1, **more: Any) -> Publishing[Target]:
    """A version of a target with its record."""
    return Publishing(Standing(target, NOON, revision, **more), target_record(target, NOON))


async def waiting(collection: Any, id: str) -> list[str]:
    """The topics of the records that wait in a document."""
    document = await collection.find_one({"_id": id})
    return [entry["topic"] for entry in document["outbox"]]


async def test_a_target_is_kept_with_its_record(targets: Any, database: Any) -> None:
    """It is read back whole; its record waits in the same document."""
    wanted = plc(envelope={"gap_s": 0.5, "windows": [WINDOW]})
    row = {"target": "plc", "interval_s": 2, "endpoint": {"units": [1, 2]}}

    assert await targets.put([version(wanted, seed=row)]) == {}

    standing = Standing(wanted, NOON, 1, row)
    assert await targets.known(["hagen/plc", "hagen/other"]) == {"hagen/plc": standing}
    assert await targets.listed(sites=frozenset({"hagen"}), after="", limit=9) == [standing]
    assert await targets.listed(sites=None, after="hagen/plc", limit=9) == []
    assert await targets.listed(sites=frozenset({"lyon"}), after="", limit=9) == []
    assert await waiting(database["targets"], "hagen/plc") == ["inventory.targets.hagen.v1"]


async def test_a_version_that_does_not_follow_is_not_written(targets: Any, database: Any) -> None:
    """Whoever was slower is told so by its own id, and nothing is published for it."""
    await targets.put([version(plc())])

    for slower in (version(plc(), 1), version(plc(), 3)):
        assert await targets.put([slower]) == {"hagen/plc": "hagen/plc"}
    assert await targets.put([version(replace(plc(), interval_s=5.0), 2)]) == {}

    known = await targets.known(["hagen/plc"])
    assert (known["hagen/plc"].revision, known["hagen/plc"].value.interval_s) == (2, 5.0)
    assert len(await waiting(database["targets"], "hagen/plc")) == 2


async def test_one_endpoint_has_one_target(targets: Any) -> None:
    """The second one is told who is there; what else is in the batch is written."""
    await targets.put([version(plc())])

    refused = await targets.put([version(plc("twin")), version(plc("other", 503))])

    assert refused == {"hagen/twin": "hagen/plc"}
    assert (await targets.known(["hagen/twin", "hagen/other"])).keys() == {"hagen/other"}


async def test_one_of_many_that_want_an_endpoint_at_once_gets_it(targets: Any) -> None:
    """Whichever replica of the service they ask."""
    wanted = [version(plc(f"plc-{n}", 600 + n % 3)) for n in range(24)]

    refused = [id for each in await asyncio.gather(*(targets.put([v]) for v in wanted))
               for id in each]  # fmt: skip

    standing = await targets.listed(sites=None, after="", limit=99)
    assert len({each.value.place for each in standing}) == len(standing) == 3
    assert len(refused) == 21


async def test_a_place_is_free_once_its_target_moved_or_was_removed(
    targets: Any, database: Any
) -> None:
    """The claim moves in the same write; a removed target leaves a stub without any."""
    await targets.put([version(plc()), version(plc("b", 503))])

    moved = await targets.put([version(plc(port=504), 2)])
    removed = await targets.put(
        [
            Publishing(
                Standing(plc("b", 503), NOON, 2, removed=True),
                tombstone("inventory.targets.hagen.v1", "hagen/b"),
            )
        ]
    )
    taken = await targets.put([version(plc("c", 502)), version(plc("d", 503))])

    assert (moved, removed, taken) == ({}, {}, {})
    assert (await targets.known(["hagen/b"]))["hagen/b"].removed
    listed = await targets.listed(sites=None, after="", limit=9)
    assert [each.value.target for each in listed] == ["c", "d", "plc"]
    document = await database["targets"].find_one({"_id": "hagen/b"})
    assert [entry["value"] is None for entry in document["outbox"]] == [False, True]


async def test_a_removal_that_was_slower_is_told_so_whoever_is_there_by_now(targets: Any) -> None:
    """It wants no endpoint: the one that took it is not in its way."""
    await targets.put([version(plc())])
    await targets.put([version(plc(port=503), 2)])
    await targets.put([version(plc("twin"))])
    gone = tombstone("inventory.targets.hagen.v1", "hagen/plc")

    refused = await targets.put([Publishing(Standing(plc(), NOON, 2, removed=True), gone)])

    assert refused == {"hagen/plc": "hagen/plc"}


async def test_targets_of_before_there_were_places_get_one(database: Any) -> None:
    """A store that an older version wrote is taken over as it is."""
    old = {
        "_id": "hagen/plc", "site": "hagen", "target": "plc", "path": "nordwerk/hagen",
        "interval_s": 2.0, "profile": "m340", "endpoint": dict(plc().endpoint),
        "updated_at": NOON,
    }  # fmt: skip
    await database["targets"].insert_one(old)
    store = MongoWanted(database["targets"], Target)

    for _ in range(2):
        await store.prepare()

    assert (await store.known(["hagen/plc"]))["hagen/plc"].value == plc()
    assert await store.put([version(plc("twin"))]) == {"hagen/twin": "hagen/plc"}
    assert await store.put([version(plc(port=503))]) == {}


async def test_a_zone_is_kept_with_its_record(database: Any) -> None:
    """By the same store as targets."""
    store = MongoWanted(database["zones"], Zone)
    await store.prepare()
    zone = Zone("hagen", "a/b", {"paused": True, "reason": "x"}, ("127.0.0.9",), ("sis",), "me")

    await store.put([Publishing(Standing(zone, NOON, 1), zone_record(zone, NOON))])

    assert (await store.known([zone.id]))[zone.id] == Standing(zone, NOON, 1)
    assert await waiting(database["zones"], zone.id) == ["inventory.zones.hagen.v1"]


def records(job: Job) -> list[Outgoing]:
    """What a version of a job publishes."""
    return [job_record(job)]


async def test_a_job_is_kept_with_its_record(jobs: MongoJobs, database: Any) -> None:
    """Each version follows on the one before, or is not written."""
    assert await jobs.write([(JOB, records(JOB))])
    after = replace(JOB, state=DiscoveryState.RUNNING, progress=Progress(3, 2, 1, 1), revision=2)

    assert await jobs.write([(after, records(after))])
    assert not await jobs.write([(after, records(after))])

    assert await jobs.known(["j", "k"]) == {"j": after}
    assert await jobs.jobs(sites=frozenset({"hagen"}), after="", limit=9) == [after]
    assert await jobs.jobs(sites=frozenset({"lyon"}), after="", limit=9) == []
    assert await waiting(database["discoveries"], "j") == ["inventory.discoveries.hagen.v1"] * 2


def found(second: int = 0, job: str = "j", port: int = 502) -> Finding:
    """An endpoint that answered."""
    endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": port}
    at = NOON + timedelta(seconds=second)
    facts = {"vendor.name": "ACME", "firmware": str(second)}
    return Finding("hagen", job, f"127.0.0.1:{port}", "modbus", endpoint, facts, at)


async def test_what_was_found_waits_once_whoever_found_it(jobs: MongoJobs) -> None:
    """Two jobs that find it share one finding, with what it said last."""
    await jobs.find([found(), found()])
    await jobs.find([found(5, "k")])

    assert await jobs.findings("j") == [found(5)]
    assert await jobs.findings("k") == [found(5, "k")]
    assert await jobs.findings("x") == []


async def test_a_decision_stays_when_it_is_found_again(jobs: MongoJobs) -> None:
    """Ignored for good; approved until it answers though it is no target any more."""
    at = NOON + timedelta(seconds=3)
    await jobs.find([found(), found(port=503)])
    await jobs.decide(
        [
            replace(found(), verdict=FindingVerdict.IGNORED, decided_at=at),
            replace(
                found(port=503), verdict=FindingVerdict.APPROVED, decided_at=at, target="hagen/x"
            ),
        ]
    )

    await jobs.find([found(), found(port=503)])  # the events come again
    replayed = [each.verdict for each in await jobs.findings("j")]
    await jobs.find([found(9), found(9, port=503)])
    again = [(each.verdict, each.target) for each in await jobs.findings("j")]

    assert replayed == [FindingVerdict.IGNORED, FindingVerdict.APPROVED]
    assert again == [(FindingVerdict.IGNORED, ""), (FindingVerdict.WAITING, "")]


async def test_a_collector_whose_clock_is_ahead_takes_no_decision_back(jobs: MongoJobs) -> None:
    """What it found comes once more, and seems to be younger than the decision."""
    await jobs.find([found(300)])
    at = NOON + timedelta(seconds=3)
    approved = replace(found(300), verdict=FindingVerdict.APPROVED, decided_at=at, target="hagen/x")
    await jobs.decide([approved])

    await jobs.find([found(300)])

    assert await jobs.findings("j") == [approved]


class Topics:
    """Two sites."""

    async def sites(self) -> set[str]:
        return {"hagen", "lyon"}


def row(name: str, port: int, **more: Any) -> dict[str, Any]:
    endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": port}
    return {"target": name, "path": "nordwerk/hagen", "interval_s": 2, "profile": "m340",
            "endpoint": endpoint, **more}  # fmt: skip


def numbered(*rows: object) -> list[BulkRow]:
    return [BulkRow(number, each) for number, each in enumerate(rows, start=1)]


async def test_many_targets_are_taken_at_once(targets: Any, database: Any) -> None:
    """Each row by itself; a dry run says the same and writes nothing; again, nothing changes."""
    zones = MongoWanted(database["zones"], Zone)
    await zones.prepare()
    forbidden = zone({"do_not_poll": ["safety"]}, "hagen")
    await zones.put([Publishing(Standing(forbidden, NOON, 1), zone_record(forbidden, NOON))])
    kept = Wanted(Kind("target", target, target_record), targets, Topics(), written=lambda: None)
    bulk = Bulk(kept, targets, Topics(), target_rules(zones, MongoProfiles(database)))
    await kept.put(row("old", 1, site="hagen"))
    rows = numbered(
        row("old", 1, interval_s=5), row("new", 2), row("twin", 1), row("new", 3),
        row("safety", 4), row("far", 5, site="lyon"), row("bad", 6, interval_s=0),
        *(row(f"n{n}", 100 + n) for n in range(120)),
    )  # fmt: skip
    hagen = frozenset({"hagen"})

    dry = await bulk.take(rows, "hagen", hagen, dry_run=True)
    assert (await targets.known(["hagen/new", "hagen/old"])).keys() == {"hagen/old"}
    made = await bulk.take(rows, "hagen", hagen, dry_run=False)
    again = await bulk.take(rows, "hagen", hagen, dry_run=False)

    assert made == dry
    assert [(each.id, each.verdict, each.field) for each in made[:7]] == [
        ("hagen/old", BulkVerdict.CHANGED, ""),
        ("hagen/new", BulkVerdict.CREATED, ""),
        ("hagen/twin", BulkVerdict.REFUSED, "endpoint"),
        ("hagen/new", BulkVerdict.REFUSED, "row"),
        ("hagen/safety", BulkVerdict.REFUSED, "endpoint"),
        ("lyon/far", BulkVerdict.REFUSED, "site"),
        ("", BulkVerdict.REFUSED, "interval_s"),
    ]
    assert {each.verdict for each in made[7:]} == {BulkVerdict.CREATED}
    assert {each.verdict for each in again if each.verdict is not BulkVerdict.REFUSED} == {
        BulkVerdict.UNCHANGED
    }
    assert [each.reason for each in made if each.reason] == [e.reason for e in again if e.reason]
    assert await waiting(database["targets"], "hagen/n119") == ["inventory.targets.hagen.v1"]
    assert len(await waiting(database["targets"], "hagen/old")) == 2


async def test_many_zones_are_taken_at_once(database: Any) -> None:
    """By the same door, without rules of their own."""
    zones = MongoWanted(database["zones"], Zone)
    await zones.prepare()
    kept = Wanted(Kind("zone", zone, zone_record), zones, Topics(), written=lambda: None)
    bulk = Bulk(kept, zones, Topics(), no_rules)

    made = await bulk.take(
        numbered({"site": "lyon", "do_not_poll": ["a"]}, {"path": "x", "do_not_poll": ["a/b"]}),
        "hagen", None, dry_run=False,
    )  # fmt: skip

    assert [(each.id, each.verdict) for each in made] == [
        ("lyon", BulkVerdict.CREATED), ("", BulkVerdict.REFUSED),
    ]  # fmt: skip
    assert (await zones.known(["lyon"]))["lyon"].value.do_not_poll == ("a",)


async def test_the_profiles_of_targets_are_known(targets: Any, database: Any) -> None:
    """Of those that are read, not of those that were removed."""
    await targets.put([version(plc("a", 1)), version(replace(plc("b", 2), profile="x"),
                                                     removed=True)])  # fmt: skip

    assert await MongoProfiles(database).profiles() == {"m340"}
