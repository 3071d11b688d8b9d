"""One unit on a wire, asked through the line: every request that Modbus can make of a device.

pymodbus encodes and decodes what is more than registers: function codes 0x11 and 0x2B.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest, ReadDeviceInformationResponse
from pymodbus.pdu.other_message import ReportDeviceIdRequest, ReportDeviceIdResponse

from isthmus.collector.adapters.modbus.blocks import DATA_AT, READ, REQUEST, Block
from isthmus.collector.adapters.modbus.wire import KINDS, Unanswered, Wire
from isthmus.collector.domain.reading import Outcome
from isthmus.collector.ports import Line

MORE_FOLLOWS = 0xFF
RTU_OVERHEAD = 3  # octets of unit and checksum
REGISTERS_MAX = 125
DECODER = DecodePDU(is_server=False)
Answer = TypeVar("Answer", bound=ModbusPDU)


@dataclass(slots=True)
class Bus:
    """What can be asked of one unit; nothing of it writes."""

    wire: Wire
    line: Line
    unit: int
    path: str = ""

    def block(self, block: Block) -> Awaitable[bytes]:
        """The answer PDU of one block; raises Fault."""
        send = partial(self.wire.exchange, self.unit, block.request, block.size)
        return self.line.ask(block.kind, send, path=self.path)

    async def words(self, address: int, count: int) -> bytes:
        """The octets of holding registers, in as many requests as it takes; raises Fault."""
        limit = min(REGISTERS_MAX, self.line.items_max or REGISTERS_MAX)
        octets = b""
        for start in range(address, address + count, limit):
            size = min(limit, address + count - start)
            octets += await self._words(start, size)
        return octets

    async def identification(self, code: int) -> dict[int, bytes]:
        """Every object of FC 43 / 14 at `code`, page after page; raises Fault."""
        found: dict[int, bytes] = {}
        next_id = 0
        while True:
            page = await self.page(code, next_id)
            found |= objects(page)
            if page.more_follows != MORE_FOLLOWS:
                return found
            if page.next_object_id <= next_id:
                raise self._garbled("its identification never ends")
            next_id = page.next_object_id

    async def page(self, code: int, object_id: int) -> ReadDeviceInformationResponse:
        """One answer to FC 43 / 14, from the object `object_id` on; raises Fault."""
        request = ReadDeviceInformationRequest(read_code=code, object_id=object_id)
        return await self._library(request, ReadDeviceInformationResponse)

    async def server_id(self) -> bytes:
        """The identifier of FC 17; raises Fault."""
        answer = await self._library(ReportDeviceIdRequest(), ReportDeviceIdResponse)
        return answer.identifier

    async def _words(self, address: int, count: int) -> bytes:
        request = REQUEST.pack(READ["holding"], address, count)
        send = partial(self.wire.exchange, self.unit, request, 2 * count)
        answer = await self.line.ask(KINDS[request[0]], send, path=self.path)
        return answer[DATA_AT:]

    async def _library(self, request: ModbusPDU, kind: type[Answer]) -> Answer:
        pdu = bytes([request.function_code]) + request.encode()

        async def send() -> Answer:
            octets = await self.wire.exchange(self.unit, pdu)
            answer = DECODER.decode(octets)
            # pymodbus takes what ends early; in an RTU frame it counts as we do here.
            size = kind.calculateRtuFrameSize(bytes([self.unit]) + octets) - RTU_OVERHEAD
            if not isinstance(answer, kind) or size > len(octets):
                raise self._garbled(f"no whole answer to function 0x{pdu[0]:02X}")
            return answer

        return await self.line.ask(KINDS[pdu[0]], send, path=self.path)

    def _garbled(self, text: str) -> Unanswered:
        return self.wire.fault(Outcome.GARBLED, self.unit, text)


def objects(page: ReadDeviceInformationResponse) -> dict[int, bytes]:
    """The objects of one page; of one that comes twice, the first."""
    return {k: v[0] if isinstance(v, list) else v for k, v in page.information.items()}
