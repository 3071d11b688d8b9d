"""The connection that can only read."""

import asyncio

import pytest

from isthmus.collector.adapters.modbus.bus import READ_ONLY, Bus


async def test_no_other_function_code_leaves() -> None:
    """Whatever asks the library for it: writing, diagnostics, files."""
    bus = Bus("127.0.0.1", 1, 0.1)
    for code in set(range(0x80)) - READ_ONLY:
        with pytest.raises(PermissionError, match="is not a read"):
            bus._traced(True, bytes([0, 1, 0, 0, 0, 6, 1, code, 0, 0]))


def test_nothing_of_a_bus_writes() -> None:
    """Its public names are the whole of what a source can do."""
    names = {name for name in dir(Bus) if not name.startswith("_")}
    assert names == {
        "close", "connect", "connected", "identification", "registers", "server_id",
    }  # fmt: skip


async def test_the_client_below_cannot_write_either() -> None:
    """A write that someone smuggles past the bus is stopped before the wire."""
    received = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    bus = Bus("127.0.0.1", server.sockets[0].getsockname()[1], 0.1)
    await bus.connect()
    with pytest.raises(PermissionError):
        await bus._client.write_register(1, 1)
    bus.close()
    while not received:
        await asyncio.sleep(0.01)
    assert received == [b""]
    server.close()
