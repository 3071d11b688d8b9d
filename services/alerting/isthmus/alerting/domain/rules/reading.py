"""What rules need of one report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

UNKNOWN = "unknown"
NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Reading:
    """What rules need of one report; texts in the platform's words."""

    source: str
    site: str
    path: str
    at: datetime
    interval_s: float
    reachability: str = UNKNOWN
    reachability_reason: str = ""
    health: str = UNKNOWN
    health_reason: str = ""
    part: bool = False
    """Is it a part of another device, which answers for it?"""
    attributes: Mapping[str, str] = field(default_factory=dict)
    metric: Sequence[str] = ()
    value: Sequence[float] = ()
    unit: Sequence[str] = ()
    bad: Sequence[str] = ()
    """Metrics that were read, and whose values are none."""


METRIC = "metric."


def text_of(reading: Reading, of: str) -> str:
    """An attribute, or a metric named `metric.<name>`, as text; empty when it is not said."""
    if not of.startswith(METRIC):
        return reading.attributes.get(of, "")
    name = of.removeprefix(METRIC)
    return next(
        (f"{v:g}" for m, v in zip(reading.metric, reading.value, strict=True) if m == name), ""
    )
