"""Agents gone wrong: what they send must not keep the collector busy."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.collector.adapters.snmp.conftest import CountedLine, MakeAgent

from isthmus.collector.adapters.snmp.agent import Agent, Column, Drained, OnePdu, Visit
from isthmus.collector.adapters.snmp.usm import Community
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.simulators import ber
from isthmus.simulators.ber import Oid
from isthmus.simulators.snmp import RESPONSE, decode

COLUMN = "1.3.6.1.2.1.2.2.1.2"
COMMUNITY = Community(community=SecretStr("public"))
ROWS_MAX = 200
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
        await agent.open(visit(), COMMUNITY)
        return agent

    yield make
    for transport in transports:
        transport.close()


def visit(line: Any = None) -> Visit:
    """A read that has all the time there is."""
    return Visit(line or CountedLine(), math.inf)


async def walked(agent: Agent, line: Any = None) -> Column:
    """The column, walked to whatever end."""
    column = agent.rows(COLUMN, 10)
    async with asyncio.timeout(5):
        assert await column.walk(visit(line), ROWS_MAX)
    return column


async def test_a_table_that_repeats_itself_ends(opened: Callable[..., Any]) -> None:
    """The same object again and again is one row."""
    agent = await opened(lambda _: (*map(int, COLUMN.split(".")), 7))
    column = await walked(agent)
    assert (column.rows, column.trouble) == ({"7": 1}, "the table goes round in circles")


async def test_a_table_without_an_end_ends(opened: Callable[..., Any]) -> None:
    """There is a limit to the rows of a column; what was read until then is kept."""
    start = (*map(int, COLUMN.split(".")),)
    agent = await opened(lambda name: (*start, name[-1] + 1 if len(name) > len(start) else 1))
    column = await walked(agent)
    assert len(column.rows) == ROWS_MAX
    assert column.trouble == f"more than {ROWS_MAX} rows"


async def test_a_walk_stays_in_its_column(opened: Callable[..., Any]) -> None:
    """What follows the column's last row belongs to another one."""
    start = (*map(int, COLUMN.split(".")),)
    agent = await opened(lambda name: (*start, 1) if name == start else (*start[:-1], 3, 1))
    column = await walked(agent)
    assert (column.rows, column.trouble) == ({"1": 1}, "")


async def test_each_pdu_of_a_walk_is_asked_for(opened: Callable[..., Any]) -> None:
    """The library sends several on its own; here each one waits for its turn on the line."""
    start = (*map(int, COLUMN.split(".")),)
    agent = await opened(lambda name: (*start, name[-1] + 1 if len(name) > len(start) else 1))
    line = CountedLine()
    await walked(agent, line)
    assert line.kinds == {Request.SNMP_GET_BULK: ROWS_MAX / 10 + 1}


async def test_a_walk_goes_on_where_its_time_was_over(opened: Callable[..., Any]) -> None:
    """One request of each read; the rows are those of an uninterrupted walk."""
    start = (*map(int, COLUMN.split(".")),)

    def following(name: Oid) -> Oid:
        number = name[-1] + 1 if len(name) > len(start) else 1
        return (*start, number) if number <= 25 else (*start[:-1], 3, 1)

    column = (await opened(following)).rows(COLUMN, 10)
    reads = 0
    while not await column.walk(OneRequest.visit(), ROWS_MAX):
        reads += 1
    assert reads == 2
    assert list(column.rows) == [str(number) for number in range(1, 26)]


class OneRequest(CountedLine):
    """A line whose read has time for one request."""

    @classmethod
    def visit(cls) -> Visit:
        line = cls()

        class Brief(Visit):
            @property
            def over(self) -> bool:
                return line.kinds.total() > 0

        return Brief(line, 0)


async def test_nothing_is_sent_out_of_turn() -> None:
    """The session asks before each PDU; without a turn it does not send."""
    turn = OnePdu()
    with pytest.raises(Drained):
        await turn.wait()
    turn.given = True
    await turn.wait()
    with pytest.raises(Drained):
        await turn.wait()


async def test_an_agent_with_little_room_is_asked_for_less_and_that_is_remembered(
    scripted: MakeAgent,
) -> None:
    """tooBig: half as much at a time, from then on."""
    objects = {f"1.3.6.1.2.1.1.{n}.0": ("string", "x") for n in (1, 4, 5, 6)}
    small = await scripted(objects, max_varbinds=2)
    agent = Agent("127.0.0.1", small.port, "1", 0.5)
    await agent.open(visit(), COMMUNITY)
    found, _ = await agent.get(visit(), objects)
    assert found.keys() == objects.keys()
    before = small.requests.total()
    await agent.get(visit(), objects)
    assert small.requests.total() - before == 2


async def test_a_request_never_has_more_varbinds_than_the_envelope_allows(
    scripted: MakeAgent,
) -> None:
    """GET and GETBULK alike."""
    objects = {f"{COLUMN}.{n}": ("integer", n) for n in range(1, 8)}
    agent = Agent("127.0.0.1", (await scripted(objects, max_varbinds=3)).port, "2c", 0.5)
    line = CountedLine(items_max=3)
    await agent.open(visit(line), COMMUNITY)
    found, _ = await agent.get(visit(line), objects)
    assert found.keys() == objects.keys()
    assert line.kinds == {Request.SNMP_GET: 3}


async def test_version_1_walks_with_getnext(scripted: MakeAgent) -> None:
    """There is no GETBULK in RFC 1157: one row a request."""
    agent = Agent("127.0.0.1", (await scripted({f"{COLUMN}.1": ("integer", 1)})).port, "1", 0.5)
    line = CountedLine()
    await agent.open(visit(line), COMMUNITY)
    column = await walked(agent, line)
    assert column.rows == {"1": 1}
    assert line.kinds == {Request.SNMP_GET_NEXT: 2}


async def test_a_late_answer_is_no_answer_to_the_next_question() -> None:
    """The first question is answered after its time; the second one gets what it asked for."""

    class Late(Walked):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if self.asked == 0:
                asyncio.get_running_loop().call_later(0.4, super().datagram_received, data, addr)
                self.asked += 1
            else:
                asyncio.get_running_loop().call_later(0.15, self._answer, data, addr)

        def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
            request = decode(data)
            bind = ber.sequence(ber.object_id(request.names[0]), ber.integer(2))
            head = ber.tlv(ber.INTEGER, request.id) + ber.integer(0) + ber.integer(0)
            pdu = ber.tlv(RESPONSE, head + ber.sequence(bind))
            community = ber.tlv(ber.OCTET_STRING, request.community.encode())
            self._transport.sendto(ber.sequence(ber.integer(1), community, pdu), addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Late(lambda name: name), local_addr=("127.0.0.1", 0)
    )
    agent = Agent("127.0.0.1", transport.get_extra_info("sockname")[1], "2c", 0.3)
    await agent.open(visit(), COMMUNITY)
    found, _ = await agent.get(visit(), [f"{COLUMN}.1"])
    assert found == {f"{COLUMN}.1": 2}
    transport.close()


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
    await agent.open(visit(), COMMUNITY)
    with pytest.raises(Fault) as caught:
        await agent.get(visit(), ["1.3.6.1.2.1.1.1.0"])
    assert caught.value.outcome in (Outcome.GARBLED, Outcome.TIMEOUT)
    transport.close()
