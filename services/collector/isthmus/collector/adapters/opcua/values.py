"""Values of a server as facts and points, with what a person should know of their quality."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncua import ua

from isthmus.collector.adapters.opcua.model import Item
from isthmus.collector.adapters.opcua.session import epoch_s

REMARKS_MAX = 5


@dataclass
class Said:
    """What one device said in one read."""

    facts: dict[str, str] = field(default_factory=dict)
    points: dict[str, tuple[float, str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def take(self, item: Item, value: ua.DataValue, server_time_s: float) -> None:
        """Show one value: bad ones not at all, uncertain ones with a remark, stale ones not."""
        status = value.StatusCode
        if status is not None and status.is_bad():
            self.remarks.append(f"{item.name}: {status.name}")
            return
        if _is_stale(item, value, server_time_s):
            self.remarks.append(f"{item.name}: stale since {value.SourceTimestamp:%FT%TZ}")
            return
        if status is not None and status.is_uncertain():
            self.remarks.append(f"{item.name}: {status.name}")
        if value.Value is not None and item.name:
            place(item, value.Value.Value, self.facts, self.points)

    def copy(self) -> "Said":
        """The same, to be added to."""
        return Said(self.facts.copy(), self.points.copy(), self.remarks.copy())

    @property
    def error(self) -> str:
        """The first remarks, for a person."""
        more = len(self.remarks) - REMARKS_MAX
        shown = self.remarks[:REMARKS_MAX] + ([f"{more} more"] if more > 0 else [])
        return "; ".join(shown)


def is_bad(value: ua.DataValue) -> bool:
    """The server has nothing to show for this node."""
    return value.StatusCode is not None and value.StatusCode.is_bad()


def place(item: Item, raw: Any, facts: dict[str, str], points: dict[str, Any]) -> None:
    """Put one good value among the facts or the points."""
    if isinstance(raw, list):
        raw = raw[0] if raw else None  # ServerArray: the first one is the server itself
    if isinstance(raw, ua.LocalizedText):
        raw = raw.Text
    if raw is None or raw == "":
        return
    if item.enum:
        facts[item.name] = item.enum.get(int(raw), str(int(raw)))
    elif item.number and isinstance(raw, int | float):
        points[item.name] = (float(raw), item.unit)
    elif isinstance(raw, datetime):
        facts[item.name] = f"{raw:%FT%TZ}"
    else:
        facts[item.name] = str(raw).strip()


def _is_stale(item: Item, value: ua.DataValue, server_time_s: float) -> bool:
    """By the server's own clock, so that a clock that is wrong makes nothing stale."""
    if item.stale_after_s is None or value.SourceTimestamp is None:
        return False
    return server_time_s - epoch_s(value.SourceTimestamp) > item.stale_after_s
