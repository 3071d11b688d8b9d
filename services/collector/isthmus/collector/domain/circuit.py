"""When to leave a device alone that does not answer, and when to try it again.

The circuit breaker of Nygard, Release It!, chapter 5; the rest is exponential with full jitter
(Brooker, Exponential Backoff and Jitter), so that devices that failed together are not asked
together.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from isthmus.collector.domain.reading import DeviceReading, Outcome, Reading

FAILURES_MAX = 3
REST_INITIAL_S = 5.0
DOUBLINGS_MAX = 20  # beyond any ceiling


class CircuitState(StrEnum):
    """Whether a device is asked."""

    CLOSED = "closed"
    """It is asked at every slot."""
    OPEN = "open"
    """It rests."""
    HALF_OPEN = "half_open"
    """Its rest is over: one read decides."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a device's failures; it rests from `since` to `until`."""

    failures: int = 0
    until: float = 0.0
    since: float = 0.0

    def state(self, now: float) -> CircuitState:
        """Whether it is asked at `now`."""
        if self.failures < FAILURES_MAX:
            return CircuitState.CLOSED
        # Before `since` the clock was set back: nobody knows how much of the rest is over.
        return CircuitState.OPEN if self.since <= now < self.until else CircuitState.HALF_OPEN

    def failed(self, now: float, rest_max_s: float, jitter: float) -> "Circuit":
        """After one more failure; `jitter` is within 0 and 1."""
        failures = self.failures + 1
        if failures < FAILURES_MAX:
            return Circuit(failures)
        doublings = min(failures - FAILURES_MAX, DOUBLINGS_MAX)
        rest_s = jitter * min(rest_max_s, REST_INITIAL_S * 2.0**doublings)
        return Circuit(failures, now + rest_s, since=now)


CLOSED = Circuit()


class Siblings:
    """The devices behind one endpoint: a dead one rests, and the others keep their pace."""

    __slots__ = ("_failing",)

    def __init__(self) -> None:
        self._failing: dict[str, tuple[Circuit, DeviceReading]] = {}

    def resting(self, now: float) -> frozenset[str]:
        """Paths of the devices that are not to be asked at `now`."""
        if not self._failing:
            return frozenset()
        return frozenset(
            path for path, (c, _) in self._failing.items() if c.state(now) is CircuitState.OPEN
        )

    def judged(
        self,
        reading: Reading,
        resting: Collection[str],
        now: float,
        rest_max_s: float,
        jitter: Callable[[], float],
    ) -> Reading:
        """The reading with the last result of those that rested; each other one is judged."""
        if reading.outcome is not Outcome.OK:
            return reading
        asked = [device for device in reading.devices if device.path and device.path not in resting]
        for device in asked:
            circuit, _ = self._failing.pop(device.path, (CLOSED, device))
            if device.outcome is not Outcome.OK:
                self._failing[device.path] = circuit.failed(now, rest_max_s, jitter()), device
        if not self._failing:
            return reading
        absent = self._failing.keys() - {device.path for device in reading.devices}
        rested = tuple(self._last(path) for path in sorted(absent) if _below(path, resting))
        for path in absent - {device.path for device in rested}:
            del self._failing[path]  # the endpoint no longer shows it
        return replace(reading, devices=reading.devices + rested)

    def _last(self, path: str) -> DeviceReading:
        circuit, last = self._failing[path]
        until = datetime.fromtimestamp(circuit.until, UTC)
        error = f"{path}: not asked until {until:%H:%M:%S} UTC; last: {last.error}"
        return DeviceReading(path, last.outcome, error)


def _below(path: str, resting: Collection[str]) -> bool:
    """Does a device rest, or the one that it stands behind?"""
    return any(path == each or path.startswith(f"{each}/") for each in resting)
