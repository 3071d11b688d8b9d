"""How complete the inventory is: up to when every read that was due has come in.

A collector says something of each slot of each of its targets: also that a device did not answer,
and that nobody asked it, because the target is paused, outside its window or on a do-not-poll
list. So a silent target is not a silent device: what is missing is still on its way, or the
collector is not there. A slot is good until the next one is due; the least of that over the targets
of a site is its watermark.

An import has no slots and says nothing of completeness. A target that was removed is out of
account, one that was never read counts from when it was wanted, and one that nothing has been
heard of for as long as the topics keep records is given up: it is known to no inventory's list of
targets (a collector with a file of its own), or it would have been removed there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

READS = 3
"""What stands behind an endpoint is out of account after so many reads that did not show it."""
ALLOWANCE_MS = 30_000
"""A slot may take so long to come in before its target counts as late: a read, its way through
both topics, and the five seconds by which what was heard is written late."""
GIVEN_UP_MS = 168 * 3_600_000
"""Retention of `normalizer.reports.v1`: what has not come by then never will."""
NAMED_MAX = 10


class Heard(NamedTuple):
    """The last slot of a target that is in, in milliseconds since the epoch."""

    slot_ms: int
    interval_ms: int
    collector: str = ""

    @property
    def until_ms(self) -> int:
        """When the next slot is due."""
        return self.slot_ms + self.interval_ms


class Wanted(NamedTuple):
    """A target as people want it."""

    since_ms: int
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """A target whose next read should have come."""

    target: str
    collector: str
    """Who read it last; empty when nobody ever has."""
    until: datetime


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything that was due up to `until` is in, of a site or of one of its collectors."""

    name: str
    """Of the site, or of the collector; empty for targets that no collector has read yet."""
    until: datetime
    newest: datetime | None
    """The latest slot that is in."""
    targets: int
    late: int
    held_back_by: tuple[Late, ...] = ()
    """The latest of those that are late, at most ten."""
    collectors: tuple["Watermark", ...] = ()


def combined(parts: Iterable[Mapping[str, Heard]]) -> dict[str, Heard]:
    """Of each target the part that lags most: its devices come on several partitions.

    One that lags by more than three reads tells of a device that its endpoint does not show any
    more, or that its endpoint has been silent for: that is told by the endpoint's own reports.
    """
    found: dict[str, Heard] = {}
    several: dict[str, list[Heard]] = {}
    for part in parts:
        for target in part.keys() & found.keys():
            several.setdefault(target, [found[target]]).append(part[target])
        found.update(part)
    return found | {target: _lagging(each) for target, each in several.items()}


def _lagging(several: Sequence[Heard]) -> Heard:
    newest = max(several)
    since = newest.slot_ms - READS * newest.interval_ms
    return min(each for each in several if each.slot_ms >= since)


def watermarks(
    heard: Mapping[str, Heard], wanted: Mapping[str, Wanted], now_ms: int
) -> dict[str, Watermark]:
    """The watermark of each site; `heard` and `wanted` are by target, `site/target`."""
    removed = {target for target, each in wanted.items() if each.removed}
    unread = wanted.keys() - heard.keys()
    counted = {target: Heard(wanted[target].since_ms, 0) for target in unread - removed}
    since_ms = now_ms - GIVEN_UP_MS
    counted |= {
        target: each
        for target, each in heard.items()
        if each[0] + each[1] > since_ms and target not in removed  # a property is thrice as slow
    }
    sites: dict[str, dict[str, Heard]] = {}
    for target, each in counted.items():
        sites.setdefault(target.partition("/")[0], {})[target] = each
    return {site: _of_site(site, each, now_ms) for site, each in sorted(sites.items())}


def earliest(marks: Iterable[Watermark]) -> datetime | None:
    """Up to when everything is in, of several sites together; None where nothing is polled."""
    return min((mark.until for mark in marks), default=None)


def _of_site(site: str, heard: Mapping[str, Heard], now_ms: int) -> Watermark:
    by: dict[str, dict[str, Heard]] = {}
    for target, each in heard.items():
        by.setdefault(each.collector, {})[target] = each
    collectors = tuple(_mark(name, each, now_ms) for name, each in sorted(by.items()))
    return _mark(site, heard, now_ms, collectors)


def _mark(
    name: str,
    heard: Mapping[str, Heard],
    now_ms: int,
    collectors: tuple[Watermark, ...] = (),
) -> Watermark:
    due_ms = now_ms - ALLOWANCE_MS
    late = [
        (slot_ms + interval_ms, target, collector)
        for target, (slot_ms, interval_ms, collector) in heard.items()
        if slot_ms + interval_ms < due_ms
    ]
    newest = max((slot_ms for slot_ms, interval_ms, _ in heard.values() if interval_ms), default=0)
    until = min([slot_ms + interval_ms for slot_ms, interval_ms, _ in heard.values()])
    return Watermark(
        name=name,
        # Nobody can tell whether all is in of a time that nothing has come of yet.
        until=_at(min(until, newest) if newest else until),
        newest=_at(newest) if newest else None,
        targets=len(heard),
        late=len(late),
        held_back_by=tuple(
            Late(target, by, _at(ms)) for ms, target, by in sorted(late)[:NAMED_MAX]
        ),
        collectors=collectors,
    )


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
