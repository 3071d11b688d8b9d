"""The least that tells what a Modbus server is: one request for its basic identification."""

from collections.abc import Mapping

from isthmus.collector.adapters.modbus.bus import Bus, objects
from isthmus.collector.adapters.modbus.registers import OBJECTS, text
from isthmus.collector.adapters.modbus.tls import Credential
from isthmus.collector.adapters.modbus.wire import Wire
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Line

UNIT = 1
BASIC = 1


async def identify(
    line: Line, host: str, port: int, timeout_s: float, credential: Credential | None = None
) -> Mapping[str, str]:
    """What the server says of itself, by the names of its objects; raises Fault.

    Refused is an answer too: it is a Modbus server that does not say who it is.
    """
    wire = Wire(f"{host}:{port}", timeout_s)
    tls = credential.context(host) if credential else None
    try:
        await line.connect(Request.MODBUS_CONNECT, lambda: wire.connect(host, port, timeout_s, tls))
        page = await Bus(wire, line, UNIT).page(BASIC, 0)
        return {OBJECTS[n]: text(v) for n, v in objects(page).items() if n < len(OBJECTS)}
    finally:
        await wire.close()
