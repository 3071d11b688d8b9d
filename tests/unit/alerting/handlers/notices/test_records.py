"""Transitions become notices."""

import pytest
from tests.notices import START

from isthmus.alarms.v1.alarm_pb2 import AlarmState, Priority
from isthmus.alarms.v1.transition_pb2 import Transition, TransitionKind
from isthmus.alerting.domain.notices.notice import Event
from isthmus.alerting.handlers.notices.records import KINDS, notice
from isthmus.runtime.errors import Rejected


def a_transition(**fields: object) -> Transition:
    return Transition(
        **{
            "alarm_id": "a1",
            "seq": 1,
            "kind": TransitionKind.TRANSITION_KIND_RAISED,
            "at": START,
            "site": "hagen",
            **fields,
        }  # type: ignore[arg-type]  # fields of many types
    )


def test_everything_that_a_person_needs_is_in_the_notice() -> None:
    """Nobody has to be asked."""
    found = notice(
        a_transition(
            annunciate=True,
            state=AlarmState.ALARM_STATE_UNACKNOWLEDGED,
            priority=Priority.PRIORITY_HIGH,
            message="Too hot.",
            first_action="Look.",
            suppressed=["maintenance:7", "shelved"],
            value=85.25,
            unit="Cel",
            raised_at=START,
        )
    )

    assert (found.event, found.kind, found.priority) == (Event.ALERT, "raised", "high")
    assert (found.state, found.value, found.unit) == ("unacknowledged", "85.25", "Cel")
    assert (found.message, found.first_action) == ("Too hot.", "Look.")
    assert found.suppressed == "maintenance:7, shelved"
    assert found.at == found.raised_at == START


def test_every_kind_of_transition_has_a_meaning() -> None:
    """Also one that only the contract knows."""
    for number in KINDS:
        assert notice(a_transition(kind=number)).event in Event


def test_a_kind_of_a_newer_version_is_refused() -> None:
    """What it means must not be guessed."""
    with pytest.raises(Rejected, match="expected a known kind"):
        notice(a_transition(kind=999))


def test_no_value_is_no_zero() -> None:
    """A state has none."""
    assert notice(a_transition()).value == ""
    assert notice(a_transition(unit="Cel")).value == "0"
