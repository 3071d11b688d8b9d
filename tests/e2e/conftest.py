"""One whole Isthmus for the end-to-end tests: the demo's own, on ports of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from isthmus.demo.ports import Ports
from isthmus.demo.stack import Stack

ROOT = Path(__file__).parents[2]
FLEET = ROOT / "simulators" / "fleet.yaml"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Every process started and ready."""
    folder = tmp_path_factory.mktemp("demo")
    async with Stack(folder, FLEET, ROOT / "build" / "kafka-jars", Ports.free(), print) as running:
        yield running
