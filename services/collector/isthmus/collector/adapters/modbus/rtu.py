"""Modbus RTU over TCP: the frames of a serial line, as a transparent serial server carries them.

Source: Modbus over Serial Line V1.02, 2.5.1 (RTU frames, CRC-16).
"""

import asyncio

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU

from isthmus.collector.adapters.modbus.wire import ERROR, READ_ONLY, Unanswered, Wire

FRAME_MIN, FRAME_MAX = 5, 256
ANSWERS = DecodePDU(is_server=False)
IDENTIFICATION = 0x2B


class RtuWire(Wire):
    """One connection to a serial line: RTU frames, which have no transaction identifier.

    An answer that is missing may still come, and would be taken for the next one: after that,
    and after octets that nobody asked for, the connection is not usable for another read.
    """

    async def exchange(self, unit: int, request: bytes, size: int = 0) -> bytes:
        self._received = b""
        try:
            return await super().exchange(unit, request, size)
        except (Unanswered, asyncio.CancelledError):
            self.usable = False
            raise

    def data_received(self, data: bytes) -> None:
        data = self._received + data
        while len(data) >= FRAME_MIN and self._answer and not self._answer.done():
            size = _frame_size(data)
            if not FRAME_MIN <= size <= FRAME_MAX:
                self._garbled("what it sends is no Modbus RTU")
                return
            if len(data) < size:
                break
            frame, data = data[:size], data[size:]
            if FramerRTU.compute_CRC(frame[:-2]) != int.from_bytes(frame[-2:]):
                self._garbled("the checksum of its answer is wrong")
                return
            if frame[0] == self._unit:  # else another unit's late answer
                self._take(frame[0], frame[1:-2])
        self._received = data
        if data and (self._answer is None or self._answer.done()):
            self.usable = False

    def _frame(self, unit: int, pdu: bytes) -> bytes:
        frame = bytes([unit]) + pdu
        return frame + FramerRTU.compute_CRC(frame).to_bytes(2)


def _frame_size(data: bytes) -> int:
    """Octets of the RTU frame at the start of `data`; 0 where it is none."""
    kind = ANSWERS.lookupPduClass(data) if data[1] & ~ERROR in READ_ONLY else None
    size = kind.calculateRtuFrameSize(data) if kind else 0
    # pymodbus says 998 or 999 while the objects of an identification are still coming.
    return min(size, FRAME_MAX) if data[1] == IDENTIFICATION else size
