"""What a device itself saw of its poller: connections, requests and writes."""

import time
from collections import Counter, deque
from collections.abc import Callable

# When, what (`opened`, `closed`, `asked`, `wrote`, `answered`), and the function code or service.
Note = Callable[[float, str, str], None]


def _forget(*_: object) -> None:
    """What happens to notes that nobody keeps."""


class Record:
    """The own record of one endpoint."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.note: Note = _forget
        """Hears of everything as it happens, for whoever keeps a history."""
        self._last_second: deque[float] = deque()
        self.requests: Counter[str] = Counter()
        self.connections = 0
        self.connections_most = 0
        self.in_flight = 0
        self.in_flight_most = 0
        self.requests_per_s_most = 0
        self.writes = 0

    def connected(self) -> None:
        self.connections += 1
        self.connections_most = max(self.connections_most, self.connections)
        self.note(self._clock(), "opened", "")

    def disconnected(self) -> None:
        self.connections -= 1
        self.note(self._clock(), "closed", "")

    def began(self, kind: str, *, write: bool = False) -> None:
        """Count one request of this function code or service; `ended` must follow."""
        self.requests[kind] += 1
        self.writes += write
        self.in_flight += 1
        self.in_flight_most = max(self.in_flight_most, self.in_flight)
        now = self._clock()
        self._count_second(now)
        self.note(now, "wrote" if write else "asked", kind)

    def ended(self) -> None:
        self.in_flight -= 1
        self.note(self._clock(), "answered", "")

    def _count_second(self, now: float) -> None:
        self._last_second.append(now)
        while self._last_second[0] <= now - 1.0:
            self._last_second.popleft()
        self.requests_per_s_most = max(self.requests_per_s_most, len(self._last_second))

    def as_dict(self) -> dict[str, object]:
        return {
            "connections": self.connections,
            "connections_most": self.connections_most,
            "requests": dict(sorted(self.requests.items())),
            "requests_per_s_most": self.requests_per_s_most,
            "in_flight_most": self.in_flight_most,
            "writes": self.writes,
        }
