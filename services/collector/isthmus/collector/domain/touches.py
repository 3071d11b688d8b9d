"""What was sent to one endpoint since its last record, and whether it is polled."""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum

from isthmus.collector.domain.requests import Request


class PollState(StrEnum):
    """Whether a target is polled, and if not, what holds it."""

    POLLING = "polling"
    PAUSED = "paused"
    OUTSIDE_WINDOW = "outside_window"
    EXCLUDED = "excluded"
    CIRCUIT_OPEN = "circuit_open"
    FENCED = "fenced"
    STOPPED = "stopped"


@dataclass(slots=True)
class Tally:
    """Counts requests of one interval; all times are of one steady clock, in seconds."""

    counts: Counter[Request] = field(default_factory=Counter)
    contacted: bool = False
    """Has anything ever been sent?"""
    in_a_second_most: int = 0
    gap_s_least: float = float("inf")
    _ended_at: float = float("-inf")
    _second: deque[float] = field(default_factory=deque)

    def began(self, kind: Request, now: float) -> None:
        """One request leaves."""
        self.counts[kind] += 1
        self.contacted = True
        self.gap_s_least = min(self.gap_s_least, now - self._ended_at)
        second = self._second
        second.append(now)
        while second[0] <= now - 1:
            second.popleft()
        self.in_a_second_most = max(self.in_a_second_most, len(second))

    def ended(self, now: float) -> None:
        """The request that began last has its answer, or is given up."""
        self._ended_at = now

    def cleared(self) -> None:
        """Begin the next interval; what lies across its border still counts in gap and rate."""
        self.counts.clear()
        self.in_a_second_most = 0
        self.gap_s_least = float("inf")
