"""Circuits: three failures open one, a rest ends in one probe, and a success closes it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from isthmus.collector.domain.circuit import (
    CLOSED,
    FAILURES_MAX,
    REST_INITIAL_S,
    Circuit,
    CircuitState,
    Siblings,
)
from isthmus.collector.domain.reading import DeviceReading, Outcome, Reading

REST_MAX_S = 900.0
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()


@given(st.integers(0, 100), st.floats(0, 1), st.floats(1, 86_400), st.floats(0, 4e9))
def test_a_rest_is_within_its_ceiling(
    failures: int, jitter: float, rest_max_s: float, now: float
) -> None:
    """Five seconds, doubling with each further failure, up to the envelope's; at random below."""
    circuit = Circuit(failures).failed(now, rest_max_s, jitter)
    doublings = max(0, failures + 1 - FAILURES_MAX)
    ceiling_s = min(rest_max_s, REST_INITIAL_S * 2.0 ** min(doublings, 30))
    if failures + 1 < FAILURES_MAX:
        assert circuit.state(now) is CircuitState.CLOSED
    else:
        assert now <= circuit.until <= now + ceiling_s * (1 + 1e-6) + 1e-6


class Polled(RuleBasedStateMachine):
    """One target, read whenever its circuit lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.circuit = CLOSED
        self.failures = 0

    @rule(ok=st.booleans(), jitter=st.floats(0, 1), after_s=st.floats(0.1, 2000))
    def slot(self, ok: bool, jitter: float, after_s: float) -> None:
        """A slot comes."""
        self.now += after_s
        if self.circuit.state(self.now) is CircuitState.OPEN:
            return
        self.failures = 0 if ok else self.failures + 1
        self.circuit = CLOSED if ok else self.circuit.failed(self.now, REST_MAX_S, jitter)

    @invariant()
    def is_closed_below_three_failures(self) -> None:
        """And never before: one lost answer costs nothing."""
        is_closed = self.circuit.state(self.now) is CircuitState.CLOSED
        assert is_closed is (self.failures < FAILURES_MAX)

    @invariant()
    def is_tried_again(self) -> None:
        """Nothing rests for ever: after the longest rest a probe is let through."""
        assert self.circuit.state(self.now + REST_MAX_S + 1) is not CircuitState.OPEN


TestPolled = Polled.TestCase


def unit(path: str, outcome: Outcome = Outcome.OK, error: str = "") -> DeviceReading:
    """A device behind a gateway."""
    return DeviceReading(path, outcome, error)


def read(siblings: Siblings, now: float, **outcomes: Outcome) -> Reading:
    """One read, in which those that rest are left out."""
    resting = siblings.resting(now)
    devices = tuple(
        unit(path, outcome, "" if outcome is Outcome.OK else "no answer")
        for path, outcome in outcomes.items()
        if path not in resting
    )
    return siblings.judged(Reading(devices=devices), resting, now, REST_MAX_S, lambda: 1.0)


def test_a_dead_device_rests_alone() -> None:
    """Its neighbours are asked at every slot; it comes back after one good answer."""
    siblings, dead = Siblings(), {"a": Outcome.OK, "b": Outcome.TIMEOUT}
    for second in range(3):
        read(siblings, NOON + second, **dead)
    assert siblings.resting(NOON + 3) == {"b"}
    assert siblings.resting(NOON + 2 + REST_INITIAL_S) == frozenset()
    read(siblings, NOON + 10, a=Outcome.OK, b=Outcome.OK)
    assert siblings.resting(NOON + 11) == frozenset()
    assert not siblings._failing


def test_what_rests_is_heard_of_with_its_last_result() -> None:
    """Downstream it stays what it was: a device that does not answer."""
    siblings = Siblings()
    for second in range(3):
        read(siblings, NOON + second, b=Outcome.TIMEOUT, a=Outcome.OK)
    a, b = read(siblings, NOON + 4, b=Outcome.TIMEOUT, a=Outcome.OK).devices
    assert a == unit("a")
    assert b.outcome is Outcome.TIMEOUT
    assert b.error == "b: not asked until 12:00:07 UTC; last: no answer"


def test_a_probe_that_fails_rests_again_for_longer() -> None:
    """One question decides."""
    siblings = Siblings()
    for second in (0, 1, 2, 8):
        read(siblings, NOON + second, a=Outcome.TIMEOUT)
    assert siblings.resting(NOON + 8 + 2 * REST_INITIAL_S - 0.1) == {"a"}
    assert siblings.resting(NOON + 8 + 2 * REST_INITIAL_S) == frozenset()


def test_an_endpoint_that_fails_as_a_whole_says_nothing_of_its_devices() -> None:
    """A gateway that is gone leaves its units as they were."""
    siblings, gone = Siblings(), Reading(Outcome.UNREACHABLE, "gone")
    for second in range(9):
        assert siblings.judged(gone, (), NOON + second, REST_MAX_S, lambda: 1.0) == gone
    assert siblings.resting(NOON + 9) == frozenset()


def test_devices_that_all_rest_are_all_heard_of() -> None:
    """Nobody was asked, and nobody is forgotten."""
    siblings, dead = Siblings(), {"a": Outcome.TIMEOUT, "b": Outcome.REFUSED}
    for second in range(3):
        read(siblings, NOON + second, **dead)
    devices = {device.path: device.outcome for device in read(siblings, NOON + 3, **dead).devices}
    assert devices == dead


def test_what_stands_behind_a_device_that_rests_is_heard_of_with_it() -> None:
    """Nobody could ask it; a device that its endpoint no longer shows is forgotten."""
    siblings, gone = (
        Siblings(),
        {"a": Outcome.TIMEOUT, "a/1": Outcome.TIMEOUT, "b": Outcome.TIMEOUT},
    )
    for second in range(3):
        read(siblings, NOON + second, **gone)
    siblings._failing["a/1"] = Circuit(3, NOON), unit("a/1", Outcome.TIMEOUT, "no answer")
    resting = siblings.resting(NOON + 3)
    reading = siblings.judged(Reading(), resting - {"b"}, NOON + 3, REST_MAX_S, lambda: 1.0)
    assert [device.path for device in reading.devices] == ["a", "a/1"]
    assert siblings.resting(NOON + 3) == {"a"}


def test_the_endpoint_itself_is_no_sibling() -> None:
    """Its own circuit is the target's."""
    siblings = Siblings()
    for second in range(9):
        reading = Reading(devices=(unit("", Outcome.REFUSED, "0x02"),))
        siblings.judged(reading, (), NOON + second, REST_MAX_S, lambda: 1.0)
    assert siblings.resting(NOON + 9) == frozenset()


def test_a_clock_that_is_set_back_ends_a_rest() -> None:
    """One read decides; else a wrong clock at a start would cost years."""
    circuit = Circuit(FAILURES_MAX).failed(NOON, REST_MAX_S, 1)
    assert circuit.state(NOON) is CircuitState.OPEN
    assert circuit.state(NOON - 1) is CircuitState.HALF_OPEN
