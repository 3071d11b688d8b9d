"""Traps and informs: one UDP socket, one pysnmp engine; answers informs, sends nothing else."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any, Self

from pyasn1.codec.ber import decoder
from pyasn1.type import univ
from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.proto import rfc1902
from pysnmp.proto.api.verdec import decode_message_version
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from isthmus.collector.adapters.snmp.names import COMMUNITY_OID, name_of
from isthmus.collector.adapters.snmp.text import Value, device
from isthmus.collector.adapters.snmp.usm import AnyCredential, Community, Credential, Usm
from isthmus.collector.domain.notification import Notification
from isthmus.collector.ports import Credentials, Hears
from isthmus.runtime.errors import IsthmusError, Unauthorized

# RFC 3411, SnmpEngineID: an enterprise (pysnmp's), and a text as the fourth format.
ENGINE_ID_PREFIX = bytes.fromhex("80004fb804")
ENGINE_ID_OCTETS_MAX = 32
VERSION_3 = 3
AUTH: dict[str, Any] = {
    "sha1": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV: dict[tuple[str | None, str], Any] = {
    ("aes128", "blumenthal"): config.USM_PRIV_CFB128_AES,
    ("aes128", "cisco"): config.USM_PRIV_CFB128_AES,
    ("aes192", "blumenthal"): config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    ("aes192", "cisco"): config.USM_PRIV_CFB192_AES,
    ("aes256", "blumenthal"): config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    ("aes256", "cisco"): config.USM_PRIV_CFB256_AES,
}


class TrapReceiver:
    """Listens for traps and informs of versions 1, 2c and 3, and hands over the authentic ones."""

    def __init__(
        self,
        host: str,
        port: int,
        name: str,
        *,
        names: Iterable[str],
        credentials: Credentials,
        hears: Hears,
    ) -> None:
        """`name` makes the engine id that senders of informs see; `names` are credentials."""
        self.host, self.port = host, port
        self._engine_id = (ENGINE_ID_PREFIX + name.encode())[:ENGINE_ID_OCTETS_MAX]
        self._names = list(names)
        self._credentials = credentials
        self._known: list[Credential] = []
        self._engines: dict[str, bytes] = {}
        self._engine: Any = None
        self._socket: Any = None
        self._hears = hears
        self._notification: Notification | None = None

    async def __aenter__(self) -> Self:
        """Listen; raises IsthmusError when the address is taken or a credential is not there."""
        self._start_engine()
        six = ":" in self.host
        transport: Any = udp6.Udp6AsyncioTransport() if six else udp.UdpAsyncioTransport()
        transport.datagram_received = self._received
        transport.open_server_mode((self.host, self.port))
        try:
            await transport._lport
        except OSError as error:
            raise IsthmusError(f"traps: {self.host}:{self.port}: {error.strerror}") from error
        domain = udp6.DOMAIN_NAME if six else udp.DOMAIN_NAME
        config.add_transport(self._engine, domain, transport)
        self.port = transport.transport.get_extra_info("sockname")[1]
        self._socket = transport
        return self

    async def __aexit__(self, *_: object) -> None:
        self._engine.close_dispatcher()

    def _start_engine(self) -> None:
        with warnings.catch_warnings():  # pysnmp forgets to close its file of engine boots
            warnings.simplefilter("ignore", ResourceWarning)
            self._engine = engine.SnmpEngine(snmpEngineID=rfc1902.OctetString(self._engine_id))
        _Receiver(self._engine, self._take)
        try:
            self._renew()
        except Unauthorized as error:
            raise IsthmusError(f"traps: {error}") from error

    def _received(self, datagram: bytes, address: tuple[str, int]) -> None:
        """Look at one datagram, if it may be looked at; pysnmp answers an inform by itself."""
        if not self._hears.admits(address[0]):
            return
        self._notification = None
        try:
            self._renew()
            asks_for_engine = self._meet(address[0], datagram)
            self._socket._callback_function(self._socket, address, datagram)
        except Unauthorized:
            self._hears.refused(address[0], "not_authentic")
            return
        except Exception:  # what the decoders raise for hostile octets has no common type
            self._hears.refused(address[0], "garbled")
            return
        if self._notification is not None:
            self._hears.heard(self._notification)
        elif not asks_for_engine:
            self._hears.refused(address[0], "not_authentic")

    def _take(self, address: str, request_id: int | None, binds: list[tuple[Any, Any]]) -> None:
        self._notification = notification(address, request_id, binds)

    def _renew(self) -> None:
        """Accept the credentials as they are now."""
        resolved = [self._credentials.resolve(n, AnyCredential).root for n in self._names]
        if resolved == self._known:
            return
        for number, credential in enumerate(self._known):
            self._drop(number, credential)
        self._known, self._engines = resolved, {}
        for number, credential in enumerate(resolved):
            self._accept(number, credential)

    def _accept(self, number: int, credential: Credential) -> None:
        if isinstance(credential, Community):
            config.add_v1_system(
                self._engine, f"community-{number}", credential.community.get_secret_value()
            )
        else:
            self._add_user(credential, self._engine_id)

    def _drop(self, number: int, credential: Credential) -> None:
        if isinstance(credential, Community):
            config.delete_v1_system(self._engine, f"community-{number}")
            return
        for engine_id in {self._engine_id, *self._engines.values()}:
            config.delete_v3_user(self._engine, credential.user, rfc1902.OctetString(engine_id))

    def _meet(self, address: str, datagram: bytes) -> bool:
        """Have the users' keys for the sender's engine, which is the authority over its traps.

        True when the sender asks for our engine, as it does before its first inform.
        """
        engine_id = sender_engine(datagram)
        if engine_id is None:
            return False
        if not engine_id:
            return True
        if engine_id != self._engine_id and self._engines.get(address) != engine_id:
            self._engines[address] = engine_id
            for usm in self._known:
                if isinstance(usm, Usm):
                    self._add_user(usm, engine_id)
        return False

    def _add_user(self, usm: Usm, engine_id: bytes) -> None:
        priv_key = usm.priv_key
        config.add_v3_user(
            self._engine,
            usm.user,
            AUTH[usm.auth_protocol],
            usm.auth_key.get_secret_value(),
            PRIV.get((usm.priv_protocol, usm.key_expansion), config.USM_PRIV_NONE),
            None if priv_key is None else priv_key.get_secret_value(),
            securityEngineId=rfc1902.OctetString(engine_id),
        )


class _Receiver(ntfrcv.NotificationReceiver):  # type: ignore[misc]  # pysnmp has no types
    """pysnmp's receiver, which does not say by itself from where and under which id."""

    def __init__(
        self,
        snmp_engine: Any,
        take: Callable[[str, int | None, list[tuple[Any, Any]]], None],
    ) -> None:
        super().__init__(snmp_engine, self._told)
        self._take = take
        self._address = ""
        self._request_id: int | None = None

    def process_pdu(self, snmp_engine: Any, model: int, *rest: Any) -> None:
        *_, pdu, _, reference = rest
        self._address = snmp_engine.message_dispatcher.get_transport_info(reference)[1][0]
        # A trap of version 1 has no request id: RFC 1157, 4.1.6.
        self._request_id = int(pdu[0]) if model else None
        super().process_pdu(snmp_engine, model, *rest)

    def _told(self, *said: Any) -> None:
        self._take(self._address, self._request_id, list(said[4]))


def sender_engine(datagram: bytes) -> bytes | None:
    """The authoritative engine of a version 3 message; None for earlier versions."""
    if decode_message_version(datagram) != VERSION_3:
        return None
    message, _ = decoder.decode(datagram, asn1Spec=SNMPv3Message())
    parameters, _ = decoder.decode(bytes(message[2]), asn1Spec=UsmSecurityParameters())
    return bytes(parameters[0])


def notification(
    address: str, request_id: int | None, binds: Iterable[tuple[Any, Any]]
) -> Notification:
    """What the variables say, by the names that their MIBs give them; no community."""
    said = {str(oid): _plain(value) for oid, value in binds}
    said.pop(COMMUNITY_OID, None)
    reading = device({name_of(oid): value for oid, value in said.items()})
    return Notification(address, request_id, reading.facts, reading.points)


def _plain(value: Any) -> Value:
    if isinstance(value, univ.ObjectIdentifier):
        return str(value)
    if isinstance(value, rfc1902.IpAddress):
        return ".".join(str(octet) for octet in bytes(value))
    if isinstance(value, univ.OctetString):
        return bytes(value)
    return int(value) if isinstance(value, univ.Integer) else None
