"""One way through the rows of an import, from its first row to its last, also after a restart."""

import asyncio
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from itertools import count, islice

from isthmus.inventory.domain.custom_fields import Own, undefined
from isthmus.inventory.domain.tables.import_jobs import (
    Batch,
    Counts,
    ImportJob,
    ImportState,
    Outcome,
    RowVerdict,
    held_back,
)
from isthmus.inventory.domain.tables.imports import Checker, Entry, Fault, changed, target_of
from isthmus.inventory.domain.tables.matching import keys_of, match
from isthmus.inventory.handlers.assets.records import SOURCE
from isthmus.inventory.ports.assets import RecordPublisher
from isthmus.inventory.ports.tables import ImportStore, KeyHolders, ReadTable, Withdrawing
from isthmus.runtime.codec import Outgoing, encode, new_traceparent
from isthmus.telemetry.v1 import observation_pb2 as pb

TOPIC = "inventory.imports.v1"
PROTOCOL = "import"
BATCH_ROWS = 500
BATCHES_AT_ONCE = 20
Made = tuple[int, Entry | list[Fault] | None]
"""A row's number, and what was made of it."""
Progress = Callable[[ImportJob], Awaitable[None]]
GONE = (RowVerdict.GONE, RowVerdict.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class World:
    """What an import needs."""

    store: ImportStore
    read: ReadTable
    holders: KeyHolders
    publisher: RecordPublisher
    withdrawals: Withdrawing
    own: Callable[[], Own] = undefined


class ImportRun:
    """Reads a file in a thread, and publishes and notes its rows batch by batch."""

    def __init__(self, job: ImportJob, world: World, progress: Progress) -> None:
        self.job = replace(job, state=ImportState.RUNNING, counts=Counts())
        self._world = world
        self._progress = progress
        self._numbers = count()
        self._names_before: tuple[str, ...] = ()
        self._before: dict[str, bytes] = {}
        self._absent: set[str] = set()
        self._spoken: set[str] = set()

    async def run(self) -> None:
        """Deal with every row; raises Invalid when the file cannot be read to its end."""
        await self._compare()
        job, mapping = self.job, self.job.mapping
        data = await self._world.store.file(job.id)
        table = await asyncio.to_thread(
            self._world.read, data, job.format.value, mapping.wanted, mapping.sheet
        )
        self.job = replace(self.job, notes=table.notes)
        checker = Checker(mapping, table.columns, job.sites, self._world.own())
        lines = ((line.number, checker.take(line)) for line in table.lines)
        while rows := await asyncio.to_thread(_some, lines):
            await self._take(rows)
        await self._gone(checker.faulty)

    async def _compare(self) -> None:
        """Remember what the import before it said of each source."""
        last = await self._world.store.last(self.job.mapping.name, self.job.id)
        if last is None:
            return
        self._names_before = last.names
        async for batch in batches(self._world.store, last.id):
            told = (each for each in batch.outcomes if each.verdict not in GONE)
            self._before.update((each.source, each.sums) for each in told)
            still = (each for each in batch.outcomes if each.verdict is RowVerdict.GONE)
            self._absent.update(each.source for each in still)
        self.job = replace(self.job, against=last.id)

    async def _take(self, rows: list[Made]) -> None:
        entries = [made for _, made in rows if isinstance(made, Entry)]
        matched: Mapping[str, tuple[str, str]] = {}
        if self.job.dry_run:
            matched = await self._matched(entries)
        else:
            await self._publish(entries)
        outcomes = tuple(self._outcome(each, matched) for each in entries)
        faults = tuple(fault for _, made in rows if isinstance(made, list) for fault in made)
        await self._keep(outcomes, faults)
        published = 0 if self.job.dry_run else max(self.job.published, rows[-1][0])
        counts = counted(self.job.counts, rows, outcomes)
        self.job = replace(self.job, counts=counts, published=published)
        await self._progress(self.job)

    async def _publish(self, entries: Iterable[Entry]) -> None:
        due = [each for each in entries if each.row > self.job.published]
        await self._world.publisher.publish([record(self.job, each) for each in due])

    async def _matched(self, entries: Iterable[Entry]) -> Mapping[str, tuple[str, str]]:
        """The asset that each source would be joined to, and by what."""
        keys = {entry.source: keys_of(entry) for entry in entries}
        claims = {id for each in keys.values() for _, id in each}
        held = await self._world.holders.holders(sorted(claims))
        return {source: match(each, held) for source, each in keys.items()}

    def _outcome(self, entry: Entry, matched: Mapping[str, tuple[str, str]]) -> Outcome:
        source, names = entry.source, self.job.names
        sums, before = entry.sums(names), self._before.get(source)
        self._spoken.add(source)
        verdict = RowVerdict.NEW
        differing: tuple[str, ...] = ()
        if before is not None:
            differing = changed(before, self._names_before, sums, names)
            verdict = RowVerdict.CHANGED if differing else RowVerdict.UNCHANGED
        asset, by = matched.get(source, ("", ""))
        return Outcome(entry.row, source, verdict, sums, differing, asset, by)

    async def _gone(self, faulty: Collection[str]) -> None:
        """Note what the imports before had and this one has not, and withdraw it if asked to.

        A row with a fault is still there, and so is what was gone before until it is withdrawn.
        """
        there = {target_of(self.job.mapping.system, id) for id in faulty}
        missing = sorted((self._before.keys() | self._absent) - self._spoken)
        gone = [source for source in missing if source.partition("/")[2] not in there]
        going = self._going(gone, unnamed="" in faulty)
        for at in range(0, len(gone), BATCH_ROWS):
            some = gone[at : at + BATCH_ROWS]
            assets = await self._withdrawn([source for source in some if source in going])
            await self._keep(tuple(_gone_row(each, going, assets) for each in some), ())
            await self._progress(self.job)
        counts = replace(self.job.counts, gone=len(gone) - len(going), withdrawn=len(going))
        self.job = replace(self.job, counts=counts)

    def _going(self, gone: Sequence[str], *, unnamed: bool) -> frozenset[str]:
        """Those that are withdrawn: none, unless somebody asked for it and it is no accident."""
        if not self.job.withdraw:
            return frozenset()
        here = frozenset(filter(self._is_here, gone))
        before = len(set(filter(self._is_here, self._before.keys() | self._absent)))
        reason = held_back(self.job, len(here), before, unnamed=unnamed)
        if reason:
            self.job = replace(self.job, notes=(*self.job.notes, reason))
        return frozenset() if reason else here

    def _is_here(self, source: str) -> bool:
        """Whether it is of a site that whoever asked may write to."""
        return self.job.sites is None or source.partition("/")[0] in self.job.sites

    async def _withdrawn(self, sources: Collection[str]) -> Mapping[str, str]:
        """The assets that they described, or do until it is no dry run any more."""
        if self.job.dry_run:
            return await self._world.withdrawals.concerned(sources)
        return await self._world.withdrawals.withdraw(sources, self.job) if sources else {}

    async def _keep(self, outcomes: tuple[Outcome, ...], faults: tuple[Fault, ...]) -> None:
        batch = Batch(next(self._numbers), outcomes, faults)
        await self._world.store.write_batch(self.job.id, batch)


async def batches(store: ImportStore, job: str, number: int = 0) -> AsyncIterator[Batch]:
    """The batches of a job from `number` on."""
    while found := await store.batches(job, number, BATCHES_AT_ONCE):
        for batch in found:
            yield batch
        number = found[-1].number + 1


def counted(counts: Counts, rows: Iterable[Made], outcomes: Iterable[Outcome]) -> Counts:
    """`counts` with these rows."""
    verdicts = Counter(each.verdict for each in outcomes)
    made = [each for _, each in rows]
    faults = [each for each in made if isinstance(each, list)]
    return replace(
        counts,
        rows=counts.rows + len(made),
        new=counts.new + verdicts[RowVerdict.NEW],
        changed=counts.changed + verdicts[RowVerdict.CHANGED],
        unchanged=counts.unchanged + verdicts[RowVerdict.UNCHANGED],
        ignored=counts.ignored + made.count(None),
        faulty=counts.faulty + len(faults),
        errors=counts.errors + sum(map(len, faults)),
    )


def record(job: ImportJob, entry: Entry) -> Outgoing:
    """The record of a row: what an observation of a device would be, of a system of record."""
    facts = {name: text for name, text in entry.facts.items() if name != "path"}
    message = pb.Observation(
        id=entry.id,
        site=entry.site,
        target=entry.target,
        path=entry.facts.get("path", ""),
        protocol=PROTOCOL,
        collector=f"import:{job.mapping.name}",
        slot_at=job.requested_at,
        observed_at=job.requested_at,
        outcome=pb.OUTCOME_OK,
        devices=[pb.Device(outcome=pb.OUTCOME_OK, fact=facts.keys(), text=facts.values())],
    )
    return encode(
        message,
        topic=TOPIC,
        key=entry.source,
        id=entry.id,
        source=SOURCE,
        at=job.requested_at,
        traceparent=new_traceparent(entry.id),
    )


def _gone_row(source: str, going: Collection[str], assets: Mapping[str, str]) -> Outcome:
    verdict = RowVerdict.WITHDRAWN if source in going else RowVerdict.GONE
    asset = assets.get(source, "")
    return Outcome(0, source, verdict, asset=asset, by="source" if asset else "")


def _some(lines: Iterator[Made]) -> list[Made]:
    return list(islice(lines, BATCH_ROWS))
