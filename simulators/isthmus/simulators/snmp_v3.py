"""An SNMPv3 authPriv agent (User-based Security Model, RFC 3414 and 3826), played by pysnmp."""

import warnings
from collections.abc import Callable
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.smi import error

from isthmus.simulators.ber import Oid
from isthmus.simulators.devices import SnmpDevice
from isthmus.simulators.fleet import Credential
from isthmus.simulators.mib import Mib
from isthmus.simulators.record import Record
from isthmus.simulators.state import State

AUTH = {"sha1": config.USM_AUTH_HMAC96_SHA, "sha256": config.USM_AUTH_HMAC192_SHA256}
TYPES: dict[str, Any] = {
    "counter32": rfc1902.Counter32,
    "counter64": rfc1902.Counter64,
    "gauge32": rfc1902.Gauge32,
    "hex": rfc1902.OctetString,
    "integer": rfc1902.Integer32,
    "ip": rfc1902.IpAddress,
    "mac": rfc1902.OctetString,
    "oid": rfc1902.ObjectIdentifier,
    "string": rfc1902.OctetString,
    "timeticks": rfc1902.TimeTicks,
}
RESPONDERS = {
    "Get": cmdrsp.GetCommandResponder,
    "GetNext": cmdrsp.NextCommandResponder,
    "GetBulk": cmdrsp.BulkCommandResponder,
    "Set": cmdrsp.SetCommandResponder,
}
PDU_NAMES = {responder.SUPPORTED_PDU_TYPES[0]: name for name, responder in RESPONDERS.items()}


class _Objects:
    """The device's objects in the shape of pysnmp's AbstractMibInstrumController."""

    def __init__(self, mib: Mib) -> None:
        self._mib = mib

    def read_variables(self, *binds: Any, **_: Any) -> list[Any]:
        return [(name, self._read(tuple(name))) for name, _ in binds]

    def read_next_variables(self, *binds: Any, **_: Any) -> list[Any]:
        return [self._after(tuple(name)) for name, _ in binds]

    def write_variables(self, *binds: Any, **_: Any) -> list[Any]:
        raise error.NotWritableError(name=binds[0][0], idx=0)

    def _read(self, name: Oid) -> Any:
        if name not in self._mib:
            return rfc1905.noSuchInstance
        return TYPES[self._mib.kind(name)](self._mib.value(name))

    def _after(self, name: Oid) -> Any:
        following = self._mib.after(name)
        if following is None:
            return rfc1902.ObjectName(name), rfc1905.endOfMibView
        return rfc1902.ObjectName(following), self._read(following)


def _muted(receive: Callable[[bytes, Any], None], state: State) -> Callable[[bytes, Any], None]:
    """A silent device does not even answer engine discovery."""

    def datagram_received(datagram: bytes, address: Any) -> None:
        if not state.silent:
            receive(datagram, address)

    return datagram_received


class SnmpV3Agent:
    """One device with one USM user on one socket of its own."""

    def __init__(
        self, address: str, port: int, device: SnmpDevice, state: State, user: Credential
    ) -> None:
        self.address, self.port = address, port
        self.record = Record()
        self.states = {"": state}
        self._mib = Mib(device, state)
        self._user = user
        self._engine: Any = None

    async def start(self) -> None:
        own_id = rfc1902.OctetString(hexValue=str(self.states[""]["engine_id"]))
        with warnings.catch_warnings():  # pysnmp forgets to close its file of engine boots
            warnings.simplefilter("ignore", ResourceWarning)
            self._engine = engine.SnmpEngine(snmpEngineID=own_id)
        self._add_user()
        transport: Any = udp.UdpAsyncioTransport()
        transport.datagram_received = _muted(transport.datagram_received, self.states[""])
        transport.open_server_mode((self.address, self.port))
        config.add_transport(self._engine, udp.DOMAIN_NAME, transport)
        await transport._lport
        self.port = transport.transport.get_extra_info("sockname")[1]
        self._add_responders()
        self._engine.transport_dispatcher.job_started(1)

    async def stop(self) -> None:
        if self._engine is not None:
            self._engine.close_dispatcher()

    async def changed(self) -> None:
        """Nothing to do: silence and values are looked up with each request."""

    def _add_user(self) -> None:
        user = self._user
        auth = AUTH[user.auth_protocol or "sha1"]
        priv = config.USM_PRIV_CFB128_AES
        config.add_v3_user(self._engine, user.user, auth, user.auth_key, priv, user.priv_key)
        config.add_vacm_user(self._engine, 3, user.user, "authPriv", (1, 3, 6), (1, 3, 6))

    def _add_responders(self) -> None:
        ours = context.SnmpContext(self._engine)
        ours.unregister_context_name(b"")
        ours.register_context_name(b"", _Objects(self._mib))
        for responder in RESPONDERS.values():
            responder(self._engine, ours)
        self._engine.observer.register_observer(self._count, "rfc3412.receiveMessage:request")

    def _count(self, _engine: Any, _point: str, variables: Any, _context: Any) -> None:
        kind = PDU_NAMES.get(variables["pdu"].tagSet, "other")
        self.record.began(kind, write=kind == "Set")
        self.record.ended()  # pysnmp answers before it takes the next datagram
