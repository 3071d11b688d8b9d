"""The figures of ISA-18.2 follow from counters of ten minutes."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.alerting.domain.quiet.kpis import (
    ALARMS_MAX,
    SLOT,
    Now,
    Slot,
    Step,
    Stood,
    figures,
    share,
    slot_of,
    standing,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_step(kind: str = "raised", second: float = 0, **fields: Any) -> Step:
    given = {"priority": "low", "annunciate": True, "chattering": False, "held": False}
    given |= {"alarm_id": "a", "raised_at": START}
    return Step("hagen", START + timedelta(seconds=second), kind, **{**given, **fields})


def counted(*steps: Step) -> Slot:
    slot = Slot("hagen", START)
    for step in steps:
        slot.add(step)
    return slot


def test_a_slot_has_what_fell_into_its_ten_minutes() -> None:
    """By the clock of UTC, the same on every replica."""
    assert slot_of(START + timedelta(minutes=9, seconds=59)) == START
    assert slot_of(START + timedelta(minutes=10)) == START + SLOT


def test_what_called_a_person_and_what_did_not_is_told_apart() -> None:
    """Steps that call nobody by themselves are neither."""
    slot = counted(
        a_step(),
        a_step("unsuppressed", alarm_id="b", priority="high"),
        a_step(annunciate=False, held=True),
        a_step("cleared", annunciate=False),
        a_step("cleared", annunciate=False, held=True),
    )

    assert (slot.annunciated, slot.held) == (2, 1)
    assert slot.priorities == {"low": 1, "high": 1}
    assert slot.alarms == {"a": 1, "b": 1}


def test_how_long_a_person_took_is_counted_from_the_raise() -> None:
    """Clocks of a site may be ahead: nobody acknowledges before the alarm."""
    slot = counted(
        a_step("acknowledged", 60, annunciate=False),
        a_step("acknowledged", 1200, annunciate=False),
        a_step("acknowledged", -5, annunciate=False),
        a_step("acknowledged", 5, annunciate=False, raised_at=None),
    )

    assert (slot.acknowledged, slot.seen_soon, slot.waited_s) == (3, 2, 1260.0)


def test_a_slot_tells_only_so_many_alarms_apart() -> None:
    """Nothing is dropped: the others are counted together, those it knows by themselves."""
    slot = Slot("hagen", START)
    known = {f"k{number}" for number in range(ALARMS_MAX)}
    slot.add(a_step(alarm_id="new"), known)
    slot.add(a_step(alarm_id="k1", chattering=True), known)
    slot.add(a_step(alarm_id="other", chattering=True), known)

    assert (slot.annunciated, slot.others) == (3, 2)
    assert (slot.alarms, slot.chattering) == ({"k1": 1}, {"k1": 1})


def test_the_figures_of_a_day_at_a_site() -> None:
    """A flood in one of its slots, one alarm that makes half of all."""
    flood = Slot(
        "hagen", START, annunciated=20, held=5, acknowledged=2, seen_soon=1, waited_s=1260,
        priorities=Counter(low=10, medium=6, high=3, critical=1),
        alarms=Counter({"busy": 10, **{f"a{n}": 1 for n in range(10)}}),
        chattering=Counter(busy=3),
    )  # fmt: skip
    calm = Slot("hagen", START + SLOT, annunciated=4, priorities=Counter(low=4))
    found = figures("hagen", [flood, calm], START, START + 24 * HOUR)

    assert (found.slots, found.annunciated, found.held, found.most) == (144, 24, 5, 20)
    assert found.per_slot == pytest.approx(24 / 144)
    assert found.per_operator_hour(2) == pytest.approx(0.5)
    assert found.flooded_share == pytest.approx(100 / 144)
    assert found.priority_share("high") == pytest.approx(100 * 4 / 24)
    assert found.priority_share("low") == pytest.approx(100 * 14 / 24)
    assert found.top[:2] == (("busy", 10), ("a0", 1))
    assert found.top_share == pytest.approx(100 * 19 / 24)
    assert found.chattering == (("busy", 3),)


def test_what_was_held_back_counts_as_flood_all_the_same() -> None:
    """Else a flood that is kept from people would look like none."""
    assert not Slot("hagen", START, annunciated=10).flooded
    assert Slot("hagen", START, annunciated=5, held=6).flooded


def test_of_nothing_there_are_figures_too() -> None:
    """A part of ten minutes is ten minutes."""
    found = figures("hagen", [], START, START + timedelta(minutes=1))

    assert (found.slots, found.annunciated, found.top_share) == (1, 0, 0.0)
    assert share(1, 0) == 0.0


def test_stale_is_what_lasts_for_more_than_a_day_and_shelved_what_is_on_a_shelf() -> None:
    """By site; what is neither is not there."""
    old, new = START - 25 * HOUR, START - HOUR
    stood = Stood("hot", "hagen/t", "hagen", old, None)
    found = standing(
        [
            stood,
            replace(stood, raised_at=old - HOUR),
            replace(stood, raised_at=new),
            replace(stood, site="lyon", raised_at=None, shelved_at=new),
            replace(stood, site="oslo", raised_at=new),
        ],
        START,
    )

    assert found == {"hagen": Now(2, old - HOUR, 0, None), "lyon": Now(0, None, 1, new)}
