"""What a device itself saw of its poller: connections, requests and writes."""

import time
from collections import Counter, deque
from collections.abc import Callable


class Record:
    """The own record of one endpoint."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
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

    def disconnected(self) -> None:
        self.connections -= 1

    def began(self, kind: str, *, write: bool = False) -> None:
        """Count one request of this function code or service; `ended` must follow."""
        self.requests[kind] += 1
        self.writes += write
        self.in_flight += 1
        self.in_flight_most = max(self.in_flight_most, self.in_flight)
        self._count_second()

    def ended(self) -> None:
        self.in_flight -= 1

    def _count_second(self) -> None:
        now = self._clock()
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
