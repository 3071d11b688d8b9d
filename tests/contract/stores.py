"""The two clients that every store must work with: motor, and what comes after it."""

from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

CLIENTS = ("motor", "pymongo")


def client(name: str, uri: str, **more: Any) -> Any:
    """A client of that name."""
    kind: Any = AsyncIOMotorClient if name == "motor" else AsyncMongoClient
    return kind(uri, tz_aware=True, uuidRepresentation="standard", **more)


async def close(client: Any) -> None:
    """Motor closes at once, its successor wants to be waited for."""
    closing = client.close()
    if closing is not None:
        await closing
