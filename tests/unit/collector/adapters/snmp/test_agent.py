"""Agents gone wrong: what they send must not keep the collector busy."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from isthmus.collector.adapters.snmp.agent import ROWS_MAX, Agent, Community
from isthmus.collector.domain import Fault, Outcome
from isthmus.simulators import ber
from isthmus.simulators.ber import Oid
from isthmus.simulators.snmp import RESPONSE, decode

COLUMN = "1.3.6.1.2.1.2.2.1.2"
COMMUNITY = Community(community=SecretStr("public"))
Following = Callable[[Oid], Oid]


class Walked(asyncio.DatagramProtocol):
    """An agent that says what follows an object by a rule of its own."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self.asked = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        request = decode(data)
        binds, name = b"", request.names[0]
        for _ in range(request.b):
            name = self._following(name)
            binds += ber.sequence(ber.object_id(name), ber.integer(1))
        head = ber.tlv(ber.INTEGER, request.id) + ber.integer(0) + ber.integer(0)
        pdu = ber.tlv(RESPONSE, head + ber.sequence(binds))
        community = ber.tlv(ber.OCTET_STRING, request.community.encode())
        self._transport.sendto(ber.sequence(ber.integer(1), community, pdu), addr)


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., object]]:
    """Opens a session with an agent of that rule."""
    transports = []

    async def make(following: Following) -> Agent:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Walked(following), local_addr=("127.0.0.1", 0)
        )
        transports.append(transport)
        agent = Agent("127.0.0.1", transport.get_extra_info("sockname")[1], "2c", 0.5)
        await agent.open(COMMUNITY)
        return agent

    yield make
    for transport in transports:
        transport.close()


async def walk(agent: Agent) -> Fault:
    """The fault that a walk ends with."""
    with pytest.raises(Fault) as caught:
        async with asyncio.timeout(5):
            await agent.walk(COLUMN)
    return caught.value


async def test_a_table_that_repeats_itself_ends(opened: Callable[..., object]) -> None:
    """The same object again and again is no row."""
    agent = await opened(lambda _: (*map(int, COLUMN.split(".")), 7))  # type: ignore[misc]
    assert (await walk(agent)).outcome is Outcome.GARBLED


async def test_a_table_without_an_end_ends(opened: Callable[..., object]) -> None:
    """There is a limit to the rows of a column."""
    start = (*map(int, COLUMN.split(".")),)
    agent = await opened(lambda name: (*start, name[-1] + 1 if len(name) > len(start) else 1))  # type: ignore[misc]
    fault = await walk(agent)
    assert f"more than {ROWS_MAX} rows" in str(fault)


async def test_a_walk_stays_in_its_column(opened: Callable[..., object]) -> None:
    """What follows the column's last row belongs to another one."""
    start = (*map(int, COLUMN.split(".")),)
    agent = await opened(lambda name: (*start, 1) if name == start else (*start[:-1], 3, 1))  # type: ignore[misc]
    assert await agent.walk(COLUMN) == {"1": 1}


async def test_garbage_is_garbled_or_silence() -> None:
    """Datagrams that are no SNMP never look like an answer."""

    class Garbage(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self._transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self._transport.sendto(b"\x30\x03abc", addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Garbage, local_addr=("127.0.0.1", 0))
    agent = Agent("127.0.0.1", transport.get_extra_info("sockname")[1], "2c", 0.2)
    await agent.open(COMMUNITY)
    with pytest.raises(Fault) as caught:
        await agent.get(["1.3.6.1.2.1.1.1.0"])
    assert caught.value.outcome in (Outcome.GARBLED, Outcome.TIMEOUT)
    transport.close()
