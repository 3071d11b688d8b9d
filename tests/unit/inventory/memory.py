"""The inventory's store in memory; others go on wherever the real one would let them."""

from collections.abc import Callable, Collection, Coroutine, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

from isthmus.inventory.domain.assets.model import Asset, Change, ChangeKind, Health, Report
from isthmus.inventory.domain.assets.plan import (
    NOBODY,
    Contest,
    Move,
    Removal,
    Seen,
    Snapshot,
    Write,
)
from isthmus.inventory.domain.assets.vocabulary import Origin
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.curation import Curation
from isthmus.inventory.handlers.assets.records import IMPORT
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.inventory.ports.assets import Announced, Commit, Committed, Event, Merged, Noted
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2

T = TypeVar("T")
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
KEY_ASSETS_MAX = 8
PATIENCE = 2_000
"""So many turns of others somebody waits for an older version to be published."""


class Pause:
    """Lets every other task go on; under any event loop, and under `run` without one."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def run(task: Coroutine[Any, Any, T]) -> T:
    """What a task returns that waits for nothing but `Pause`."""
    while True:
        try:
            task.send(None)
        except StopIteration as end:
            found: T = end.value
            return found


def interleaved(chance: Random, *tasks: Coroutine[Any, Any, object]) -> None:
    """Run the tasks to their ends; at every pause chance says who goes on."""
    waiting = list(tasks)
    while waiting:
        task = chance.choice(waiting)
        try:
            task.send(None)
        except StopIteration:
            waiting.remove(task)


def cut(chance: Random, task: Coroutine[Any, Any, object], turns_max: int) -> None:
    """Run the task and kill it at one of its first pauses, if it is not done before."""
    try:
        for _ in range(chance.randint(0, turns_max)):
            task.send(None)
    except StopIteration:
        return
    task.close()


@dataclass(frozen=True)
class Stub:
    """What is left of a merged or retired asset."""

    successor: str
    revision: int


@dataclass(frozen=True)
class _Version:
    write: Write | Removal
    entry: str
    recorded_at: datetime

    @property
    def id(self) -> str:
        return _id(self.write)

    @property
    def asset(self) -> Asset:
        return self.write.after if isinstance(self.write, Write) else self.write.asset

    @property
    def revision(self) -> int:
        return _revision(self.write)

    @property
    def at(self) -> datetime:
        if isinstance(self.write, Write):
            return self.write.after.changed_at
        return max(self.write.asset.changed_at, self.write.cause.at)


def _revision(write: Write | Removal) -> int:
    return write.after.revision if isinstance(write, Write) else write.asset.revision + 1


def _id(write: Write | Removal) -> str:
    asset = write.after if isinstance(write, Write) else write.asset
    return f"{asset.id}/{_revision(write)}"


@dataclass
class MemoryAssets:
    """Both an AssetStore and an AssetHistory."""

    claims: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Asset | Stub] = field(default_factory=dict)
    versions: dict[str, _Version] = field(default_factory=dict)
    noted: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    conflicts: dict[str, set[str]] = field(default_factory=dict)
    demoted: set[str] = field(default_factory=set)
    journal: dict[str, dict[str, Sequence[Outgoing]]] = field(default_factory=dict)
    leases_ended: set[str] = field(default_factory=set)

    @property
    def live(self) -> dict[str, Asset]:
        """The assets that there are."""
        return {id: each for id, each in self.documents.items() if isinstance(each, Asset)}

    @property
    def history(self) -> list[Change]:
        """All changes, in the order in which they were recorded."""
        return [change for version in self.versions.values() for change in version.write.changes]

    def holder(self, key: str) -> str:
        """The asset that holds a key now, or nobody."""
        id = self.claims.get(key, NOBODY)
        while isinstance(left := self.documents.get(id), Stub):
            id = left.successor
        return id

    async def snapshot(
        self, claims: Collection[str], endpoints: Collection[str], sources: Collection[str] = ()
    ) -> Snapshot:
        await Pause()
        holders = {key: self.claims[key] for key in claims if key in self.claims}
        demoted = frozenset(self.demoted.intersection(claims))
        seen = {each: self.noted[each][1] for each in sources if each in self.noted}
        found = await self._documents(set(holders.values()))
        if endpoints:
            await Pause()
            behind = {id: a for id, a in self.live.items() if _behind(a, endpoints)}
            found |= behind
            told = (source for a in behind.values() for source in a.sources)
            seen |= {source: self.noted[source][1] for source in told if source in self.noted}
        claims = {key: _successor(id, found) for key, id in holders.items()}
        await self.move(
            {k: Move(id, holders[k]) for k, id in claims.items() if id not in (NOBODY, holders[k])}
        )
        return Snapshot(
            claims=claims,
            assets={id: each for id, each in found.items() if isinstance(each, Asset)},
            seen=seen,
            demoted=demoted,
        )

    async def _documents(self, ids: set[str]) -> dict[str, Asset | Stub]:
        found: dict[str, Asset | Stub] = {}
        while ids:
            await Pause()
            read = {id: self.documents[id] for id in ids if id in self.documents}
            found |= read
            ids = {each.successor for each in read.values() if isinstance(each, Stub)}
            ids -= {*found, NOBODY}
        return found

    async def held(self, ids: Collection[str]) -> Mapping[str, Asset]:
        await Pause()
        return {id: asset for id, asset in self.live.items() if id in ids}

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        await Pause()
        return {key: self.claims[key] for key in claims if key in self.claims}

    async def claim(self, claims: Mapping[str, str]) -> bool:
        await Pause()
        free = {key: id for key, id in claims.items() if key not in self.claims}
        self.claims |= free
        return len(free) == len(claims)

    async def commit(self, steps: Sequence[Sequence[Commit]]) -> Committed:
        records = {_id(write): several for step in steps for write, several in step}
        if not records:
            return Committed(complete=True)
        await Pause()
        entry = f"entry {len(self.versions)} {len(self.journal)} {id(steps)}"
        self.journal[entry] = records
        won: list[str] = []
        for step in filter(None, steps):
            mine = await self._insert(entry, [write for write, _ in step])
            won += mine
            if len(mine) < len(step):
                break
        await self._turn(won)
        announced = [(version, record) for version in won for record in records[version]]
        return Committed(len(won) == len(records), Announced(entry, announced))

    async def _insert(self, entry: str, writes: Sequence[Write | Removal]) -> list[str]:
        await Pause()
        mine = [write for write in writes if _id(write) not in self.versions]
        for write in mine:
            at = EPOCH + timedelta(milliseconds=len(self.versions))
            self.versions[_id(write)] = _Version(write, entry, at)
        await Pause()
        for write in writes:
            self._forward(self.versions[_id(write)].write)
        return [_id(write) for write in mine]

    def _forward(self, write: Write | Removal) -> None:
        asset = write.after if isinstance(write, Write) else write.asset
        there, revision = self.documents.get(asset.id), _revision(write)
        if (there.revision if there else 0) == revision - 1:
            gone = isinstance(write, Removal)
            left = Stub(write.successor, revision) if isinstance(write, Removal) else asset
            self.documents[asset.id] = left if gone else asset
        if isinstance(write, Removal) and write.successor != NOBODY:
            for key in [key for key, id in self.claims.items() if id == asset.id]:
                self.claims[key] = write.successor

    async def _turn(self, versions: Iterable[str]) -> None:
        mine = dict(_parted(version) for version in versions)
        for _ in range(PATIENCE):
            waiting = [_parted(version) for entry in self.journal.values() for version in entry]
            if not any(revision < mine.get(id, 0) for id, revision in waiting):
                return
            await Pause()
        raise Retryable("store: an older version of the same asset is not published yet")

    async def published(self, entry: Announced) -> None:
        await Pause()
        self.journal.pop(entry.id, None)

    async def abandoned(self) -> Sequence[Announced]:
        await Pause()
        gone = [entry for entry in self.journal if entry in self.leases_ended]
        self.leases_ended.clear()
        return [self._recovered(entry) for entry in gone]

    def _recovered(self, entry: str) -> Announced:
        found = []
        for version, records in self.journal[entry].items():
            if version in self.versions and self.versions[version].entry == entry:
                self._forward(self.versions[version].write)
                found += [(version, record) for record in records]
        return Announced(entry, found)

    def end_leases(self) -> None:
        """Let time pass, so that whoever has not published yet is taken for dead."""
        self.leases_ended |= self.journal.keys()

    async def move(self, moves: Mapping[str, Move]) -> bool:
        await Pause()
        mine = {
            key: move.to
            for key, move in moves.items()
            if key in self.claims and move.former in (NOBODY, self.claims[key])
        }
        self.claims |= mine
        return all(key in mine for key, move in moves.items() if move.former != NOBODY)

    async def seen(self, seen: Sequence[Seen], digests: Mapping[str, bytes]) -> None:
        await Pause()
        for each in seen:
            if each.source in digests:
                _, at = self.noted.get(each.source, (b"", each.observed_at))
                self.noted[each.source] = digests[each.source], max(at, each.observed_at)
            if each.coarse:
                self._coarsely(each.source, each.observed_at)

    async def unchanged(self, noted: Sequence[Noted]) -> bool:
        await Pause()
        matched = 0
        for each in noted:
            digest, at = self.noted.get(each.source, (b"", each.at))
            if digest == each.digest:
                matched += 1
                self.noted[each.source] = digest, max(at, each.at)
            if each.coarse:
                self._coarsely(each.source, each.at)
        return matched == len(noted)

    def _coarsely(self, source: str, at: datetime) -> None:
        for asset in self.live.values():
            if source in asset.sources:
                seen_at = max(asset.last_seen_at or at, at)
                self.documents[asset.id] = replace(asset, last_seen_at=seen_at)

    async def unsettle(self, sources: Collection[str]) -> None:
        await Pause()
        for source in sources:
            self.noted.pop(source, None)

    async def contest(self, contests: Sequence[Contest]) -> None:
        await Pause()
        for each in contests:
            known = self.conflicts.setdefault(each.key, set())
            known.update(each.assets)
            if len(known) > KEY_ASSETS_MAX:
                self.demoted.add(each.key)

    async def at(self, id: str, at: datetime) -> Asset | None:
        until = [v for v in await self._of(id) if v.at <= at]
        return until[0].write.after if until and isinstance(until[0].write, Write) else None

    async def merged(self, id: str) -> Merged | None:
        found = await self._of(id)
        if len(found) < 2 or not isinstance(removal := found[0].write, Removal):
            return None
        if removal.successor == NOBODY:
            return None
        theirs = await self._of(removal.successor)
        older = (was.asset for v, was in pairwise(theirs) if _merges(v, id))
        return Merged(found[1].asset, removal.successor, found[0].revision, next(older, None))

    async def of(self, id: str, *, before: int | None, limit: int) -> list[Event]:
        found = [v for v in await self._of(id) if before is None or v.revision < before]
        return [_event(version) for version in found[:limit]]

    async def feed(
        self, sites: frozenset[str] | None, *, after: tuple[datetime, str] | None,
        until: datetime, limit: int,
    ) -> list[Event]:  # fmt: skip
        await Pause()
        events = sorted(map(_event, self.versions.values()), key=lambda e: (e.recorded_at, e.id))
        found = [e for e in events if after is None or (e.recorded_at, e.id) > after]
        wanted = [e for e in found if sites is None or e.site in sites]
        return [e for e in wanted if e.recorded_at <= until][:limit]

    async def _of(self, id: str) -> list[_Version]:
        await Pause()
        found = [v for v in self.versions.values() if v.asset.id == id]
        return sorted(found, key=lambda version: version.revision, reverse=True)


def _merges(version: _Version, loser: str) -> bool:
    changes = version.write.changes
    return any(each.kind is ChangeKind.MERGED and each.before == loser for each in changes)


def _behind(asset: Asset, endpoints: Collection[str]) -> bool:
    return any("/".join(source.split("/")[:2]) in endpoints for source in asset.sources)


def _successor(id: str, found: Mapping[str, Asset | Stub]) -> str:
    while isinstance(left := found.get(id), Stub):
        id = left.successor
    return id


def _parted(version: str) -> tuple[str, int]:
    id, _, revision = version.rpartition("/")
    return id, int(revision)


def _event(version: _Version) -> Event:
    cause = version.write.cause
    changes = [
        {
            "id": change.id, "kind": change.kind.value, "field": change.field,
            "before": change.before, "after": change.after, "evidence": change.evidence,
        }
        for change in version.write.changes
    ]  # fmt: skip
    return Event(
        version.id, version.asset.id, version.revision, version.at, version.recorded_at,
        cause.site, cause.source, cause.actor, cause.id, changes,
    )  # fmt: skip


@dataclass
class Topic:
    """Keeps what is published, in order."""

    records: list[Outgoing] = field(default_factory=list)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        await Pause()
        self.records += records

    def last(self, topic: str) -> dict[bytes | None, bytes | None]:
        """What a compacted topic holds: the last value of each key."""
        found = {each.key: each.value for each in self.records if each.topic == topic}
        return {key: value for key, value in found.items() if value is not None}


@dataclass
class Counts:
    """What was measured."""

    kinds: list[str] = field(default_factory=list)
    races: int = 0
    same: int = 0
    ages: int = 0

    def changed(self, kind: str) -> None:
        self.kinds.append(kind)

    def raced(self) -> None:
        self.races += 1

    def unchanged(self, reports: int) -> None:
        self.same += reports

    def known(self, observed_at: Iterable[datetime]) -> None:
        self.ages += len(list(observed_at))


@dataclass
class Service:
    """One replica of the inventory, on a store that others may share."""

    store: MemoryAssets = field(default_factory=MemoryAssets)
    topic: Topic = field(default_factory=Topic)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.commits = Commits(self.store, self.topic)
        self.reports = Reports(self.store, self.commits, self.counts)
        self.curation = Curation(self.store, self.store, self.commits)

    async def take(self, *reports: Report) -> None:
        """Handle one batch, as often as the consumer would."""
        while True:
            try:
                await self.reports(Batch([record(report) for report in reports]))
            except Retryable:
                continue
            return

    async def consume(self, batches: Iterable[Sequence[Report]]) -> None:
        """Handle batch after batch."""
        for batch in batches:
            await self.take(*batch)


def record(report: Report, changed: Callable[[Any], None] = lambda _: None) -> Any:
    """The record of `report`, as the normaliser publishes it."""
    message = report_pb2.Report(
        id=report.id,
        site=report.site,
        target=report.target,
        device=report.device,
        path=report.path,
        observed_at=report.observed_at,
        reachability=f"REACHABILITY_{report.reachability.name}",
        health=None if report.health is Health.UNKNOWN else f"HEALTH_{report.health.name}",
        health_reason=report.health_reason,
        protocol=IMPORT if report.origin is Origin.IMPORT else "modbus",
        keys=[
            report_pb2.IdentityKey(
                tier=report_pb2.KeyTier.Name(int(key.tier)),
                scope=key.scope, kind=key.kind, value=key.value,
            )
            for key in report.keys
        ],
        attributes=[
            report_pb2.Attribute(
                name=name, value=said.value, confidence=said.confidence, rule=said.rule,
                raw=said.raw,
            )
            for name, said in report.attributes.items()
        ],
    )  # fmt: skip
    if report.relation:
        device = report.relation.source.removeprefix(report.endpoint).removeprefix("/")
        kind = f"RELATION_KIND_{report.relation.kind.upper()}"
        message.relation.CopyFrom(
            report_pb2.Relation(kind=kind, device=device, position=report.relation.position)
        )
    changed(message)
    place = abs(hash(report.id)) % 2**31
    return Record(message, report.source, "normalizer.reports.v1", 0, place, b"00-trace")
