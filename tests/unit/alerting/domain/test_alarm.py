"""The state machine of an alarm: the table is whole, and what must hold in every history holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_DNS, uuid5

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from isthmus.alerting.domain.alarm import (
    ISTHMUS,
    NO_DELAY,
    STEPS,
    Acknowledge,
    Alarm,
    Clock,
    Condition,
    Delays,
    Event,
    Kind,
    Place,
    Sample,
    Signal,
    State,
    Transition,
    alarm_id,
    changed,
    step,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DELAYS = Delays(timedelta(seconds=5), timedelta(seconds=10))
BLANK = Alarm("id", "rule", "hagen/t", "hagen", "path", "high", "Look.", "temperature", 0)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def run(alarm: Alarm, *events: Event, delays: Delays = DELAYS) -> tuple[Alarm, list[Transition]]:
    transitions: list[Transition] = []
    for event in events:
        alarm, steps = step(alarm, event, delays)
        transitions += steps
    return alarm, transitions


def sample(second: float, signal: Signal, *, momentary: bool = False) -> Sample:
    return Sample(at(second), signal, f"at {second}", second, "Cel", momentary)


def test_every_state_answers_every_signal() -> None:
    """The table has a row for each pair, and none besides."""
    assert set(STEPS) == {(c, s) for c in Condition for s in Signal}


def test_the_namespace_is_the_uuid_of_isthmus() -> None:
    """Ids of alarms are part of the contract: they may not change with the code."""
    assert uuid5(NAMESPACE_DNS, "isthmus") == ISTHMUS
    assert alarm_id("r", "hagen/t") == "8ec9a29b-8fef-514a-801b-0a134c8a9525"


def test_a_crossing_that_lasts_is_raised_at_its_deadline_with_the_time_of_the_crossing() -> None:
    """Nothing more needs to be heard: the clock alone ends the delay."""
    pending, none = run(BLANK, sample(1, Signal.BEYOND))
    early, still = run(pending, Clock(at(5.9)))
    alarm, steps = run(early, Clock(at(6)))

    assert (none, still) == ([], [])
    assert pending.state is State.NORMAL
    assert [s.kind for s in steps] == [Kind.RAISED]
    assert (alarm.state, alarm.raised_at, alarm.seq) == (State.UNACKNOWLEDGED, at(1), 1)
    assert alarm.message == "at 1"


@pytest.mark.parametrize("back", [Signal.INSIDE, Signal.CLEAR])
def test_a_fleeting_crossing_raises_nothing(back: Signal) -> None:
    """Back inside the set point, with or without the deadband, ends the on-delay."""
    alarm, steps = run(BLANK, sample(1, Signal.BEYOND), sample(3, back), Clock(at(60)))

    assert steps == []
    assert (alarm.condition, alarm.deadline) == (Condition.NORMAL, None)


def test_a_late_sample_finds_the_deadline_that_passed_before_it() -> None:
    """A service that lags makes the same alarm as one that was in time."""
    events = [sample(1, Signal.BEYOND), sample(8, Signal.CLEAR), sample(30, Signal.BEYOND)]
    in_time: list[Event] = [events[0], Clock(at(6)), events[1], Clock(at(18)), events[2]]

    assert run(BLANK, *events) == run(BLANK, *in_time)


def test_chatter_is_absorbed_while_the_return_is_awaited() -> None:
    """Crossing again, or back into the deadband, within the off-delay clears nothing."""
    active, _ = run(BLANK, sample(0, Signal.BEYOND), Clock(at(5)))
    for again in (Signal.BEYOND, Signal.INSIDE):
        alarm, steps = run(active, sample(6, Signal.CLEAR), sample(9, again), Clock(at(60)))

        assert steps == []
        assert alarm.condition is Condition.ACTIVE


def test_without_delays_a_sample_raises_and_the_next_clears() -> None:
    """A delay of zero is due at once."""
    alarm, steps = run(BLANK, sample(1, Signal.BEYOND), sample(2, Signal.CLEAR), delays=NO_DELAY)

    assert [(s.seq, s.kind, s.at) for s in steps] == [
        (1, Kind.RAISED, at(1)),
        (2, Kind.CLEARED, at(2)),
    ]
    assert (alarm.state, alarm.cleared_at) == (State.RETURNED_UNACKNOWLEDGED, at(2))


def test_what_happens_in_a_moment_returns_unacknowledged_each_time() -> None:
    """ISA-18.2: an alarm without duration stays in sight until a person has seen it."""
    event = sample(1, Signal.BEYOND, momentary=True)
    alarm, steps = run(
        BLANK, event, event, sample(9, Signal.BEYOND, momentary=True), delays=NO_DELAY
    )

    assert [s.kind for s in steps] == [Kind.RAISED, Kind.CLEARED] * 2
    assert alarm.state is State.RETURNED_UNACKNOWLEDGED


def test_an_acknowledgement_needs_something_to_acknowledge_at_the_seq_that_was_seen() -> None:
    """Otherwise it changes nothing."""
    active, _ = run(BLANK, sample(0, Signal.BEYOND), Clock(at(5)))
    wrong, none = run(active, Acknowledge(at(7), "a", "", 2))
    done, steps = run(active, Acknowledge(at(7), "a", "seen", 1))
    again, nothing = run(done, Acknowledge(at(8), "b", "", 2))

    assert (wrong, none) == (active, [])
    assert (again, nothing) == (done, [])
    assert (done.state, done.acknowledged_by) == (State.ACKNOWLEDGED, "a")
    assert steps == [
        Transition(2, Kind.ACKNOWLEDGED, State.ACKNOWLEDGED, at(7), "a", "seen", 0.0, "Cel")
    ]


def test_the_asset_behind_the_source_is_no_transition() -> None:
    """It is a new version all the same."""
    alarm, steps = run(BLANK, Place("asset", "robot", ""))

    assert steps == []
    assert (alarm.asset_id, alarm.asset_class, alarm.path) == ("asset", "robot", "path")
    assert changed(BLANK, alarm)


def test_the_time_of_a_sample_alone_is_not_worth_a_write() -> None:
    """An alarm that stays as it is costs no store operation."""
    active, _ = run(BLANK, sample(0, Signal.BEYOND), Clock(at(5)))
    alarm, _ = run(active, sample(7, Signal.BEYOND))

    assert alarm.applied_at == at(7)
    assert not changed(active, alarm)


class History(RuleBasedStateMachine):
    """Any history of samples, clocks, people, repetitions and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = self.stored = BLANK
        self.now = 0.0
        self.delays = DELAYS
        self.log: list[Event] = []
        self.accepted: list[Sample] = []
        self.transitions: list[Transition] = []

    @initialize(on=st.sampled_from([0, 3, 20]), off=st.sampled_from([0, 3, 20]))
    def choose(self, on: int, off: int) -> None:
        """Delays of all kinds."""
        self.delays = Delays(timedelta(seconds=on), timedelta(seconds=off))

    @rule(after=st.integers(1, 12), signal=st.sampled_from(list(Signal)[:3]), moment=st.booleans())
    def hear(self, after: int, signal: Signal, moment: bool) -> None:
        """A newer sample; now and then of something momentary."""
        self.now += after
        momentary = moment and self.delays == NO_DELAY
        event = sample(self.now, signal, momentary=momentary)
        self.accepted.append(event)
        self.apply(event)

    @rule(after=st.integers(0, 12))
    def wait(self, after: int) -> None:
        """Time passes."""
        self.now += after
        self.apply(Clock(at(self.now)))

    @rule(right=st.booleans())
    def acknowledge(self, right: bool) -> None:
        """A person acts, on the newest state or on an old one."""
        condition = self.alarm.condition
        seq = self.alarm.seq if right else self.alarm.seq - 1
        self.apply(Acknowledge(at(self.now), "a", "", seq))
        assert self.alarm.condition is condition

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """An event that was applied comes again: at-least-once delivery."""
        event = data.draw(st.sampled_from(self.log))
        after, steps = step(self.alarm, event, self.delays)
        assert steps == ()
        assert not changed(self.alarm, after)
        self.alarm = after

    @precondition(lambda self: self.accepted)
    @rule(before=st.integers(0, 30), signal=st.sampled_from(list(Signal)[:3]))
    def hear_late(self, before: int, signal: Signal) -> None:
        """A sample that is older than the last one changes nothing."""
        if self.alarm.applied_at == self.accepted[-1].at:
            late = replace(self.accepted[-1], signal=signal)
            late = replace(late, at=late.at - timedelta(seconds=before))
            assert step(self.alarm, late, self.delays) == (self.alarm, ())

    @rule()
    def crash(self) -> None:
        """The next owner starts from what is stored."""
        self.alarm = self.stored

    @invariant()
    def seq_has_no_gap(self) -> None:
        """Invariant 1: each transition has its own number."""
        numbers = [t.seq for t in self.transitions]
        assert numbers == list(range(1, len(numbers) + 1))
        assert self.alarm.seq == len(numbers)

    @invariant()
    def a_deadline_runs_exactly_while_pending(self) -> None:
        """Invariant 7: whoever owns the alarm next finds the deadline in it."""
        pending = self.alarm.condition in (Condition.PENDING_ON, Condition.PENDING_OFF)
        assert (self.alarm.deadline is not None) == pending

    def apply(self, event: Event) -> None:
        """One step, stored if it must be."""
        before = self.alarm
        self.log.append(event)
        self.alarm, steps = step(before, event, self.delays)
        if changed(before, self.alarm):
            self.stored = self.alarm
        for each in steps:
            self.check(each, before)
        self.transitions += steps

    def check(self, transition: Transition, before: Alarm) -> None:
        """Invariants 3 and 4 of one transition."""
        since = transition.at
        if transition.kind is Kind.RAISED:
            assert transition.state is State.UNACKNOWLEDGED
            self.held({Signal.BEYOND}, since, self.delays.on)
        elif transition.kind is Kind.CLEARED:
            moment = any(s.momentary and s.at == since for s in self.accepted)
            if not moment:
                self.held({Signal.CLEAR}, since, self.delays.off)
                unseen = transition.state is State.RETURNED_UNACKNOWLEDGED
                assert unseen or not before.unacknowledged
        else:
            assert before.unacknowledged

    def held(self, signals: set[Signal], since: datetime, delay: timedelta) -> None:
        """It was so from `since` on, for the whole delay."""
        assert at(self.now) >= since + delay
        during = [s for s in self.accepted if since <= s.at <= since + delay]
        assert during[0].at == since
        # The sample that comes when the delay is over may say otherwise.
        assert {
            s.signal for s in during if s.at < since + delay or delay == timedelta(0)
        } <= signals

    def teardown(self) -> None:
        """Invariant 1: a replay of the whole log makes the same alarm, and again nothing more."""
        again, transitions = run(BLANK, *self.log, delays=self.delays)
        assert not changed(self.alarm, again)
        assert transitions == self.transitions
        twice, more = run(again, *self.log, delays=self.delays)
        assert (twice, more) == (again, [])


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
