"""Who is told of what, by the states of alarms and the routes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.notices import START, a_notice, after, policies

from isthmus.alerting.domain.notices.delivery import (
    CLOSED,
    Announced,
    Decision,
    Delivery,
    DeliveryState,
    Times,
    decide,
    limited,
    planned,
)
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.domain.notices.routing import Step, Told

ALL = policies("desk", "night", "chief")
DESK = Told(("desk",), (Step(timedelta(minutes=15), ("chief",)),))


def decided(
    before: Announced | None, notice: Notice, told: Told = DESK, second: float = 0
) -> Decision:
    return decide(before, notice, told, ALL, Times(after(second), timedelta(hours=6)))


def ids(decision: Decision) -> list[str]:
    return [each.id for each in decision.deliveries]


def announced(second: float = 0) -> Announced:
    found = decided(None, a_notice(), second=second).announced
    assert found is not None
    return found


def test_an_alert_goes_to_those_whom_the_routes_name_now_and_later() -> None:
    """A step of the escalation is a delivery that is due later."""
    decision = decided(None, a_notice())

    assert ids(decision) == ["a1:1:desk", "a1:1:chief:1"]
    assert [each.due_at for each in decision.deliveries] == [START, after(900)]


def test_who_was_told_hears_of_the_end_whatever_the_routes_say_by_now() -> None:
    """The shift has changed: the one that was woken is told, the other never knew of it."""
    decision = decided(announced(), a_notice(Event.END, 2), Told(("night",)))

    assert ids(decision) == ["a1:2:desk"]
    assert decision.announced is None
    assert decision.cancels


def test_who_was_reached_by_the_escalation_hears_of_the_end_too() -> None:
    """But not who would have been later."""
    early = decided(announced(), a_notice(Event.END, 2), second=899)
    late = decided(announced(), a_notice(Event.END, 2), second=900)

    assert ids(early) == ["a1:2:desk"]
    assert ids(late) == ["a1:2:desk", "a1:2:chief"]


def test_nobody_hears_of_the_end_of_what_nobody_heard_of() -> None:
    """It was raised and over in a maintenance window."""
    assert decided(None, a_notice(Event.END, 2)) == Decision(outcome="untold")


@pytest.mark.parametrize(
    ("notice", "ends"),
    [
        (a_notice(Event.UPDATE, 2), True),
        (a_notice(Event.QUIET, 2), True),
        (a_notice(Event.END, 2), True),
        (a_notice(Event.UPDATE, 2, kind="commented"), False),
        (a_notice(Event.UPDATE, 2, kind="latched"), False),
        (a_notice(Event.UPDATE, 2, kind="stale"), False),
    ],
)
def test_an_escalation_ends_by_acknowledge_hold_and_end_only(notice: Notice, ends: bool) -> None:
    """A comment is no acknowledgement."""
    assert decided(announced(), notice).cancels is ends


def test_an_escalation_is_never_put_off_by_a_further_alert() -> None:
    """An alarm whose level goes up and down would otherwise never reach the chief."""
    risen = a_notice(Event.ALERT, 2, kind="level_changed", priority="critical")

    decision = decided(announced(), risen, second=600)

    assert decision.cancels
    assert [each.due_at for each in decision.deliveries if each.step] == [after(900)]
    assert decision.deliveries[0].notice.was_priority == "high"


def test_an_escalation_that_was_due_before_is_due_at_once() -> None:
    """Not before it was asked for."""
    again = decided(announced(), a_notice(Event.ALERT, 2), second=1000)

    assert [each.due_at for each in again.deliveries if each.step] == [after(1000)]


def test_after_an_acknowledgement_the_clock_of_the_escalation_starts_anew() -> None:
    """The alarm was taken on, and lasts too long."""
    acknowledged = decided(announced(), a_notice(Event.UPDATE, 2), second=60).announced
    assert acknowledged is not None

    again = decided(acknowledged, a_notice(Event.ALERT, 3, kind="reannunciated"), second=5000)

    assert [each.due_at for each in again.deliveries if each.step] == [after(5900)]


def test_news_of_a_time_long_past_is_kept_and_told_to_nobody() -> None:
    """Notices were switched on over a topic with a year of transitions."""
    decision = decided(None, a_notice(), second=7 * 3600)

    assert [each.state for each in decision.deliveries] == [DeliveryState.OUTDATED]
    assert decision.announced is None
    assert decision.outcome == "outdated"


def test_an_alarm_that_no_route_names_anybody_for_is_counted() -> None:
    """Nothing is dropped silently."""
    assert decided(None, a_notice(), Told()).outcome == "unrouted"


def test_a_receiver_hears_only_of_what_it_asks_for() -> None:
    """A person's mail has no news of comments."""
    quiet = {"desk": replace(ALL["desk"], events=frozenset({Event.ALERT, Event.END}))}
    before = announced()

    update = decide(before, a_notice(Event.UPDATE, 2), DESK, quiet, Times(START))

    assert update.deliveries == ()
    assert update.announced is not None


def test_a_receiver_that_is_no_longer_configured_is_left_out() -> None:
    """Nobody would ever tell it."""
    end = decide(announced(), a_notice(Event.END, 2), DESK, policies("night"), Times(START))

    assert end.deliveries == ()


def test_what_comes_within_one_window_is_due_together() -> None:
    """Whenever in the window it came."""
    mail = policies("desk", group_by=("site",), group_wait=timedelta(seconds=30))
    times = [Times(after(second)) for second in (1, 12, 29, 31)]

    due = [
        decide(None, a_notice(alarm_id=str(n)), Told(("desk",)), mail, t).deliveries[0]
        for n, t in enumerate(times)
    ]

    assert [each.due_at for each in due] == [after(30)] * 3 + [after(60)]
    assert {each.group for each in due} == {"hagen"}


def a_delivery(number: int, group: str = "") -> Delivery:
    return Delivery(a_notice(alarm_id=f"a{number}"), "desk", START, START, group=group)


def sizes(messages: list[list[Delivery]]) -> list[int]:
    return [len(message) for message in messages]


def test_each_delivery_is_a_message_unless_a_group_joins_them() -> None:
    """Groups are cut where a message may not be longer."""
    due = [a_delivery(1, "x"), a_delivery(2), a_delivery(3, "x"), a_delivery(4, "x")]
    (policy,) = policies("desk", batch_max=2).values()

    assert sizes(planned(due, policy)) == [2, 1, 1]


def test_a_receiver_of_states_gets_all_of_them_in_one_message() -> None:
    """As Alertmanager takes them."""
    (policy,) = policies("desk", batch_max=3, gathers=True).values()

    assert sizes(planned([a_delivery(n) for n in range(7)], policy)) == [3, 3, 1]


def test_more_than_the_limit_goes_in_one_digest_and_nothing_is_dropped() -> None:
    """The last message that is allowed takes the rest."""
    (policy,) = policies("desk", batch_max=100).values()
    messages = planned([a_delivery(n) for n in range(10)], policy)

    assert sizes(limited(messages, 10, policy)) == [1] * 10
    assert sizes(limited(messages, 3, policy)) == [1, 1, 8]
    assert limited(messages, 0, policy) == []


def test_where_a_message_holds_one_notice_the_others_wait() -> None:
    """An incident is about one alarm."""
    (policy,) = policies("desk").values()

    assert sizes(limited(planned([a_delivery(n) for n in range(5)], policy), 2, policy)) == [1, 1]


def test_the_breaker_opens_after_failures_in_a_row_and_lets_a_probe_through() -> None:
    """So that a receiver which is down costs one try now and then."""
    breaker = CLOSED
    for _ in range(4):
        breaker = breaker.failed(START, 10, "down", after=5)
    assert not breaker.open

    breaker = breaker.failed(START, 10, "down", after=5)

    assert breaker.open
    assert not breaker.allows(after(9))
    assert breaker.allows(after(10))
