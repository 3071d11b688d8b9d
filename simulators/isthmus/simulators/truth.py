"""The truth log: every change that was made to a simulated device, numbered."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class TruthChange:
    """One change: `what` is a value's name, a field of the truth, or `silent`."""

    seq: int
    at: float
    device: str
    what: str
    before: object
    after: object


class TruthLog:
    """Numbered changes, oldest first, without a gap."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.changes: list[TruthChange] = []

    def add(self, device: str, what: str, before: object, after: object) -> None:
        """Note a change; one that changes nothing is not noted."""
        if before == after:
            return
        seq = len(self.changes) + 1
        self.changes.append(TruthChange(seq, self._clock(), device, what, before, after))

    def as_list(self) -> list[dict[str, object]]:
        return [asdict(change) for change in self.changes]
