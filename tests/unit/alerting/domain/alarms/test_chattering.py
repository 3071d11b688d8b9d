"""An alarm that is raised three times within a minute says so, and goes on to call."""

from datetime import timedelta

from tests.unit.alerting.conftest import START

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.alarms.machine import step
from isthmus.alerting.domain.alarms.transition import Kind, Transition

BLANK = Alarm("a", "hot", "hagen/t", "hagen", "", "low", "Look.", "temperature", 0)


def told(*seconds: float) -> tuple[Alarm, list[Transition]]:
    """It is raised at each of these seconds, and over a second later."""
    alarm, raised = BLANK, []
    for second in seconds:
        for more, signal in ((0, Signal.BEYOND), (1, Signal.CLEAR)):
            at = START + timedelta(seconds=second + more)
            alarm, steps = step(alarm, Sample(at, signal))
            raised += [each for each in steps if each.kind is Kind.RAISED]
    return alarm, raised


def test_the_third_raise_within_a_minute_is_chattering() -> None:
    """ISA-18.2; nothing is held back because of it."""
    alarm, raised = told(0, 30, 60)

    assert alarm.chattering
    assert [each.chattering for each in raised] == [False, False, True]
    assert all(each.annunciate for each in raised)


def test_raises_that_are_further_apart_are_none() -> None:
    """And the flag is gone with the next raise that is alone."""
    assert not told(0, 30, 61)[0].chattering
    assert not told(0, 10, 20, 300)[0].chattering
    assert told(0, 10, 20, 30)[0].chattering
