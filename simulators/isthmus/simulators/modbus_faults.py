"""What goes wrong at a simulated Modbus endpoint; a test sets it while the endpoint runs."""

from collections import deque
from dataclasses import dataclass, field

from isthmus.simulators.modbus_frames import Frames


@dataclass
class ModbusFaults:
    """The troubles of one endpoint; none of them at first."""

    connections_max: int | None = None
    """One more connection closes the oldest one."""
    deaf: bool = False
    """Takes connections and requests, and answers none: half open, or a black hole."""
    busy: int = 0
    """So many requests get exception 0x06."""
    slow_s: dict[int, float] = field(default_factory=dict)
    """Further seconds that a unit takes for each answer."""
    late_s: deque[float] = field(default_factory=deque)
    """Further seconds for the next answers, one after another; others overtake them."""
    wrong_transaction: int = 0
    """So many answers carry the number of another transaction."""
    wrong_unit: int = 0
    """So many answers come from another unit."""
    twice: int = 0
    """So many answers come two times in one packet."""
    short: int = 0
    """So many answers end one register early."""

    def delay_s(self, unit: int) -> float:
        """Further seconds for the answer to this request."""
        return self.slow_s.get(unit, 0.0) + (self.late_s.popleft() if self.late_s else 0.0)

    def is_busy(self) -> bool:
        """Is this request one too many?"""
        return self._happens("busy")

    def spoilt(self, frames: Frames, transaction: int, unit: int, pdu: bytes) -> bytes:
        """The answer as it goes out."""
        if self._happens("wrong_transaction"):
            transaction ^= 0x5555
        if self._happens("wrong_unit"):
            unit ^= 0x55
        if self._happens("short"):
            pdu = bytes([pdu[0], pdu[1] - 2]) + pdu[2:-2]
        return frames.put(transaction, unit, pdu) * (2 if self._happens("twice") else 1)

    def _happens(self, what: str) -> bool:
        left: int = getattr(self, what)
        if left:
            setattr(self, what, left - 1)
        return left > 0
