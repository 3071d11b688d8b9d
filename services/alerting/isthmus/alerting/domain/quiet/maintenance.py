"""Maintenance windows: when people work on something, its alarms call nobody."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import Alarm, Suppression, SuppressionKind

EVERYWHERE = "*"
PREFIX = "maintenance:"
LATE = timedelta(days=1)
"""So long after its end a window still holds what is only heard of now, and happened in it."""
Tags = Callable[[], Collection[str]]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One occurrence of a window; it ends just before `end`."""

    start: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        """Whether `at` is in it."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """What is worked on, and when; what it does not name does not matter."""

    id: str
    site: str
    """One site, or `*` for every site."""
    title: str
    starts: datetime
    """By the clock on the wall of its time zone: the first occurrence, without an offset."""
    duration: timedelta
    time_zone: str = "UTC"
    """Name in the IANA time zone database."""
    recurrence: str = ""
    """RRULE (RFC 5545, 3.3.10); empty for a window that occurs once."""
    paths: tuple[str, ...] = ()
    """Places of the equipment hierarchy, with all that is below them."""
    classes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    """Ids of assets, or sources `site/target[/device]`."""
    rules: tuple[str, ...] = ()
    version: int = 0
    """Grows by one with each time that it is stored or deleted."""
    deleted: bool = False
    by: str = ""
    at: datetime | None = None
    """When it was stored."""

    @property
    def source(self) -> str:
        """How it stands in a suppression."""
        return f"{PREFIX}{self.id}"

    def concerns(self, alarm: Alarm, tags: Tags) -> bool:
        """Is `alarm` on what is worked on? `tags` are those of its asset, asked for if needed."""
        return (
            self.site in (EVERYWHERE, alarm.site)
            and (not self.rules or alarm.rule in self.rules)
            and (not self.classes or alarm.asset_class in self.classes)
            and (not self.assets or not {alarm.asset_id, alarm.subject}.isdisjoint(self.assets))
            and (not self.paths or any(_is_below(alarm.path, path) for path in self.paths))
            and (not self.tags or not set(self.tags).isdisjoint(tags()))
        )

    def gone(self, by: str, at: datetime) -> "Window":
        """What is stored of it when somebody deletes it."""
        return replace(self, version=self.version + 1, deleted=True, by=by, at=at)

    def suppression(self, span: Span, at: datetime) -> Suppression:
        """What it holds an alarm back by, until the occurrence ends."""
        return Suppression(
            SuppressionKind.DESIGN, at, self.source, span.end, by=self.by, reason=self.title
        )


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")


Expand = Callable[[Window, datetime], Iterable[Span]]
"""The occurrences of a window that end after that time, in order."""


@dataclass(slots=True)
class _Planned:
    """A window and those of its occurrences that matter about now."""

    window: Window
    spans: tuple[Span, ...]
    """Those that began, and ended at most LATE ago; and the next one."""
    until: datetime | None
    """When that has to be looked at again; None for never."""


class Plan:
    """The windows by site, so that an alarm meets only those that hold something there about now.

    The occurrences of a window are worked out when it is stored and when one of them begins or
    ends, not when an alarm is raised.
    """

    def __init__(self, expand: Expand) -> None:
        self._expand = expand
        self._planned: dict[str, _Planned] = {}
        self._begun: Mapping[str, list[tuple[Window, Span]]] = {}
        """By site: the occurrences that began, and ended at most LATE ago."""
        self.generation = 0
        """Grows when a window is stored, begins or ends."""

    def put(self, window: Window, now: datetime) -> None:
        """Take a window, or a change of one, or its end."""
        if window.deleted:
            self._planned.pop(window.id, None)
        else:
            self._planned[window.id] = self._worked_out(window, now)
        self._settle(now)

    @property
    def next_at(self) -> datetime | None:
        """When the next window begins or ends."""
        return min((p.until for p in self._planned.values() if p.until is not None), default=None)

    def advance(self, now: datetime) -> None:
        """Let begin and end what does by `now`."""
        due = [p for p in self._planned.values() if p.until is not None and p.until <= now]
        for each in due:
            self._planned[each.window.id] = self._worked_out(each.window, now)
        if due:
            self._settle(now)

    def covering(self, alarm: Alarm, at: datetime, tags: Tags) -> Iterator[tuple[Window, Span]]:
        """The windows that hold `alarm` back at that time, each with the occurrence."""
        for site in (alarm.site, EVERYWHERE):
            for window, span in self._begun.get(site, ()):
                if span.covers(at) and window.concerns(alarm, tags):
                    yield window, span

    def ended(self, since: datetime, now: datetime) -> Iterator[tuple[Window, Span]]:
        """The occurrences that ended after `since`, by `now`."""
        for of_site in self._begun.values():
            for window, span in of_site:
                if since < span.end <= now:
                    yield window, span

    def _worked_out(self, window: Window, now: datetime) -> _Planned:
        found = []
        for span in self._expand(window, now - LATE):
            found.append(span)
            if span.start > now:
                break
        edges = (edge for span in found for edge in (span.start, span.end) if edge > now)
        return _Planned(window, tuple(found), min(edges, default=None))

    def _settle(self, now: datetime) -> None:
        self.generation += 1
        begun: dict[str, list[tuple[Window, Span]]] = {}
        for each in self._planned.values():
            for span in each.spans:
                if span.start <= now and span.end > now - LATE:
                    begun.setdefault(each.window.site, []).append((each.window, span))
        self._begun = begun
