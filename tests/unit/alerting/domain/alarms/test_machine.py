"""The state machine of an alarm, row by row of its table."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args
from uuid import NAMESPACE_DNS, uuid5

import pytest
from tests.unit.alerting.domain.alarms.histories import (
    BLANK,
    LEVELS,
    ack,
    at,
    beyond,
    clear,
    design,
    inside,
    kinds,
    run,
    seconds,
    shelve,
)

from isthmus.alerting.domain.alarms.alarm import (
    ISTHMUS,
    Behaviour,
    Condition,
    Level,
    Place,
    Quality,
    State,
    SuppressionKind,
    alarm_id,
)
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Act,
    Adopt,
    Clock,
    Close,
    Comment,
    Event,
    FirstOut,
    Release,
    Reset,
    ReturnToService,
    Sample,
    Shelve,
    Signal,
    Suppress,
    TakeOutOfService,
    Unshelve,
)
from isthmus.alerting.domain.alarms.machine import HANDLED, changed, next_deadline, step
from isthmus.alerting.domain.alarms.table import STEPS
from isthmus.alerting.domain.alarms.transition import Kind, Transition

DELAYED = Behaviour(seconds(5), seconds(10))
LATCHING = Behaviour(latching=True)


def test_every_condition_answers_every_signal() -> None:
    """The table has a row for each pair, and none besides."""
    assert set(STEPS) == {(c, s) for c in Condition for s in Signal}


def test_every_event_is_handled() -> None:
    """Also every act of a person."""
    events = {each.__name__ for each in (*get_args(Event), *Act.__subclasses__())}
    assert {each.__name__ for each in HANDLED} == events - {"Act"}


def test_the_namespace_is_the_uuid_of_isthmus() -> None:
    """Ids of alarms are part of the contract: they may not change with the code."""
    assert uuid5(NAMESPACE_DNS, "isthmus") == ISTHMUS
    assert alarm_id("r", "hagen/t") == "8ec9a29b-8fef-514a-801b-0a134c8a9525"


def test_a_crossing_that_lasts_is_raised_at_its_deadline_with_the_time_of_the_crossing() -> None:
    """Nothing more needs to be heard: the clock alone ends the delay."""
    pending, none = run(BLANK, beyond(1), behaviour=DELAYED)
    early, still = run(pending, Clock(at(5.9)), behaviour=DELAYED)
    alarm, steps = run(early, Clock(at(6)), behaviour=DELAYED)

    assert (none, still) == ([], [])
    assert (pending.state, next_deadline(pending)) == (State.NORMAL, at(6))
    assert kinds(steps) == [Kind.RAISED]
    assert (alarm.state, alarm.raised_at, alarm.seq) == (State.UNACKNOWLEDGED, at(1), 1)
    assert alarm.message == "at 1"


@pytest.mark.parametrize("back", [inside, clear])
def test_a_fleeting_crossing_raises_nothing_and_is_counted(back: Callable[[float], Sample]) -> None:
    """Back inside the set point, with or without the deadband, ends the on-delay."""
    alarm, steps = run(BLANK, beyond(1), back(3), Clock(at(60)), behaviour=DELAYED)

    assert steps == []
    assert (alarm.condition, alarm.deadline, alarm.fleetings) == (Condition.NORMAL, None, 1)


def test_a_late_sample_finds_the_deadline_that_passed_before_it() -> None:
    """A service that lags makes the same alarm as one that was in time."""
    events = [beyond(1), clear(8), beyond(30)]
    in_time: list[Event] = [events[0], Clock(at(6)), events[1], Clock(at(18)), events[2]]

    assert run(BLANK, *events, behaviour=DELAYED) == run(BLANK, *in_time, behaviour=DELAYED)


def test_chatter_is_absorbed_while_the_return_is_awaited_and_counted() -> None:
    """Crossing again, or back into the deadband, within the off-delay clears nothing."""
    active, _ = run(BLANK, beyond(0), Clock(at(5)), behaviour=DELAYED)
    for again in (beyond, inside):
        alarm, steps = run(active, clear(6), again(9), Clock(at(60)), behaviour=DELAYED)

        assert steps == []
        assert (alarm.condition, alarm.chatters) == (Condition.ACTIVE, 1)


def test_without_delays_a_sample_raises_and_the_next_clears() -> None:
    """A delay of zero is due at once."""
    alarm, steps = run(BLANK, beyond(1), clear(2))

    assert [(s.seq, s.kind, s.at, s.annunciate) for s in steps] == [
        (1, Kind.RAISED, at(1), True),
        (2, Kind.CLEARED, at(2), False),
    ]
    assert (alarm.state, alarm.cleared_at) == (State.RETURNED_UNACKNOWLEDGED, at(2))


def test_what_happens_in_a_moment_returns_unacknowledged_each_time() -> None:
    """ISA-18.2: an alarm without duration stays in sight until a person has seen it."""
    event = beyond(1, momentary=True)
    alarm, steps = run(BLANK, event, event, beyond(9, momentary=True))

    assert kinds(steps) == [Kind.RAISED, Kind.CLEARED] * 2
    assert alarm.state is State.RETURNED_UNACKNOWLEDGED


def test_a_transition_says_all_that_a_person_must_be_told() -> None:
    """Whoever notifies asks nobody."""
    _, steps = run(BLANK, beyond(85, level="HI"), levels=LEVELS)

    assert steps == [
        Transition(
            1, Kind.RAISED, State.UNACKNOWLEDGED, at(85), "", "", 85, "Cel", True, "HI", "medium",
            "at 85",
        )
    ]  # fmt: skip


def test_an_acknowledgement_needs_something_to_acknowledge_at_the_seq_that_was_seen() -> None:
    """Otherwise it changes nothing."""
    active, _ = run(BLANK, beyond(0))
    wrong, none = run(active, ack(7, 2))
    done, steps = run(active, Acknowledge(at(7), "a", 1, "seen"))
    again, nothing = run(done, ack(8, 2))

    assert (wrong, none) == (active, [])
    assert (again, nothing) == (done, [])
    assert (done.state, done.acknowledged_by) == (State.ACKNOWLEDGED, "a")
    [step] = steps
    assert (step.seq, step.kind, step.by, step.comment) == (2, Kind.ACKNOWLEDGED, "a", "seen")
    assert not step.annunciate


def test_acknowledging_a_returned_alarm_ends_it() -> None:
    """Invariant 4: clearing never acknowledges, and acknowledging never clears."""
    returned, _ = run(BLANK, beyond(0), clear(1))
    assert returned.state is State.RETURNED_UNACKNOWLEDGED
    alarm, _ = run(returned, ack(2, 2))

    assert (alarm.state, alarm.condition) == (State.NORMAL, Condition.NORMAL)
    assert alarm.rested_at == at(2)


def test_a_comment_is_a_step_of_its_own() -> None:
    """It changes nothing but the number."""
    active, _ = run(BLANK, beyond(0))
    alarm, [step] = run(active, Comment(at(1), "a", 1, "fan ordered"))

    assert (step.kind, step.comment) == (Kind.COMMENTED, "fan ordered")
    assert replace(alarm, seq=1) == active


def test_a_latching_alarm_stays_until_a_person_who_has_seen_it_resets_it() -> None:
    """The condition is over; the alarm is not."""
    latched, steps = run(BLANK, beyond(0), clear(1), behaviour=LATCHING)
    refused, none = run(latched, Reset(at(2), "a", 2), behaviour=LATCHING)
    seen, _ = run(latched, ack(2, 2), behaviour=LATCHING)
    alarm, [reset] = run(seen, Reset(at(3), "a", 3, "checked"), behaviour=LATCHING)

    assert kinds(steps) == [Kind.RAISED, Kind.LATCHED]
    assert (latched.condition, latched.state) == (Condition.LATCHED, State.UNACKNOWLEDGED)
    assert (refused, none) == (latched, [])
    assert (alarm.state, reset.kind, reset.by) == (State.NORMAL, Kind.RESET, "a")


def test_a_latched_alarm_whose_condition_is_back_is_raised_again() -> None:
    """After the on-delay, as any other; until then it can not be reset."""
    slow = replace(LATCHING, on=seconds(5))
    seen, _ = run(BLANK, beyond(0), beyond(5), clear(6), ack(7, 2), behaviour=slow)
    back, none = run(seen, beyond(10), behaviour=slow)
    refused, _ = run(back, Reset(at(11), "a", 3), behaviour=slow)
    fleeting, nothing = run(back, clear(12), Clock(at(60)), behaviour=slow)
    alarm, [again] = run(back, Clock(at(15)), behaviour=slow)

    assert (none, nothing) == ([], [])
    assert (seen.condition, refused.condition) == (Condition.LATCHED, Condition.LATCHED)
    assert run(fleeting, Reset(at(61), "a", 3), behaviour=slow)[0].state is State.NORMAL
    assert (again.kind, again.at, again.annunciate) == (Kind.RAISED, at(10), True)
    assert alarm.condition is Condition.ACTIVE


def test_a_higher_level_is_annunciated_again_and_a_lower_one_is_not() -> None:
    """The priority is that of the level."""
    high, _ = run(BLANK, beyond(0, level="HI"), ack(1, 1), levels=LEVELS)
    higher, [up] = run(high, beyond(2, level="HIHI"), levels=LEVELS)
    seen, _ = run(higher, ack(3, 3), levels=LEVELS)
    lower, [down] = run(seen, beyond(4, level="HI"), levels=LEVELS)

    assert (high.level, high.priority) == ("HI", "medium")
    assert (up.kind, up.level, up.priority, up.annunciate) == (
        Kind.LEVEL_CHANGED, "HIHI", "critical", True,
    )  # fmt: skip
    assert higher.state is State.UNACKNOWLEDGED
    assert (down.level, down.annunciate) == ("HI", False)
    assert (lower.state, lower.priority) == (State.ACKNOWLEDGED, "medium")


def test_a_level_is_kept_until_its_deadband_is_left() -> None:
    """As the alarm itself is."""
    high, _ = run(BLANK, beyond(0, level="HIHI"), levels=LEVELS)
    held, none = run(high, beyond(1, level="HI", holds="HIHI"), levels=LEVELS)
    left, [down] = run(held, beyond(2, level="HI"), levels=LEVELS)
    deeper, [still] = run(held, inside(2, holds="HI"), levels=LEVELS)

    assert (held.level, none) == ("HIHI", [])
    assert (left.level, down.kind) == ("HI", Kind.LEVEL_CHANGED)
    assert (deeper.level, still.kind) == ("HI", Kind.LEVEL_CHANGED)


def test_while_a_delay_runs_the_level_follows_and_nobody_hears() -> None:
    """It is raised at the level that it has then."""
    alarm, [raised] = run(
        BLANK, beyond(0, level="HI"), beyond(2, level="HIHI"), Clock(at(5)),
        behaviour=DELAYED, levels=LEVELS,
    )  # fmt: skip

    assert (alarm.level, raised.priority) == ("HIHI", "critical")


def test_an_acknowledged_alarm_that_lasts_is_annunciated_again() -> None:
    """OPC UA's ReAlarmTime, counted from the acknowledgement."""
    behaviour = Behaviour(realarm=seconds(30))
    seen, _ = run(BLANK, beyond(0), ack(10, 1), behaviour=behaviour)
    assert next_deadline(seen) == at(40)
    alarm, [again] = run(seen, Clock(at(100)), behaviour=behaviour)

    assert (again.kind, again.at, again.annunciate) == (Kind.REANNUNCIATED, at(40), True)
    assert (alarm.state, alarm.realarms, alarm.realarm_at) == (State.UNACKNOWLEDGED, 1, None)
    assert run(seen, clear(20), Clock(at(100)), behaviour=behaviour)[1][-1].kind is Kind.CLEARED


def test_what_is_held_back_is_not_annunciated_again_but_at_the_end_of_it() -> None:
    """Invariant 2, with the re-alarm in between."""
    behaviour = Behaviour(realarm=seconds(30))
    held, _ = run(BLANK, beyond(0), ack(10, 1), design(11), Clock(at(90)), behaviour=behaviour)
    _, [told] = run(held, Release(at(91), SuppressionKind.DESIGN, "maintenance:m"))

    assert held.realarms == 0
    assert (told.kind, told.annunciate, told.state) == (
        Kind.UNSUPPRESSED, True, State.UNACKNOWLEDGED,
    )  # fmt: skip


def test_stale_data_neither_raise_nor_clear_and_delays_stand_still() -> None:
    """Invariant 6: what was left of the delay runs on with the first good sample."""
    pending, _ = run(BLANK, beyond(0), behaviour=DELAYED)
    lost, none = run(pending, clear(2, quality=Quality.BAD), Clock(at(60)), behaviour=DELAYED)
    found, still = run(lost, beyond(61), Clock(at(63)), behaviour=DELAYED)
    alarm, [raised] = run(found, Clock(at(64)), behaviour=DELAYED)

    assert (none, still) == ([], [])
    assert (lost.quality, lost.remaining, lost.condition) == (
        Quality.BAD, seconds(3), Condition.PENDING_ON,
    )  # fmt: skip
    assert (raised.kind, alarm.raised_at) == (Kind.RAISED, at(0))


def test_an_alarm_that_hears_nothing_good_for_too_long_is_stale() -> None:
    """Between once and one and a half times as long; the next good sample ends it."""
    behaviour = Behaviour(stale_after=seconds(60))
    active, _ = run(BLANK, beyond(0), beyond(20), behaviour=behaviour)
    stale, [lost] = run(active, Clock(at(200)), behaviour=behaviour)
    good, steps = run(stale, clear(300), behaviour=behaviour)

    assert (lost.kind, lost.at, lost.annunciate) == (Kind.STALE, at(90), False)
    assert (stale.condition, stale.quality) == (Condition.ACTIVE, Quality.STALE)
    assert kinds(steps) == [Kind.GOOD, Kind.CLEARED]
    assert (good.quality, next_deadline(good)) == (Quality.GOOD, None)


def test_good_samples_are_worth_a_write_twice_in_the_time_that_makes_them_stale() -> None:
    """Not each of them."""
    behaviour = Behaviour(stale_after=seconds(60))
    alarm, _ = run(BLANK, beyond(0), behaviour=behaviour)
    writes = 0
    for second in range(1, 120):
        after, _ = run(alarm, beyond(second), behaviour=behaviour)
        writes += changed(alarm, after)
        alarm = after

    assert writes == 3


def test_a_bad_value_of_an_alarm_in_order_is_nobody_s_business() -> None:
    """The silence of the device is told by a rule of its own."""
    alarm, steps = run(BLANK, beyond(0, quality=Quality.BAD))

    assert steps == []
    assert not changed(BLANK, alarm)


def test_a_rule_that_changed_in_its_words_or_delays_keeps_its_alarm() -> None:
    """A delay that runs ends by the new one."""
    pending, _ = run(BLANK, beyond(0), behaviour=DELAYED)
    new = replace(BLANK, first_action="Run.", priority="low", rule_version=2)
    quicker = Behaviour(seconds(2))
    alarm, none = run(pending, Adopt(at(1), new), behaviour=quicker)

    assert none == []
    assert (alarm.first_action, alarm.priority, alarm.rule_version) == ("Run.", "low", 2)
    assert next_deadline(alarm) == at(2)
    assert kinds(run(alarm, Clock(at(2)), behaviour=quicker)[1]) == [Kind.RAISED]


def test_a_rule_that_changed_its_levels_keeps_the_level_that_there_still_is() -> None:
    """With the priority that it has now."""
    high, _ = run(BLANK, beyond(0, level="HIHI"), levels=LEVELS)
    kept, _ = run(high, Adopt(at(1), BLANK), levels=[Level("HIHI", "high")])
    lost, _ = run(high, Adopt(at(1), BLANK), levels=[Level("LO", "low")])

    assert (kept.level, kept.priority) == ("HIHI", "high")
    assert (lost.level, lost.priority) == ("", "high")


def test_the_alarm_of_a_rule_that_is_gone_is_closed_with_the_reason() -> None:
    """Whatever held it back; nobody has to acknowledge it any more."""
    active, _ = run(BLANK, beyond(0), design(1))
    alarm, [closed] = run(active, Close(at(2), "rule removed", "mara"))

    assert (closed.kind, closed.comment, closed.by) == (Kind.CLOSED, "rule removed", "mara")
    assert (alarm.state, alarm.suppressed_by, alarm.cleared_at) == (State.NORMAL, (), at(2))
    assert run(alarm, Close(at(3), "again")) == (alarm, [])


def test_a_delay_of_a_rule_that_is_gone_ends_in_silence() -> None:
    """Nobody has heard of it."""
    pending, _ = run(BLANK, beyond(0), behaviour=DELAYED)
    alarm, none = run(pending, Close(at(2), "rule removed"))

    assert (alarm.condition, alarm.deadline, none) == (Condition.NORMAL, None, [])


def test_the_asset_behind_the_source_is_no_transition() -> None:
    """It is a new version all the same."""
    place = Place("asset", "robot", "", "high", "direct", "line-1")
    alarm, steps = run(BLANK, place)

    assert steps == []
    assert (alarm.asset_id, alarm.asset_class, alarm.path) == ("asset", "robot", "path")
    assert (alarm.criticality, alarm.safety_impact) == ("high", "direct")
    assert changed(BLANK, alarm)
    assert run(alarm, place)[0] is alarm


def test_the_first_of_a_flood_is_marked_until_it_is_raised_again() -> None:
    """Where a flood began is what an operator looks at first."""
    first, _ = run(BLANK, beyond(0), FirstOut("flood:hagen"))
    again, _ = run(first, clear(1), beyond(2))

    assert (first.first_out, again.first_out) == ("flood:hagen", "")


def test_the_time_of_a_sample_alone_is_not_worth_a_write() -> None:
    """An alarm that stays as it is costs no store operation."""
    active, _ = run(BLANK, beyond(0))
    alarm, _ = run(active, beyond(7))

    assert alarm.applied_at == at(7)
    assert not changed(active, alarm)


def test_what_ends_at_the_same_instant_ends_in_one_order() -> None:
    """So that a replay makes the same alarm."""
    behaviour = Behaviour(seconds(60))
    held, _ = run(BLANK, beyond(0), design(1, until=60), behaviour=behaviour)
    _, steps = run(held, Clock(at(60)), behaviour=behaviour)

    assert [(s.kind, s.annunciate) for s in steps] == [
        (Kind.RAISED, False),
        (Kind.UNSUPPRESSED, True),
    ]


@pytest.mark.parametrize(
    "event",
    [
        Unshelve(at(2), "a", 1),
        ReturnToService(at(2), "a", 1),
        TakeOutOfService(at(2), "a", 1),
        Shelve(at(2), "a", 1, "why", at(2)),
        shelve(2, 1, 9 * 3600),
        Reset(at(2), "a", 1),
        Comment(at(2), "a", 1),
        Release(at(2), SuppressionKind.DESIGN, "x"),
        Suppress(at(9), design(2, until=3).suppression),
    ],
)
def test_what_cannot_be_done_changes_nothing(event: Event) -> None:
    """Not shelved, not out of service, no reason, a shelf too long, nothing to say."""
    active, _ = run(BLANK, beyond(0))

    assert step(active, event) == (active, ())
