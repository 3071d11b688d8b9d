"""The SNMPv3 agent, asked by gufo-snmp over a real socket."""

from collections.abc import AsyncIterator

import pytest
from gufo.snmp import SnmpError
from gufo.snmp.aio import SnmpSession
from gufo.snmp.user import Aes128Key, KeyType, Sha256Key, User

from isthmus.simulators.devices import Library, SnmpDevice
from isthmus.simulators.fleet import Credential
from isthmus.simulators.snmp_v3 import SnmpV3Agent

SYS_NAME = "1.3.6.1.2.1.1.5.0"
ENGINE_ID = "80001f88804e1b0c3a61d2"
CREDENTIAL = Credential(
    user="isthmus",
    auth_protocol="sha256",
    auth_key="authentication",
    priv_protocol="aes128",
    priv_key="encryption",
)


@pytest.fixture
async def agent(library: Library) -> AsyncIterator[SnmpV3Agent]:
    device = library.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "hist-1", "mac": "d0:94:66:00:00:01", "engine_id": ENGINE_ID}
    agent = SnmpV3Agent("127.0.0.1", 0, device, device.state(given, "test"), CREDENTIAL)
    await agent.start()
    yield agent
    await agent.stop()


def _ask(agent: SnmpV3Agent, auth_key: bytes = b"authentication") -> SnmpSession:
    user = User(
        "isthmus",
        auth_key=Sha256Key(auth_key, key_type=KeyType.Password),
        priv_key=Aes128Key(b"encryption", key_type=KeyType.Password),
    )
    return SnmpSession(agent.address, port=agent.port, user=user, timeout=0.5)


async def test_an_encrypted_request_is_answered_and_counted(agent: SnmpV3Agent) -> None:
    """GET and GETBULK work with authPriv, and the engine id is the device's own."""
    async with _ask(agent) as session:
        assert await session.get(SYS_NAME) == b"hist-1"
        assert await session.get("1.3.6.1.6.3.10.2.1.1.0") == bytes.fromhex(ENGINE_ID)
        assert len([row async for row in session.getbulk("1.3.6.1.2.1.2.2.1")]) == 9
        assert session.get_engine_id() == bytes.fromhex(ENGINE_ID)
    assert agent.record.requests["Get"] >= 2
    assert agent.record.requests["GetBulk"] == 1
    assert agent.record.in_flight == 0


async def test_a_wrong_key_gets_no_value(agent: SnmpV3Agent) -> None:
    """An unauthenticated request never reaches the objects."""
    with pytest.raises((TimeoutError, SnmpError)):
        async with _ask(agent, b"another key") as session:
            await session.get(SYS_NAME)
    assert agent.record.requests == {}


async def test_a_silent_agent_does_not_even_tell_its_engine(agent: SnmpV3Agent) -> None:
    """Discovery times out as well."""
    agent.states[""].silent = True
    with pytest.raises(TimeoutError):
        async with _ask(agent) as session:
            await session.get(SYS_NAME)
