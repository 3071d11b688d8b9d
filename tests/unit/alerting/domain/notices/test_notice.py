"""What a transition means for those who are told."""

import pytest
from tests.notices import a_notice

from isthmus.alerting.domain.notices.notice import Event, meaning


@pytest.mark.parametrize(
    ("kind", "annunciate", "event"),
    [
        ("raised", True, Event.ALERT),
        ("raised", False, Event.UPDATE),
        ("unshelved", True, Event.ALERT),
        ("cleared", False, Event.END),
        ("reset", False, Event.END),
        ("closed", False, Event.END),
        ("shelved", False, Event.QUIET),
        ("latched", False, Event.UPDATE),
        ("stale", False, Event.UPDATE),
    ],
)
def test_what_is_annunciated_is_an_alert_whatever_its_kind(
    kind: str, annunciate: bool, event: Event
) -> None:
    """And what is not, an end, a hold, or news."""
    assert meaning(kind, annunciate=annunciate) is event


def test_the_key_of_a_step_is_that_of_its_transition() -> None:
    """`alarm_id:seq`."""
    assert a_notice(seq=7).key == "a1:7"
