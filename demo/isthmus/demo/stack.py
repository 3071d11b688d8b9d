"""The whole of Isthmus on one machine: Kafka, the store, the sites, and the four services."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx

from isthmus.demo import ready, store
from isthmus.demo.fleet import Fleet
from isthmus.demo.kafka import Kafka, jars
from isthmus.demo.ports import Ports
from isthmus.demo.process import Process, stop_all

HOST = "127.0.0.1"
Say = Callable[[str], None]


class Stack:
    """Every process of a demo, started in order, restarted when one dies, ended together."""

    def __init__(self, folder: Path, fleet_file: Path, jar_folder: Path, ports: Ports, say: Say):
        self.fleet = Fleet.load(fleet_file)
        self.ports = ports
        self.processes: dict[str, Process] = {}
        self.started_at = time.monotonic()
        self.began_at = datetime.now(UTC)
        self.bootstrap_servers = f"{HOST}:{ports.kafka}"
        self._folder = folder
        self._fleet_file = fleet_file
        self._jar_folder = jar_folder
        self._say = say
        self._watch: asyncio.Task[None] | None = None
        self._client = httpx.AsyncClient(timeout=10)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        self._watch = asyncio.create_task(self._restart_what_dies())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._client.aclose()
        services = [p for name, p in self.processes.items() if name not in ("kafka", "store")]
        stop_all(services)
        stop_all([self.processes[name] for name in ("kafka", "store") if name in self.processes])

    def url(self, service: str) -> str:
        """Where a service, or the sites' control endpoint, answers HTTP."""
        return f"http://{HOST}:{getattr(self.ports, service)}"

    async def get(self, service: str, path: str) -> Any:
        """The JSON that a service answers; raises httpx.HTTPError while it does not."""
        reply = await self._client.get(self.url(service) + path)
        return reply.raise_for_status().json()

    async def post(self, service: str, path: str, body: Any = None) -> Any:
        """The same for a POST."""
        reply = await self._client.post(self.url(service) + path, json=body)
        return reply.raise_for_status().json()

    async def items(self, service: str, path: str) -> list[dict[str, Any]]:
        """All items of a paged list."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.get(service, f"{path}?limit=500{cursor}")
            found += page["items"]
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    async def _start(self) -> None:
        if not self._jar_folder.exists():
            self._say("fetching Kafka, 46 jars, 43 MB; this is done once")
        classpath = await asyncio.to_thread(jars, self._jar_folder)
        self._say("starting Kafka, the store and the three sites")
        broker = Kafka(self._folder / "kafka", classpath, self.ports.kafka)
        command = await asyncio.to_thread(broker.command)
        self._run("kafka", command)
        self._run("store", store.command(self._folder / "store", self.ports.store))
        self._run("sites", self._simulators())
        await self._until("kafka", lambda: ready.kafka(self.bootstrap_servers))
        await self._until("store", lambda: ready.listens(self.ports.store))
        await self._topics()
        self._say("starting collector (one a site), normalizer, alerting and inventory")
        services = self._services()
        for name, service, environ in services:
            if service == "inventory":  # it takes the targets that the sites write
                await self._until("sites", lambda: ready.http(self.url("control") + "/fleet"))
            self._run(name, [sys.executable, "-m", f"isthmus.{service}"], environ)
        for name, _, environ in services:
            url = f"http://{HOST}:{environ['ISTHMUS_HTTP__PORT']}/readyz"
            await self._until(name, lambda url=url: ready.http(url))  # type: ignore[misc]

    def _run(self, name: str, command: list[str], environ: dict[str, str] | None = None) -> None:
        log = self._folder / "logs" / f"{name}.log"
        process = Process(name, command, log, {**_inherited(), **(environ or {})})
        self.processes[name] = process
        process.start()

    async def _until(self, name: str, check: Callable[[], Awaitable[bool]]) -> None:
        await ready.until(self.processes[name], check)

    async def _topics(self) -> None:
        command = [sys.executable, "-m", "isthmus.runtime.topics", "apply"]
        command += ["--bootstrap-servers", self.bootstrap_servers, "--replication-factor", "1"]
        command += ["--sites", ",".join(self.fleet.sites)]
        done = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await done.communicate()
        if done.returncode:
            raise ready.NotReady(f"topics: {output.decode()}")

    def _simulators(self) -> list[str]:
        arguments = {
            "--fleet": self._fleet_file,
            "--control-port": self.ports.control,
            "--modbus-port": self.ports.modbus,
            "--snmp-port": self.ports.snmp,
            "--opcua-port": self.ports.opcua,
            "--targets": self._folder / "targets",
        }
        given = [str(part) for pair in arguments.items() for part in pair]
        return [sys.executable, "-m", "isthmus.simulators", *given]

    def _services(self) -> list[tuple[str, str, dict[str, str]]]:
        targets = self._folder / "targets"
        common = {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "10",
        }
        keeps = {"ISTHMUS_STORE__URI": store.uri(self.ports.store)}
        services = [
            (
                f"collector-{site}",
                "collector",
                {
                    "ISTHMUS_HTTP__PORT": str(port),
                    "ISTHMUS_COLLECTOR__SITE": site,
                    "ISTHMUS_COLLECTOR__NAME": f"collector-{site}",
                    "ISTHMUS_CREDENTIALS__FILE": str(targets / "credentials.yaml"),
                },
            )
            for site, port in zip(self.fleet.sites, self.ports.collectors, strict=True)
        ]
        files = ",".join(str(targets / f"{site}.yaml") for site in self.fleet.sites)
        own: dict[str, dict[str, str]] = {
            "normalizer": {},
            "alerting": {"ISTHMUS_ACCESS__MODE": "off", **keeps},
            "inventory": {
                "ISTHMUS_TARGETS__FILES": files,
                "ISTHMUS_ACCESS__MODE": "off",
                **keeps,
            },
        }
        for name, environ in own.items():
            port = {"ISTHMUS_HTTP__PORT": str(getattr(self.ports, name))}
            database = {"ISTHMUS_STORE__DATABASE": name} if environ else {}
            services.append((name, name, {**environ, **port, **database}))
        return [(name, service, {**common, **environ}) for name, service, environ in services]

    async def _restart_what_dies(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for name, process in self.processes.items():
                status = process.status()
                if status is not None:
                    process.restarts += 1
                    self._say(
                        f"{name} ended with {status}; restarting it (log: {process.log_file})"
                    )
                    process.start()


def _inherited() -> dict[str, str]:
    """Our environment without settings of Isthmus, which would reach services they are not for."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
