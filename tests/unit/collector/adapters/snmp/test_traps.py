"""Traps and informs on a real socket: pysnmp and net-snmp's commands send them."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    NotificationType,
    ObjectIdentity,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    send_notification,
    usmAesCfb256Protocol,
    usmHMAC384SHA512AuthProtocol,
)

from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.snmp.traps import TrapReceiver
from isthmus.collector.domain.notification import Notification
from isthmus.runtime.errors import IsthmusError

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
BINDS = ["1.3.6.1.2.1.2.2.1.1.2", "i", "2", "1.3.6.1.2.1.2.2.1.2.2", "s", "eth1"]
FACTS = {"snmpTrapOID": LINK_DOWN, "ifDescr.2": "eth1"}
SECRETS = """
ro: {community: public}
v3: {user: isthmus, auth_protocol: sha512, auth_key: auth-key-0001,
     priv_protocol: aes256, priv_key: priv-key-0001}
"""
USER = ["-v3", "-uisthmus", "-lauthPriv", "-aSHA-512", "-Aauth-key-0001", "-xAES-256"]
RIGHT, WRONG = "-Xpriv-key-0001", "-Xpriv-key-0002"
ENGINE = "-e0x80001f8804abcdef"
net_snmp = pytest.mark.skipif(
    shutil.which("snmptrap") is None and not os.environ.get("CI"),
    reason="no snmptrap; apt-get install snmp",
)


@dataclass
class Heard:
    """What the receiver handed over and refused."""

    admitted: bool = True
    notifications: list[Notification] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def admits(self, address: str) -> bool:
        return self.admitted

    def heard(self, notification: Notification) -> None:
        self.notifications.append(notification)

    def refused(self, address: str, reason: str) -> None:
        self.reasons.append(reason)


@dataclass
class Listening:
    """A receiver, with the file of its credentials."""

    receiver: TrapReceiver
    heard: Heard
    secrets: Path
    folder: Path

    async def send(self, command: str, *arguments: str) -> int:
        """Run one of net-snmp's commands against the receiver; its exit status."""
        environ = {"PATH": os.environ["PATH"], "MIBS": "", "HOME": str(self.folder)}
        process = await asyncio.create_subprocess_exec(
            command, *arguments,
            env=environ | {"SNMP_PERSISTENT_DIR": str(self.folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        status = await process.wait()
        await asyncio.sleep(0.05)
        return status

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.receiver.port}"


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    """A receiver for one community and one user."""
    secrets, heard = tmp_path / "secrets.yaml", Heard()
    secrets.write_text(SECRETS)
    receiver = TrapReceiver(
        "127.0.0.1", 0, "lyon/collector-1",
        names=["ro", "v3"], credentials=CredentialsFile(secrets), hears=heard,
    )  # fmt: skip
    async with receiver:
        yield Listening(receiver, heard, secrets, tmp_path)


@net_snmp
async def test_a_trap_of_version_1_is_heard_without_its_community(listening: Listening) -> None:
    """RFC 3584 turns its header into variables; the community is not one of ours."""
    enterprise = ["1.3.6.1.4.1.8072", "10.0.0.7", "2", "0", "77"]
    await listening.send("snmptrap", "-v1", "-cpublic", listening.at, *enterprise, *BINDS)
    [said] = listening.heard.notifications
    assert (said.address, said.request_id) == ("127.0.0.1", None)
    assert said.facts == {
        **FACTS, "snmpTrapAddress": "10.0.0.7", "snmpTrapEnterprise": "1.3.6.1.4.1.8072"
    }  # fmt: skip
    assert said.points == {"sysUpTime": (77.0, "1"), "ifIndex.2": (2.0, "1")}
    assert "public" not in repr(said)


@net_snmp
@pytest.mark.parametrize("who", [["-v2c", "-cpublic"], [*USER, RIGHT, ENGINE]])
async def test_a_trap_is_heard(listening: Listening, who: list[str]) -> None:
    """Version 2c by its community; version 3 by a user whose keys belong to the sender's engine."""
    status = await listening.send("snmptrap", *who, listening.at, "42", LINK_DOWN, *BINDS)
    assert status == 0
    [said] = listening.heard.notifications
    assert said.facts == FACTS
    assert said.points == {"sysUpTime": (42.0, "1"), "ifIndex.2": (2.0, "1")}


@net_snmp
@pytest.mark.parametrize("who", [["-v2c", "-cpublic"], [*USER, RIGHT]])
async def test_an_inform_is_acknowledged(listening: Listening, who: list[str]) -> None:
    """The command ends with 0 only when the response came."""
    arguments = [*who, "-r0", "-t2", listening.at, "42", LINK_DOWN, *BINDS]
    assert await listening.send("snmpinform", *arguments) == 0
    [said] = listening.heard.notifications
    assert (said.facts, listening.heard.reasons) == (FACTS, [])


@net_snmp
@pytest.mark.parametrize(
    ("command", "who"),
    [
        ("snmptrap", ["-v2c", "-cother"]),
        ("snmptrap", [*USER, WRONG, ENGINE]),
        ("snmpinform", [*USER, WRONG]),
        ("snmptrap", ["-v3", "-unobody", "-lnoAuthNoPriv", ENGINE]),
    ],
)
async def test_what_is_not_authentic_is_not_heard(
    listening: Listening, command: str, who: list[str]
) -> None:
    """A wrong community, a wrong key, an unknown user."""
    await listening.send(command, *who, "-r0", "-t1", listening.at, "42", LINK_DOWN, *BINDS)
    assert listening.heard.notifications == []
    assert set(listening.heard.reasons) == {"not_authentic"}


@net_snmp
async def test_who_is_not_admitted_gets_no_answer(listening: Listening) -> None:
    """An inform is not acknowledged, so that its sender sends it again later."""
    listening.heard.admitted = False
    arguments = ["-v2c", "-cpublic", "-r0", "-t1", listening.at, "42", LINK_DOWN, *BINDS]
    assert await listening.send("snmpinform", *arguments) != 0
    assert (listening.heard.notifications, listening.heard.reasons) == ([], [])


@net_snmp
async def test_the_receiver_is_no_agent(listening: Listening) -> None:
    """A GET with the right credential gets no value."""
    for who in (["-v2c", "-cpublic"], [*USER, RIGHT]):
        arguments = [*who, "-r0", "-t1", listening.at, "1.3.6.1.2.1.1.1.0"]
        assert await listening.send("snmpget", *arguments) != 0
    assert listening.heard.notifications == []


@net_snmp
async def test_a_changed_credential_holds_from_the_next_datagram(listening: Listening) -> None:
    """No restart: the old community is refused, the new one accepted."""
    trap = [listening.at, "42", LINK_DOWN, *BINDS]
    listening.secrets.write_text(SECRETS.replace("public", "changed"))
    os.utime(listening.secrets, ns=(1, 1))
    await listening.send("snmptrap", "-v2c", "-cpublic", *trap)
    await listening.send("snmptrap", "-v2c", "-cchanged", *trap)
    await listening.send("snmptrap", *USER, RIGHT, ENGINE, *trap)
    assert len(listening.heard.notifications) == 2
    assert listening.heard.reasons == ["not_authentic"]


@pytest.mark.parametrize("kind", ["trap", "inform"])
@pytest.mark.parametrize("version", ["2c", "3"])
async def test_pysnmp_is_heard_too(listening: Listening, kind: str, version: str) -> None:
    """Another sender than net-snmp."""
    keys = (usmHMAC384SHA512AuthProtocol, usmAesCfb256Protocol)
    who = CommunityData("public") if version == "2c" else UsmUserData(
        "isthmus", "auth-key-0001", "priv-key-0001", authProtocol=keys[0], privProtocol=keys[1]
    )  # fmt: skip
    sender = SnmpEngine()
    target = await UdpTransportTarget.create(("127.0.0.1", listening.receiver.port), 2, 0)
    failure, *_ = await send_notification(
        sender, who, target, ContextData(), kind,
        NotificationType(ObjectIdentity(LINK_DOWN)).add_varbinds(("1.3.6.1.2.1.1.5.0", "x")),
    )  # fmt: skip
    await asyncio.sleep(0.1)
    sender.close_dispatcher()
    assert failure is None
    [said] = listening.heard.notifications
    assert said.facts["snmpTrapOID"] == LINK_DOWN


@pytest.mark.parametrize(
    "octets", [b"", b"x", b"\x30\x03abc", b"\x30\x82\xff\xff", bytes(1400), b"\x30\x03\x02\x01\x03"]
)
async def test_garbage_is_dropped(listening: Listening, octets: bytes) -> None:
    """It costs a count, never the receiver."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(octets, ("127.0.0.1", listening.receiver.port))
    await asyncio.sleep(0.05)
    assert listening.heard.reasons == ["garbled"]


async def test_a_taken_port_is_said_in_one_sentence(listening: Listening) -> None:
    """The process does not start; the sentence names the address."""
    second = TrapReceiver(
        "127.0.0.1", listening.receiver.port, "lyon/collector-2",
        names=["ro"], credentials=CredentialsFile(listening.secrets), hears=Heard(),
    )  # fmt: skip
    with pytest.raises(IsthmusError, match=f"traps: {listening.at}: "):
        await second.__aenter__()


async def test_a_credential_that_is_not_there_is_said_at_start(tmp_path: Path) -> None:
    """It names the credential and no secret."""
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(SECRETS)
    receiver = TrapReceiver(
        "127.0.0.1", 0, "lyon/collector-1",
        names=["missing"], credentials=CredentialsFile(secrets), hears=Heard(),
    )  # fmt: skip
    with pytest.raises(IsthmusError, match="credential 'missing'"):
        await receiver.__aenter__()
