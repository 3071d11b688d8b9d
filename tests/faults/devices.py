"""Simulated devices as plants have them: good ones, and those that make trouble."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Protocol

from isthmus.demo.kafka import free_port
from isthmus.simulators.devices import Library, ModbusDevice, OpcuaDevice, SnmpDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.record import Record
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket

DEVICES = Path(__file__).parents[2] / "simulators" / "devices"
COMMUNITY = "faults"
PORT = free_port()
"""One port for all: each device has an address of its own, as in a plant."""


class Simulated(Protocol):
    """A device with an address and its own record."""

    address: str
    port: int
    record: Record

    async def start(self) -> None:
        """Listen."""

    async def stop(self) -> None:
        """Close everything."""


def addresses() -> Iterator[str]:
    """Loopback addresses in several subnets, for one test run."""
    for number in count(1):
        yield f"127.{20 + os.getpid() % 200}.{number // 200}.{number % 200 + 1}"


ADDRESSES = addresses()


def controller(serial: str) -> ModbusServer:
    """A plain controller with one unit."""
    return ModbusServer(next(ADDRESSES), PORT, {1: unit(serial)})


def gateway(serial: str, units: int) -> ModbusServer:
    """A serial gateway with several units behind it."""
    behind = {number: unit(f"{serial}-{number}") for number in range(1, units + 1)}
    return ModbusServer(next(ADDRESSES), PORT, behind, gateway=True)


def unit(serial: str) -> Unit:
    """One controller's registers; they hold still."""
    model = Library(folder=DEVICES).read("modbus/abb-ac800m", ModbusDevice)
    return Unit(model, model.state({"serial": serial}, serial))


def robot() -> OpcuaServer:
    """An OPC UA server with one machine."""
    model = Library(folder=DEVICES).read("opcua/siemens-s7-1500", OpcuaDevice)
    state = model.state({"serial": "R1"}, "robot")
    return OpcuaServer(next(ADDRESSES), free_port(), model, state, {})


class Ups:
    """An SNMP agent: no connection, so nothing but its own eyes tells that two ask it."""

    def __init__(self, serial: str) -> None:
        model = Library(folder=DEVICES).read("snmp/apc-srt3000", SnmpDevice)
        mac = "00:c0:b7:00:00:01"
        state = model.state({"name": serial, "mac": mac, "serial": serial}, serial)
        agent = SnmpAgent(model, state, COMMUNITY)
        self.record = agent.record
        self.address, self.port = next(ADDRESSES), PORT
        self._socket = SnmpSocket(self.address, self.port, [agent])

    async def start(self) -> None:
        await self._socket.start()

    async def stop(self) -> None:
        await self._socket.stop()


class ConnectionLimited:
    """A controller with room for one connection, which closes the oldest for the newest."""

    def __init__(self, serial: str) -> None:
        self._server = controller(serial)
        self.address, self.port = self._server.address, self._server.port
        self.record = Record()
        self._oldest: list[asyncio.Transport] = []

    async def start(self) -> None:
        own = self.record

        def note(at: float, what: str, kind: str) -> None:
            if what == "opened":
                for transport in self._oldest:
                    transport.abort()
                self._oldest = list(self._server.connections)
            own.note(at, what, kind)

        self._server.record.note = note
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()


class Garbage:
    """Answers whatever it is asked with bytes that are no answer."""

    def __init__(self) -> None:
        self.address, self.port = next(ADDRESSES), PORT
        self.record = Record()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._talk, self.address, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.record.connected()
        with suppress(OSError):
            while await reader.read(1024):
                self.record.began("bytes")
                self.record.ended()
                writer.write(b"\x00\xff" * 9)
        self.record.disconnected()
        self._open.discard(writer)
        writer.close()


class BlackHole:
    """Takes no packet: a connection attempt gets no answer at all, not even a refusal.

    Linux drops a SYN when the queue of connections that nobody accepted is full (listen(2)).
    """

    def __init__(self, address: str = "") -> None:
        self.address, self.port = address or next(ADDRESSES), PORT
        self.record = Record()
        self._sockets: list[socket.socket] = []

    async def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.address, self.port))
        listening.listen(0)
        self._sockets.append(listening)
        filling = socket.socket()
        filling.setblocking(False)
        await asyncio.get_running_loop().sock_connect(filling, (self.address, self.port))
        self._sockets.append(filling)

    async def stop(self) -> None:
        for held in self._sockets:
            held.close()
        self._sockets.clear()
