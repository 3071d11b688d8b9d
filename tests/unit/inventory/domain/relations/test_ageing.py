"""When what was seen is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.relations.ageing import (
    SILENCE_MAX,
    TTL_MIN,
    Ended,
    emptied,
    followed,
    living,
    then,
    time_to_live,
    unheld,
)
from isthmus.inventory.domain.relations.links import Sighting, SightingKind, Table, table
from isthmus.inventory.domain.relations.relations import Node, Pointer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEN = [Sighting(SightingKind.LLDP, str(n), name=f"device-{n}") for n in range(5)]


def shown(hour: int, *numbers: int) -> Table:
    return table("hagen/sw", "hagen", NOON + hour * HOUR, [SEEN[n] for n in numbers])


def test_a_table_lives_for_three_slow_reads() -> None:
    """And never less than an hour."""
    assert time_to_live(0) == time_to_live(10) == TTL_MIN
    assert time_to_live(60) == 3 * HOUR


def test_what_a_table_lacks_is_over_and_what_stays_keeps_its_begin() -> None:
    """From then on; what is new begins."""
    first = shown(0, 0, 1)

    now, ended = followed(first, shown(2, 1, 2))

    assert now.since == {SEEN[1]: NOON, SEEN[2]: NOON + 2 * HOUR}
    assert ended == Ended("hagen/sw", "hagen", NOON + 2 * HOUR, {SEEN[0]: NOON})


def test_a_table_that_says_the_same_is_only_confirmed() -> None:
    """Nothing is over, and nothing begins."""
    now, ended = followed(shown(0, 1), shown(2, 1))

    assert ended is None
    assert (now.at, now.shown_at) == (NOON, NOON + 2 * HOUR)


def test_a_source_that_sees_nobody_any_more_ends_all() -> None:
    """By a table without entries."""
    ttl = timedelta(hours=3)
    now, ended = followed(shown(0, 0, 1), emptied("hagen/sw", "hagen", NOON + 4 * HOUR, ttl))

    assert (now.sightings, now.ttl) == ((), ttl)
    assert ended
    assert set(ended.since) == {SEEN[0], SEEN[1]}


def test_a_source_of_another_site_begins_anew() -> None:
    """What it saw elsewhere is over there."""
    moved = replace(shown(2, 1), site="lyon")

    now, ended = followed(shown(0, 1), replace(moved, since={SEEN[1]: moved.at}))

    assert now.since == {SEEN[1]: moved.at}
    assert ended is None or ended.site == "hagen"


def test_a_silent_source_is_stale_and_then_over() -> None:
    """Its links are shown for a month."""
    seen = shown(0, 1)

    assert seen.stale_at == NOON + HOUR
    assert living([seen], NOON + SILENCE_MAX) == [seen]
    assert living([seen], NOON + SILENCE_MAX + HOUR) == []


def test_a_gateway_that_is_no_asset_is_told_by_what_is_behind_it() -> None:
    """Once, with each that is behind."""
    nodes = [
        Node(f"u{n}", "hagen", pointers=(Pointer(f"hagen/gw/{n}", "behind", "hagen/gw", NOON),))
        for n in (1, 2)
    ]

    [found] = unheld(nodes, ["hagen/other"])

    assert (found.id, found.name) == ("hagen/gw", "gw")
    assert [each.source for each in found.evidence] == ["hagen/gw/1", "hagen/gw/2"]
    assert unheld(nodes, ["hagen/gw"]) == []


@given(st.lists(st.frozensets(st.integers(0, 4)), min_size=1, max_size=8), st.integers(-1, 9))
def test_the_tables_of_then_are_what_was_shown_then(shows: list[frozenset[int]], hour: int) -> None:
    """Whatever came and went, however often."""
    now, over = None, []
    for number, seen in enumerate(shows):
        now, ended = followed(now, shown(number, *seen))
        over += [ended] if ended else []
    assert now
    at = NOON + hour * HOUR
    expected = shows[min(hour, len(shows) - 1)] if hour >= 0 else frozenset[int]()

    found = then([now], over, at)

    assert {each for one in found for each in one.sightings} == {SEEN[n] for n in expected}
    assert all(begin <= at for one in found for begin in one.since.values())
