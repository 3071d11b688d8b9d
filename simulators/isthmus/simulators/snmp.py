"""SNMP v1 and v2c agents: several on one socket by community, SET refused and counted."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from isthmus.simulators import ber
from isthmus.simulators.ber import Oid
from isthmus.simulators.devices import SnmpDevice
from isthmus.simulators.mib import Mib
from isthmus.simulators.record import Record
from isthmus.simulators.state import State

# RFC 1157 and RFC 3416
V1, V2C = 0, 1
GET, GETNEXT, RESPONSE, SET, GETBULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
NAMES = {GET: "Get", GETNEXT: "GetNext", SET: "Set", GETBULK: "GetBulk"}
TOO_BIG, NO_SUCH_NAME, READ_ONLY, NOT_WRITABLE = 1, 2, 4, 17
MOST_OCTETS = 1400
RESPONSE_S = 0.003


class Request(NamedTuple):
    """One decoded message; `a` and `b` are error status and index, or GETBULK's two numbers."""

    version: int
    community: str
    kind: int
    id: bytes
    a: int
    b: int
    names: list[Oid]
    varbinds: bytes


def decode(message: bytes) -> Request:
    """Take a message apart; raises BerError when it is none."""
    ((tag, content),) = ber.elements(message)
    (_, version), (_, community), (kind, pdu) = ber.elements(content)
    (_, request_id), (_, a), (_, b), (_, varbinds) = ber.elements(pdu)
    if tag != ber.SEQUENCE or kind not in NAMES:
        raise ber.BerError("not a request")
    names = [ber.to_oid(next(ber.elements(bind))[1]) for _, bind in ber.elements(varbinds)]
    return Request(
        ber.to_integer(version),
        community.decode("latin-1"),
        kind,
        request_id,
        ber.to_integer(a),
        ber.to_integer(b),
        names,
        varbinds,
    )


class Failed(Exception):
    """An error status with the index of the variable."""

    def __init__(self, status: int, index: int) -> None:
        super().__init__(f"error status {status}")
        self.status, self.index = status, index


class SnmpAgent:
    """One device on a socket, chosen by its community."""

    def __init__(self, device: SnmpDevice, state: State, community: str) -> None:
        self.community = community
        self.record = Record()
        self.states = {"": state}
        self._device = device
        self._mib = Mib(device, state)

    @property
    def silent(self) -> bool:
        return self.states[""].silent

    async def changed(self) -> None:
        """Nothing to do: silence and values are looked up with each request."""

    def speaks(self, request: Request) -> bool:
        if request.kind == GETBULK and request.version == V1:
            return False
        return request.version + 1 in self._device.versions

    def answer(self, request: Request) -> bytes:
        status, index, varbinds = 0, 0, request.varbinds
        try:
            varbinds = self._varbinds(request)
        except Failed as error:
            status, index = error.status, error.index
        head = ber.tlv(ber.INTEGER, request.id) + ber.integer(status) + ber.integer(index)
        pdu = ber.tlv(RESPONSE, head + ber.sequence(varbinds))
        community = ber.tlv(ber.OCTET_STRING, request.community.encode("latin-1"))
        return ber.sequence(ber.integer(request.version), community, pdu)

    def _varbinds(self, request: Request) -> bytes:
        if request.kind == SET:
            raise Failed(READ_ONLY if request.version == V1 else NOT_WRITABLE, 1)
        if len(request.names) > self._device.max_varbinds:
            raise Failed(TOO_BIG, 0)
        if request.kind == GETBULK:
            return self._bulk(request)
        look_up = self._get if request.kind == GET else self._next
        found = [
            look_up(name, request.version, index)[1] for index, name in enumerate(request.names, 1)
        ]
        if sum(map(len, found)) > MOST_OCTETS:
            raise Failed(TOO_BIG, 0)
        return b"".join(found)

    def _get(self, name: Oid, version: int, index: int) -> tuple[Oid, bytes]:
        if name in self._mib and not self._hidden(name, version):
            return name, self._bind(name)
        if version == V1:
            raise Failed(NO_SUCH_NAME, index)
        return name, _absent(name, ber.NO_SUCH_INSTANCE)

    def _next(self, name: Oid, version: int, index: int) -> tuple[Oid, bytes]:
        following = self._mib.after(name)
        while following is not None and self._hidden(following, version):
            following = self._mib.after(following)
        if following is not None:
            return following, self._bind(following)
        if version == V1:
            raise Failed(NO_SUCH_NAME, index)
        return name, _absent(name, ber.END_OF_MIB_VIEW)

    def _bulk(self, request: Request) -> bytes:
        single = max(request.a, 0)
        found = [self._next(name, V2C, 0)[1] for name in request.names[:single]]
        cursor, size = request.names[single:], sum(map(len, found))
        for _ in range(max(request.b, 0) if cursor else 0):
            row = [self._next(name, V2C, 0) for name in cursor]
            size += sum(len(bind) for _, bind in row)
            if size > MOST_OCTETS or [name for name, _ in row] == cursor:
                break
            found += [bind for _, bind in row]
            cursor = [name for name, _ in row]
        else:
            return b"".join(found)
        return b"".join(found) or b"".join(bind for _, bind in row)

    def _hidden(self, name: Oid, version: int) -> bool:
        return version == V1 and self._mib.kind(name) == "counter64"  # RFC 3584, 4.2.2.1

    def _bind(self, name: Oid) -> bytes:
        return ber.sequence(ber.object_id(name), self._mib.encoded(name))


def _absent(name: Oid, exception: int) -> bytes:
    return ber.sequence(ber.object_id(name), ber.tlv(exception, b""))


class SnmpSocket(asyncio.DatagramProtocol):
    """One UDP address with all agents that share it."""

    def __init__(self, address: str, port: int, agents: Iterable[SnmpAgent]) -> None:
        self.address, self.port = address, port
        self._agents = {agent.community: agent for agent in agents}
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.address, self.port)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            request = decode(data)
        except (ber.BerError, ValueError, StopIteration):
            return
        agent = self._agents.get(request.community)
        if agent is None or agent.silent or not agent.speaks(request):
            return
        agent.record.began(NAMES[request.kind], write=request.kind == SET)
        asyncio.get_running_loop().call_later(RESPONSE_S, self._answer, agent, request, addr)

    def _answer(self, agent: SnmpAgent, request: Request, addr: tuple[str, int]) -> None:
        agent.record.ended()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(agent.answer(request), addr)
