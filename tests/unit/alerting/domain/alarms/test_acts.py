"""What speaks against a person's act."""

from dataclasses import replace

import pytest
from tests.unit.alerting.domain.alarms.histories import BLANK, at, seconds, shelve

from isthmus.alerting.domain.alarms.acts import GUARDS, Refusal, refusal
from isthmus.alerting.domain.alarms.alarm import (
    AT_ONCE,
    Behaviour,
    Condition,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.events import (
    Acknowledge,
    Act,
    Comment,
    Reset,
    ReturnToService,
    Shelve,
    TakeOutOfService,
    Unshelve,
)

ACTIVE = replace(BLANK, condition=Condition.ACTIVE, unacknowledged=True, seq=3)
LATCHED = replace(ACTIVE, condition=Condition.LATCHED, unacknowledged=False)
OUT = (Suppression(SuppressionKind.OUT_OF_SERVICE, at(0)),)


def test_every_act_has_its_guard() -> None:
    """None is done without a look."""
    assert {each.__name__ for each in GUARDS} == {each.__name__ for each in Act.__subclasses__()}


@pytest.mark.parametrize("make", GUARDS)
def test_an_act_on_what_was_not_seen_so_is_refused(make: type[Act]) -> None:
    """Whatever it is; also one on what was never an alarm."""
    assert refusal(ACTIVE, make(at(1), "a", 2, "why"), AT_ONCE) == Refusal(
        "seq: 2, but the alarm is at 3: look at it again"
    )
    assert refusal(BLANK, make(at(1), "a", 0, "why"), AT_ONCE) == Refusal(
        "it has never been an alarm"
    )


@pytest.mark.parametrize(
    ("alarm", "act", "reason"),
    [
        (LATCHED, Acknowledge(at(1), "a", 3), "nothing to acknowledge: the alarm is acknowledged"),
        (ACTIVE, Reset(at(1), "a", 3), "nothing to reset: its condition is active, not latched"),
        (
            replace(LATCHED, unacknowledged=True), Reset(at(1), "a", 3),
            "acknowledge it first: a latched alarm is reset by who has seen it",
        ),
        (replace(LATCHED, since=at(0)), Reset(at(1), "a", 3), "its condition is back"),
        (ACTIVE, Unshelve(at(1), "a", 3), "the alarm is not shelved"),
        (ACTIVE, ReturnToService(at(1), "a", 3), "the alarm is not out of service"),
        (
            replace(ACTIVE, suppressed_by=OUT), TakeOutOfService(at(1), "a", 3, "why"),
            "the alarm is out of service already",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(alarm: object, act: Act, reason: str) -> None:
    """A person learns what stands against it."""
    assert refusal(alarm, act, AT_ONCE) == Refusal(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (Comment(at(1), "a", 3), "comment"),
        (TakeOutOfService(at(1), "a", 3), "comment"),
        (Shelve(at(1), "a", 3, "", at(2)), "comment"),
        (Shelve(at(1), "a", 3, "why"), "duration_s"),
        (Shelve(at(1), "a", 3, "why", at(1)), "duration_s"),
        (shelve(1, 3, 8 * 3600 + 1), "duration_s"),
    ],
)
def test_what_is_wrong_in_itself_is_told_with_its_field(act: Act, field: str) -> None:
    """No reason, nothing said, no end or one too late."""
    refused = refusal(ACTIVE, act, AT_ONCE)

    assert refused is not None
    assert refused.field == field


def test_a_rule_may_forbid_shelving() -> None:
    """With a limit of zero."""
    refused = refusal(ACTIVE, shelve(1, 3), Behaviour(shelve_max=seconds(0)))

    assert refused == Refusal("its rule lets nobody shelve it")


@pytest.mark.parametrize(
    ("alarm", "act"),
    [
        (ACTIVE, Acknowledge(at(1), "a", 3)),
        (ACTIVE, Comment(at(1), "a", 3, "well")),
        (LATCHED, Reset(at(1), "a", 3)),
        (ACTIVE, shelve(1, 3, 8 * 3600)),
        (ACTIVE, TakeOutOfService(at(1), "a", 3, "why")),
        (replace(ACTIVE, suppressed_by=OUT), ReturnToService(at(1), "a", 3)),
    ],
)
def test_what_fits_is_done(alarm: object, act: Act) -> None:
    """Nothing speaks against it."""
    assert refusal(alarm, act, AT_ONCE) is None  # type: ignore[arg-type]
