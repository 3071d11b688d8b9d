"""The collector's OPC UA against node-opcua: a server that shares nothing with our client."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.collector.adapters import endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.opcua.identify import identify
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.domain.reading import Outcome, Reading
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.ports import Source
from isthmus.demo.kafka import free_port
from isthmus.simulators.opcua_security import identity

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "node-opcua"
BUILD = ROOT / "build" / "node-opcua"
INSTALL_S, START_S = 120, 60
OURS = "urn:isthmus:collector:test"
THEIRS = "urn:isthmus:test:node-opcua"
PROFILE = {
    "protocol": "opcua",
    "values": [
        {"name": "temperature", "path": "own:Temperature", "unit": "Cel"},
        {"name": "tag", "node": f"nsu={THEIRS};s=Pump.Temperature", "unit": "Cel"},
    ],
}


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with node-opcua; without Node, or without a network, there is none."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js is not installed: node-opcua is not read")
    BUILD.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "server.js"):
        shutil.copy(HERE / file, BUILD / file)
    if not (BUILD / "node_modules" / "node-opcua-server").exists():
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=BUILD, check=True, capture_output=True, timeout=INSTALL_S)
        except subprocess.SubprocessError as error:
            pytest.skip(f"node-opcua cannot be installed: {error}")
    return BUILD


@dataclass
class NodeOpcua:
    """One node-opcua server, which can be started again."""

    folder: Path
    modules: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = ["node", "server.js", str(self.port), str(self.folder), f"{self.folder}/own.pem"]
        log = (self.folder / "server.log").open("wb")
        self.process = subprocess.Popen(command, cwd=self.modules, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while b"listening" not in (self.folder / "server.log").read_bytes():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError((self.folder / "server.log").read_text())
            time.sleep(0.2)

    def kill(self) -> None:
        """As when the power goes."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeOpcua]:
    """A secured server that trusts our certificate, with our credentials beside it."""
    folder = tmp_path_factory.mktemp("node-opcua")
    own = identity(OURS)
    (folder / "own.pem").write_bytes(own.certificate_pem)
    (folder / "own.key").write_bytes(own.key_pem)
    (folder / "trusted").mkdir()
    (folder / "profile.yaml").write_text(yaml.safe_dump(PROFILE))
    credential = {
        "certificate": f"{folder}/own.pem",
        "key": f"{folder}/own.key",
        "trusted": f"{folder}/trusted",
        "user": "reader",
        "password": "planted",
    }
    (folder / "credentials.yaml").write_text(yaml.safe_dump({"cell": credential}))
    made = NodeOpcua(folder, modules, free_port())
    made.start()
    yield made
    made.kill()


def source(server: NodeOpcua, **fields: Any) -> Source:
    """The source of that server."""
    at = {
        "protocol": "opcua",
        "url": f"opc.tcp://127.0.0.1:{server.port}",
        "credential": "cell",
        "security_policy": "Basic256Sha256",
        **fields,
    }
    credentials = CredentialsFile(server.folder / "credentials.yaml")
    return endpoint(at).source("profile", ProfileFolder(server.folder), credentials)


@pytest.fixture
async def trusted(server: NodeOpcua) -> AsyncIterator[NodeOpcua]:
    """The server, when an engineer has put its certificate into the folder."""
    [theirs] = (server.folder / "pki" / "own" / "certs").glob("*.pem")
    shutil.copy(theirs, server.folder / "trusted" / "cell.pem")
    yield server
    (server.folder / "trusted" / "cell.pem").unlink()


def devices(reading: Reading) -> dict[str, Any]:
    """Devices by path."""
    assert reading.outcome is Outcome.OK, reading.error
    return {device.path: device for device in reading.devices}


async def test_it_says_what_it_is_without_a_session(server: NodeOpcua) -> None:
    """One GetEndpoints: the ApplicationUri, the certificate, what it offers."""
    facts = await identify(OpenLine(), "127.0.0.1", server.port, 5)
    assert facts["ApplicationUri"] == THEIRS
    assert facts["SecurityPolicies"] == "Basic256Sha256 sign_and_encrypt"
    assert len(facts["ServerCertificateThumbprint"]) == 40


async def test_it_is_not_trusted_until_an_engineer_trusts_it(server: NodeOpcua) -> None:
    """The thumbprint that it showed stands in the sentence."""
    facts = await identify(OpenLine(), "127.0.0.1", server.port, 5)
    reading = await source(server).read(OpenLine(), 0)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert facts["ServerCertificateThumbprint"] in reading.error


async def test_nameplates_and_values_of_the_published_nodesets_are_read(
    trusted: NodeOpcua,
) -> None:
    """Machinery's Identification, DI's properties, values by path and by node; ten a call."""
    opcua = source(trusted)
    found = devices(await opcua.read(OpenLine(), 0))
    async with asyncio.timeout(60):  # 150 objects that are no devices are looked at, too
        while "Valve" not in found or "Mill" not in found:
            found = devices(await opcua.read(OpenLine(), 0))
    await opcua.close()
    assert set(found) == {"", "Mill", "Pump", "Valve"}
    assert found["Mill"].facts["SerialNumber"] == "M-0815"
    assert found["Mill"].facts["Manufacturer"] == "DMG MORI"
    assert found["Pump"].facts["Model"] == "CR 10"
    assert found["Pump"].points["temperature"][1] == "Cel"
    assert found[""].points["tag"][0] > 20
    assert found[""].facts["ApplicationUri"] == THEIRS


@pytest.mark.parametrize("mode", ["read", "subscribe"])
async def test_it_is_read_again_after_it_was_killed(trusted: NodeOpcua, mode: str) -> None:
    """One slot is lost for as long as it is away; then values go on."""
    opcua = source(trusted, mode=mode)
    first = devices(await opcua.read(OpenLine(), slot()))
    await asyncio.sleep(2)
    second = devices(await opcua.read(OpenLine(), slot()))
    assert second["Pump"].points["temperature"] > first["Pump"].points["temperature"]

    trusted.kill()
    await asyncio.sleep(0.2)  # the operating system's word of it
    assert (await opcua.read(OpenLine(), slot())).outcome is not Outcome.OK
    assert (await opcua.read(OpenLine(), slot())).outcome is Outcome.UNREACHABLE
    await asyncio.to_thread(trusted.start)

    again = devices(await opcua.read(OpenLine(), slot()))
    assert again["Pump"].facts["SerialNumber"] == "P-4711"
    await opcua.close()


async def test_sessions_are_given_back(trusted: NodeOpcua) -> None:
    """The server has two: more than two readers one after another all get one."""
    for _ in range(4):
        opcua = source(trusted)
        assert (await opcua.read(OpenLine(), 0)).outcome is Outcome.OK
        await opcua.close()


def slot() -> int:
    """The number of the slot that is now, one a second."""
    return int(time.time())
