"""A session that goes on listening: every answer is read, every silence ends, nothing stays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from gufo.snmp import SnmpVersion
from tests.unit.collector.adapters.snmp.conftest import UPTIME, MakeAgent, Registered, ScriptedAgent

from isthmus.collector.adapters.snmp.session import Session
from isthmus.simulators import ber
from isthmus.simulators.snmp import RESPONSE, decode

Opened = Callable[[ScriptedAgent], Session]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Opens sessions that are closed with the test."""
    sessions: list[Session] = []

    def make(agent: ScriptedAgent) -> Session:
        place: dict[str, Any] = {"port": agent.port, "version": SnmpVersion.v2c}
        sessions.append(Session("127.0.0.1", community="public", timeout=0.3, **place))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


async def test_the_socket_is_registered_once_for_many_requests(
    scripted: MakeAgent, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what the session is for: a gufo-snmp that goes another way shows here."""
    session = opened(await scripted({}))
    registered = Registered(monkeypatch)
    for _ in range(3):
        assert await session.get_many([UPTIME])
    assert registered.calls == ["add_reader"]
    session.close()
    session.close()
    assert registered.calls == ["add_reader", "remove_reader"]


async def test_a_closed_session_listens_again_when_it_is_asked(
    scripted: MakeAgent, opened: Opened
) -> None:
    """Closing takes the socket from the loop, not from the session."""
    session = opened(await scripted({}))
    await session.get_many([UPTIME])
    session.close()
    assert await session.get_many([UPTIME])


async def test_an_answer_after_its_time_wakes_nobody(
    scripted: MakeAgent, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wake the loop without end; the next request drops it, and gets its own."""
    agent = await scripted({})
    session = opened(agent)
    monkeypatch.setattr("isthmus.simulators.snmp.RESPONSE_S", 0.4)
    with pytest.raises(TimeoutError):
        await session.get_many([UPTIME])
    registered = Registered(monkeypatch)
    await asyncio.sleep(0.2)
    assert registered.calls == ["remove_reader"]
    monkeypatch.setattr("isthmus.simulators.snmp.RESPONSE_S", 0.0)
    agent.has({})
    assert await session.get_many([UPTIME]) == {UPTIME: 200}


async def test_answers_to_other_questions_do_not_make_the_time_longer() -> None:
    """Each datagram would begin it anew in gufo-snmp: an agent gone wrong could hold a read up."""

    class Chatter(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self._transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            request = decode(data)
            head = ber.tlv(ber.INTEGER, b"\x01") + ber.integer(0) + ber.integer(0)
            pdu = ber.tlv(RESPONSE, head + ber.sequence(request.varbinds))
            community = ber.tlv(ber.OCTET_STRING, b"public")
            self._say(ber.sequence(ber.integer(1), community, pdu), addr, 40)

        def _say(self, answer: bytes, addr: tuple[str, int], left: int) -> None:
            if left and not self._transport.is_closing():
                self._transport.sendto(answer, addr)
                asyncio.get_running_loop().call_later(0.05, self._say, answer, addr, left - 1)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Chatter, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    session = Session("127.0.0.1", port, "public", version=SnmpVersion.v2c, timeout=0.3)
    began = loop.time()
    with pytest.raises(TimeoutError):
        await session.get_many([UPTIME])
    assert loop.time() - began < 1
    session.close()
    transport.close()


async def test_a_cancelled_request_leaves_a_session_that_can_be_asked(
    scripted: MakeAgent, opened: Opened
) -> None:
    """The engine may cancel a read at any time."""
    agent = await scripted({})
    session = opened(agent)
    request = asyncio.create_task(session.get_many([UPTIME]))
    await asyncio.sleep(0.001)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await session.get_many([UPTIME]) == {UPTIME: 100}
