"""What holds an alarm back, and what is told meanwhile."""

from itertools import permutations

import pytest
from tests.unit.alerting.domain.alarms.histories import (
    BLANK,
    ack,
    at,
    beyond,
    clear,
    design,
    kinds,
    run,
    shelve,
)

from isthmus.alerting.domain.alarms.alarm import State, Suppression, SuppressionKind
from isthmus.alerting.domain.alarms.events import (
    Clock,
    Event,
    Release,
    ReturnToService,
    Suppress,
    TakeOutOfService,
    Unshelve,
)
from isthmus.alerting.domain.alarms.transition import Kind

RELEASE = Release(at(3), SuppressionKind.DESIGN, "maintenance:m")


def test_a_shelf_ends_by_itself_and_the_alarm_is_heard_of_again() -> None:
    """Invariant 2: also what was acknowledged before."""
    shelved, [begun] = run(run(BLANK, beyond(0), ack(1, 1))[0], shelve(2, 2, 60))
    alarm, [ended] = run(shelved, Clock(at(100)))

    assert (begun.kind, begun.state, begun.comment) == (Kind.SHELVED, State.SHELVED, "because")
    assert begun.suppressed == ("shelved",)
    assert (ended.kind, ended.at, ended.annunciate) == (Kind.UNSHELVED, at(62), True)
    assert alarm.state is State.UNACKNOWLEDGED


def test_a_one_shot_shelf_ends_with_the_return_to_normal() -> None:
    """Nobody is called then: there is nothing to do."""
    shelved, _ = run(BLANK, beyond(0), shelve(1, 1, one_shot=True))
    alarm, steps = run(shelved, clear(5))

    assert kinds(steps) == [Kind.CLEARED, Kind.UNSHELVED]
    assert not any(step.annunciate for step in steps)
    assert alarm.suppressed_by == ()


def test_a_shelf_can_be_made_longer_from_now_on() -> None:
    """It is one shelf, with a new end."""
    shelved, _ = run(BLANK, beyond(0), shelve(1, 1, 60), shelve(30, 2, 60))

    assert [each.until for each in shelved.suppressed_by] == [at(90)]
    assert run(shelved, Unshelve(at(40), "a", 3))[0].state is State.UNACKNOWLEDGED


def test_what_is_suppressed_moves_on_and_is_not_annunciated() -> None:
    """Suppressed is not disabled (OPC UA Part 9, 5.8.2)."""
    alarm, steps = run(BLANK, beyond(0), clear(1), design(2), beyond(3))

    assert [(s.kind, s.annunciate) for s in steps] == [
        (Kind.RAISED, True), (Kind.CLEARED, False), (Kind.SUPPRESSED, False), (Kind.RAISED, False),
    ]  # fmt: skip
    assert alarm.state is State.SUPPRESSED


def test_the_last_of_several_reasons_that_goes_tells_of_the_alarm() -> None:
    """In whatever order they go."""
    held, _ = run(BLANK, beyond(0), shelve(1, 1), TakeOutOfService(at(1), "a", 2, "x"), design(2))

    def ends(name: str, seq: int) -> Event:
        if name == "shelved":
            return Unshelve(at(3), "a", seq)
        return RELEASE if name == "design" else ReturnToService(at(3), "a", seq)

    for order in permutations(["shelved", "design", "out_of_service"]):
        alarm, steps = held, []
        for name in order:
            alarm, told = run(alarm, ends(name, alarm.seq))
            steps += told
        assert [step.annunciate for step in steps] == [False, False, True]
        assert alarm.state is State.UNACKNOWLEDGED


def test_what_is_suppressed_already_is_not_suppressed_again() -> None:
    """But its end may have moved."""
    held, _ = run(BLANK, beyond(0), design(1, until=10))
    longer, none = run(held, design(2, until=20))

    assert none == []
    assert [each.until for each in longer.suppressed_by] == [at(20)]


def test_what_does_not_hold_it_is_not_released() -> None:
    """A release that comes twice, or of another source."""
    held, _ = run(BLANK, beyond(0), design(1))
    other = Release(at(2), SuppressionKind.DESIGN, "parent_down:p")

    assert run(held, other) == (held, [])
    released, _ = run(held, RELEASE)
    assert run(released, RELEASE) == (released, [])


def test_before_it_is_an_alarm_nobody_hears_of_what_holds_it_back() -> None:
    """The first that is told is that it was raised, and what holds it back."""
    alarm, [raised] = run(BLANK, design(0), beyond(1))

    assert (raised.seq, raised.kind, raised.suppressed) == (1, Kind.RAISED, ("maintenance:m",))
    assert not raised.annunciate
    assert alarm.state is State.SUPPRESSED


@pytest.mark.parametrize("until", [0, 1])
def test_what_is_over_already_holds_nothing_back(until: int) -> None:
    """A window that ended before it is heard of."""
    over = Suppression(SuppressionKind.DESIGN, at(0), "maintenance:m", at(until))

    assert run(BLANK, Suppress(at(1), over)) == (BLANK, [])
