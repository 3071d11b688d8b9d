"""Values that move, and templates."""

from typing import Any

import pytest

from isthmus.simulators.state import Meter, State, Wave


def test_a_wave_swings_around_its_mean(clock: Any) -> None:
    """A quarter of a period after birth a wave is at its top."""
    state = State({"temperature": Wave(mean=60, amplitude=2, period_s=40)}, clock)
    assert state["temperature"] == 60
    clock.now += 10
    assert state["temperature"] == pytest.approx(62)


def test_a_meter_only_grows(clock: Any) -> None:
    """A counter is its start and its rate times the age."""
    state = State({"octets": Meter(start=100, per_s=5)}, clock)
    clock.now += 4
    assert state["octets"] == 120


def test_uptime_counts_hundredths_of_a_second(clock: Any) -> None:
    """Every device knows its uptime in TimeTicks."""
    state = State({}, clock)
    clock.now += 1.5
    assert state.show("{uptime}") == 150


def test_a_template_of_one_name_keeps_the_type() -> None:
    """A number stays a number unless text stands around it."""
    state = State({"firmware": "3.20", "code": 7})
    assert state.show("{code}") == 7
    assert state.show("V{firmware} ({code})") == "V3.20 (7)"
    assert state.show(12) == 12


def test_an_unknown_value_cannot_be_set() -> None:
    """A misspelt name is an error, not a new value."""
    state = State({"firmware": "3.20"})
    with pytest.raises(KeyError):
        state["firmwar"] = "3.30"
