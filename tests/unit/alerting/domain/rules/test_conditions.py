"""Set points: where a value stands, with several levels and a deadband."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.rules.conditions import Limit, Limits, NoData

LEVELS = Limits((Limit(80, "hi"), Limit(90, "hihi")), deadband=5)


@given(st.floats(-1e6, 1e6))
def test_a_value_is_beyond_exactly_when_its_stand_says_so(value: float) -> None:
    """The quick look and the thorough one agree."""
    assert LEVELS.beyond(value) == (LEVELS.place(value).signal is Signal.BEYOND)


@given(st.floats(-1e6, 1e6))
def test_what_holds_is_never_milder_than_what_is_reached(value: float) -> None:
    """A level that is reached has not been left."""
    stand = LEVELS.place(value)
    order = ["", "hi", "hihi"]

    assert stand.signal is not Signal.BEYOND or order.index(stand.holds) >= order.index(
        stand.limit.level
    )


def test_a_source_that_is_read_seldom_may_be_silent_for_longer() -> None:
    """Some intervals, and at least some seconds."""
    silence = NoData(3, 30)

    assert silence.window(2) == timedelta(seconds=30)
    assert silence.window(60) == timedelta(seconds=180)
