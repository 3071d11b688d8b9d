"""Which receivers hear of an alarm: a tree of routes, where the deepest match decides.

As Alertmanager's: of the routes below one, the first that matches is taken, and the ones after it
only if it says `go_on`; a route answers itself where none below it matches.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from isthmus.alerting.domain.notices.calendar import Calendar
from isthmus.alerting.domain.notices.notice import Notice


@dataclass(frozen=True, slots=True)
class Match:
    """What an alarm must be; an empty set asks for nothing."""

    sites: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    """Places of the ISA-95 hierarchy, everything below them included."""
    classes: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    criticalities: frozenset[str] = frozenset()
    during: Calendar | None = None

    def of(self, notice: Notice, at: datetime) -> bool:
        """Whether `notice`, told at `at`, is meant."""
        pairs = (
            (self.sites, notice.site),
            (self.classes, notice.asset_class),
            (self.priorities, notice.priority),
            (self.rules, notice.rule),
            (self.criticalities, notice.criticality),
        )
        return (
            all(not wanted or found in wanted for wanted, found in pairs)
            and (not self.paths or any(_below(notice.path, path) for path in self.paths))
            and (self.during is None or self.during.covers(at))
        )


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """Who else hears of an alarm that nobody has acknowledged for so long."""

    after: timedelta
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A branch of the tree; what it leaves out (None) is as in the route above."""

    match: Match = Match()
    to: tuple[str, ...] | None = None
    escalate: tuple[Step, ...] | None = None
    go_on: bool = False
    routes: tuple["Route", ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears of an alarm at once, and who later."""

    to: tuple[str, ...] = ()
    escalate: tuple[Step, ...] = field(default=())


def routed(tree: Route, notice: Notice, at: datetime) -> Told:
    """Who is told of `notice` at `at`; nobody twice."""
    found = list(_routed(tree, notice, at, Told()))
    to = dict.fromkeys(name for told in found for name in told.to)
    steps = dict.fromkeys(step for told in found for step in told.escalate)
    return Told(tuple(to), tuple(sorted(steps)))


def _routed(route: Route, notice: Notice, at: datetime, above: Told) -> Iterator[Told]:
    if not route.match.of(notice, at):
        return
    here = Told(
        above.to if route.to is None else route.to,
        above.escalate if route.escalate is None else route.escalate,
    )
    answered = False
    for below in route.routes:
        found = list(_routed(below, notice, at, here))
        yield from found
        answered = answered or bool(found)
        if found and not below.go_on:
            return
    if not answered:
        yield here


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
