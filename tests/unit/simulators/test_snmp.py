"""SNMP v1 and v2c agents, asked by gufo-snmp over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession

from isthmus.simulators import ber
from isthmus.simulators.devices import Library, SnmpDevice
from isthmus.simulators.snmp import GET, SET, SnmpAgent, SnmpSocket, decode

SYS_DESCR, SYS_NAME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"
IF_HC_IN = "1.3.6.1.2.1.31.1.1.1.6"


def _agent(library: Library, name: str, community: str, **given: str | int) -> SnmpAgent:
    device = library.read(f"snmp/{name}", SnmpDevice)
    return SnmpAgent(device, device.state({"name": community, **given}, "test"), community)


@pytest.fixture
def switches(library: Library) -> list[SnmpAgent]:
    mac, serial = "00:1b:0c:00:00:01", "FOC1"
    return [_agent(library, "cisco-c9300", c, mac=mac, serial=serial) for c in ("one", "two")]


@asynccontextmanager
async def _serve(agents: list[SnmpAgent]) -> AsyncIterator[SnmpSocket]:
    socket = SnmpSocket("127.0.0.1", 0, agents)
    await socket.start()
    try:
        yield socket
    finally:
        await socket.stop()


def _ask(socket: SnmpSocket, community: str, version: SnmpVersion = SnmpVersion.v2c) -> SnmpSession:
    return SnmpSession(
        socket.address, port=socket.port, community=community, version=version, timeout=0.3
    )


def _message(kind: int, names: list[str], version: int = 1, community: str = "one") -> bytes:
    binds = [ber.sequence(ber.object_id(ber.oid(name)), ber.tlv(ber.NULL, b"")) for name in names]
    numbers = b"".join(ber.integer(number) for number in (7, 0, 0))
    pdu = ber.tlv(kind, numbers + ber.sequence(*binds))
    head = ber.integer(version) + ber.tlv(ber.OCTET_STRING, community.encode())
    return ber.sequence(head, pdu)


def _status(answer: bytes) -> int:
    ((_, content),) = ber.elements(answer)
    (_, _, (_, pdu)) = ber.elements(content)
    (_, (_, status), _, _) = ber.elements(pdu)
    return ber.to_integer(status)


async def test_two_devices_on_one_address_are_told_apart_by_community(
    switches: list[SnmpAgent],
) -> None:
    """Each community reaches its own device, and each device counts for itself."""
    async with _serve(switches) as socket, _ask(socket, "one") as one, _ask(socket, "two") as two:
        assert await one.get(SYS_NAME) == b"one"
        assert await two.get(SYS_NAME) == b"two"
        assert await two.get(SYS_NAME) == b"two"
    assert [agent.record.requests["Get"] for agent in switches] == [1, 2]


async def test_an_unknown_community_gets_no_answer(switches: list[SnmpAgent]) -> None:
    """As a real agent, it does not even refuse."""
    async with _serve(switches) as socket, _ask(socket, "three") as session:
        with pytest.raises(TimeoutError):
            await session.get(SYS_NAME)


async def test_bulk_and_next_walk_the_same_objects(switches: list[SnmpAgent]) -> None:
    """GETBULK and GETNEXT find the same column, in the same order, and stop at its end."""
    async with _serve(switches) as socket, _ask(socket, "one") as session:
        bulk = [name async for name, _ in session.getbulk(IF_HC_IN)]
        following = [name async for name, _ in session.getnext(IF_HC_IN)]
        everything = [name async for name, _ in session.getbulk("1.3.6.1")]
    assert bulk == following == [f"{IF_HC_IN}.{port}" for port in (1, 2, 3)]
    assert len(everything) == len(set(everything)) > 40


async def test_version_1_does_not_show_64_bit_counters(switches: list[SnmpAgent]) -> None:
    """A v1 walk steps over Counter64 (RFC 3584), a v1 GET of one is noSuchName."""
    async with _serve(switches) as socket, _ask(socket, "one", SnmpVersion.v1) as session:
        walked = [name async for name, _ in session.getnext("1.3.6.1.2.1.31")]
    assert walked
    assert not any(name.startswith(IF_HC_IN) for name in walked)
    asked = decode(_message(GET, [f"{IF_HC_IN}.1"], version=0))
    assert _status(switches[0].answer(asked)) == 2


async def test_a_traffic_controller_speaks_version_1_in_small_requests(library: Library) -> None:
    """It ignores v2c, and more than ten variables are tooBig."""
    agent = _agent(library, "econolite-cobalt", "one")
    async with (
        _serve([agent]) as socket,
        _ask(socket, "one", SnmpVersion.v1) as old,
        _ask(socket, "one") as new,
    ):
        assert await old.get("1.3.6.1.4.1.1206.4.2.1.3.6.0") == 2
        with pytest.raises(TimeoutError):
            await new.get(SYS_NAME)
    eleven = decode(_message(GET, [SYS_NAME] * 11, version=0))
    assert _status(agent.answer(eleven)) == 1


@pytest.mark.parametrize(("version", "status"), [(0, 4), (1, 17)], ids=["v1", "v2c"])
def test_a_set_is_refused(switches: list[SnmpAgent], version: int, status: int) -> None:
    """Version 1 says readOnly, version 2c notWritable."""
    request = decode(_message(SET, [SYS_NAME], version))
    assert _status(switches[0].answer(request)) == status


async def test_a_set_is_counted_as_a_write(switches: list[SnmpAgent]) -> None:
    """The record shows who tried."""
    async with _serve(switches) as socket:
        socket.datagram_received(_message(SET, [SYS_NAME]), ("127.0.0.1", 9))
    assert switches[0].record.writes == 1


async def test_a_silent_agent_does_not_answer(switches: list[SnmpAgent]) -> None:
    """Its neighbour on the same socket still does."""
    switches[0].states[""].silent = True
    async with _serve(switches) as socket, _ask(socket, "one") as one, _ask(socket, "two") as two:
        with pytest.raises(TimeoutError):
            await one.get(SYS_NAME)
        assert await two.get(SYS_NAME) == b"two"
    assert switches[0].record.requests == {}


async def test_values_change_between_two_requests(switches: list[SnmpAgent]) -> None:
    """A new release shows in sysDescr at once."""
    async with _serve(switches) as socket, _ask(socket, "one") as session:
        switches[0].states[""]["software"] = "17.12.1"
        said = await session.get(SYS_DESCR)
    assert isinstance(said, bytes)
    assert b"Version 17.12.1," in said


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x02\x02\x01", b"GET / HTTP/1.1\r\n"])
async def test_garbage_is_ignored(switches: list[SnmpAgent], garbage: bytes) -> None:
    """What is no SNMP message has no answer, no count and no crash."""
    async with _serve(switches) as socket:
        socket.datagram_received(garbage, ("127.0.0.1", 9))
    assert switches[0].record.requests == {}
