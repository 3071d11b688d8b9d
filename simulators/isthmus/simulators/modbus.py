"""Modbus servers: several units on one listener, writes refused and counted."""

import asyncio
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from isthmus.simulators.devices import Identification, ModbusDevice, Register
from isthmus.simulators.modbus_faults import ModbusFaults
from isthmus.simulators.modbus_frames import Frames, MbapFrames, NotModbus, RtuFrames
from isthmus.simulators.record import Record
from isthmus.simulators.state import Scalar, State

# Modbus Application Protocol Specification V1.1b3, sections 6 and 7.
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 0x01, 0x02, 0x03
SERVER_BUSY, TARGET_SILENT = 0x06, 0x0B
READ_BITS = {0x01: "coil", 0x02: "discrete"}
READ_REGISTERS = {0x03: "holding", 0x04: "input"}
WRITES = frozenset({0x05, 0x06, 0x0F, 0x10, 0x15, 0x16, 0x17})
REPORT_SERVER_ID, ENCAPSULATED, DEVICE_IDENTIFICATION = 0x11, 0x2B, 0x0E
LAST_OBJECT = {1: 0x02, 2: 0x06, 3: 0xFF}  # highest object of each read code (6.21)
MOST_BITS, MOST_REGISTERS = 2000, 125
FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}


class ModbusError(Exception):
    """An exception answer with its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code:#04x}")
        self.code = code


def encode(register: Register, state: State) -> list[int]:
    """The words (or the one bit) that a register holds now."""
    value = state.show(register.value)
    if register.type == "bool":
        return [int(bool(value))]
    if register.type == "string":
        raw = str(value).encode("ascii").ljust(2 * register.length, b"\0")[: 2 * register.length]
    else:
        raw = _pack(register, value)
    words = list(struct.unpack(f">{len(raw) // 2}H", raw))
    return words[::-1] if register.word_order == "little" else words


def _pack(register: Register, value: Scalar) -> bytes:
    # Whole numbers stay whole: a 64 bit counter does not fit a float.
    number = (
        value if isinstance(value, int) and register.scale == 1 else float(value) / register.scale
    )
    exact = float(number) if register.type.startswith("float") else round(number)
    return struct.pack(FORMATS[register.type], exact)


@dataclass(frozen=True)
class Unit:
    """One Modbus unit: its device file and its values."""

    device: ModbusDevice
    state: State

    def answer(self, pdu: bytes) -> bytes:
        """Answer one request PDU; raises ModbusError for an exception answer."""
        function = pdu[0]
        if function in READ_BITS:
            return bytes([function]) + self._bits(READ_BITS[function], pdu)
        if function in READ_REGISTERS:
            return bytes([function]) + self._registers(READ_REGISTERS[function], pdu)
        if function == REPORT_SERVER_ID and self.device.server_id is not None:
            said = self.state.show(self.device.server_id)
            identifier = str(said).encode() + b"\xff"  # run indicator: on
            return bytes([function, len(identifier)]) + identifier
        if function == ENCAPSULATED and self.device.identification is not None:
            return identify(self.device.identification, self.state, pdu)
        raise ModbusError(ILLEGAL_FUNCTION)

    def _registers(self, table: str, pdu: bytes) -> bytes:
        words = self._words(table, pdu, MOST_REGISTERS)
        return struct.pack(f">B{len(words)}H", 2 * len(words), *words)

    def _bits(self, table: str, pdu: bytes) -> bytes:
        bits = self._words(table, pdu, MOST_BITS)
        octets = bytearray((len(bits) + 7) // 8)
        for place, bit in enumerate(bits):
            octets[place // 8] |= bit << place % 8
        return bytes([len(octets)]) + octets

    def _words(self, table: str, pdu: bytes, most: int) -> list[int]:
        if len(pdu) != 5:
            raise ModbusError(ILLEGAL_VALUE)
        start, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= most:
            raise ModbusError(ILLEGAL_VALUE)
        image = self._image(table, start, start + count)
        if len(image) < count:
            raise ModbusError(ILLEGAL_ADDRESS)
        return [image[address] for address in range(start, start + count)]

    def _image(self, table: str, start: int, end: int) -> dict[int, int]:
        image: dict[int, int] = {}
        for register in self.device.registers:
            if register.table == table and start - 63 <= register.address < end:
                image.update(enumerate(encode(register, self.state), register.address))
        return {address: word for address, word in image.items() if start <= address < end}


def identify(identification: Identification, state: State, pdu: bytes) -> bytes:
    """Read Device Identification (6.21): codes 1 to 3 page, 4 gives one object."""
    if len(pdu) != 4 or pdu[1] != DEVICE_IDENTIFICATION or pdu[2] not in (1, 2, 3, 4):
        raise ModbusError(ILLEGAL_VALUE)
    code, wanted = pdu[2], pdu[3]
    objects = {
        number: str(state.show(text)).encode() for number, text in identification.objects.items()
    }
    if code == 4:
        if wanted not in objects:
            raise ModbusError(ILLEGAL_ADDRESS)
        page, following = [wanted], None
    else:
        page, following = _page(objects, code, wanted, identification.max_object_bytes)
    highest = max(objects)
    conformity = 0x80 | (3 if highest >= 0x80 else 2 if highest > 0x02 else 1)
    more = bytes([0x00, 0x00]) if following is None else bytes([0xFF, following])
    body = b"".join(bytes([n, len(objects[n])]) + objects[n] for n in page)
    head = bytes([ENCAPSULATED, DEVICE_IDENTIFICATION, code, conformity])
    return head + more + bytes([len(page)]) + body


def _page(
    objects: Mapping[int, bytes], code: int, wanted: int, room: int
) -> tuple[list[int], int | None]:
    stream = [number for number in sorted(objects) if number <= LAST_OBJECT[code]]
    start = (
        stream.index(wanted) if wanted in stream else 0
    )  # an unknown object means: from the start
    page: list[int] = []
    for number in stream[start:]:
        room -= 2 + len(objects[number])
        if page and room < 0:
            return page, number
        page.append(number)
    return page, None


class ModbusServer:
    """One Modbus endpoint: a plain device with one unit, or a gateway with several."""

    def __init__(
        self,
        address: str,
        port: int,
        units: Mapping[int, Unit],
        *,
        gateway: bool = False,
        framing: Literal["mbap", "rtu"] = "mbap",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address, self.port = address, port
        self.units = dict(units)
        self.record = Record()
        self.response_s = 0.02 if gateway else 0.002  # a serial line is slower
        self.faults = ModbusFaults()
        self.connections: dict[asyncio.Transport, None] = {}  # the oldest first
        self._listener: asyncio.Server | None = None
        self._gateway = gateway
        self._framing = RtuFrames if framing == "rtu" else MbapFrames
        self._tls = tls
        self._restarts = 0

    @property
    def states(self) -> dict[str, State]:
        name = "unit-{}" if self._gateway else ""
        return {name.format(number): unit.state for number, unit in self.units.items()}

    @property
    def _silent(self) -> bool:
        return not self._gateway and all(unit.state.silent for unit in self.units.values())

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Link(self, self._framing()), self.address, self.port, ssl=self._tls
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for transport in list(self.connections):
            transport.abort()

    async def changed(self) -> None:
        """Follow silence and restarts: a silent device listens no more, both drop what is open."""
        restarts = sum(unit.state.restarts for unit in self.units.values())
        if restarts != self._restarts and not self._gateway:
            self._restarts = restarts
            await self.stop()
        if self._silent:
            await self.stop()
        elif self._listener is None:
            await self.start()

    def opened(self, transport: asyncio.Transport) -> None:
        """A connection more; the oldest one ends when it is one too many."""
        self.connections[transport] = None
        most = self.faults.connections_max
        if most is not None and len(self.connections) > most:
            next(iter(self.connections)).abort()

    def answer(self, number: int, pdu: bytes) -> bytes:
        unit = self.units.get(number)
        try:
            if self.faults.is_busy():
                raise ModbusError(SERVER_BUSY)
            if unit is None or unit.state.silent:
                raise ModbusError(TARGET_SILENT)
            return unit.answer(pdu)
        except ModbusError as error:
            return bytes([pdu[0] | 0x80, error.code])


class _Link(asyncio.Protocol):
    """One connection; requests are answered in order, each after the device's response time."""

    def __init__(self, server: ModbusServer, frames: Frames) -> None:
        self.server = server
        self.record = server.record
        self.frames = frames
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # that of TLS is no subclass
        self.server.opened(self.transport)
        self.record.connected()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.pop(self.transport, None)
        self.record.disconnected()

    def data_received(self, data: bytes) -> None:
        try:
            for request in self.frames.take(data):
                self._ask(*request)
        except NotModbus:
            self.transport.abort()

    def _ask(self, transaction: int, unit: int, pdu: bytes) -> None:
        self.record.began(f"fc{pdu[0]:02x}", write=pdu[0] in WRITES)
        if self.server.faults.deaf:
            self.record.ended()
            return
        loop = asyncio.get_running_loop()
        delay_s = self.server.response_s + self.server.faults.delay_s(unit)
        loop.call_later(delay_s, self._answer, transaction, unit, pdu)

    def _answer(self, transaction: int, unit: int, pdu: bytes) -> None:
        self.record.ended()
        if self.transport.is_closing():
            return
        answer = self.server.answer(unit, pdu)
        self.transport.write(self.server.faults.spoilt(self.frames, transaction, unit, answer))
