"""Takes targets and zones from seed files and from people, and publishes them to the collectors."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic

import structlog

from isthmus.inventory.domain.polling.envelope import seeded
from isthmus.inventory.domain.rows import Invalid, Taken, site
from isthmus.inventory.handlers.clock import now
from isthmus.inventory.handlers.races import TRIES, outrun
from isthmus.inventory.ports.polling import Publishing, Row, SiteTopics, Standing, T, WantedStore
from isthmus.runtime.codec import Outgoing, tombstone

log = structlog.get_logger()
RECORD_BYTES_MAX = 900_000  # a topic takes a little more; what it does not take holds up the rest


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What is kept: targets, or zones."""

    word: str
    parse: Callable[[object, str | None], T]
    record: Callable[[T, datetime], Outgoing]


@dataclass(frozen=True)
class Decision(Generic[T]):
    """What shall stand from now on."""

    value: T
    seed: Mapping[str, Any] | None = None
    removed: bool = False


Decide = Callable[[Standing[T] | None], Decision[T] | None]
"""Looks at what stands and says what shall stand; None leaves it. Called again after a race."""


class Wanted(Generic[T]):
    """Writes what is new or differs; what is the same costs a read."""

    def __init__(
        self,
        kind: Kind[T],
        store: WantedStore[T],
        topics: SiteTopics,
        *,
        written: Callable[[], None],
    ) -> None:
        self._kind = kind
        self._store = store
        self._topics = topics
        self._written = written

    def read(self, row: object, site: str | None = None) -> T:
        """What `row` describes, on `site` unless it names one; raises Invalid."""
        return self._fitting(self._kind.parse(row, site))

    async def put_all(self, wanted: Iterable[T]) -> Mapping[str, str]:
        """Write all that is new or differs; whose place another has, each with the other.

        Raises Retryable; what was written before that stays.
        """
        decisions: dict[str, Decide[T]] = {each.id: _deciding(each) for each in wanted}
        _, taken = await self._settle(decisions)
        return taken

    async def put(self, row: object) -> tuple[T, bool]:
        """What `row` describes, and whether it is new or changed. Raises Invalid and Taken."""
        wanted = self.read(row)
        site(wanted.site, await self._topics.sites())
        return wanted, await self._one(wanted.id, _deciding(wanted))

    async def change(self, id: str, on_site: str, change: Callable[[T | None], T]) -> T:
        """What `change` makes of what stands, or of nothing. Raises Invalid and Taken."""
        made: list[T] = []

        def decide(standing: Standing[T] | None) -> Decision[T]:
            live = standing is not None and not standing.removed
            made.append(self._fitting(change(standing.value if standing and live else None)))
            return Decision(made[-1])

        site(on_site, await self._topics.sites())
        await self._one(id, decide)
        return made[-1]

    async def remove(self, id: str) -> bool:
        """Publish the tombstone; False when there is none of that id."""

        def decide(standing: Standing[T] | None) -> Decision[T] | None:
            return Decision(standing.value, removed=True) if standing else None

        return await self._one(id, decide)

    async def seed(self, rows: Iterable[Row]) -> int:
        """Take every good row, log every bad one; how many were written.

        A row that its file has said before is not taken again: what people changed since stays.
        """
        sites = await self._topics.sites()
        wanted: dict[str, T] = {}
        origins: dict[str, Row] = {}
        for row in rows:
            try:
                found = self.read(row.content, row.site)
                site(found.site, sites)
                if found.id in wanted:
                    raise Invalid(self._kind.word, f"{found.id!r}, expected once in its site")
                wanted[found.id], origins[found.id] = found, row
            except Invalid as error:
                self._refuse(row, error)
        written, taken = await self._settle(
            {id: _seeding(each, origins[id].content) for id, each in wanted.items()}
        )
        for id, other in taken.items():
            self._refuse(origins[id], taken_by(id, other))
        log.info(f"{self._kind.word}s_seeded", rows=len(wanted), written=written)
        return written

    def _fitting(self, wanted: T) -> T:
        """`wanted`, if a topic takes its record; raises Invalid."""
        record = self._kind.record(wanted, datetime.now(UTC))
        if (size := len(record.value or b"")) > RECORD_BYTES_MAX:
            limit = f"expected at most {RECORD_BYTES_MAX:,} in all"
            raise Invalid(self._kind.word, f"{size:,} bytes, {limit}")
        return wanted

    async def _one(self, id: str, decide: Decide[T]) -> bool:
        written, taken = await self._settle({id: decide})
        if taken:
            raise taken_by(id, taken[id])
        return bool(written)

    async def _settle(self, decisions: Mapping[str, Decide[T]]) -> tuple[int, Mapping[str, str]]:
        """Write what is decided; how many were written, and whose place another has."""
        written = 0
        taken: dict[str, str] = {}
        again: dict[str, str] = {}
        for _ in range(TRIES):
            known = await self._store.known(decisions)
            made = [self._made(d, known.get(id)) for id, d in decisions.items()]
            versions = [each for each in made if each]
            refused = await self._store.put(versions) if versions else {}
            written += len(versions) - len(refused)
            # One of ours may have moved away by now; any other stays where it is.
            again = {id: other for id, other in refused.items() if other in decisions}
            taken |= {id: other for id, other in refused.items() if id not in again}
            decisions = {id: decisions[id] for id in again}
            if not again:
                break
        if written:
            self._written()
        if any(id == other for id, other in again.items()):
            raise outrun()
        return written, taken | again

    def _made(self, decide: Decide[T], standing: Standing[T] | None) -> Publishing[T] | None:
        decision = decide(standing)
        if decision is None or (standing and _same(standing, decision)):
            return None
        at = now()
        seed = decision.seed or (standing.seed if standing else None)
        revision = standing.revision + 1 if standing else 1
        record = self._kind.record(decision.value, at)
        if decision.removed:
            record = tombstone(record.topic, decision.value.id)
        version = Standing(decision.value, at, revision, seed, decision.removed)
        return Publishing(version, record)

    def _refuse(self, row: Row, error: Invalid) -> None:
        word = self._kind.word
        log.error(f"{word}_rejected", file=row.file, row=row.number, reason=str(error))


def _same(standing: Standing[T], decision: Decision[T]) -> bool:
    same = standing.value == decision.value and standing.removed == decision.removed
    return same and decision.seed in (None, standing.seed)


def _deciding(wanted: T) -> Decide[T]:
    """It shall stand, whatever stands."""
    return lambda _: Decision(wanted)


def _seeding(wanted: T, row: object) -> Decide[T]:
    """Take the row of a seed file, unless the file said just that before."""
    seed = dict(row) if isinstance(row, Mapping) else {}

    def decide(standing: Standing[T] | None) -> Decision[T] | None:
        if standing is None:
            return Decision(wanted, seed)
        if standing.seed == seed:
            return None
        envelope = seeded(wanted.envelope, standing.value.envelope)
        return Decision(replace(wanted, envelope=envelope), seed)  # type: ignore[type-var]

    return decide


def taken_by(id: str, other: str) -> Taken:
    return Taken("endpoint", f"is the one of target {other!r}, expected one target for it")
