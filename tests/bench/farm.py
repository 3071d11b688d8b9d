"""Ten thousand cheap Modbus TCP devices: one listener that answers for all of 127.0.0.0/8.

python -m tests.bench.farm PORT
"""

import asyncio
import resource
import struct
import sys
from typing import Any

import uvloop

MBAP = struct.Struct(">HHHB")  # Modbus Messaging on TCP/IP V1.0b, section 3.1.3
READ_DEVICE_IDENTIFICATION = 0x2B
IDENTIFICATION = bytes([0x2B, 0x0E, 1, 1, 0, 0, 3]) + b"".join(
    bytes([number, len(said)]) + said for number, said in enumerate((b"Acme", b"M1", b"1.0"))
)


class Link(asyncio.Protocol):
    """One connection: registers hold their own address, whoever asks."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 6:
            end = 6 + struct.unpack_from(">H", self._received, 4)[0]
            if len(self._received) < end:
                return
            frame, self._received = self._received[:end], self._received[end:]
            self._answer(frame)

    def _answer(self, frame: bytes) -> None:
        transaction, _, _, unit = MBAP.unpack_from(frame)
        if frame[7] == READ_DEVICE_IDENTIFICATION:
            answer = IDENTIFICATION
        else:
            address, count = struct.unpack_from(">HH", frame, 8)
            words = (number & 0xFF for number in range(address, address + count))
            answer = struct.pack(f">BB{count}H", frame[7], 2 * count, *words)
        self._transport.write(MBAP.pack(transaction, 0, len(answer) + 1, unit) + answer)


async def serve(port: int) -> None:
    """Answer until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Link, "0.0.0.0", port, backlog=4096)
    await server.serve_forever()


def sockets_without_end() -> None:
    """As many open sockets as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sockets_without_end()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
