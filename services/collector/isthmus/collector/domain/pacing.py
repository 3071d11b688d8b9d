"""How fast requests may follow each other: rates, and slowing down when a device labours."""

from dataclasses import dataclass, field

BURST = 4
"""Requests that may come at once after a rest, whatever the rate."""

LATENCY_WEIGHT = 0.2
LATENCY_FLOOR_S = 0.02  # below it a latency is our own machine's noise
LABOURING = 3.0  # times the usual latency
RATIO_MAX = 6.0  # one late answer alone never counts as labouring
FACTOR_MAX = 16.0
SLOWED_S = 5.0  # time that a slower rate has to show its effect
RECOVERY_S = 30.0
RECOVERY = 0.8
FORGETTING = 0.98


@dataclass(eq=False, slots=True, weakref_slot=True)
class Bucket:
    """A rate with a burst, as GCRA: ITU-T I.371, annex A, virtual scheduling.

    In any time `t` it lets through at most `burst + t / period_s`.
    """

    due_at: float = float("-inf")
    """Theoretical arrival time: when the next request is due at an even pace."""
    waiting: int = 0
    """Requests that wait for it; each newcomer comes after them."""

    def wait_s(self, now: float, period_s: float, burst: float = BURST) -> float:
        """Time until one more may pass; not above zero when it may now."""
        return self.due_at - (burst - 1) * period_s - now

    def settle(self, now: float, period_s: float, burst: float = BURST) -> None:
        """Another rate holds: nobody waits for what was taken at a slower one."""
        self.due_at = min(self.due_at, now + burst * period_s)

    def take(self, now: float, period_s: float) -> None:
        """Let one pass; the caller has waited."""
        self.due_at = max(self.due_at, now) + period_s


@dataclass(slots=True)
class Adaptive:
    """Halves the rate of an endpoint that labours or says that it is busy; recovers slowly."""

    factor: float = 1.0
    """How many times longer than usual each request is apart from the next."""
    ratio: float = 1.0
    """Mean of the latest latencies, each over what is usual for its kind of request."""
    changed_at: float = float("-inf")
    usual_s: dict[str, float] = field(default_factory=dict)
    """Latency that is usual for each kind of request."""

    def answered(self, kind: str, latency_s: float, now: float) -> None:
        """Learn from one answer."""
        usual_s = self.usual_s.get(kind, latency_s)
        sample = min(RATIO_MAX, latency_s / max(usual_s, LATENCY_FLOOR_S))
        self.ratio += LATENCY_WEIGHT * (sample - self.ratio)
        # Faster answers are learnt soon, slower ones late: a device that labours for an hour
        # is not usual, one that has become slower for good is, some day.
        self.usual_s[kind] = usual_s + (0.2 if latency_s < usual_s else 0.01) * (
            latency_s - usual_s
        )
        if self.ratio > LABOURING:
            self.busy(now)
        elif self.factor > 1 and now - self.changed_at >= RECOVERY_S:
            self.factor = max(1.0, self.factor * RECOVERY)
            self.changed_at = now

    def not_asked(self, kind: str) -> None:
        """For want of time: it may be faster by now, and must be asked again some day."""
        if kind in self.usual_s:
            self.usual_s[kind] *= FORGETTING

    def busy(self, now: float) -> None:
        """Half the rate, unless that has only just been done."""
        if now - self.changed_at < SLOWED_S:
            return
        self.factor = min(FACTOR_MAX, self.factor * 2)
        self.changed_at = now

    def gap_s(self, gap_s: float, latency_s: float) -> float:
        """The gap after a request that took `latency_s`, so that the period is `factor` times."""
        return self.factor * gap_s + (self.factor - 1) * latency_s
