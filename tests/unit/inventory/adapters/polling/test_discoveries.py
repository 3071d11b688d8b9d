"""Jobs in a store that is not there; what it does with one is in the contract tests."""

from datetime import UTC, datetime
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from isthmus.inventory.adapters.polling.discoveries import MongoJobs
from isthmus.inventory.domain.polling.discovery import Finding
from isthmus.runtime.errors import Retryable

FINDING = Finding("hagen", "j", "127.0.0.1:1", "modbus", {}, {}, datetime.now(UTC))


async def test_every_failure_of_the_store_can_be_tried_again() -> None:
    """Reading and writing alike."""
    client: Any = AsyncIOMotorClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    store = MongoJobs(client["inventory"])

    for attempt in (
        store.prepare(),
        store.known(["j"]),
        store.jobs(sites=None, after="", limit=1),
        store.find([FINDING]),
        store.findings("j"),
        store.decide([FINDING]),
    ):
        with pytest.raises(Retryable, match="store: "):
            await attempt
    client.close()
