"""One alarm: what is derived from its dimensions."""

from dataclasses import replace
from itertools import combinations

import pytest
from tests.unit.alerting.domain.alarms.histories import BLANK, at, seconds

from isthmus.alerting.domain.alarms.alarm import (
    IN_ALARM,
    Condition,
    Place,
    State,
    Suppression,
    SuppressionKind,
)

SHELVED, DESIGN, OUT = (Suppression(kind, at(0)) for kind in SuppressionKind)
ORDER = {OUT: State.OUT_OF_SERVICE, DESIGN: State.SUPPRESSED, SHELVED: State.SHELVED}


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("unacknowledged", [True, False])
def test_what_an_operator_sees_is_derived(condition: Condition, unacknowledged: bool) -> None:
    """OUT_OF_SERVICE > SUPPRESSED > SHELVED > in alarm > returned unacknowledged > normal."""
    alarm = replace(BLANK, condition=condition, unacknowledged=unacknowledged)
    if condition in IN_ALARM:
        expected = State.UNACKNOWLEDGED if unacknowledged else State.ACKNOWLEDGED
    else:
        expected = State.RETURNED_UNACKNOWLEDGED if unacknowledged else State.NORMAL

    assert alarm.state is expected
    for count in (1, 2, 3):
        for held in combinations((SHELVED, DESIGN, OUT), count):
            strongest = next(state for each, state in ORDER.items() if each in held)
            assert replace(alarm, suppressed_by=held).state is strongest


def test_an_alarm_is_open_while_its_owner_has_a_duty() -> None:
    """A shelf on an alarm that is normal has an end, too."""
    assert not BLANK.open
    assert not replace(BLANK, unacknowledged=True).open
    assert replace(BLANK, condition=Condition.PENDING_ON).open
    assert replace(BLANK, suppressed_by=(SHELVED,)).open


def test_an_alarm_is_over_when_nobody_has_to_do_with_it() -> None:
    """Since the last thing that happened to it."""
    over = replace(BLANK, applied_at=at(5), cleared_at=at(3), acknowledged_at=at(9))

    assert over.rested_at == at(9)
    assert BLANK.rested_at is None
    assert replace(over, unacknowledged=True).rested_at is None
    assert replace(over, suppressed_by=(OUT,)).rested_at is None


def test_what_holds_it_back_is_said_in_words() -> None:
    """The source of what is by design, the kind of what a person did."""
    held = replace(DESIGN, source="maintenance:m", until=at(0) + seconds(9))
    alarm = replace(BLANK, suppressed_by=(SHELVED, held))

    assert alarm.suppressed == ("shelved", "maintenance:m")
    assert alarm.first_end == at(9)
    assert held.same(replace(held, reason="other"))
    assert not held.same(DESIGN)


def test_an_alarm_goes_over_to_its_rule_as_it_is_now() -> None:
    """What happened to it stays."""
    known = replace(BLANK, seq=7, raised_at=at(0), path="old", priority="low")
    alarm = known.under(replace(BLANK, path="new", consequence="people", rule_version=3))

    assert (alarm.path, alarm.priority, alarm.consequence) == ("new", "high", "people")
    assert (alarm.seq, alarm.raised_at, alarm.rule_version) == (7, at(0), 3)


def test_an_alarm_on_the_same_asset_is_the_same() -> None:
    """Most reports say nothing new of the place."""
    alarm = BLANK.at(Place("a", "plc", ""))

    assert alarm.path == "path"
    assert alarm.at(Place("a", "plc", "")) is alarm
    assert alarm.at(Place("a", "plc", "other")).path == "other"
