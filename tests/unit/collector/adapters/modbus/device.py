"""A Modbus device that answers as a test says: well, late, wrong, in pieces, or not at all."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from isthmus.simulators.modbus_frames import Frames, MbapFrames, RtuFrames

FRAMES: dict[str, Callable[[], Frames]] = {"mbap": MbapFrames, "rtu": RtuFrames}
Trap = Callable[["Link", int, int, bytes], None]


def answer(pdu: bytes, number: int) -> bytes:
    """A good answer, in which the device tells which request in its life this is."""
    if pdu[0] == 0x2B:
        said = [b"Acme", b"P%d" % number, b"V1"]
        objects = b"".join(bytes([n, len(text)]) + text for n, text in enumerate(said))
        return bytes([0x2B, 0x0E, 1, 0x81, 0, 0, len(said)]) + objects
    count = int.from_bytes(pdu[3:5])
    return bytes([pdu[0], 2 * count]) + number.to_bytes(2) * count


class Link(asyncio.Protocol):
    """One connection to the device."""

    def __init__(self, device: "Device") -> None:
        self.device = device
        self.frames = FRAMES[device.framing]()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.device.links.append(self)

    def data_received(self, data: bytes) -> None:
        for transaction, unit, pdu in self.frames.take(data):
            self.device.asked.append(pdu)
            trap = self.device.traps.popleft() if self.device.traps else well
            trap(self, transaction, unit, answer(pdu, len(self.device.asked)))

    def put(self, transaction: int, unit: int, pdu: bytes) -> None:
        """Send one answer, unless the connection is gone."""
        if not self.transport.is_closing():
            self.transport.write(self.frames.put(transaction, unit, pdu))


def well(link: Link, transaction: int, unit: int, pdu: bytes) -> None:
    """As it should."""
    link.put(transaction, unit, pdu)


@dataclass
class Device:
    """What a test sets, and what the device has seen."""

    framing: str
    port: int = 0
    traps: deque[Trap] = field(default_factory=deque)
    asked: list[bytes] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@asynccontextmanager
async def listening(framing: str) -> AsyncIterator[Device]:
    """A device on a port of its own."""
    device = Device(framing)
    server = await asyncio.get_running_loop().create_server(lambda: Link(device), "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        for link in device.links:
            link.transport.abort()


async def until(true: Callable[[], bool], timeout_s: float = 2.0) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.002)
