"""What the devices themselves saw, in one list: the ground truth of every verdict."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from isthmus.simulators.record import Note


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one device saw: `opened`, `closed`, `asked`, `wrote`, `answered`."""

    at: float
    """Monotonic seconds, one clock for all devices."""
    device: str
    what: str
    kind: str
    """Function code or service."""


@dataclass
class History:
    """Events of all devices of one run, in the order in which they happened."""

    events: list[Event] = field(default_factory=list)
    epoch: float = field(default_factory=lambda: time.time() - time.monotonic())
    """What makes wall-clock time of `Event.at`."""

    def of(self, device: str) -> Note:
        """What the record of `device` calls."""
        return lambda at, what, kind: self.events.append(Event(at, device, what, kind))

    def by_device(self) -> dict[str, list[Event]]:
        """The events of each device."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            found[event.device].append(event)
        return found

    def write(self, path: Path) -> None:
        """Keep it, one JSON line an event."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        for event in self.events:
            line = {"at": round(event.at + self.epoch, 6), "device": event.device}
            yield json.dumps({**line, "what": event.what, "kind": event.kind}) + "\n"
