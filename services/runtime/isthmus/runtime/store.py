"""MongoDB, and the outbox that publishes what was written together with it.

A record that must be published if, and only if, a document was written stands in the array
`outbox` of that same document, put there by the same atomic update. The relay publishes it, then
pulls it. Motor is past its end of life: only calls that PyMongo's AsyncMongoClient shares are
used, so that the change is the one line in `connect`.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import Field, SecretStr
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import IsthmusError, Retryable
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Group

log = structlog.get_logger()
DUPLICATE_KEY = 11000  # MongoDB error code
LEASE = timedelta(seconds=30)  # longer than Kafka.publish_timeout_s, so that a lease outlives a try
BATCH_DOCUMENTS = 100
LOOK_DOCUMENTS = 1000  # more than a batch: a dead replica's leases must not hide the others


class StoreFailed(Retryable):
    """The store did not do what it was asked: it is away, too slow, or not writable."""


class Store(Group):
    """Where the service keeps its documents."""

    uri: SecretStr
    """MongoDB connection string; may hold a password, so it is read as a secret."""
    database: str = Field(min_length=1, pattern=r"^[a-z0-9_-]+$")
    """Database of this service alone."""
    timeout_s: float = Field(default=5, gt=0)
    """Seconds until a store that does not answer counts as down."""


def connect(settings: Store) -> Any:
    """The service's database; nothing is sent before the first operation."""
    client: Any = AsyncIOMotorClient(
        settings.uri.get_secret_value(),
        serverSelectionTimeoutMS=int(settings.timeout_s * 1000),
        timeoutMS=int(settings.timeout_s * 1000),
        w="majority",
        journal=True,
        tz_aware=True,
        uuidRepresentation="standard",
    )
    return client[settings.database]


async def ping(database: Any) -> str | None:
    """Why the store cannot be used now, or None."""
    try:
        with translated():
            await database.command("ping")
    except Retryable as error:
        return str(error)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Every failure of the store is StoreFailed: what was asked for stays asked for."""
    try:
        yield
    except PyMongoError as error:
        raise StoreFailed(f"store: {type(error).__name__}: {str(error)[:200]}") from error


def pending(records: Iterable[Outgoing]) -> list[dict[str, Any]]:
    """What a document's `outbox` holds for `records`: `$push` it with `$each`, in order."""
    return [
        {
            "id": uuid.uuid4().hex,
            "topic": record.topic,
            "key": record.key,
            "value": record.value,
            "headers": [list(header) for header in record.headers],
        }
        for record in records
    ]


class Outbox:
    """Publishes the outboxes of one collection, each document's records in order.

    A document is leased while it is published, so that two replicas never interleave its records:
    on a compacted topic an older version would otherwise overwrite a newer one.
    """

    def __init__(
        self,
        collection: Any,
        publisher: Publisher,
        *,
        sweep_s: float = 5,
        waiting: Callable[[int], object] = lambda documents: None,
    ) -> None:
        """`waiting` hears at each look how many documents wait, of up to LOOK_DOCUMENTS."""
        self._waiting = waiting
        self._collection = collection
        self._publisher = publisher
        self._sweep_s = sweep_s
        self._written = asyncio.Event()
        self._lost = False

    async def prepare(self) -> None:
        """Make the index that finds waiting documents; idempotent."""
        with translated():
            await self._collection.create_index("outbox.id", sparse=True, name="outbox")

    def wake(self) -> None:
        """Say that a document with an outbox was written."""
        self._written.set()

    async def run(self) -> None:
        """Relay until cancelled; what a crashed replica left is found by a sweep."""
        while True:
            self._written.clear()
            try:
                with translated():
                    while await self.relay():
                        pass
                self._lost = False
            except IsthmusError as error:
                if not self._lost:
                    log.warning("outbox_blocked", reason=str(error))
                self._lost = True
                await asyncio.sleep(1)
                continue
            try:
                async with asyncio.timeout(self._sweep_s):
                    await self._written.wait()
            except TimeoutError:
                pass

    async def relay(self) -> int:
        """Publish what waits, once; the number of records published."""
        documents = await self._claim()
        records = [record for document in documents for record in document["outbox"]]
        try:
            await self._publisher.publish(_outgoing(record) for record in records)
        except Retryable:
            await self._collection.bulk_write([_release(d) for d in documents], ordered=False)
            raise
        if documents:
            await self._collection.bulk_write([_done(d) for d in documents], ordered=False)
        return len(records)

    async def _claim(self) -> list[dict[str, Any]]:
        """Lease waiting documents; each by its id and the lease that was seen, a plan by key."""
        now, lease = datetime.now(UTC), uuid.uuid4().hex
        waiting = self._collection.find({"outbox.id": {"$exists": True}}, {"lease_until": 1})
        found = {d["_id"]: d.get("lease_until") for d in await waiting.to_list(LOOK_DOCUMENTS)}
        self._waiting(len(found))
        free = [(id, until) for id, until in found.items() if until is None or until < now]
        seen = dict(free[:BATCH_DOCUMENTS])
        if not seen:
            return []
        mine = {"$set": {"lease": lease, "lease_until": now + LEASE}}
        await self._collection.bulk_write(
            [UpdateOne({"_id": id, "lease_until": until}, mine) for id, until in seen.items()],
            ordered=False,
        )
        leased = {"_id": {"$in": list(seen)}, "lease": lease}
        return list(await self._collection.find(leased, {"outbox": 1}).to_list(BATCH_DOCUMENTS))


def _release(document: dict[str, Any]) -> UpdateOne:
    return UpdateOne({"_id": document["_id"]}, {"$unset": {"lease_until": ""}})


def _done(document: dict[str, Any]) -> UpdateOne:
    published = [record["id"] for record in document["outbox"]]
    return UpdateOne(
        {"_id": document["_id"]},
        {
            "$pull": {"outbox": {"id": {"$in": published}}},
            "$unset": {"lease": "", "lease_until": ""},
        },
    )


def _outgoing(record: dict[str, Any]) -> Outgoing:
    return Outgoing(
        topic=record["topic"],
        key=bytes(record["key"]),
        value=None if record["value"] is None else bytes(record["value"]),
        headers=[(name, bytes(value)) for name, value in record["headers"]],
    )
