"""Windows concern what they name, while they last."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.alerting.domain.alarms.alarm import Alarm, SuppressionKind
from isthmus.alerting.domain.quiet.maintenance import LATE, Plan, Span, Window

NOW = datetime(2026, 3, 7, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALARM = Alarm(
    "id", "hot", "hagen/t", "hagen", "n/hagen/press/line-1", "high", "Look.", "temperature", 0,
    asset_id="a1", asset_class="plc",
)  # fmt: skip


def a_window(id: str = "w", **fields: Any) -> Window:
    given = {"site": "hagen", "title": "Service", "version": 1, "by": "mara", "at": NOW}
    return Window(id=id, starts=NOW.replace(tzinfo=None), duration=HOUR, **{**given, **fields})


def every_day(window: Window, since: datetime) -> Iterator[Span]:
    """Stands for a recurrence."""
    start = window.starts.replace(tzinfo=UTC)
    while True:
        if start + window.duration > since:
            yield Span(start, start + window.duration)
        start += timedelta(days=1)


def covering(plan: Plan, at: datetime) -> list[str]:
    return [window.id for window, _ in plan.covering(ALARM, at, lambda: ["blue"])]


@pytest.mark.parametrize(
    ("named", "concerned"),
    [
        ({}, True),
        ({"site": "*"}, True),
        ({"site": "lyon"}, False),
        ({"paths": ("n/hagen/press",)}, True),
        ({"paths": ("n/hagen/press/line-1",)}, True),
        ({"paths": ("n/hagen/press/line",)}, False),
        ({"paths": ("n/lyon", "n/hagen")}, True),
        ({"classes": ("ups", "plc")}, True),
        ({"classes": ("ups",)}, False),
        ({"tags": ("red", "blue")}, True),
        ({"tags": ("red",)}, False),
        ({"assets": ("a1",)}, True),
        ({"assets": ("hagen/t",)}, True),
        ({"assets": ("a2",)}, False),
        ({"rules": ("hot",)}, True),
        ({"rules": ("cold",)}, False),
        ({"rules": ("hot",), "classes": ("ups",)}, False),
    ],
)
def test_a_window_concerns_what_it_names(named: dict[str, Any], concerned: bool) -> None:
    """One of each list; all lists that it has; a path with all below it."""
    assert a_window(**named).concerns(ALARM, lambda: ["blue"]) is concerned


def test_tags_are_asked_for_only_where_they_matter() -> None:
    """They stand in the inventory, and not in the alarm."""

    def never() -> list[str]:
        raise AssertionError

    assert a_window().concerns(ALARM, never)
    assert not a_window(tags=("blue",), rules=("cold",)).concerns(ALARM, never)


def test_what_it_holds_back_it_holds_until_the_occurrence_ends() -> None:
    """With its title as the reason, and who stored it."""
    held = a_window().suppression(Span(NOW, NOW + HOUR), NOW)

    assert (held.kind, held.source) == (SuppressionKind.DESIGN, "maintenance:w")
    assert (held.until, held.by, held.reason) == (NOW + HOUR, "mara", "Service")


def test_a_plan_holds_from_the_beginning_of_an_occurrence_until_just_before_its_end() -> None:
    """It says itself when it has to be looked at again."""
    plan = Plan(every_day)
    plan.put(a_window(), NOW - HOUR)
    assert (covering(plan, NOW - HOUR), plan.next_at) == ([], NOW)
    plan.advance(NOW)
    assert (covering(plan, NOW), plan.next_at) == (["w"], NOW + HOUR)
    assert covering(plan, NOW + HOUR - timedelta(milliseconds=1)) == ["w"]
    plan.advance(NOW + HOUR)
    assert (covering(plan, NOW + HOUR), plan.next_at) == ([], NOW + timedelta(days=1))
    plan.advance(NOW + timedelta(days=1))

    assert covering(plan, NOW + timedelta(days=1)) == ["w"]


def test_what_happened_in_a_window_is_held_by_it_though_it_is_heard_of_later() -> None:
    """Up to a day: a site whose link was down tells of it then."""
    plan = Plan(every_day)
    plan.put(a_window(), NOW)
    plan.advance(NOW + LATE / 2)
    assert covering(plan, NOW + HOUR / 2) == ["w"]
    plan.advance(NOW + LATE + 2 * HOUR)

    assert covering(plan, NOW + HOUR / 2) == []


def test_what_ended_is_told_once_it_has() -> None:
    """For the reports on what is still bad."""
    plan = Plan(every_day)
    plan.put(a_window(), NOW)
    assert list(plan.ended(NOW - HOUR, NOW)) == []
    plan.advance(NOW + HOUR)

    [(window, span)] = plan.ended(NOW, NOW + HOUR)
    assert (window.id, span) == ("w", Span(NOW, NOW + HOUR))


def test_only_a_beginning_an_end_or_a_change_makes_a_new_generation() -> None:
    """So that alarms are looked at then, and not otherwise."""
    plan = Plan(every_day)
    plan.put(a_window(), NOW - HOUR)
    seen = [plan.generation]
    for at in (NOW - HOUR / 2, NOW, NOW + HOUR / 2, NOW + HOUR):
        plan.advance(at)
        seen.append(plan.generation)
    plan.put(a_window().gone("mara", NOW), NOW + HOUR)
    seen.append(plan.generation)

    assert seen == [1, 1, 2, 2, 3, 4]
    assert plan.next_at is None


def test_windows_of_every_site_hold_beside_those_of_one() -> None:
    """Those of other sites are not looked at."""
    plan = Plan(every_day)
    for window in (a_window("here"), a_window("all", site="*"), a_window("there", site="lyon")):
        plan.put(window, NOW)

    assert covering(plan, NOW) == ["here", "all"]


def test_who_deletes_a_window_stores_its_next_version() -> None:
    """So that nobody who reads it late takes the one before for the newest."""
    assert a_window().gone("tom", NOW + HOUR) == replace(
        a_window(), version=2, deleted=True, by="tom", at=NOW + HOUR
    )
