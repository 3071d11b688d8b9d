"""The tree of routes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.notices import START, a_notice

from isthmus.alerting.domain.notices.calendar import Calendar
from isthmus.alerting.domain.notices.routing import Match, Route, Step, Told, routed

HAGEN = Match(sites=frozenset({"hagen"}))
LYON = Match(sites=frozenset({"lyon"}))
SUNDAYS = Calendar(ZoneInfo("UTC"), weekdays=frozenset({6}))
SOON = Step(timedelta(minutes=5), ("chief",))


def to(route: Route) -> tuple[str, ...]:
    return routed(route, a_notice(), START).to


def test_the_deepest_route_that_matches_decides() -> None:
    """Those above it only where none below them matches."""
    tree = Route(to=("all",), routes=(Route(LYON, ("lyon",)), Route(HAGEN, ("hagen",))))

    assert to(tree) == ("hagen",)
    assert to(Route(to=("all",), routes=(Route(LYON, ("lyon",)),))) == ("all",)


def test_a_route_takes_from_above_what_it_does_not_say() -> None:
    """Receivers and escalation, each for itself; an empty list says: nobody."""
    tree = Route(to=("all",), escalate=(SOON,), routes=(Route(HAGEN),))
    silent = Route(to=("all",), escalate=(SOON,), routes=(Route(HAGEN, to=(), escalate=()),))

    assert routed(tree, a_notice(), START) == Told(("all",), (SOON,))
    assert routed(silent, a_notice(), START) == Told()


def test_the_first_match_ends_the_search_unless_it_says_go_on() -> None:
    """As Alertmanager's `continue`."""
    first, second = Route(HAGEN, ("first",)), Route(HAGEN, ("second",))

    assert to(Route(routes=(first, second))) == ("first",)
    going = Route(HAGEN, ("first",), go_on=True)
    assert to(Route(to=("all",), routes=(going, second))) == ("first", "second")
    assert to(Route(to=("all",), routes=(going, Route(LYON, ("lyon",))))) == ("first",)


def test_nobody_is_told_twice() -> None:
    """Though two routes name them."""
    one = Route(HAGEN, ("a", "b"), go_on=True)

    assert to(Route(routes=(one, Route(HAGEN, ("b", "c"))))) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (Match(classes=frozenset({"plc"})), True),
        (Match(classes=frozenset({"printer"})), False),
        (Match(priorities=frozenset({"high", "critical"})), True),
        (Match(rules=frozenset({"too-cold"})), False),
        (Match(paths=("nordwerk/hagen/forge",)), True),
        (Match(paths=("nordwerk/hagen/for",)), False),  # a place, not a prefix of letters
        (Match(paths=("lyon", "nordwerk/hagen/forge/furnace-1")), True),
        (Match(during=SUNDAYS), False),
        (Match(sites=frozenset({"hagen"}), classes=frozenset({"printer"})), False),
        (Match(criticalities=frozenset({"a"})), False),
    ],
)
def test_a_route_matches_when_everything_that_it_asks_for_is_so(match: Match, found: bool) -> None:
    """What it does not ask for is not looked at."""
    assert bool(to(Route(routes=(Route(match, ("x",)),)))) is found
