"""Secrets go to devices and to Kafka, and nowhere else: unique ones are planted and looked for."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from isthmus.collector.adapters.spool import SqliteSpool
from isthmus.collector.settings import Settings
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.simulators.devices import Library, OpcuaDevice, SnmpDevice
from isthmus.simulators.fleet import Credential
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.opcua_security import Security, identity
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket
from isthmus.simulators.snmp_v3 import SnmpV3Agent
from isthmus.telemetry.v1.observation_pb2 import OUTCOME_OK, OUTCOME_UNAUTHORIZED, Observation

DEVICES = Path(__file__).parents[2] / "simulators" / "devices"
SECRETS = {
    name: f"planted-{name}-9f3c"
    for name in (
        "community", "other-community", "rotated-community", "inline-community",
        "auth-key", "priv-key", "other-auth-key", "environment",
        "opcua-password", "other-opcua-password", "url-password", "sasl-password",
    )
} | {"short-key": "p9f3c7x"}  # fmt: skip


@dataclass
class Plant:
    """Devices that want secrets, the collector that knows them, and all that it says."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: Process | None = None
    said: dict[str, bytes] = field(default_factory=dict)

    def credentials(self, community: str) -> None:
        """Write the mounted file."""
        usm = {"user": "isthmus", "auth_protocol": "sha256", "priv_protocol": "aes128"}
        keys = {"auth_key": SECRETS["auth-key"], "priv_key": SECRETS["priv-key"]}
        reader = {"user": "reader", "password_unencrypted": True}
        entries = {
            "v2c": {"community": community},
            "v2c-other": {"community": SECRETS["other-community"]},
            "v3": {**usm, **keys},
            "v3-other": {**usm, **keys, "auth_key": SECRETS["other-auth-key"]},
            "v3-short": {**usm, **keys, "auth_key": SECRETS["short-key"]},
            "opcua": {**reader, "password": SECRETS["opcua-password"]},
            "opcua-other": {**reader, "password": SECRETS["other-opcua-password"]},
        }
        (self.folder / "credentials.yaml").write_text(yaml.safe_dump(entries))

    def targets(self, ports: dict[str, int]) -> None:
        """Write the site's file: right, wrong and careless rows."""

        def snmp(credential: str, version: str, **more: Any) -> dict[str, Any]:
            port = ports["v3" if version == "3" else "v2c"]
            at = {"protocol": "snmp", "host": "127.0.0.1", "port": port, "timeout_s": 2, **more}
            return {**at, "version": version, "credential": credential}

        url = f"127.0.0.1:{ports['opcua']}"
        endpoints = {
            "v2c": snmp("v2c", "2c"),
            "v2c-other": snmp("v2c-other", "2c"),
            "v2c-env": snmp("environment", "2c"),
            "v3": snmp("v3", "3"),
            "v3-other": snmp("v3-other", "3"),
            "v3-short": snmp("v3-short", "3"),
            "inline": snmp("v2c", "2c", community=SECRETS["inline-community"]),
            "opcua": {"protocol": "opcua", "url": f"opc.tcp://{url}", "credential": "opcua"},
            "opcua-other": {
                "protocol": "opcua", "url": f"opc.tcp://{url}", "credential": "opcua-other",
            },
            "in-url": {
                "protocol": "opcua", "url": f"opc.tcp://op:{SECRETS['url-password']}@{url}",
            },
        }  # fmt: skip
        rows = [
            {
                "target": name,
                "interval_s": 2,
                "profile": "opcua-any" if at["protocol"] == "opcua" else "snmp-any",
                "endpoint": at,
            }
            for name, at in endpoints.items()
        ]
        (self.folder / "targets.yaml").write_text(yaml.safe_dump({"targets": rows}))

    def environ(self) -> dict[str, str]:
        """The collector's environment."""
        password = self.folder / "password"
        password.write_text(SECRETS["sasl-password"])
        return {
            **{n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")},
            "PYTHONFAULTHANDLER": "1",
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
            "ISTHMUS_KAFKA__SECURITY_PROTOCOL": "sasl_plaintext",
            "ISTHMUS_KAFKA__SASL_USERNAME": "edge",
            "ISTHMUS_KAFKA__SASL_PASSWORD_FILE": str(password),
            "ISTHMUS_COLLECTOR__SITE": "hagen",
            "ISTHMUS_CREDENTIALS__FILE": str(self.folder / "credentials.yaml"),
            "ISTHMUS_CREDENTIAL_ENVIRONMENT": f"{{community: {SECRETS['environment']}}}",
            "ISTHMUS_HTTP__PORT": str(self.port),
            "ISTHMUS_SPOOL__FOLDER": str(self.folder / "spool"),
            "ISTHMUS_TARGETS__FILE": str(self.folder / "targets.yaml"),
            "ISTHMUS_TELEMETRY__LOG_LEVEL": "debug",
        }

    async def probe(self, target: str) -> None:
        """Keep what the command says of one target."""
        rows = yaml.safe_load((self.folder / "targets.yaml").read_text())["targets"]
        file = self.folder / f"{target}.yaml"
        file.write_text(yaml.safe_dump(next(row for row in rows if row["target"] == target)))
        command = [sys.executable, "-m", "isthmus.collector", "probe", "--json", str(file)]
        ran = await asyncio.create_subprocess_exec(
            *command,
            env=self.environ(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.said[f"probe {target}"], _ = await ran.communicate()

    async def ask(self, *paths: str) -> None:
        """Keep what the API answers."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            for path in paths:
                self.said[path] = (await client.get(path)).content

    async def spooled(self) -> list[Observation]:
        """What waits for Kafka, after the process; keeps all of it, and the files."""
        for file in sorted((self.folder / "spool").iterdir()):
            self.said[file.name] = file.read_bytes()
        unused: Any = None
        spool = SqliteSpool(self.folder / "spool", unused, bytes_max=10**9, age_max_s=10**9)
        async with spool:
            records = [record for _, record in await spool.oldest(10_000, spool.last)]
        for number, record in enumerate(records):
            parts = [record.key or b"", record.value or b"", *(v for _, v in record.headers)]
            self.said[f"record {number}"] = b"\n".join(parts)
        observations = [r for r in records if r.topic == "collector.observations.v1"]
        return [Observation.FromString(record.value or b"") for record in observations]


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    """Its devices answer; nothing reads them yet."""
    library = Library(folder=DEVICES)
    device = library.read("snmp/net-snmp-linux", SnmpDevice)
    given = {"name": "hist-1", "mac": "d0:94:66:00:00:01", "engine_id": "80001f88804e1b0c3a61d2"}
    state = device.state(given, "test")
    communities = [SECRETS["rotated-community"], SECRETS["environment"]]
    v2c = SnmpSocket("127.0.0.1", 0, [SnmpAgent(device, state, each) for each in communities])
    user = Credential(
        user="isthmus",
        auth_protocol="sha256",
        auth_key=SECRETS["auth-key"],
        priv_protocol="aes128",
        priv_key=SECRETS["priv-key"],
    )
    v3 = SnmpV3Agent("127.0.0.1", 0, device, state, user)
    aggregator = library.read("opcua/softing-edgeaggregator", OpcuaDevice)
    users = {"reader": SECRETS["opcua-password"]}
    security = Security(identity("urn:test:cell"), users=users, unsecured=True)
    opcua = OpcuaServer("127.0.0.1", 0, aggregator, aggregator.state({}, "cell"), {}, security)
    made = Plant(tmp_path)
    async with AsyncExitStack() as stack:
        for server in (v2c, v3, opcua):
            await server.start()
            stack.push_async_callback(server.stop)
        made.credentials(SECRETS["community"])
        made.targets({"v2c": v2c.port, "v3": v3.port, "opcua": opcua.port})
        yield made
        if made.process is not None:
            await asyncio.to_thread(made.process.stop)


async def until(true: Callable[[], object], timeout_s: float = 30) -> None:
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < timeout_s, f"not within {timeout_s} s"
        await asyncio.sleep(0.1)


async def test_no_output_holds_a_secret_and_a_rotated_one_is_used(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, topics, API, metrics, spool, commands, settings, and what a crash leaves behind."""
    log = plant.folder / "log"
    plant.process = Process(
        "collector", [sys.executable, "-m", "isthmus.collector"], log, plant.environ()
    )
    plant.process.start()
    await until(lambda: "service_started" in plant.process.tail(10_000))  # type: ignore[union-attr]
    await until(lambda: '"source": "hagen/v2c"' in log.read_text())  # lost: not the community
    plant.credentials(SECRETS["rotated-community"])
    await until(lambda: "source_recovered" in log.read_text())
    await asyncio.sleep(4)
    await plant.ask(
        "/readyz", "/livez", "/metrics", "/openapi.json", "/v1/envelopes",
        *(f"/v1/envelopes/hagen/{name}" for name in ("v2c", "v3", "opcua", "inline")),
    )  # fmt: skip
    for target in ("v2c", "v3-other", "v3-short", "inline", "in-url"):
        await plant.probe(target)
    plant.process.kill(signal.SIGABRT)  # the fault handler writes every thread's stack
    await until(lambda: plant.process.status() is not None)  # type: ignore[union-attr]
    plant.said["log"] = log.read_bytes()
    for name, value in plant.environ().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    plant.said["settings"] = f"{settings!r} {settings} {settings.model_dump_json()}".encode()

    observations = await plant.spooled()

    outcomes: dict[str, list[int]] = {}
    for each in observations:
        outcomes.setdefault(each.target, []).append(each.outcome)
    for name in ("v2c", "v2c-env", "v3", "opcua"):
        assert outcomes[name][-1] == OUTCOME_OK, f"{name} was not read"
    for name in ("v3-short", "opcua-other"):
        assert OUTCOME_UNAUTHORIZED in outcomes[name], f"{name}: {outcomes[name]}"
    assert OUTCOME_OK not in outcomes["v2c-other"]
    assert b"hist-1" in plant.said["probe v2c"]
    assert b"Fatal Python error" in plant.said["log"], "no crash was seen"
    assert plant.said["log"].count(b"target_rejected") == 2
    found = [
        (name, where)
        for name, secret in SECRETS.items()
        for where, text in plant.said.items()
        if secret.encode() in text
    ]
    assert found == []
