"""A Kafka that encrypts and asks who is there: every client of ours, and each way to be refused."""

import asyncio
import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry

from isthmus.demo import ready
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process
from isthmus.runtime.app import Application
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Kafka as KafkaSettings
from isthmus.runtime.settings import Settings
from isthmus.telemetry.v1.observation_pb2 import Observation

ROOT = Path(__file__).parents[2]
WORD = "7dbe-scram-word"
SITE = "hagen"
OBSERVATIONS = "collector.observations.v1"
LOGIN = "org.apache.kafka.common.security"


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key, authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Path:
        """Key and certificate of `name` on 127.0.0.1, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, authority=False)
        file = self._folder / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return file

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder(
                self._name, subject, key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class SafeKafka(Kafka):
    """A broker that only talks to who shows a certificate, or on another port a password."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder, jars(ROOT / "build" / "kafka-jars"), free_port())
        self._authority = authority
        self._keys = authority.issue("broker")
        self.tls_port, self.sasl_port = free_port(), free_port()

    def _settings(self) -> dict[str, object]:
        plain = super()._settings()
        ports = f"SSL://127.0.0.1:{self.tls_port},SASL_SSL://127.0.0.1:{self.sasl_port}"
        return plain | {
            "listeners": f"{plain['listeners']},{ports}",
            "advertised.listeners": f"{plain['advertised.listeners']},{ports}",
            "listener.security.protocol.map": (
                f"{plain['listener.security.protocol.map']},SSL:SSL,SASL_SSL:SASL_SSL"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._keys,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._authority.file,
            "listener.name.ssl.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f'{LOGIN}.plain.PlainLoginModule required user_edge="{WORD}";'
            ),
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                f"{LOGIN}.scram.ScramLoginModule required;"
            ),
        }

    def _java(self, *arguments: str) -> list[str]:
        scram = f"SCRAM-SHA-512=[name=edge,password={WORD}]"
        more = ["--add-scram", scram] if "format" in arguments else []
        return [*super()._java(*arguments), *more]


@dataclass
class World:
    """The broker, and the settings that reach it."""

    kafka: SafeKafka
    folder: Path
    ours: dict[str, str]
    """By certificate."""
    word: dict[str, str]
    """By password."""

    def run(self, *command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of ours to its end."""
        given = {f"ISTHMUS_KAFKA__{name.upper()}": value for name, value in environ.items()}
        return subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, "ISTHMUS_COLLECTOR__SITE": SITE, "ISTHMUS_HTTP__PORT": "0", **given},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Started, with every topic, which were made over TLS."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder, "authority")
    kafka = SafeKafka(folder / "kafka", authority)
    process = Process("kafka", kafka.command(), kafka.log_file, os.environ)
    password = folder / "password"
    password.write_text(f"{WORD}\n")
    ours = {
        "bootstrap_servers": f"127.0.0.1:{kafka.tls_port}",
        "security_protocol": "ssl",
        "ca_file": str(authority.file),
        "certificate_file": str(authority.issue("edge")),
        "start_timeout_s": "1",
    }
    word = {
        "bootstrap_servers": f"127.0.0.1:{kafka.sasl_port}",
        "security_protocol": "sasl_ssl",
        "ca_file": str(authority.file),
        "sasl_username": "edge",
        "sasl_password_file": str(password),
        "start_timeout_s": "1",
    }
    process.start()
    try:
        asyncio.run(ready.until(process, lambda: ready.kafka(kafka.bootstrap_servers)))
        world = World(kafka, folder, ours, word)
        command = ("isthmus.runtime.topics", "apply", "--sites", SITE, "--replication-factor", "1")
        done = world.run(*command, **ours)
        assert done.returncode == 0, done.stderr
        yield world
    finally:
        process.stop()


@pytest.mark.parametrize("how", ["certificate", "SCRAM-SHA-512", "PLAIN"])
async def test_what_is_published_is_consumed(world: World, how: str) -> None:
    """Producer, consumer and their start, by each way to say who we are."""
    fields = world.ours if how == "certificate" else {**world.word, "sasl_mechanism": how}
    settings = Settings(kafka=KafkaSettings.model_validate(fields))
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def handle(batch: Batch[Observation]) -> list[Outgoing]:
        for record in batch.records:
            heard.put_nowait(record.message.id if record.message else "")
        return []

    app = Application("normalizer", settings, description="")
    app.consume(OBSERVATIONS, Observation, handle, required=("id",))
    value = Observation(id=how).SerializeToString()
    async with app, asyncio.timeout(30):
        await app.publisher.publish([Outgoing(OBSERVATIONS, b"k", value, [])])
        while await heard.get() != how:
            pass


@pytest.mark.parametrize("how", ["certificate", "password"])
async def test_a_collector_owns_its_targets_over_tls(
    world: World, how: str, tmp_path: Path
) -> None:
    """The member of the group, and who reads whole topics."""
    fields = world.ours if how == "certificate" else world.word
    environ = {
        **os.environ,
        **{f"ISTHMUS_KAFKA__{name.upper()}": value for name, value in fields.items()},
        "ISTHMUS_KAFKA__START_TIMEOUT_S": "15",
        "ISTHMUS_COLLECTOR__SITE": SITE,
        "ISTHMUS_HTTP__PORT": str(port := free_port()),
    }
    process = Process("c", [sys.executable, "-m", "isthmus.collector"], tmp_path / "log", environ)
    process.start()
    try:
        await ready.until(process, lambda: ready.http(f"http://127.0.0.1:{port}/readyz"), 40)
    finally:
        await asyncio.to_thread(process.stop)
    assert process.status() == 0
    assert WORD not in process.tail(1000)


def test_a_broker_signed_by_a_stranger_is_one_clear_error(world: World) -> None:
    """It names the reason and the settings to look at."""
    stranger = Authority(world.folder, "stranger")
    done = world.run("isthmus.collector", **{**world.ours, "ca_file": str(stranger.file)})
    assert done.returncode == 2
    assert "certificate verify failed" in done.stderr
    assert "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS, __SECURITY_PROTOCOL or its cert" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_of_a_stranger_is_one_clear_error(world: World) -> None:
    """Also none at all; the broker does not say which."""
    other = Authority(world.folder, "other").issue("other-edge")
    nothing = {n: v for n, v in world.ours.items() if n != "certificate_file"}
    for fields in ({**world.ours, "certificate_file": str(other)}, nothing):
        done = world.run("isthmus.collector", **fields)
        assert done.returncode == 2
        assert f"kafka: {world.ours['bootstrap_servers']}: " in done.stderr
        assert "its certificates or password" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_wrong_password_is_one_clear_error_that_does_not_repeat_it(world: World) -> None:
    """The client library keeps the broker's own word to itself; the sentence names the setting."""
    wrong = world.folder / "wrong"
    wrong.write_text("hunter2-hunter2")
    done = world.run("isthmus.collector", **{**world.word, "sasl_password_file": str(wrong)})
    assert done.returncode == 2
    assert "its certificates or password" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_tls_towards_a_port_without_it_is_one_clear_error(world: World) -> None:
    """The other way round too."""
    for fields in (
        {**world.ours, "bootstrap_servers": world.kafka.bootstrap_servers},
        {"bootstrap_servers": world.ours["bootstrap_servers"], "start_timeout_s": "1"},
    ):
        done = world.run("isthmus.collector", **fields)
        assert done.returncode == 2
        assert "kafka: 127.0.0.1:" in done.stderr
        assert "Traceback" not in done.stderr


async def test_a_certificate_that_is_replaced_serves_the_next_connection(
    world: World, tmp_path: Path
) -> None:
    """Without a restart."""
    file = tmp_path / "edge.pem"
    shutil.copy(Authority(world.folder, "expired").issue("expired-edge"), file)
    settings = KafkaSettings.model_validate({**world.ours, "certificate_file": str(file)})
    async with Publisher(settings, "test", Metrics("test", CollectorRegistry())) as publisher:
        with pytest.raises(IsthmusError, match="kafka: "):
            await publisher.topics()
        shutil.copy(world.ours["certificate_file"], file)
        assert OBSERVATIONS in await publisher.topics()
