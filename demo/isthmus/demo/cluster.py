"""Several brokers that are one cluster: what outlives the loss of any one of them."""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from isthmus.demo import ready
from isthmus.demo.kafka import SMALL, Kafka, is_free
from isthmus.demo.process import Process, stop_all

NODES = 3
IN_SYNC_MIN = 2
# Below the ports that Linux gives to clients (ip_local_port_range): a broker that is down for a
# while must find its own port free when it comes back.
PORTS = range(20_000, 32_000)


class Node(Kafka):
    """One broker of several, and one voter of their quorum."""

    def __init__(
        self,
        folder: Path,
        classpath: Sequence[Path],
        number: int,
        ports: Sequence[int],
        controllers: Sequence[int],
    ) -> None:
        super().__init__(folder / str(number), classpath, ports[number - 1], SMALL)
        self._number = number
        self._controllers = controllers

    def _settings(self) -> dict[str, object]:
        replicas = len(self._controllers)
        controller = self._controllers[self._number - 1]
        return super()._settings() | {
            "node.id": self._number,
            "controller.quorum.voters": ",".join(
                f"{number}@127.0.0.1:{port}" for number, port in enumerate(self._controllers, 1)
            ),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "default.replication.factor": replicas,
            "min.insync.replicas": IN_SYNC_MIN,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": IN_SYNC_MIN,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": IN_SYNC_MIN,
        }


class Cluster:
    """Three brokers, each a process of its own that may be stopped, killed and started again."""

    def __init__(self, folder: Path, classpath: Sequence[Path]) -> None:
        ports = lasting_ports(2 * NODES)
        self.nodes = [
            Node(folder, classpath, number, ports[:NODES], ports[NODES:])
            for number in range(1, NODES + 1)
        ]
        self.bootstrap_servers = ",".join(node.bootstrap_servers for node in self.nodes)
        self.processes: list[Process] = []

    async def __aenter__(self) -> Self:
        self.processes = [
            Process(f"kafka-{number}", node.command(), node.log_file, os.environ)
            for number, node in enumerate(self.nodes, 1)
        ]
        for process in self.processes:
            process.start()
        try:
            for number in range(NODES):
                await self.ready(number)
        except BaseException:
            stop_all(self.processes)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()  # without a quorum a broker waits for one before it ends well
        stop_all(self.processes)

    async def ready(self, index: int) -> None:
        """Wait until one broker answers as a client needs it; raises NotReady."""
        servers = self.nodes[index].bootstrap_servers
        await ready.until(self.processes[index], lambda: ready.kafka(servers))


def lasting_ports(count: int) -> list[int]:
    """Ports that are free, and that no client is given while we do not listen."""
    chosen: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(chosen) == count:
            break
        if is_free(port):
            chosen.append(port)
    return chosen
