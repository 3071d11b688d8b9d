"""How a receiver stands: whether it is told, and why not."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What the replica that tells a receiver says of it."""

    at: datetime
    waiting: int = 0
    """Deliveries that are due."""
    oldest_at: datetime | None = None
    """Since when the oldest of them is due."""
    spared_until: datetime | None = None
    """It failed so often that it is left alone until then; None while it is told."""
    reason: str = ""
    """What it said, or why it could not be asked, when it failed last."""
