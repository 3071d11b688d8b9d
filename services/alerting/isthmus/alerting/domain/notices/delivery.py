"""A delivery: one notice for one receiver, kept until it arrived or was given up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.routing import Told


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    """Given up: refused, or tried too often. A person may replay it."""
    CANCELLED = "cancelled"
    """A step of an escalation that nobody needs any more."""
    OUTDATED = "outdated"
    """Read so late that nobody was told: the service was down, or notices were switched on."""


class Verdict(StrEnum):
    """What one try came to, in the words of `isthmus.runtime.errors`."""

    SENT = "sent"
    RETRYABLE = "retryable"
    """The receiver did not answer, or cannot now: the same message may be taken later."""
    REJECTED = "rejected"
    """The receiver answers and does not take this message, now or ever."""
    UNAUTHORIZED = "unauthorized"
    """The receiver may not be told so: a person must mend its credentials or its address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said to one message."""

    verdict: Verdict
    status: int | None = None
    excerpt: str = ""
    retry_after_s: float = 0.0
    """So long it asks to be left alone."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to tell a receiver."""

    at: datetime
    verdict: Verdict
    duration_s: float
    status: int | None = None
    """What the receiver's protocol answered: of HTTP and SMTP the code."""
    excerpt: str = ""
    """The beginning of the answer, or why there was none; without any secret."""
    together: int = 1
    """So many deliveries went in the same message."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice for one receiver."""

    notice: Notice
    receiver: str
    queued_at: datetime
    due_at: datetime
    step: int = 0
    """0 for those who are told at once, then the steps of the escalation."""
    group: str = ""
    """Deliveries of one receiver and one group that are due together go in one message."""
    state: DeliveryState = DeliveryState.WAITING
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def id(self) -> str:
        """The same for every replay of the transition."""
        later = f":{self.step}" if self.step else ""
        return f"{self.notice.key}:{self.receiver}{later}"

    @property
    def line(self) -> str:
        """Deliveries of one line are sent in the order of `seq`; an escalation holds none up."""
        later = f"|{self.step}" if self.step else ""
        return f"{self.receiver}|{self.notice.alarm_id}{later}"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a receiver is told."""

    name: str
    kind: str
    events: frozenset[Event] = frozenset(Event)
    group_by: tuple[str, ...] = ()
    """Fields of a notice; what is alike in them goes in one message, when due together."""
    group_wait: timedelta = timedelta(0)
    batch_max: int = 1
    """Most notices in one message."""
    gathers: bool = False
    """Whatever waits goes in one message, always."""
    messages_per_min: float = 60
    messages_burst: int = 20
    attempts_max: int = 30
    concurrency: int = 4


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who is told when nobody has acknowledged the alarm by then."""

    receiver: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Announced:
    """An alarm that somebody was told of, until they were told of its end."""

    notice: Notice
    """The last step that was told."""
    receivers: tuple[str, ...]
    since: datetime | None
    """Since when it waits for an acknowledgement; None once it was given, or is not asked for."""
    pending: tuple[Pending, ...] = ()
    quiet: bool = False
    """It is held back."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one notice leads to."""

    deliveries: tuple[Delivery, ...] = ()
    announced: Announced | None = None
    """What is announced from now on; None for nothing."""
    cancels: bool = False
    """Steps of the escalation that still wait have become pointless."""
    outcome: str = ""
    """Why nobody is told, where nobody is: `untold`, `unrouted` or `outdated`."""


@dataclass(frozen=True, slots=True)
class Times:
    """The clock, and how late news is still news."""

    now: datetime
    outdated_after: timedelta = timedelta.max


def decide(
    before: Announced | None, notice: Notice, told: Told, policies: Mapping[str, Policy], t: Times
) -> Decision:
    """Whom `notice` is told to, after what was announced `before`.

    An alert goes to those whom the routes name; anything else to those who were told of the alarm,
    whatever the routes say by now: who was woken hears of the end.
    """
    if notice.event is not Event.ALERT:
        return _followed(before, notice, policies, t)
    if t.now - notice.at > t.outdated_after:
        late = _deliveries(notice, told.to, policies, t.now)
        late = tuple(replace(each, state=DeliveryState.OUTDATED) for each in late)
        return Decision(late, before, outcome="outdated")
    if not told.to and not told.escalate:
        return Decision(announced=before, outcome="unrouted")
    return _alerted(before, notice, told, policies, t.now)


def _alerted(
    before: Announced | None,
    notice: Notice,
    told: Told,
    policies: Mapping[str, Policy],
    now: datetime,
) -> Decision:
    """An escalation that runs is never put off by a further alert: its clock goes on."""
    since = (before.since if before else None) or now
    notice = _compared(before, notice)
    later = tuple(
        Delivery(notice, name, now, max(now, since + step.after), number)
        for number, step in enumerate(told.escalate, 1)
        for name in step.to
    )
    deliveries = _deliveries(notice, told.to, policies, now) + later
    receivers = dict.fromkeys([*_heard(before, now), *told.to])
    pending = tuple(Pending(each.receiver, each.due_at) for each in later)
    announced = Announced(notice, tuple(receivers), since, pending)
    return Decision(deliveries, announced, cancels=bool(before and before.pending))


def _followed(
    before: Announced | None, notice: Notice, policies: Mapping[str, Policy], t: Times
) -> Decision:
    if before is None:
        return Decision(outcome="untold")
    notice = _compared(before, notice)
    deliveries = _deliveries(notice, _heard(before, t.now), policies, t.now)
    waits = notice.event is Event.UPDATE and notice.kind != "acknowledged"
    cancels = bool(before.pending) and not waits
    if notice.event is Event.END:
        return Decision(deliveries, None, cancels)
    after = replace(
        before,
        notice=replace(notice, event=Event.ALERT),
        receivers=before.receivers if waits else _heard(before, t.now),
        since=before.since if waits else None,
        pending=before.pending if waits else (),
        quiet=before.quiet or notice.event is Event.QUIET,
    )
    return Decision(deliveries, after, cancels)


def _compared(before: Announced | None, notice: Notice) -> Notice:
    if before is None or before.notice.priority == notice.priority:
        return notice
    return replace(notice, was_priority=before.notice.priority)


def _heard(announced: Announced | None, now: datetime) -> tuple[str, ...]:
    """Who was told so far, by an escalation too."""
    if announced is None:
        return ()
    late = [each.receiver for each in announced.pending if each.due_at <= now]
    return tuple(dict.fromkeys([*announced.receivers, *late]))


def _deliveries(
    notice: Notice, names: Iterable[str], policies: Mapping[str, Policy], now: datetime
) -> tuple[Delivery, ...]:
    asked = (policies[name] for name in names if name in policies)
    return tuple(_delivery(notice, each, now) for each in asked if notice.event in each.events)


def _delivery(notice: Notice, policy: Policy, now: datetime) -> Delivery:
    if not policy.group_by:
        return Delivery(notice, policy.name, now, now)
    group = "|".join(str(getattr(notice, name)) for name in policy.group_by)
    return Delivery(notice, policy.name, now, _flush(now, policy.group_wait), group=group)


def _flush(now: datetime, wait: timedelta) -> datetime:
    """The end of the window that `now` is in: what comes within one goes in one message."""
    wait_s = wait.total_seconds()
    if not wait_s:
        return now
    at_s = now.timestamp()
    return now + timedelta(seconds=wait_s - at_s % wait_s)


def planned(due: Sequence[Delivery], policy: Policy) -> list[list[Delivery]]:
    """The messages in which `due` would go if there were no limit to them."""
    if policy.gathers:
        return [
            list(due[at : at + policy.batch_max]) for at in range(0, len(due), policy.batch_max)
        ]
    groups: dict[str, list[Delivery]] = {}
    for each in due:
        groups.setdefault(each.group or each.id, []).append(each)
    return [
        group[at : at + policy.batch_max]
        for group in groups.values()
        for at in range(0, len(group), policy.batch_max)
    ]


def limited(
    messages: Sequence[list[Delivery]], allowed: int, policy: Policy
) -> list[list[Delivery]]:
    """At most `allowed` of `messages`; what is too much goes in one digest, or waits."""
    if len(messages) <= allowed or not allowed:
        return list(messages[:allowed])
    if policy.batch_max == 1:
        return list(messages[:allowed])
    rest = [each for message in messages[allowed - 1 :] for each in message]
    return [*messages[: allowed - 1], rest[: policy.batch_max]]


@dataclass(frozen=True, slots=True)
class Breaker:
    """Spares a receiver that does not answer, and the deliveries that would be worn out on it."""

    failures: int = 0
    open_until: datetime | None = None
    reason: str = ""

    def allows(self, now: datetime) -> bool:
        """Whether a message may be tried; after a rest, one as a probe."""
        return self.open_until is None or now >= self.open_until

    @property
    def open(self) -> bool:
        """Whether the receiver is spared, probes apart."""
        return self.open_until is not None

    def failed(self, now: datetime, wait_s: float, reason: str, after: int) -> "Breaker":
        """After a failure that was the receiver's; opens with the `after`th in a row."""
        failures = self.failures + 1
        until = now + timedelta(seconds=wait_s) if failures >= after else self.open_until
        return Breaker(failures, until, reason)


CLOSED = Breaker()
