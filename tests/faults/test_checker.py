"""The checker finds what it is there to find; it runs with the other tests."""

from itertools import pairwise

import pytest

from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK, Observation
from tests.faults.checker import Device, excess, failover_s, judge, most_in_a_second
from tests.faults.history import Event, History

PLC = Device("plc", interval_s=2.0, read="fc04")


def seen(*events: tuple[float, str, str]) -> History:
    """A history of one device; the epoch is the clock's zero."""
    return History([Event(at, "plc", what, kind) for at, what, kind in events], epoch=0.0)


def read(at: float, kind: str = "fc04") -> tuple[tuple[float, str, str], ...]:
    """One request and its answer."""
    return (at, "asked", kind), (at + 0.01, "answered", "")


def said(slot_s: float, name: str = "") -> Observation:
    """The Observation of one slot."""
    observation = Observation(target="plc", id=name or str(slot_s), outcome=OUTCOME_OK)
    observation.slot_at.FromMilliseconds(int(slot_s * 1000))
    return observation


def test_a_quiet_run_has_no_violation() -> None:
    """One connection, two reads of two slots, and an Observation of each."""
    history = seen((10.0, "opened", ""), *read(10.1), *read(12.1), (13.0, "closed", ""))

    verdict = judge(history, [PLC], [said(10.0), said(12.0)])

    assert verdict.violations == []
    assert (verdict.reads, verdict.observations, verdict.connections_most) == (2, 2, 1)
    assert verdict.silence_s_most == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (seen((10, "opened", ""), (11, "opened", "")), "2 connections"),
        (seen(*read(10.1), (11, "wrote", "fc06"), (11.1, "answered", "")), "a write, fc06"),
        (seen(*read(10.1), *read(11.9)), "2 reads in slot"),
        (seen((10.1, "asked", "fc03"), (10.15, "asked", "fc03")), "0.0000 s after an answer"),
        (seen(*read(10.1, "fc03"), *read(10.12, "fc03")), "0.0100 s after an answer"),
        (seen(*(e for n in range(6) for e in read(10 + n / 10, "fc03"))), "requests ahead"),
        (seen(*read(12.1)), "2 Observations of 1 reads"),
    ],
)
def test_each_harm_is_found_alone(history: History, found: str) -> None:
    """One thing that must not be, and the one sentence that says so."""
    violations = judge(history, [PLC], [said(10.0), said(12.0)]).violations

    assert [v for v in violations if found in v]
    if "Observations of" not in found:
        assert not [v for v in violations if found not in v and "Observations of" not in v]


def test_slots_that_moved_are_found() -> None:
    """The phase of a target is the same in every collector."""
    assert judge(seen(*read(10.1)), [PLC], [said(10.0), said(12.5)]).violations


def test_what_is_published_twice_is_no_harm_but_a_figure() -> None:
    """An id makes the repetition harmless."""
    verdict = judge(seen(*read(10.1)), [PLC], [said(10.0), said(10.0)])

    assert (verdict.violations, verdict.published_again) == ([], 1)


def test_a_read_that_nobody_published_is_counted() -> None:
    """A killed collector takes its last reads with it."""
    assert judge(seen(*read(10.1), *read(12.1)), [PLC], [said(10.0)]).unpublished == 1


def test_failover_is_the_longest_wait_of_any_device() -> None:
    """From the fault to the device's next read; for ever where there is none."""
    history = seen(*read(10.1), *read(12.1))

    assert failover_s(history, [PLC], 11.0) == pytest.approx(1.1)
    assert failover_s(history, [PLC], 13.0) == float("inf")


def test_the_busiest_second_lies_anywhere() -> None:
    """Not on the full second of a clock."""
    assert most_in_a_second([1.0, 1.6, 1.9, 2.4, 2.5]) == 4


def test_a_rate_holds_over_every_span() -> None:
    """A burst, then exactly the rate: never more ahead than the burst."""
    times = [0.0, 0.0, 0.0, 0.0] + [n / 2 for n in range(1, 50)]

    assert excess(times, 2.0) == pytest.approx(4.0)
    assert excess([*times, times[-1]], 2.0) == pytest.approx(5.0)
    assert all(later >= at for at, later in pairwise(times))
