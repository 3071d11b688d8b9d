"""Takes many targets or zones at once: checks every row, says what becomes of it, writes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from isthmus.inventory.domain.polling.bulk import (
    BulkResult,
    BulkRow,
    BulkVerdict,
    TargetRules,
    crowded,
    refusal,
)
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.polling.zones import Zone
from isthmus.inventory.domain.rows import Invalid, expected, site
from isthmus.inventory.handlers.polling.wanted import Wanted, taken_by
from isthmus.inventory.ports.polling import ProfileNames, SiteTopics, Standing, T, WantedStore
from isthmus.runtime.access import Sites

ZONES_MAX = 1_000
W = TypeVar("W", contravariant=True)


class Rules(Protocol[W]):
    """What a site says of what is wanted of it."""

    def check(self, wanted: W) -> None:
        """Raise Invalid when it must not be."""

    def notes(self, wanted: W) -> tuple[str, ...]:
        """What else somebody may want to know."""


RulesOf = Callable[[frozenset[str]], Awaitable[Rules[T]]]
"""Finds the rules of some sites."""


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    number: int
    wanted: T


class Bulk(Generic[T]):
    """Many rows through the same outbox as one; the same rows again write nothing."""

    def __init__(
        self, wanted: Wanted[T], store: WantedStore[T], topics: SiteTopics, rules: RulesOf[T]
    ) -> None:
        self._wanted = wanted
        self._store = store
        self._topics = topics
        self._rules = rules

    async def take(
        self, rows: Sequence[BulkRow], on_site: str | None, sites: Sites, *, dry_run: bool
    ) -> list[BulkResult]:
        """What becomes of each row, in their order; a bad one stops none of the others.

        Raises Retryable; what was written before that stays, and is unchanged the next time.
        """
        known = await self._topics.sites()
        results: dict[int, BulkResult] = {}
        read: dict[str, _Read[T]] = {}
        for row in rows:
            made = self._read(row, on_site, known, sites)
            if isinstance(made, BulkResult):
                results[row.number] = made
            elif first := read.get(made.wanted.id):
                reason = f"{made.wanted.id!r}, expected once: row {first.number} has it"
                results[row.number] = _refused(made, Invalid("row", reason))
            else:
                read[made.wanted.id] = made
        results |= await self._judged(read)
        good = [each for each in read.values() if _is_due(results[each.number])]
        if not dry_run and good:
            taken = await self._wanted.put_all(each.wanted for each in good)
            results |= _of_another(read, taken)
        return [results[row.number] for row in rows]

    def _read(
        self, row: BulkRow, on_site: str | None, known: set[str], sites: Sites
    ) -> _Read[T] | BulkResult:
        try:
            made = _Read(row.number, self._wanted.read(row.content, on_site))
        except Invalid as error:
            return refusal(row.number, "", error)
        try:
            if sites is not None and made.wanted.site not in sites:
                own = ", ".join(sorted(sites))
                wanted = f"a site that you may write to: {own}"
                raise Invalid("site", expected(made.wanted.site, wanted))
            site(made.wanted.site, known)
        except Invalid as error:
            return _refused(made, error)
        return made

    async def _judged(self, read: Mapping[str, _Read[T]]) -> dict[int, BulkResult]:
        """What would become of each, as everything stands now."""
        standing = await self._store.known(read.keys())
        rules = await self._rules(frozenset(each.wanted.site for each in read.values()))
        results = {each.number: _judged(each, standing.get(id), rules) for id, each in read.items()}
        places = {id: e.wanted.place for id, e in read.items() if _is_due(results[e.number])}
        holders = await self._store.holders(places.values())
        return results | _of_another(read, crowded(places, holders))


def _judged(read: _Read[T], standing: Standing[T] | None, rules: Rules[T]) -> BulkResult:
    try:
        rules.check(read.wanted)
    except Invalid as error:
        return _refused(read, error)
    verdict = BulkVerdict.CHANGED
    if standing is None or standing.removed:
        verdict = BulkVerdict.CREATED
    elif standing.value == read.wanted:
        verdict = BulkVerdict.UNCHANGED
    return BulkResult(read.number, read.wanted.id, verdict, notes=rules.notes(read.wanted))


def _is_due(result: BulkResult) -> bool:
    return result.verdict in (BulkVerdict.CREATED, BulkVerdict.CHANGED)


def _refused(read: _Read[T], error: Invalid) -> BulkResult:
    return refusal(read.number, read.wanted.id, error)


def _of_another(read: Mapping[str, _Read[T]], taken: Mapping[str, str]) -> dict[int, BulkResult]:
    found = ((read[id], taken_by(id, other)) for id, other in taken.items())
    return {each.number: _refused(each, error) for each, error in found}


class NoRules:
    """Zones are rules themselves: every one may be."""

    def check(self, wanted: object) -> None:
        """Nothing forbids it."""

    def notes(self, wanted: object) -> tuple[str, ...]:
        """There is nothing to say of it."""
        return ()


async def no_rules(_: frozenset[str]) -> NoRules:
    """What holds for zones."""
    return NoRules()


def target_rules(zones: WantedStore[Zone], profiles: ProfileNames) -> RulesOf[Target]:
    """What finds the rules for targets."""

    async def rules(sites: frozenset[str]) -> TargetRules:
        found = {each: await _zones(zones, each) for each in sites}
        return TargetRules(found, await profiles.profiles())

    return rules


async def _zones(store: WantedStore[Zone], site: str) -> list[Zone]:
    found: list[Zone] = []
    after = ""
    while page := await store.listed(sites=frozenset({site}), after=after, limit=ZONES_MAX):
        found += [each.value for each in page]
        after = page[-1].value.id
    return found
