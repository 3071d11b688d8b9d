"""Targets in a store that is not there; what it does with one is in the contract tests."""

from datetime import UTC, datetime
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from isthmus.inventory.adapters.polling.wanted import MongoWanted
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.ports.polling import Publishing, Standing
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

TARGET = Target("hagen", "plc", "x/hagen", 2.0, "m340", {"protocol": "modbus"})


async def test_every_failure_of_the_store_can_be_tried_again() -> None:
    """Reading and writing alike."""
    client: Any = AsyncIOMotorClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
    store = MongoWanted(client["inventory"]["targets"], Target)
    record = Outgoing("inventory.targets.hagen.v1", b"hagen/plc", b"", [])

    for attempt in (
        store.prepare(),
        store.known(["hagen/plc"]),
        store.put([Publishing(Standing(TARGET, datetime.now(UTC), 1), record)]),
        store.listed(sites=None, after="", limit=1),
    ):
        with pytest.raises(Retryable, match="store: "):
            await attempt
    client.close()
