"""How Modbus requests and answers are framed on a connection: with an MBAP header, or as RTU."""

import struct
from collections.abc import Iterator
from typing import Protocol

MBAP = struct.Struct(">HHHB")
CRC_POLYNOMIAL = 0xA001  # Modbus over Serial Line V1.02, 6.2.2
# Octets of an RTU request with its checksum; where it carries data, their count is its octet 6.
RTU_SIZES = {0x01: 8, 0x02: 8, 0x03: 8, 0x04: 8, 0x05: 8, 0x06: 8, 0x11: 4, 0x16: 10, 0x2B: 7}
RTU_COUNTED = {0x0F: 9, 0x10: 9}
Request = tuple[int, int, bytes]
"""Transaction, unit and PDU."""


class NotModbus(Exception):
    """What was received is no request: the connection ends."""


class Frames(Protocol):
    """The framing of one connection."""

    def take(self, data: bytes) -> Iterator[Request]:
        """The requests that are whole now; raises NotModbus."""

    def put(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """An answer as it goes out."""


class MbapFrames:
    """Modbus TCP, within TLS or not (Modbus Messaging on TCP/IP V1.0b, 3.1.3)."""

    def __init__(self) -> None:
        self._received = b""

    def take(self, data: bytes) -> Iterator[Request]:
        self._received += data
        while len(self._received) >= MBAP.size:
            transaction, protocol, length, unit = MBAP.unpack_from(self._received)
            if protocol != 0 or not 2 <= length <= 254:
                raise NotModbus
            frame, rest = self._received[: 6 + length], self._received[6 + length :]
            if len(frame) < 6 + length:
                return
            self._received = rest
            yield transaction, unit, frame[MBAP.size :]

    def put(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        return MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class RtuFrames:
    """RTU over TCP: no transaction, a checksum instead; a frame with a wrong one is passed over."""

    def __init__(self) -> None:
        self._received = b""

    def take(self, data: bytes) -> Iterator[Request]:
        self._received += data
        while size := _rtu_size(self._received):
            frame, self._received = self._received[:size], self._received[size:]
            if checksum(frame[:-2]) == frame[-2:]:
                yield 0, frame[0], frame[1:-2]

    def put(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        frame = bytes([unit]) + pdu
        return frame + checksum(frame)


def _rtu_size(data: bytes) -> int:
    """Octets of the whole request at the start of `data`; 0 while it is not whole."""
    if len(data) < 2:
        return 0
    size = RTU_SIZES.get(data[1], 0)
    if data[1] in RTU_COUNTED and len(data) > 6:
        size = RTU_COUNTED[data[1]] + data[6]
    if not size and data[1] not in RTU_COUNTED:
        raise NotModbus
    return size if size and len(data) >= size else 0


def checksum(data: bytes) -> bytes:
    """CRC-16 of a frame, low octet first (Modbus over Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (CRC_POLYNOMIAL if crc & 1 else 0)
    return struct.pack("<H", crc)
