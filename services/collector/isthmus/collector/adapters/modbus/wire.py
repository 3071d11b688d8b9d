"""The wire to a Modbus server: one request in flight, reading only, and no late answer taken.

Sources: Modbus Application Protocol V1.1b3, sections 6 and 7; Modbus Messaging on TCP/IP V1.0b,
3.1.3 (MBAP header); MODBUS/TCP Security V21 (the same within TLS).
"""

import asyncio
import ssl
import struct
from typing import cast

from isthmus.collector.adapters.modbus.tls import refusal
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request

# Every function code that can leave, and its name in the ledger.
KINDS = {
    0x01: Request.MODBUS_READ_COILS,
    0x02: Request.MODBUS_READ_DISCRETE_INPUTS,
    0x03: Request.MODBUS_READ_HOLDING_REGISTERS,
    0x04: Request.MODBUS_READ_INPUT_REGISTERS,
    0x11: Request.MODBUS_REPORT_SERVER_ID,
    0x2B: Request.MODBUS_READ_DEVICE_IDENTIFICATION,
}
READ_ONLY = frozenset(KINDS)
ERROR = 0x80  # bit of the function code in an exception answer
EXCEPTIONS = {
    0x01: "illegal function",
    0x02: "illegal data address",
    0x03: "illegal data value",
    0x04: "server device failure",
    0x05: "acknowledge",
    0x06: "server device busy",
    0x08: "memory parity error",
    0x0A: "gateway path unavailable",
    0x0B: "gateway target device failed to respond",
}
LASTING = frozenset({0x01, 0x02, 0x03})  # the same request will be refused again
BUSY = frozenset({0x05, 0x06})
GATEWAY = frozenset({0x0A, 0x0B})  # the gateway speaks for a unit that is not there
MBAP = struct.Struct(">HHHB")
LENGTH_MAX = 254  # unit and PDU, after the length field
CLOSE_S = 1.0


class Unanswered(Fault):
    """No answer to a request: silence, a closed connection, or something that is no answer."""


class Refused(Fault):
    """An exception answer: the connection and the frames are well."""

    def __init__(self, code: int, error: str) -> None:
        super().__init__(Outcome.REFUSED, error, busy=code in BUSY)
        self.code = code
        self.meaning = meaning(code)


def meaning(code: int) -> str:
    """What an exception code says."""
    return f"exception 0x{code:02X}, {EXCEPTIONS.get(code, 'unknown exception')}"


class Wire(asyncio.Protocol):
    """One connection that speaks Modbus TCP; over TLS it is Modbus/TCP Security."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._transport: asyncio.Transport | None = None
        self.up = False
        """Is the connection up, as far as one can know?"""
        self.usable = False
        """Is it up, and is the next answer sure to belong to the next request?"""
        self._gone = asyncio.Event()
        self._answer: asyncio.Future[bytes] | None = None
        self._unit = self._function = self._size = self._transaction = 0
        self._received = b""
        self._reason = "the connection was closed"

    async def connect(
        self, host: str, port: int, timeout_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        """Connect once; raises Fault."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                await loop.create_connection(lambda: self, host, port, ssl=tls)
        except TimeoutError:
            text = f"{self._address}: no connection within {timeout_s:g} s"
            raise Unanswered(Outcome.TIMEOUT, text) from None
        except ssl.SSLError as error:
            outcome, text = refusal(error)
            raise Unanswered(outcome, f"{self._address}: {text}") from error
        except OSError as error:
            text = f"{self._address}: no connection ({error.strerror or error})"
            raise Unanswered(Outcome.UNREACHABLE, text) from error

    async def close(self) -> None:
        """Give the connection back; returns when it is gone, at most a second later."""
        if self._transport is None:
            return
        self.up = self.usable = False
        self._transport.close()
        loop = asyncio.get_running_loop()
        abort = loop.call_later(CLOSE_S, self._transport.abort)  # also when we are cancelled
        await self._gone.wait()
        abort.cancel()

    async def exchange(self, unit: int, request: bytes, size: int = 0) -> bytes:
        """The answer PDU to a request PDU, `size` octets of data where it is known; raises Fault.

        Never called while another call is under way. May be cancelled: the answer that comes
        later is nobody's.
        """
        function = request[0]
        if function not in READ_ONLY:
            raise PermissionError(f"function 0x{function:02X} is not a read")
        if not self.up or self._transport is None:
            raise self.lost(unit)
        loop = asyncio.get_running_loop()
        answer = self._answer = loop.create_future()
        self._unit, self._function, self._size = unit, function, size
        self._transport.write(self._frame(unit, request))
        timer = loop.call_later(self._timeout_s, self._silent, answer)
        try:
            pdu: bytes = await answer
        finally:
            timer.cancel()
            self._answer = None
        if pdu[0] & ERROR:
            raise Refused(pdu[1], f"{self._address} unit {unit}: {meaning(pdu[1])}")
        return pdu

    def fault(self, outcome: Outcome, unit: int, reason: str) -> Unanswered:
        """A fault that says which device and unit."""
        return Unanswered(outcome, f"{self._address} unit {unit}: {reason}")

    def lost(self, unit: int) -> Unanswered:
        """Why nothing can be asked on this connection any more."""
        return self.fault(Outcome.UNREACHABLE, unit, self._reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.up = self.usable = True

    def connection_lost(self, error: Exception | None) -> None:
        outcome = Outcome.UNREACHABLE
        if isinstance(error, ssl.SSLError):
            outcome, self._reason = refusal(error)
        self.up = self.usable = False
        self._gone.set()
        self._fail(outcome, self._reason)

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        while len(data) >= MBAP.size:
            transaction, protocol, length, unit = MBAP.unpack_from(data)
            if protocol or not 2 < length <= LENGTH_MAX:
                self._garbled("what it sends is no Modbus TCP")
                return
            end = 6 + length
            if len(data) < end:
                break
            if transaction == self._transaction:
                self._take(unit, data[MBAP.size : end])
            data = data[end:]
        self._received = data

    def _frame(self, unit: int, pdu: bytes) -> bytes:
        self._transaction = (self._transaction + 1) & 0xFFFF
        return MBAP.pack(self._transaction, 0, len(pdu) + 1, unit) + pdu

    def _take(self, unit: int, pdu: bytes) -> None:
        if self._answer is None or self._answer.done():
            return
        if unit != self._unit or pdu[0] & ~ERROR != self._function:
            self._fail(Outcome.GARBLED, f"unit {unit}, function 0x{pdu[0]:02X} answered")
        elif self._size and not pdu[0] & ERROR and not len(pdu) - 2 == pdu[1] == self._size:
            self._fail(Outcome.GARBLED, f"{len(pdu) - 2} octets of data, asked {self._size}")
        else:
            self._answer.set_result(pdu)

    def _silent(self, answer: "asyncio.Future[bytes]") -> None:
        if answer is self._answer:
            self._fail(Outcome.TIMEOUT, f"no answer within {self._timeout_s:g} s")

    def _garbled(self, reason: str) -> None:
        """Where frames begin and end is lost: nothing more is believed on this connection."""
        self.up = self.usable = False
        self._reason = reason
        self._fail(Outcome.GARBLED, reason)
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, outcome: Outcome, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self.fault(outcome, self._unit, reason))
