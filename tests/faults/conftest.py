"""Real parts to break: a Kafka of three brokers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from isthmus.demo.cluster import Cluster
from isthmus.demo.kafka import jars
from tests.conftest import ROOT


@pytest.fixture
async def brokers(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A cluster of one test's own."""
    classpath = await asyncio.to_thread(jars, ROOT / "build" / "kafka-jars")
    async with Cluster(tmp_path / "kafka", classpath) as found:
        yield found


@pytest.fixture
def cluster(brokers: Cluster) -> str:
    """Its bootstrap servers."""
    return brokers.bootstrap_servers
