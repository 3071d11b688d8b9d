"""The state machine: a table of steps, applied to events that carry their own time.

Times are those of the source, so that a replay of the same events makes the same alarm, whenever
it happens. `docs/alarms.md` tells an operator the same in words; a contract test holds both
together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from isthmus.alerting.domain.alarms.acts import refusal
from isthmus.alerting.domain.alarms.alarm import (
    AT_ONCE,
    CHATTER,
    Alarm,
    Behaviour,
    Condition,
    Level,
    Place,
    Quality,
    Suppression,
    SuppressionKind,
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
    Suppress,
    TakeOutOfService,
    Unshelve,
)
from isthmus.alerting.domain.alarms.run import Run
from isthmus.alerting.domain.alarms.table import (
    AT_REST,
    BEYOND,
    CLEAR,
    DUE,
    OFF,
    STEPS,
    UNSEEN,
    A,
    L,
    N,
)
from isthmus.alerting.domain.alarms.transition import Kind, Transition

EPOCH = datetime.fromtimestamp(0, UTC)


def step(
    alarm: Alarm, event: Event, behaviour: Behaviour = AT_ONCE, levels: Sequence[Level] = ()
) -> tuple[Alarm, tuple[Transition, ...]]:
    """The alarm after `event`, and the transitions on the way; an event it has had changes nothing.

    `levels` are those of its rule, rising. Whether the result must be stored, `changed` says.
    """
    run = _Run(alarm, behaviour, levels)
    HANDLED[type(event)](run, event)
    return run.alarm, tuple(run.steps)


STORED = attrgetter(*(name for name in Alarm.__slots__ if name != "applied_at"))


def changed(before: Alarm, after: Alarm) -> bool:
    """Whether `after` must be stored: the time of a sample alone is not worth a write."""
    return bool(STORED(before) != STORED(after))


def next_deadline(alarm: Alarm) -> datetime | None:
    """When something of it ends without any event: the next duty of its owner."""
    ends = (alarm.deadline, alarm.stale_at, alarm.realarm_at, alarm.first_end)
    return min((each for each in ends if each is not None), default=None)


class _Run(Run):
    """How each event moves the alarm."""

    def sample(self, sample: Sample) -> None:
        if self.alarm.applied_at is not None and sample.at <= self.alarm.applied_at:
            return
        self.mature(sample.at)
        self.alarm = replace(self.alarm, applied_at=sample.at)
        if sample.quality is not Quality.GOOD:
            self._lose(sample.at, sample.quality)
            return
        self._regain(sample.at)
        self._apply(sample)
        if sample.momentary and sample.signal is BEYOND:
            self._apply(replace(sample, signal=CLEAR))
        self._freshen(sample.at)

    def clock(self, clock: Clock) -> None:
        self.mature(clock.at)

    def mature(self, at: datetime) -> None:
        """End all that ends by `at`, in the order of time."""
        while due := min(self._deadlines(at), key=lambda each: each[:2], default=None):
            due[2](due[0])

    def adopt(self, event: Adopt) -> None:
        alarm = self.alarm.under(event.blank)
        names = [level.name for level in self.levels]
        if alarm.level in names:
            alarm = replace(alarm, priority=self.levels[names.index(alarm.level)].priority)
        else:
            alarm = replace(alarm, level="")
        if alarm.since is not None and alarm.deadline is not None:
            alarm = replace(alarm, deadline=alarm.since + self._delay(alarm.condition))
        self.alarm = replace(alarm, stale_at=alarm.stale_at and self._stale_at(event.at))

    def close(self, event: Close) -> None:
        if not self.alarm.open and not self.alarm.unacknowledged:
            return
        over = event.at if self.alarm.in_alarm else self.alarm.cleared_at
        rest = {**AT_REST, "unacknowledged": False, "suppressed_by": (), "cleared_at": over}
        self.alarm = replace(self.alarm, **rest)
        self.tell(Kind.CLOSED, event.at, by=event.by, comment=event.reason)

    def acknowledge(self, act: Act) -> None:
        again = self.behaviour.realarm if self.alarm.condition in (A, OFF) else None
        self.alarm = replace(
            self.alarm,
            unacknowledged=False,
            acknowledged_at=act.at,
            acknowledged_by=act.by,
            realarm_at=act.at + again if again else None,
        )
        self.tell(Kind.ACKNOWLEDGED, act.at, by=act.by, comment=act.comment)

    def comment(self, act: Act) -> None:
        self.tell(Kind.COMMENTED, act.at, by=act.by, comment=act.comment)

    def reset(self, act: Act) -> None:
        self.alarm = replace(self.alarm, **AT_REST)
        self.tell(Kind.RESET, act.at, by=act.by, comment=act.comment)
        self.end_one_shots(act.at)

    def shelve(self, act: Shelve) -> None:
        self.hold(
            Suppression(
                SuppressionKind.SHELVED,
                act.at,
                until=act.until,
                one_shot=act.one_shot,
                by=act.by,
                reason=act.comment,
            ),
            act.at,
        )

    def unshelve(self, act: Act) -> None:
        self.end(SuppressionKind.SHELVED, "", act.at, act.by)

    def take_out_of_service(self, act: Act) -> None:
        kind = SuppressionKind.OUT_OF_SERVICE
        self.hold(Suppression(kind, act.at, by=act.by, reason=act.comment), act.at)

    def return_to_service(self, act: Act) -> None:
        self.end(SuppressionKind.OUT_OF_SERVICE, "", act.at, act.by)

    def _deadlines(self, at: datetime) -> Iterator[tuple[datetime, int, Callable[[Any], None]]]:
        alarm = self.alarm
        for rank, (due_at, end) in enumerate(
            (
                (alarm.deadline, self._end_delay),
                (alarm.stale_at, self._grow_stale),
                (alarm.realarm_at, self._realarm),
                (alarm.first_end, self.end_suppression),
            )
        ):
            if due_at is not None and due_at <= at:
                yield due_at, rank, end

    def _end_delay(self, at: datetime) -> None:
        since = self.alarm.since
        assert since is not None, "a delay runs from its beginning"
        if STEPS[self.alarm.condition, DUE] is A:
            self._raise(since)
        elif self.behaviour.latching:
            rest = {**AT_REST, "condition": L, "stale_at": self.alarm.stale_at}
            self.alarm = replace(self.alarm, **rest, cleared_at=since)
            self.tell(Kind.LATCHED, since)
        else:
            self.alarm = replace(self.alarm, **AT_REST, cleared_at=since)
            self.tell(Kind.CLEARED, since)
            self.end_one_shots(since)

    def _raise(self, since: datetime) -> None:
        last_but_one = self.alarm.raised_before
        self.alarm = replace(
            self.alarm,
            **UNSEEN,
            condition=A,
            since=None,
            deadline=None,
            raised_at=since,
            raised_before=self.alarm.raised_at,
            chattering=last_but_one is not None and since - last_but_one <= CHATTER,
            cleared_at=None,
            realarms=0,
            first_out="",
        )
        self.tell(Kind.RAISED, since, annunciate=True)

    def _realarm(self, at: datetime) -> None:
        if self.alarm.suppressed_by:
            # The end of what holds it back will tell of it.
            self.alarm = replace(self.alarm, realarm_at=None)
            return
        self.alarm = replace(self.alarm, **UNSEEN, realarms=self.alarm.realarms + 1)
        self.tell(Kind.REANNUNCIATED, at, annunciate=True)

    def _grow_stale(self, at: datetime) -> None:
        self._lose(at, Quality.STALE)

    def _lose(self, at: datetime, quality: Quality) -> None:
        """Freeze the condition: what is not known neither raises nor clears."""
        alarm = self.alarm
        if alarm.condition is N:
            return
        if alarm.quality is not Quality.GOOD:
            self.alarm = replace(alarm, quality=quality)
            return
        left = None if alarm.deadline is None else alarm.deadline - at
        self.alarm = replace(alarm, quality=quality, stale_at=None, deadline=None, remaining=left)
        if alarm.in_alarm:
            self.tell(Kind.STALE, at)

    def _regain(self, at: datetime) -> None:
        alarm = self.alarm
        if alarm.quality is Quality.GOOD:
            return
        due = None if alarm.remaining is None else at + alarm.remaining
        self.alarm = replace(alarm, quality=Quality.GOOD, deadline=due, remaining=None)
        if alarm.in_alarm:
            self.tell(Kind.GOOD, at)

    def _apply(self, sample: Sample) -> None:
        before = self.alarm.condition
        condition = STEPS[before, sample.signal]
        if condition is L:
            self._recross(sample)
        elif condition is not before:
            self._move(condition, sample)
        if sample.signal is not CLEAR:
            self._relevel(sample)
        self.mature(sample.at)

    def _move(self, condition: Condition, sample: Sample) -> None:
        alarm = self.alarm
        self.alarm = replace(
            alarm,
            condition=condition,
            since=None,
            deadline=None,
            fleetings=alarm.fleetings + (condition is N),
            chatters=alarm.chatters + (condition is A),
        )
        if condition is N:
            self.alarm = replace(self.alarm, **AT_REST)
        else:
            self._delayed(sample)

    def _delayed(self, sample: Sample) -> None:
        if self.alarm.condition is A:
            return
        message = sample.message if sample.signal is BEYOND else self.alarm.message
        self.alarm = replace(
            self.alarm,
            since=sample.at,
            deadline=sample.at + self._delay(self.alarm.condition),
            value=sample.value,
            unit=sample.unit,
            message=message,
        )

    def _recross(self, sample: Sample) -> None:
        """A latched alarm whose condition is back, or over again before the on-delay."""
        if sample.signal is not BEYOND:
            self.alarm = replace(self.alarm, since=None, deadline=None)
        elif self.alarm.since is None:
            self._delayed(sample)

    def _relevel(self, sample: Sample) -> None:
        """Rise to the level that is reached; fall below one whose deadband is left."""
        alarm = self.alarm
        if (
            not self.levels
            or alarm.condition in (N, OFF)
            or (alarm.condition is L and not alarm.since)
        ):
            return
        names = [level.name for level in self.levels]
        reached, held, now = (
            names.index(name) if name in names else -1
            for name in (sample.level, sample.holds, alarm.level)
        )
        if alarm.condition is not A and alarm.since == sample.at:
            self._set_level(max(reached, 0), sample)
        elif reached > now:
            self._set_level(reached, sample, up=True)
        elif max(reached, held, 0) < now:
            self._set_level(max(reached, held, 0), sample)

    def _set_level(self, rank: int, sample: Sample, *, up: bool = False) -> None:
        level, alarmed = self.levels[rank], self.alarm.condition is A
        self.alarm = replace(
            self.alarm,
            level=level.name,
            priority=level.priority,
            message=sample.message or self.alarm.message,
            value=sample.value,
            unit=sample.unit,
            **(UNSEEN if up and alarmed else {}),
        )
        if alarmed:
            self.tell(Kind.LEVEL_CHANGED, sample.at, annunciate=up)

    def _freshen(self, at: datetime) -> None:
        stale_at = None if self.alarm.condition is N else self._stale_at(at)
        if stale_at != self.alarm.stale_at:
            self.alarm = replace(self.alarm, stale_at=stale_at)

    def _stale_at(self, at: datetime) -> datetime | None:
        """Between one and one and a half times `stale_after` after `at`.

        In steps of half of it, so that a good sample is worth a write only now and then, and
        still the same samples make the same deadline, whoever owns the alarm.
        """
        if self.behaviour.stale_after is None:
            return None
        half = self.behaviour.stale_after / 2
        return EPOCH + ((at - EPOCH) // half + 3) * half

    def _delay(self, condition: Condition) -> timedelta:
        return self.behaviour.off if condition is OFF else self.behaviour.on


def _permitted(do: Callable[[_Run, Any], None]) -> Callable[[_Run, Any], None]:
    """A person's act, done only if nothing speaks against it."""

    def act(run: _Run, event: Any) -> None:
        if refusal(run.alarm, event, run.behaviour) is None:
            do(run, event)

    return act


HANDLED: Mapping[type, Callable[[_Run, Any], None]] = {
    Sample: _Run.sample,
    Clock: _Run.clock,
    Suppress: _Run.suppress,
    Release: _Run.release,
    FirstOut: _Run.first_out,
    Adopt: _Run.adopt,
    Close: _Run.close,
    Place: _Run.move_to,
    Acknowledge: _permitted(_Run.acknowledge),
    Comment: _permitted(_Run.comment),
    Reset: _permitted(_Run.reset),
    Shelve: _permitted(_Run.shelve),
    Unshelve: _permitted(_Run.unshelve),
    TakeOutOfService: _permitted(_Run.take_out_of_service),
    ReturnToService: _permitted(_Run.return_to_service),
}
