"""The verdict over a run, from the devices' own record: how many, how often, how soon again.

What a collector says of itself is used for one thing only: the ids of its Observations, which must
be no more than the reads that the devices saw.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import pairwise

from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK, Observation
from tests.faults.history import Event, History

JITTER_S = 0.1  # that one request may wait on its way and the next may not
INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one device bears."""

    connections_max: int = 1
    requests_per_s: float = 2.0
    burst: float = 4.0
    """Requests that may follow one another before the rate holds."""
    gap_s: float = 0.05

    def times(self, units: int) -> "Limits":
        """What a gateway bears whose units bear this much each."""
        rate, burst = units * self.requests_per_s, units * self.burst
        return replace(self, requests_per_s=rate, burst=burst)


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of one device beforehand."""

    name: str
    interval_s: float
    read: str = ""
    """The request that each read of it has exactly once; empty where there is none."""
    limits: Limits = Limits()


@dataclass
class Verdict:
    """Figures of a run, and what in it must not have been."""

    devices: int = 0
    requests: int = 0
    writes: int = 0
    connections_most: int = 0
    in_flight_most: int = 0
    requests_in_a_second_most: int = 0
    gap_s_least: float = float("inf")
    """Of those devices that need one."""
    reads: int = 0
    observations: int = 0
    """Those that say what the device answered."""
    published_again: int = 0
    """Observations that are on the topic more than once, with one id."""
    unpublished: int = 0
    """Reads that a device saw and no Observation tells of: its collector was killed."""
    reads_apart_s_least: float = float("inf")
    silence_s_most: float = 0.0
    violations: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The figures in one line."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "violations"}
        shown = {k: f"{v:.3g}" if isinstance(v, float) else v for k, v in told.items()}
        return " ".join(f"{name}={value}" for name, value in shown.items())

    def as_dict(self) -> dict[str, object]:
        """As it is kept in build/faults."""
        return asdict(self)


def judge(
    history: History, devices: Iterable[Device], observations: Sequence[Observation]
) -> Verdict:
    """Check every device of a run."""
    events = history.by_device()
    said = _said(observations)
    verdict = Verdict()
    for device in devices:
        verdict.devices += 1
        seen = events.get(device.name, [])
        _connections(verdict, device, seen)
        _requests(verdict, device, seen)
        _gaps(verdict, device, seen)
        if device.read:
            _slots(verdict, device, seen, said.get(device.name, []), history.epoch)
    return verdict


def failover_s(history: History, devices: Iterable[Device], at: float) -> float:
    """Longest time from `at` to the next read of a device; infinite while one was not read."""
    events = history.by_device()
    return max(_waited_s(reads(device, events.get(device.name, [])), at) for device in devices)


def _waited_s(came: Iterable[float], at: float) -> float:
    return min((read_at - at for read_at in came if read_at > at), default=INFINITE)


def reads(device: Device, seen: Sequence[Event]) -> list[float]:
    """When the reads of a device came."""
    return [e.at for e in seen if e.what == "asked" and e.kind == device.read]


def most_in_a_second(times: Iterable[float]) -> int:
    """Most of `times`, which are in order, within any one second."""
    last: deque[float] = deque()
    most = 0
    for at in times:
        last.append(at)
        while last[0] <= at - 1.0:
            last.popleft()
        most = max(most, len(last))
    return most


def excess(times: Iterable[float], per_s: float) -> float:
    """Most by which `times`, which are in order, are ahead of a rate (GCRA, ITU-T I.371)."""
    level = most = before = 0.0
    for at in times:
        level = max(0.0, level - (at - before) * per_s) + 1
        most, before = max(most, level), at
    return most


def _said(observations: Sequence[Observation]) -> Mapping[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for observation in observations:
        found.setdefault(observation.target, []).append(observation)
    return found


def _connections(verdict: Verdict, device: Device, seen: Sequence[Event]) -> None:
    """Never more connections at the same time than the device bears."""
    steps = {"opened": 1, "closed": -1}
    is_open = 0
    for event in seen:
        is_open += steps.get(event.what, 0)
        verdict.connections_most = max(verdict.connections_most, is_open)
        if event.what == "opened" and is_open > device.limits.connections_max:
            verdict.violations.append(f"{device.name}: {is_open} connections at {event.at:.3f}")


def _requests(verdict: Verdict, device: Device, seen: Sequence[Event]) -> None:
    """No write; and in no span of time more than the burst and the rate."""
    times = [e.at for e in seen if e.what in ("asked", "wrote")]
    writes = [e.kind for e in seen if e.what == "wrote"]
    verdict.requests += len(times)
    verdict.writes += len(writes)
    verdict.violations += [f"{device.name}: a write, {kind}" for kind in writes]
    most = most_in_a_second(times)
    verdict.requests_in_a_second_most = max(verdict.requests_in_a_second_most, most)
    per_s = device.limits.requests_per_s
    ahead = excess(times, per_s)
    if ahead > device.limits.burst + JITTER_S * per_s:
        verdict.violations.append(f"{device.name}: {ahead:.1f} requests ahead of {per_s:g} per s")


def _gaps(verdict: Verdict, device: Device, seen: Sequence[Event]) -> None:
    """One request at a time, and the device's rest after each."""
    in_flight, answered_at = 0, -INFINITE
    for event in seen:
        if event.what == "answered":
            in_flight, answered_at = in_flight - 1, event.at
        elif event.what in ("asked", "wrote"):
            in_flight += 1
            verdict.in_flight_most = max(verdict.in_flight_most, in_flight)
            gap_s = event.at - answered_at if in_flight == 1 else 0.0
            if device.limits.gap_s:
                verdict.gap_s_least = min(verdict.gap_s_least, gap_s)
            if gap_s < device.limits.gap_s:
                verdict.violations.append(
                    f"{device.name}: {gap_s:.4f} s after an answer at {event.at:.3f}"
                )


def _slots(
    verdict: Verdict,
    device: Device,
    seen: Sequence[Event],
    said: Sequence[Observation],
    epoch: float,
) -> None:
    """One read for one slot, by whomever; and each Observation is a read that the device saw."""
    came = reads(device, seen)
    slots_ms = {o.id: o.slot_at.ToMilliseconds() for o in said}
    interval_ms = round(device.interval_s * 1000)
    phases = {slot_ms % interval_ms for slot_ms in slots_ms.values()}
    if len(phases) != 1 or len(set(slots_ms.values())) != len(slots_ms):
        verdict.violations.append(f"{device.name}: {len(phases)} phases, slots under several ids")
        return
    phase_ms = phases.pop()
    numbers = Counter(int(((at + epoch) * 1000 - phase_ms) // interval_ms) for at in came)
    verdict.violations += [
        f"{device.name}: {count} reads in slot {number}"
        for number, count in numbers.items()
        if count > 1
    ]
    apart = [later - at for at, later in pairwise(came)]
    verdict.reads_apart_s_least = min([verdict.reads_apart_s_least, *apart])
    verdict.silence_s_most = max([verdict.silence_s_most, *apart])
    _compare(verdict, device, len(came), said)


def _compare(verdict: Verdict, device: Device, came: int, said: Sequence[Observation]) -> None:
    answered = [o.id for o in said if o.outcome == OUTCOME_OK]
    ids = len(set(answered))
    verdict.reads += came
    verdict.observations += ids
    verdict.published_again += len(answered) - ids
    verdict.unpublished += max(0, came - ids)
    if came < ids:
        verdict.violations.append(f"{device.name}: {ids} Observations of {came} reads")
