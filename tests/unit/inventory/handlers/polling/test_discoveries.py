"""Jobs asked for and ended by people, carried on by collectors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.domain.polling.discovery import (
    DiscoveryState,
    Finding,
    FindingVerdict,
    Job,
    Progress,
)
from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.domain.rows import Invalid, Taken
from isthmus.inventory.handlers.polling.discoveries import Discoveries, DiscoveryEvents
from isthmus.inventory.handlers.races import TRIES
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import discovery_pb2 as pb

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "site": "hagen",
    "ranges": ["127.21.0.0/28"],
    "protocols": [{"protocol": "modbus"}],
    "window": {"start": "22:00", "end": "05:00", "time_zone": "Europe/Berlin"},
    "requested_by": "planner",
}
HOW: dict[str, Any] = {"profile": "auto", "interval_s": 10, "path": "nordwerk/hagen"}


@dataclass
class Store:
    """Jobs and findings in memory, with every publication; loses as many races as it is told."""

    jobs_: dict[str, Job] = field(default_factory=dict)
    found: dict[str, Finding] = field(default_factory=dict)
    published: list[Outgoing] = field(default_factory=list)
    lost_races: int = 0

    async def known(self, ids: Collection[str]) -> Mapping[str, Job]:
        return {id: self.jobs_[id] for id in ids if id in self.jobs_}

    async def jobs(self, *, sites: frozenset[str] | None, after: str, limit: int) -> list[Job]:
        return list(self.jobs_.values())

    async def write(self, jobs: Sequence[tuple[Job, Sequence[Outgoing]]]) -> bool:
        self.lost_races -= 1
        if self.lost_races >= 0:
            return False
        for job, records in jobs:
            before = self.jobs_.get(job.id)
            assert job.revision == (before.revision + 1 if before else 1)
            self.jobs_[job.id] = job
            self.published += records
        return True

    async def find(self, findings: Sequence[Finding]) -> None:
        self.found |= {each.id: each for each in findings}

    async def findings(self, job: str) -> list[Finding]:
        return [each for each in self.found.values() if each.job == job]

    async def decide(self, findings: Sequence[Finding]) -> None:
        self.found |= {each.id: each for each in findings}


class Topics:
    """One site."""

    async def sites(self) -> set[str]:
        return {"hagen"}


@dataclass
class Targets:
    """Takes every target but those of one address."""

    taken: str = ""
    made: list[Target] = field(default_factory=list)

    async def put(self, row: object) -> tuple[Target, bool]:
        made = target(row)
        if made.endpoint["host"] == self.taken:
            raise Taken("endpoint", "is the one of target 'hagen/x'")
        self.made.append(made)
        return made, True


@dataclass
class Fixture:
    """The handlers on a store in memory."""

    store: Store = field(default_factory=Store)
    targets: Targets = field(default_factory=Targets)
    woken: int = 0

    def __post_init__(self) -> None:
        targets: Any = self.targets
        self.people = Discoveries(self.store, Topics(), targets, written=self._wake)
        self.events = DiscoveryEvents(self.store, written=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    async def say(self, *events: pb.DiscoveryEvent) -> Batch[pb.DiscoveryEvent]:
        """Events of collectors."""
        records = [Record(each, each.discovery, "t", 0, n, None) for n, each in enumerate(events)]
        batch = Batch(records)
        assert list(await self.events(batch)) == []
        return batch


def event(job: Job, kind: str, cursor: int = 0, **more: Any) -> pb.DiscoveryEvent:
    """What a collector says."""
    return pb.DiscoveryEvent(
        id="e", discovery=job.id, site="hagen", kind=f"DISCOVERY_EVENT_KIND_{kind}",
        at=NOON + timedelta(seconds=cursor, microseconds=7), collector="collector-0", hosts=14,
        progress=pb.DiscoveryProgress(cursor=cursor, asked=cursor), **more,
    )  # fmt: skip


def found(job: Job, last: int, cursor: int = 0) -> pb.DiscoveryEvent:
    """A device that answered."""
    said = event(
        job, "FOUND", cursor, address=f"127.21.0.{last}:502", protocol="modbus",
        fact=["VendorName"], text=["ACME"],
    )  # fmt: skip
    said.endpoint.update({"protocol": "modbus", "host": f"127.21.0.{last}", "port": 502})
    return said


async def test_a_job_is_handed_to_the_collectors_of_its_site() -> None:
    """With an id of its own."""
    fixture = Fixture()

    made = [await fixture.people.start(ROW) for _ in range(2)]

    assert {record.key.decode() for record in fixture.store.published if record.key} == {
        each.id for each in made
    }
    assert fixture.store.published[0].topic == "inventory.discoveries.hagen.v1"
    assert fixture.woken == 2


async def test_a_job_of_a_site_without_topics_is_refused() -> None:
    """Nobody would ever hear of it."""
    with pytest.raises(Invalid, match="site: 'paris'"):
        await Fixture().people.start(ROW | {"site": "paris"})


async def test_what_a_collector_says_is_written_back_for_the_next_one() -> None:
    """The last state of each batch, once; what is repeated is not."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)
    said = [event(job, "STARTED"), event(job, "PROGRESS", 5), event(job, "PROGRESS", 9)]

    await fixture.say(*said)
    await fixture.say(*said[1:])

    stored = fixture.store.jobs_[job.id]
    assert (stored.state, stored.progress) == (DiscoveryState.RUNNING, Progress(9, 9, 0, 0))
    assert stored.collector == "collector-0"
    written = fixture.store.published[-1]
    assert len(fixture.store.published) == 2
    assert pb.Discovery.FromString(written.value or b"").progress.cursor == 9


async def test_a_job_that_waits_for_its_window_says_so() -> None:
    """It has asked nobody yet."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)

    await fixture.say(event(job, "PROGRESS", reason="its window"))

    stored = fixture.store.jobs_[job.id]
    assert (stored.state, stored.reason) == (DiscoveryState.WAITING, "its window")


async def test_a_finished_job_is_a_tombstone() -> None:
    """Nothing is left to do."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)

    await fixture.say(event(job, "STARTED"), event(job, "FINISHED", 14))

    assert fixture.store.published[-1].value is None
    assert fixture.store.jobs_[job.id].state is DiscoveryState.FINISHED


async def test_what_was_found_is_kept_until_a_person_decides() -> None:
    """No target is made of it."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)

    await fixture.say(found(job, 8))

    (finding,) = await fixture.store.findings(job.id)
    assert (finding.address, finding.verdict) == ("127.21.0.8:502", FindingVerdict.WAITING)
    assert finding.facts == {"VendorName": "ACME"}
    assert finding.endpoint == {"protocol": "modbus", "host": "127.21.0.8", "port": 502}
    assert finding.found_at.microsecond == 0
    assert fixture.targets.made == []


async def test_an_event_that_is_none_is_rejected_and_its_neighbours_go_on() -> None:
    """With the field at fault."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)
    uneven, timeless, nowhere = found(job, 8), event(job, "STARTED"), found(job, 9)
    uneven.text.append("one too many")
    timeless.ClearField("at")
    nowhere.address = "somewhere"

    batch = await fixture.say(uneven, timeless, nowhere, event(job, "PROGRESS", 3))

    assert sorted(offset for _, _, offset in batch.rejected) == [0, 1, 2]
    assert "1 facts, 2 texts" in str(batch.rejected["t", 0, 0])
    assert fixture.store.jobs_[job.id].progress.cursor == 3


async def test_events_of_a_job_that_is_not_known_change_nothing() -> None:
    """Its store was set up anew."""
    fixture = Fixture()
    job = await Fixture().people.start(ROW)

    await fixture.say(event(job, "STARTED"))

    assert fixture.store.jobs_ == {}


async def test_a_cancelled_job_is_a_tombstone_once() -> None:
    """Late events count what was done until then, and start nothing again."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)

    first = await fixture.people.cancel(job.id)
    second = await fixture.people.cancel(job.id)
    await fixture.say(event(job, "PROGRESS", 4))

    assert first == second
    assert first
    assert first.state is DiscoveryState.CANCELLED
    assert [record.value is None for record in fixture.store.published] == [False, True, True]
    assert fixture.store.jobs_[job.id].progress.cursor == 4
    assert await fixture.people.cancel("x") is None


async def test_what_lost_a_race_is_decided_anew_or_tried_again_later() -> None:
    """Another replica heard of the same job."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)
    fixture.store.lost_races = 2
    await fixture.say(event(job, "PROGRESS", 4))
    assert fixture.store.jobs_[job.id].progress.cursor == 4

    for attempt in (fixture.people.cancel(job.id), fixture.say(event(job, "PROGRESS", 5))):
        fixture.store.lost_races = TRIES
        with pytest.raises(Retryable, match="faster"):
            await attempt


async def test_approval_makes_targets_of_what_waits() -> None:
    """What cannot be taken stays, with the reason."""
    fixture = Fixture(targets=Targets(taken="127.21.0.9"))
    job = await fixture.people.start(ROW)
    await fixture.say(found(job, 8), found(job, 9))

    approval = await fixture.people.approve(job.id, None, **HOW)

    assert [each.id for each in approval.targets] == ["hagen/modbus-127-21-0-8-502"]
    assert approval.targets[0].profile == "auto"
    assert approval.refused == [
        ("127.21.0.9:502", "endpoint: is the one of target 'hagen/x'"),
    ]
    verdicts = {each.address: each.verdict for each in await fixture.store.findings(job.id)}
    assert verdicts == {
        "127.21.0.8:502": FindingVerdict.APPROVED,
        "127.21.0.9:502": FindingVerdict.WAITING,
    }


async def test_what_is_ignored_is_approved_by_its_address_only() -> None:
    """`everything` means: everything that waits."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)
    await fixture.say(found(job, 8), found(job, 9))

    ignored = await fixture.people.ignore(job.id, ["127.21.0.8:502"])
    rest = await fixture.people.approve(job.id, None, **HOW)
    named = await fixture.people.approve(job.id, ["127.21.0.8:502"], **HOW)

    assert [each.verdict for each in ignored] == [FindingVerdict.IGNORED]
    assert [each.endpoint["host"] for each in rest.targets] == ["127.21.0.9"]
    assert [each.endpoint["host"] for each in named.targets] == ["127.21.0.8"]


async def test_an_address_that_the_job_did_not_find_is_refused() -> None:
    """A typing error must not become a target."""
    fixture = Fixture()
    job = await fixture.people.start(ROW)
    await fixture.say(found(job, 8))
    other = replace(job, id="other")

    for attempt in (
        fixture.people.approve(job.id, ["127.21.0.7:502"], **HOW),
        fixture.people.ignore(other.id, ["127.21.0.8:502"]),
    ):
        with pytest.raises(Invalid, match=r"addresses: '127.*', expected an address that this"):
            await attempt
