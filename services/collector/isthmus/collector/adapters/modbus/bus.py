"""A Modbus TCP connection that can only read.

Names and numbers: Modbus Application Protocol Specification V1.1b3.
"""

import struct
from collections.abc import Sequence
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.mei_message import ReadDeviceInformationResponse
from pymodbus.pdu.other_message import ReportDeviceIdResponse

from isthmus.collector.adapters.modbus.registers import Block
from isthmus.collector.domain import Fault, Outcome

# Read coils, discrete inputs, holding and input registers, server id, device identification.
READ_ONLY = frozenset({0x01, 0x02, 0x03, 0x04, 0x11, 0x2B})
FUNCTION_AT = 7  # octet of the function code, after the MBAP header
MORE_FOLLOWS = 0xFF
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


class Bus:
    """One connection that can only read: no method writes, and no other function code leaves."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._address = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._received = False
        self._lost = False
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            timeout=timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._traced,
            trace_connect=self._connection,
        )
        self._client.set_max_no_responses(
            1_000_000
        )  # a dead unit must not cost the others the line

    async def connect(self) -> None:
        """Connect once; raises Fault."""
        if not await self._client.connect():
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: no connection")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @property
    def connected(self) -> bool:
        """Is the connection up, as far as one can know?"""
        return self._client.connected and not self._lost

    async def registers(self, block: Block, unit: int) -> Sequence[Any]:
        """The values of one block; raises Fault."""
        read = {
            "coil": self._client.read_coils,
            "discrete": self._client.read_discrete_inputs,
            "holding": self._client.read_holding_registers,
            "input": self._client.read_input_registers,
        }[block.table]
        answer = await self._ask(read(block.address, count=block.count, device_id=unit), unit)
        values: Sequence[Any] = (
            answer.bits if block.table in ("coil", "discrete") else answer.registers
        )
        if len(values) < block.count:
            raise self._fault(Outcome.GARBLED, unit, f"{len(values)} values, asked {block.count}")
        return values

    async def identification(self, code: int, unit: int) -> dict[int, bytes]:
        """Every object of FC 43 / 14 at `code`, page after page; raises Fault."""
        objects: dict[int, bytes] = {}
        next_id = 0
        while True:
            request = self._client.read_device_information(
                read_code=code, object_id=next_id, device_id=unit
            )
            page = await self._ask(request, unit)
            if not isinstance(page, ReadDeviceInformationResponse):
                raise self._fault(Outcome.GARBLED, unit, "no device identification in the answer")
            objects |= {k: v[0] if isinstance(v, list) else v for k, v in page.information.items()}
            if page.more_follows != MORE_FOLLOWS:
                return objects
            if page.next_object_id <= next_id:
                raise self._fault(Outcome.GARBLED, unit, "its identification never ends")
            next_id = page.next_object_id

    async def server_id(self, unit: int) -> bytes:
        """The identifier of FC 17; raises Fault."""
        answer = await self._ask(self._client.report_device_id(device_id=unit), unit)
        if not isinstance(answer, ReportDeviceIdResponse):
            raise self._fault(Outcome.GARBLED, unit, "no server id in the answer")
        return answer.identifier

    async def _ask(self, request: Any, unit: int) -> Any:
        self._received = False
        try:
            answer: ModbusPDU = await request
        except (ModbusException, OSError, struct.error, IndexError) as error:
            raise self._unanswered(unit) from error
        if answer.isError():
            code = answer.exception_code
            meaning = EXCEPTIONS.get(code, "unknown exception")
            raise self._fault(Outcome.REFUSED, unit, f"exception 0x{code:02X}, {meaning}")
        return answer

    def _unanswered(self, unit: int) -> Fault:
        if self._received:
            return self._fault(Outcome.GARBLED, unit, "what it sends is no answer")
        if not self.connected:
            return self._fault(Outcome.UNREACHABLE, unit, "the connection was closed")
        waited = f"no answer within {self._timeout_s:g} s"
        return self._fault(Outcome.TIMEOUT, unit, waited)

    def _fault(self, outcome: Outcome, unit: int, text: str) -> Fault:
        return Fault(outcome, f"{self._address} unit {unit}: {text}")

    def _traced(self, sending: bool, packet: bytes) -> bytes:
        if not sending:
            self._received = True
        elif packet[FUNCTION_AT] not in READ_ONLY:
            raise PermissionError(f"function 0x{packet[FUNCTION_AT]:02X} is not a read")
        return packet

    def _connection(self, up: bool) -> None:
        self._lost = not up
