"""Real Prometheus and Alertmanager: the shipped rules, a running service, a call that ends."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request
from tests import prometheus_metrics as known
from tests.prometheus_tools import alertmanager, prometheus

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process

OBSERVATIONS = "collector.observations.v1"
# An hour of the shipped rules is a minute here; scrapes and evaluations come each second.
MINUTES = re.compile(r"(?<=[\[ ])(\d+)m\b")
HOURS = re.compile(r"(?<=[\[ ])(\d+)h\b")


def hurried(folder: Path) -> list[str]:
    """The shipped rules, sixty times as fast."""
    files = []
    for file in known.RULES:
        text = MINUTES.sub(r"\1s", file.read_text())
        (folder / file.name).write_text(HOURS.sub(lambda hours: f"{hours[1]}m", text))
        files.append(str(folder / file.name))
    return files


@dataclass
class Desk:
    """Who is called: a webhook receiver."""

    port: int = field(default_factory=free_port)
    calls: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[str]:
        """The URL to call."""
        app = FastAPI()

        @app.post("/")
        async def called(request: Request) -> None:
            self.calls += (await request.json())["alerts"]

        server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_config=None, lifespan="off")
        )
        serving = asyncio.create_task(server.serve())
        try:
            yield f"http://127.0.0.1:{self.port}/"
        finally:
            server.should_exit = True
            await serving

    def heard(self, status: str, **labels: str) -> dict[str, Any] | None:
        """The last call about an alert with these labels that said so."""
        about = [call for call in self.calls if labels.items() <= call["labels"].items()]
        return about[-1] if about and about[-1]["status"] == status else None


async def until(seen: Callable[[], Any], timeout_s: float = 60) -> Any:
    """What `seen` returns as soon as that is something."""
    async with asyncio.timeout(timeout_s):
        while not (found := seen()):
            await asyncio.sleep(0.1)
    return found


def normalizer(kafka: str, port: int, log: Path) -> Process:
    environ = os.environ | {
        "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": kafka,
        "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
        "ISTHMUS_HTTP__PORT": str(port),
    }
    return Process("normalizer", [sys.executable, "-m", "isthmus.normalizer"], log, environ)


@pytest.mark.timeout(300)
async def test_an_alert_of_a_running_service_reaches_a_person_and_ends(
    kafka: str, tmp_path: Path
) -> None:
    """A refused record, then a service that is gone, then one that is back."""
    port, desk = free_port(), Desk()
    process = normalizer(kafka, port, tmp_path / "normalizer.log")
    watched = f"127.0.0.1:{port}"
    process.start()
    try:
        await ready.until(process, lambda: ready.http(f"http://{watched}/readyz"))
        async with desk.attended() as url, _monitored(tmp_path, watched, url) as monitoring:
            watchdog = await until(lambda: desk.heard("firing", alertname="IsthmusWatchdog"))
            await _rules_are_healthy(monitoring)
            await _publish(kafka, b"\xff no observation")
            refused = await until(
                lambda: desk.heard("firing", alertname="IsthmusDlqNotEmpty", topic=OBSERVATIONS)
            )
            process.stop()
            gone = {"alertname": "IsthmusServiceAbsent", "job": "normalizer"}
            absent = await until(lambda: desk.heard("firing", **gone))
            process.start()
            await until(lambda: desk.heard("resolved", **gone))
    finally:
        process.stop()

    assert watchdog["labels"]["severity"] == "none"
    assert refused["labels"]["job"] == "normalizer"
    said = refused["annotations"]
    assert said["summary"] == f"normalizer has refused records of {OBSERVATIONS}"
    assert said["runbook_url"] == f"{known.RUNBOOKS}IsthmusDlqNotEmpty"
    assert absent["labels"]["severity"] == "critical"


@asynccontextmanager
async def _monitored(folder: Path, watched: str, desk: str) -> AsyncIterator[str]:
    """The URL of a Prometheus that scrapes the service and tells an Alertmanager."""
    route = {"receiver": "desk", "group_by": ["..."], "group_wait": "1s", "group_interval": "1s"}
    receiver = {"name": "desk", "webhook_configs": [{"url": desk, "send_resolved": True}]}
    async with alertmanager(folder, {"route": route, "receivers": [receiver]}) as told:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": hurried(folder),
            "scrape_configs": [
                {"job_name": "normalizer", "static_configs": [{"targets": [watched]}]}
            ],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [told.split("//")[1]]}]}]
            },
        }
        async with prometheus(folder, config) as url:
            yield url


async def _rules_are_healthy(url: str) -> None:
    """Every rule was evaluated against what the service says, without an error."""

    async def evaluated() -> list[dict[str, Any]]:
        async with httpx.AsyncClient() as client:
            reply = await client.get(f"{url}/api/v1/rules")
        rules = [rule for group in reply.json()["data"]["groups"] for rule in group["rules"]]
        return [] if any(rule["health"] == "unknown" for rule in rules) else rules

    rules = await _until(evaluated)
    assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"} == {}
    assert len(rules) == len(known.alerts()) + len(known.records())


async def _until(seen: Callable[[], Awaitable[Any]], timeout_s: float = 120) -> Any:
    async with asyncio.timeout(timeout_s):
        while not (found := await seen()):
            await asyncio.sleep(0.5)
    return found


async def _publish(kafka: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait(OBSERVATIONS, value, b"hagen/x")
