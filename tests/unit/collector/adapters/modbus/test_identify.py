"""Identification for discovery: one request, one connection, given back at once."""

from typing import Any

import pytest
from tests.unit.collector.adapters.modbus.device import until

from isthmus.collector.adapters.modbus.identify import identify
from isthmus.collector.adapters.modbus.wire import Refused, Unanswered
from isthmus.collector.domain.requests import Request

WHO = {"objects": {0: "Acme", 1: "P1", 2: "V1", 4: "Press", 0x80: "S1"}}


async def test_one_request_tells_who_a_server_is(workshop: Any, line: Any, maps: Any) -> None:
    """The basic objects of unit 1; no second page is asked for."""
    server = await workshop.serve(maps.having([0], identification={**WHO, "max_object_bytes": 12}))
    said = await identify(line, "127.0.0.1", server.port, 1)
    assert said == {"VendorName": "Acme", "ProductCode": "P1"}
    assert server.record.requests == {"fc2b": 1}
    assert line.sends == {
        Request.MODBUS_CONNECT: 1, Request.MODBUS_READ_DEVICE_IDENTIFICATION: 1,
    }  # fmt: skip
    await until(lambda: server.record.connections == 0)


async def test_a_server_that_does_not_say_who_it_is_refuses(
    workshop: Any, line: Any, maps: Any
) -> None:
    """That it is a Modbus server is known then."""
    server = await workshop.serve(maps.having([0]))
    with pytest.raises(Refused, match="exception 0x01, illegal function"):
        await identify(line, "127.0.0.1", server.port, 1)
    await until(lambda: server.record.connections == 0)


async def test_what_is_no_modbus_server_is_a_fault(
    answering: Any, line: Any, unused_port: int
) -> None:
    """Garbage, or nothing that listens."""
    for port in (await answering(b"220 ready\r\n"), unused_port):
        with pytest.raises(Unanswered):
            await identify(line, "127.0.0.1", port, 0.2)
