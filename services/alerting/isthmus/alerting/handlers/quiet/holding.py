"""What holds an alarm back by design: maintenance, a parent that is down, a flood."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.quiet import flood, parents
from isthmus.alerting.domain.quiet.parents import COMMUNICATION, SETTLING
from isthmus.alerting.domain.rules.conditions import NoData, State
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import group
from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.alerting.handlers.quiet.standing import Standing
from isthmus.alerting.handlers.quiet.windows import StoredWindows
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook

DOWN = frozenset({"offline"})


class Holding:
    """Says what holds an alarm back; who owns the alarm sees that it does."""

    def __init__(
        self,
        windows: StoredWindows,
        standing: Standing,
        assets: Assets,
        rules: RuleBook,
        settle: timedelta,
        now: Now,
    ) -> None:
        self.windows = windows
        self.standing = standing
        self._assets = assets
        self._rules = rules
        self._settle = settle
        self._now = now

    def begins(self, alarm: Alarm, at: datetime) -> Iterator[Suppression]:
        """See Holds: what holds back an alarm whose condition begins at `at`."""
        yield from self.maintenance(alarm, at)
        if alarm.watches in COMMUNICATION:
            yield from self._unheard(alarm, at)
        yield from self.flood(alarm, at)

    def maintenance(self, alarm: Alarm, at: datetime) -> Iterator[Suppression]:
        """The windows that hold it back at that time, each until its end."""
        for window, span in self.windows.plan.covering(
            alarm, at, lambda: self._assets.tags(alarm.subject)
        ):
            yield window.suppression(span, at)

    def flood(self, alarm: Alarm, at: datetime) -> Iterator[Suppression]:
        """The flood at its site, for what is of lower priority."""
        lower = alarm.priority in flood.LOWER
        if lower and self.standing.stands(flood.FLOOD.name, alarm.site):
            yield _design(at, f"{flood.PREFIX}{alarm.site}")

    def parents(self, alarm: Alarm) -> list[str]:
        """What explains that the subject is not reached, and calls a person itself."""
        if alarm.watches not in COMMUNICATION:
            return []
        return [*self._groups(alarm), *parents.explaining(alarm.subject, self._above)]

    def parent(self, name: str, at: datetime, until: datetime | None = None) -> Suppression:
        """What such a parent holds its children back by."""
        return _design(at, f"{parents.PREFIX}{name}", until)

    def released(self, held: Suppression) -> Suppression:
        """The same for a little longer: when the parent is back, its children soon are."""
        return replace(held, until=self._now() + self._settle)

    def _unheard(self, alarm: Alarm, at: datetime) -> Iterator[Suppression]:
        if found := self.parents(alarm):
            yield self.parent(found[0], at)
        elif self._may_have_parents(alarm):
            # By the clock on the wall: what its parents say is on its way here now, however old
            # it is.
            yield _design(at, SETTLING, max(at, self._now()) + self._settle)

    def _may_have_parents(self, alarm: Alarm) -> bool:
        return (
            any(count.by == "site" and alarm.rule in count.of for _, count in self._rules.counts)
            or bool(parents.endpoints(alarm.subject))
            or bool(self._assets.upstream(alarm.subject))
        )

    def _groups(self, alarm: Alarm) -> Iterator[str]:
        """The groups of which it is said already that most of what is there is not reached."""
        for rule, count in self._rules.counts:
            if alarm.rule in count.of:
                zone = self._zone(alarm) if count.by == "zone" else ""
                name = group(count.by, alarm.site, zone, alarm.path)
                if name and self.standing.stands(rule.name, name):
                    yield name

    def _above(self, source: str) -> list[str]:
        names = (*parents.endpoints(source), *self._assets.upstream(source))
        return [name for name in names if self._is_down(name)]

    def _is_down(self, source: str) -> bool:
        rules = self._rules.by_name
        return any(_tells_down(rules.get(rule)) for rule in self.standing.on(source))

    def _zone(self, alarm: Alarm) -> str:
        asset = self._assets.behind(alarm.subject)
        return asset.text("zone") if asset else ""


def _tells_down(rule: Rule | None) -> bool:
    """Do alarms of this rule say that nothing gets through to their subject?"""
    match rule.watched if rule else None:
        case NoData():
            return True
        case State(of="reachability", among=among):
            return among <= DOWN
        case _:
            return False


def _design(at: datetime, source: str, until: datetime | None = None) -> Suppression:
    return Suppression(SuppressionKind.DESIGN, at, source, until)
