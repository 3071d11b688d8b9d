"""A database for each contract of a store."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract import stores


@pytest.fixture(params=stores.CLIENTS)
async def database(request: pytest.FixtureRequest, mongodb: str) -> AsyncIterator[Any]:
    """An empty database of its own, gone afterwards, through motor and its successor."""
    client = stores.client(request.param, mongodb)
    name = f"contract-{uuid.uuid4().hex[:12]}"
    yield client[name]
    await client.drop_database(name)
    await stores.close(client)
