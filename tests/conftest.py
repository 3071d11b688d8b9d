"""Real parts for tests: a Kafka for each module, a store for the whole run."""

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from isthmus.demo import ready, store
from isthmus.demo.kafka import Kafka, free_port, jars
from isthmus.demo.process import Process, stop_all
from isthmus.runtime import topics

ROOT = Path(__file__).parent.parent
SITES = ("hagen", "rotterdam", "lyon")


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """What a test configures of the logs ends with it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a real broker that has every topic of the registry.

    A module's own, because services consume under their own names: what one module leaves on a
    topic would be another's to work through.
    """
    folder = tmp_path_factory.mktemp("kafka")
    broker = Kafka(folder, jars(ROOT / "build" / "kafka-jars"), free_port())
    process = Process("kafka", broker.command(), broker.log_file, os.environ)
    process.start()
    try:
        asyncio.run(_ready(process, broker.bootstrap_servers))
        yield broker.bootstrap_servers
    finally:
        process.stop()


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Connection string of a real store; `ISTHMUS_TEST_MONGODB` names another one."""
    given = os.environ.get("ISTHMUS_TEST_MONGODB")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("store")
    port = free_port()
    process = Process(
        "store", store.command(folder / "data", port), folder / "store.log", os.environ
    )
    process.start()
    try:
        asyncio.run(ready.until(process, lambda: ready.listens(port)))
        yield store.uri(port)
    finally:
        stop_all([process])


async def _ready(process: Process, servers: str) -> None:
    await ready.until(process, lambda: ready.kafka(servers))
    await topics.apply(servers, SITES, replication_factor=1)
