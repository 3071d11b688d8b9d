"""SNMP against net-snmp's own agent: what a real snmpd says, in every version and cipher."""

import asyncio
import itertools
import os
import shutil
import socket
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.reading import DeviceReading, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Source

T = TypeVar("T")
SNMPD = shutil.which("snmpd", path=f"{os.environ['PATH']}:/usr/sbin")
NOBODY = 65534
AUTH_KEY, PRIV_KEY = "auth-key-0001", "priv-key-0001"
AUTH = {"sha1": "SHA", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384"}
AUTH |= {"sha512": "SHA-512"}
PRIV = {"": "", "aes128": "AES", "aes192": "AES-192", "aes256": "AES-256"}
USERS = list(itertools.product(AUTH, PRIV))
GROUPS = "groups: [system, interfaces, host-resources, software]"

pytestmark = pytest.mark.skipif(
    SNMPD is None and not os.environ.get("CI"), reason="no snmpd; apt-get install snmpd"
)


class PacedLine:
    """A line that counts, and keeps what SNMP agents are granted by default."""

    items_max: int | None = None
    suspended: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.kinds: Counter[Request] = Counter()

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await self.ask(kind, send)

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        self.kinds[kind] += 1
        return await send()

    def sent(self, kind: Request, count: int = 1) -> None:
        self.kinds[kind] += count


@dataclass
class Snmpd:
    """A running agent with a folder, a user and a port of its own."""

    folder: Path
    port: int
    process: Any = None
    location: str = "Hall 3"
    sources: list[Source] = field(default_factory=list)

    async def start(self) -> None:
        """Run it without any right, and wait until it listens."""
        (self.folder / "snmpd.conf").write_text("\n".join(self._lines()))
        self._give_away()
        assert SNMPD is not None, "no snmpd; apt-get install snmpd"
        self.process = await asyncio.create_subprocess_exec(
            SNMPD, "-f", "-LF", "w", str(self.folder / "log"), "-C",
            "-c", str(self.folder / "snmpd.conf"),
            env={"MIBS": "", "SNMP_PERSISTENT_DIR": str(self.folder / "state")},
            user=NOBODY if os.geteuid() == 0 else None,
        )  # fmt: skip
        until = time.monotonic() + 10
        while (await self.read(self.source("2c", "ro", "groups: [system]"))).outcome is not (
            Outcome.OK
        ):
            log = self.folder / "log"
            assert time.monotonic() < until, log.read_text() if log.exists() else "no log"
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        self.process.terminate()
        await self.process.wait()

    def source(self, version: str, credential: str, profile: str = GROUPS) -> Source:
        """The source of the agent, with a profile of its own."""
        name = f"profile-{len(self.sources)}"
        (self.folder / f"{name}.yaml").write_text(f"protocol: snmp\n{profile}\n")
        place = {"protocol": "snmp", "host": "127.0.0.1", "port": self.port}
        fields = {**place, "version": version, "credential": credential, "request_timeout_s": 0.5}
        source = endpoint(fields).source(
            name, ProfileFolder(self.folder), CredentialsFile(self.folder / "secrets.yaml")
        )
        self.sources.append(source)
        return source

    async def read(self, source: Source, slot: int = 0, line: PacedLine | None = None) -> Reading:
        return await source.read(line or PacedLine(), slot)

    def _lines(self) -> list[str]:
        """The agent's configuration, and the credentials that fit it."""
        secrets: dict[str, Any] = {"ro": {"community": "public"}}
        lines = [f"agentaddress udp:127.0.0.1:{self.port}", f"sysLocation {self.location}"]
        lines += ["rocommunity public 127.0.0.1"]
        for auth, priv in USERS:
            user = f"{auth}{priv}"
            ending = f"{PRIV[priv]} {PRIV_KEY}" if priv else ""
            lines += [f"createUser {user} {AUTH[auth]} {AUTH_KEY} {ending}"]
            lines += [f"rouser {user} {'priv' if priv else 'auth'}"]
            secrets[user] = {"user": user, "auth_protocol": auth, "auth_key": AUTH_KEY}
            if priv:
                secrets[user] |= {"priv_protocol": priv, "priv_key": PRIV_KEY}
        secrets["wrong"] = secrets["sha256aes128"] | {"auth_key": "another-key"}
        (self.folder / "secrets.yaml").write_text(yaml.safe_dump(secrets))
        return lines

    def _give_away(self) -> None:
        (self.folder / "state").mkdir(exist_ok=True)
        if os.geteuid() == 0:
            for place in (self.folder, *self.folder.iterdir()):
                os.chown(place, NOBODY, NOBODY)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def snmpd() -> AsyncIterator[Snmpd]:
    """An agent that ends with the test."""
    with tempfile.TemporaryDirectory() as folder:
        agent = Snmpd(Path(folder), free_port())
        await agent.start()
        yield agent
        for source in agent.sources:
            await source.close()
        await agent.stop()


def only(reading: Reading) -> DeviceReading:
    """The one device of a good reading."""
    assert reading.outcome is Outcome.OK, reading.error
    [device] = reading.devices
    return device


@pytest.mark.parametrize(
    ("version", "credential"),
    [("1", "ro"), ("2c", "ro"), ("3", "sha256aes128"), ("3", "sha512aes256"), ("3", "sha1")],
)
async def test_a_real_agent_is_read(snmpd: Snmpd, version: str, credential: str) -> None:
    """System, interfaces, storage, devices and software, the same in every version."""
    device = only(await snmpd.read(snmpd.source(version, credential)))
    assert device.facts["sysLocation"] == "Hall 3"
    assert device.facts["sysObjectID"] == "1.3.6.1.4.1.8072.3.2.10"
    assert device.facts["ifDescr.1"] == "lo"
    assert device.points["ifOperStatus.1"] == (1.0, "1")
    assert device.points["sysUpTime"][0] > 0
    assert any(name.startswith("hrStorageUsed.") for name in device.points)
    assert any(name.startswith("hrDeviceDescr.") for name in device.facts)
    assert sum(name.startswith("hrSWInstalledName.") for name in device.facts) > 10
    assert not any(name.startswith("incomplete.") for name in device.facts)


async def test_later_reads_are_a_few_gets(snmpd: Snmpd) -> None:
    """Tables are remembered; what is said of the interfaces is the same."""
    source, line = snmpd.source("3", "sha256aes128"), PacedLine()
    first = only(await snmpd.read(source, 1))
    later = only(await snmpd.read(source, 2, line))
    assert set(line.kinds) == {Request.SNMP_GET}
    assert line.kinds.total() <= 12
    names = {name for name in first.facts if name.startswith("if")}
    assert {name: later.facts[name] for name in names} == {n: first.facts[n] for n in names}


@pytest.mark.parametrize(("auth", "priv"), USERS)
async def test_every_cipher_is_spoken(snmpd: Snmpd, auth: str, priv: str) -> None:
    """RFC 3414, 7860 and 3826, and AES with longer keys as net-snmp extends them."""
    source = snmpd.source("3", f"{auth}{priv}", "groups: [system]")
    assert only(await snmpd.read(source)).facts["sysLocation"] == "Hall 3"


async def test_a_wrong_key_is_refused(snmpd: Snmpd) -> None:
    """A human must act; the sentence holds no key."""
    reading = await snmpd.read(snmpd.source("3", "wrong", "groups: [system]"))
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "key" not in reading.error


async def test_an_agent_that_restarts_is_read_on(snmpd: Snmpd) -> None:
    """Other boots, another time: a new session within the same read, and a new identity."""
    source = snmpd.source("3", "sha256aes128")
    assert only(await snmpd.read(source, 1)).facts["sysLocation"] == "Hall 3"
    await snmpd.stop()
    snmpd.location = "Hall 4"
    await snmpd.start()
    assert only(await snmpd.read(source, 2)).facts["sysLocation"] == "Hall 4"
