"""When something of an open alarm ends by itself: the next one first, however many there are."""

import heapq
from datetime import datetime
from typing import TypeAlias

Key: TypeAlias = tuple[str, str]
"""Subject and rule of an alarm."""
OUTDATED_MAX = 1000
"""Entries that may be outdated before the heap is made anew, besides as many as are in force."""


class Deadlines:
    """The next deadline of each alarm; to set, to move and to take one costs the same for all."""

    def __init__(self) -> None:
        self._at: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, Key]] = []
        """Holds each deadline in force, and some that were moved since."""

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: Key, at: datetime | None) -> None:
        """The deadline of this alarm is then; None if it has none any more."""
        if self._at.get(key) == at:
            return
        if at is None:
            del self._at[key]
        else:
            self._at[key] = at
            heapq.heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._at) + OUTDATED_MAX:
            self._heap = [(at, key) for key, at in self._at.items()]
            heapq.heapify(self._heap)

    @property
    def first(self) -> datetime | None:
        """The next of all."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else None

    def take(self, until: datetime) -> list[Key]:
        """The alarms that have a deadline by then, in its order; they are no longer waited for."""
        taken = []
        while (first := self.first) is not None and first <= until:
            _, key = heapq.heappop(self._heap)
            del self._at[key]
            taken.append(key)
        return taken

    def _drop_outdated(self) -> None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
