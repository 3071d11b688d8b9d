"""How long what was seen is believed: until a newer table lacks it, or its source falls silent.

A table is whole: what it does not have any more is over at once. Reads between two slow ones bring
no table at all, so a device that answers is believed to have lost all its neighbours when it has
brought none for its time to live; one that does not answer only leaves its links stale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from isthmus.inventory.domain.relations.links import Sighting, Stranger, Table, table
from isthmus.inventory.domain.relations.relations import Evidence, Node, Origin

SLOW_EVERY = 60
"""Tables are read with what is slow: every sixtieth read unless a profile says otherwise."""
READS = 3
TTL_MIN = timedelta(hours=1)
SILENCE_MAX = timedelta(days=30)
"""What a source saw that has been silent for so long is over."""


def time_to_live(interval_s: float) -> timedelta:
    """How long a table holds that is not shown again: three of its reads."""
    return max(TTL_MIN, timedelta(seconds=READS * SLOW_EVERY * interval_s))


@dataclass(frozen=True, slots=True)
class Ended:
    """What a source does not see any more."""

    source: str
    site: str
    until: datetime
    since: Mapping[Sighting, datetime]
    """Since when it had seen each."""


def followed(before: Table | None, after: Table) -> tuple[Table, Ended | None]:
    """The table that follows on `before`, with since when each entry stands there; what is over."""
    if before is None:
        return after, None
    known = before.since if before.site == after.site else {}
    here = {each: known.get(each, after.at) for each in after.sightings}
    over = {each: at for each, at in before.since.items() if each not in here}
    at = before.at if before.digest == after.digest else after.at
    ended = Ended(after.source, before.site, after.at, over) if over else None
    return replace(after, at=at, since=here, last_at=after.shown_at), ended


def emptied(source: str, site: str, at: datetime, ttl: timedelta) -> Table:
    """The table of a source that answers and sees nobody any more."""
    return replace(table(source, site, at, ()), ttl=ttl)


def living(tables: Iterable[Table], now: datetime) -> list[Table]:
    """The tables of sources that have not been silent for too long."""
    return [each for each in tables if now - each.shown_at <= SILENCE_MAX]


def then(tables: Iterable[Table], ended: Iterable[Ended], at: datetime) -> list[Table]:
    """The tables as they were at a time that is over."""
    seen: dict[tuple[str, str], dict[Sighting, datetime]] = {}
    shown: dict[str, Table] = {}
    for each in tables:
        shown[each.source] = each
        _add(seen.setdefault((each.source, each.site), {}), each.since, at)
    for gone in ended:
        if gone.until > at:
            _add(seen.setdefault((gone.source, gone.site), {}), gone.since, at)
    return [
        Table(source, site, max(since.values()), tuple(sorted(since)), {}, since,
              _shown_at(shown.get(source), at))
        for (source, site), since in sorted(seen.items())
        if since
    ]  # fmt: skip


def _add(known: dict[Sighting, datetime], since: Mapping[Sighting, datetime], at: datetime) -> None:
    known.update({each: begin for each, begin in since.items() if begin <= at})


def _shown_at(table: Table | None, at: datetime) -> datetime:
    return min(table.shown_at, at) if table else at


def unheld(nodes: Iterable[Node], held: Iterable[str]) -> list[Stranger]:
    """Endpoints that devices stand behind and that are no asset: silent gateways."""
    known = set(held)
    found: dict[str, list[Evidence]] = {}
    for node in nodes:
        for each in node.pointers:
            if each.target not in known:
                evidence = Evidence(
                    Origin.REPORT, each.source, each.at, 1.0, position=each.position
                )
                found.setdefault(each.target, []).append(evidence)
    return [
        Stranger(id, "", id.partition("/")[2], (), "endpoint of other devices", tuple(sorted(told)))
        for id, told in sorted(found.items())
    ]
