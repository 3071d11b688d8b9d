"""What must hold in every history of an alarm, and what a naive reading of the table says of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.alerting.domain.alarms.histories import (
    BLANK,
    LEVELS,
    at,
    design,
    run,
    seconds,
    shelve,
)
from tests.unit.alerting.reference import Reference, told

from isthmus.alerting.domain.alarms.alarm import (
    Behaviour,
    Condition,
    Level,
    Quality,
    State,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Clock,
    Close,
    Comment,
    Event,
    Release,
    Reset,
    ReturnToService,
    Sample,
    Signal,
    TakeOutOfService,
    Unshelve,
)
from isthmus.alerting.domain.alarms.machine import changed, next_deadline, step
from isthmus.alerting.domain.alarms.transition import Kind, Transition

SIGNALS = st.sampled_from([Signal.BEYOND, Signal.BEYOND, Signal.INSIDE, Signal.CLEAR])
QUALITIES = st.sampled_from([Quality.GOOD] * 5 + [Quality.BAD])
PLACES = st.sampled_from([("", ""), ("HI", ""), ("HI", "HIHI"), ("HIHI", "HIHI"), ("", "HI")])
GOOD_SEQ = st.sampled_from([True, True, True, False])
SHELF_MAX_S = 50
OPTIONAL = st.sampled_from([None, seconds(20), seconds(45)])
DELAYS = st.sampled_from([0, 3, 20])


class History(RuleBasedStateMachine):
    """Any history of samples, clocks, people, the plant, repetitions, late ones and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = self.stored = BLANK
        self.now = 0
        self.behaviour = Behaviour()
        self.levels: tuple[Level, ...] = LEVELS
        self.reference = Reference()
        self.log: list[Event] = []
        self.samples: list[Sample] = []
        self.transitions: list[Transition] = []

    @initialize(
        on=DELAYS,
        off=DELAYS,
        latching=st.booleans(),
        realarm=OPTIONAL,
        stale_after=OPTIONAL,
        levelled=st.booleans(),
    )
    def choose(
        self,
        on: int,
        off: int,
        latching: bool,
        realarm: timedelta | None,
        stale_after: timedelta | None,
        levelled: bool,
    ) -> None:
        """Rules of all kinds."""
        self.levels = LEVELS if levelled else ()
        self.behaviour = Behaviour(
            seconds(on), seconds(off), latching, realarm, seconds(SHELF_MAX_S), stale_after
        )
        self.reference = Reference(
            seconds(on), seconds(off), latching, realarm, seconds(SHELF_MAX_S), stale_after,
            tuple(level.name for level in self.levels),
        )  # fmt: skip

    @rule(
        after=st.integers(1, 15),
        signal=SIGNALS,
        quality=QUALITIES,
        place=PLACES,
        moment=st.booleans(),
    )
    def hear(
        self, after: int, signal: Signal, quality: Quality, place: tuple[str, str], moment: bool
    ) -> None:
        """A newer sample; now and then of something momentary, or one that is none."""
        self.now += after
        level, holds = place if signal is not Signal.CLEAR else ("", "")
        if signal is Signal.INSIDE:
            level = ""
        moment = moment and not self.levels
        sample = Sample(
            at(self.now), signal, f"at {self.now}", self.now, "Cel", moment, level, holds, quality
        )
        self.samples.append(sample)
        self.reference.sample(sample.at, signal.value, quality.value, level, holds, moment)
        self.apply(sample)

    @rule(after=st.integers(0, 30))
    def wait(self, after: int) -> None:
        """Time passes, and everything up to now has arrived."""
        self.now += after
        self.reference.time(at(self.now))
        self.apply(Clock(at(self.now)))

    @rule(right=GOOD_SEQ)
    def acknowledge(self, right: bool) -> None:
        """Invariant 4: it never changes the condition."""
        condition, seq = self.alarm.condition, self.seq(right)
        self.reference.acknowledge(at(self.now), seq)
        self.apply(Acknowledge(at(self.now), "a", seq))
        assert self.alarm.condition is condition

    @rule(right=GOOD_SEQ)
    def comment(self, right: bool) -> None:
        """Somebody has something to say."""
        seq = self.seq(right)
        self.reference.comment(at(self.now), seq, "well")
        self.apply(Comment(at(self.now), "a", seq, "well"))

    @rule(right=GOOD_SEQ)
    def reset(self, right: bool) -> None:
        """Somebody lets a latched alarm go."""
        seq = self.seq(right)
        self.reference.reset(at(self.now), seq)
        self.apply(Reset(at(self.now), "a", seq))

    @rule(right=GOOD_SEQ, for_s=st.sampled_from([0, 5, 30, 50, 51]), one_shot=st.booleans())
    def shelve(self, right: bool, for_s: int, one_shot: bool) -> None:
        """Invariant 5: only for so long."""
        seq = self.seq(right)
        self.reference.shelve(at(self.now), seq, at(self.now + for_s), one_shot)
        self.apply(shelve(self.now, seq, for_s, one_shot=one_shot))

    @rule(right=GOOD_SEQ)
    def unshelve(self, right: bool) -> None:
        """Somebody wants to hear of it again."""
        seq = self.seq(right)
        self.reference.unshelve(at(self.now), seq)
        self.apply(Unshelve(at(self.now), "a", seq))

    @rule(right=GOOD_SEQ)
    def take_out(self, right: bool) -> None:
        """It is being worked on."""
        seq = self.seq(right)
        self.reference.take_out(at(self.now), seq)
        self.apply(TakeOutOfService(at(self.now), "a", seq, "because"))

    @rule(right=GOOD_SEQ)
    def put_back(self, right: bool) -> None:
        """It is whole again."""
        seq = self.seq(right)
        self.reference.put_back(at(self.now), seq)
        self.apply(ReturnToService(at(self.now), "a", seq))

    @rule(source=st.sampled_from(["maintenance:m", "parent_down:p"]), for_s=st.integers(0, 40))
    def suppress(self, source: str, for_s: int) -> None:
        """The plant's own logic holds it back, until told otherwise or for a while."""
        until = self.now + for_s if for_s else None
        self.reference.suppress(at(self.now), source, None if until is None else at(until))
        self.apply(design(self.now, source, until))

    @rule(source=st.sampled_from(["maintenance:m", "parent_down:p"]))
    def release(self, source: str) -> None:
        """And no longer."""
        self.reference.release(at(self.now), source)
        self.apply(Release(at(self.now), SuppressionKind.DESIGN, source))

    @precondition(lambda self: len(self.log) > 15)
    @rule()
    def close(self) -> None:
        """The rule is gone."""
        self.reference.close(at(self.now))
        self.apply(Close(at(self.now), "CONFIG"))

    @precondition(lambda self: self.samples)
    @rule(data=st.data(), signal=SIGNALS)
    def hear_late(self, data: st.DataObject, signal: Signal) -> None:
        """A sample that is not newer than the last one changes nothing, whatever it says."""
        if self.alarm.applied_at == self.samples[-1].at:
            known = data.draw(st.sampled_from(self.samples))
            assert step(self.alarm, replace(known, signal=signal), self.behaviour, self.levels) == (
                self.alarm,
                (),
            )

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A sample, a tick or an act comes again: at-least-once delivery."""
        repeated = [e for e in self.log if not isinstance(e, type(design(0)) | Release | Close)]
        if not repeated:
            return
        event = data.draw(st.sampled_from(repeated))
        after, steps = step(self.alarm, event, self.behaviour, self.levels)
        assert steps == ()
        assert not changed(self.alarm, after)
        self.alarm = after

    @rule()
    def crash(self) -> None:
        """The next owner starts from what is stored."""
        self.alarm = self.stored

    @invariant()
    def it_is_told_as_the_table_says(self) -> None:
        """None lost, none doubled, each with the same words."""
        assert told(self.transitions) == self.reference.told

    @invariant()
    def seq_has_no_gap(self) -> None:
        """Invariant 1: each transition has its own number."""
        numbers = [t.seq for t in self.transitions]
        assert numbers == list(range(1, len(numbers) + 1))
        assert self.alarm.seq == len(numbers)

    @invariant()
    def nobody_is_called_while_anything_holds_it_back(self) -> None:
        """Invariant 2, first half."""
        assert not any(t.annunciate and t.suppressed for t in self.transitions)

    @invariant()
    def every_shelf_has_an_end_within_the_limit(self) -> None:
        """Invariant 5."""
        for each in self.alarm.suppressed_by:
            if each.kind is SuppressionKind.SHELVED:
                assert each.until is not None
                assert each.until - each.at <= seconds(SHELF_MAX_S)

    @invariant()
    def what_will_end_by_itself_is_in_what_is_stored(self) -> None:
        """Invariant 7: whoever owns the alarm next finds every deadline."""
        assert next_deadline(self.stored) == next_deadline(self.alarm)
        if self.alarm.condition in (Condition.PENDING_ON, Condition.PENDING_OFF):
            frozen = self.alarm.quality is not Quality.GOOD
            assert (self.alarm.deadline is None) == frozen
            assert (self.alarm.remaining is not None) == frozen

    def seq(self, right: bool) -> int:
        """The number that a person has seen."""
        return self.alarm.seq if right else self.alarm.seq - 1

    def apply(self, event: Event) -> None:
        """One step, stored if it must be."""
        before = self.alarm
        self.log.append(event)
        self.alarm, steps = step(before, event, self.behaviour, self.levels)
        if changed(before, self.alarm):
            self.stored = self.alarm
        for each in steps:
            self.check(each)
        self.transitions += steps

    def check(self, transition: Transition) -> None:
        """Invariants 2 (second half), 3, 4 and 6 of one transition."""
        if transition.kind is Kind.RAISED:
            self.held({Signal.BEYOND}, transition.at, self.behaviour.on)
        if transition.kind in (Kind.CLEARED, Kind.LATCHED):
            self.held({Signal.CLEAR}, transition.at, self.behaviour.off)
        released = transition.kind in (
            Kind.UNSHELVED, Kind.UNSUPPRESSED, Kind.RETURNED_TO_SERVICE,
        )  # fmt: skip
        if released and transition.state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED):
            assert transition.annunciate

    def held(self, signals: set[Signal], since: datetime, delay: timedelta) -> None:
        """Every good sample said so from `since` on, for the whole delay of good time."""
        good = [s for s in self.samples if s.quality is Quality.GOOD and s.at >= since]
        if good and good[0].momentary:
            return
        assert good[0].at == since
        assert good[0].signal in signals
        assert at(self.now) >= since + delay
        ends = since + delay
        assert {s.signal for s in good if s.at < ends} <= signals

    def teardown(self) -> None:
        """Invariant 1: a replay of the whole log makes the same alarm."""
        again: list[Transition]
        alarm, again = BLANK, []
        for event in self.log:
            alarm, more = run(alarm, event, behaviour=self.behaviour, levels=self.levels)
            again += more
        assert not changed(self.alarm, alarm)
        assert again == self.transitions


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
