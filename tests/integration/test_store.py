"""The outbox on a real store and a real Kafka: what was written is published, once, in order."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.publish import Publisher
from isthmus.runtime.settings import Kafka
from isthmus.runtime.store import Outbox, Store, connect, pending, ping

TOPIC = "inventory.changes.v1"


@pytest.fixture
def collection(mongodb: str) -> Any:
    """A collection of this test alone."""
    database = f"test-{uuid.uuid4().hex[:8]}"
    return connect(Store(uri=SecretStr(mongodb), database=database))["documents"]


@pytest.fixture
async def publisher(kafka: str) -> AsyncIterator[Publisher]:
    """A real publisher."""
    metrics = Metrics("test", CollectorRegistry())
    async with Publisher(Kafka(bootstrap_servers=kafka), "test", metrics) as own:
        yield own


async def write(collection: Any, id: str, *values: bytes) -> None:
    records = [Outgoing(TOPIC, id.encode(), value, [("ce_id", b"1")]) for value in values]
    await collection.update_one(
        {"_id": id}, {"$push": {"outbox": {"$each": pending(records)}}}, upsert=True
    )


async def published(servers: str, key: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest")
    found = []
    async with consumer:
        while batch := await consumer.getmany(timeout_ms=1500):
            found += [r.value for rs in batch.values() for r in rs if r.key == key.encode()]
    return found


async def test_what_was_written_is_published_in_order_and_then_gone_from_the_outbox(
    collection: Any, publisher: Publisher, kafka: str
) -> None:
    """Never "write, then hope to publish"."""
    id = uuid.uuid4().hex
    outbox = Outbox(collection, publisher)
    await outbox.prepare()
    await write(collection, id, b"1", b"2")
    await write(collection, id, b"3")

    assert await outbox.relay() == 3
    assert await outbox.relay() == 0

    assert await published(kafka, id) == [b"1", b"2", b"3"]
    assert (await collection.find_one({"_id": id}))["outbox"] == []


async def test_what_could_not_be_published_stays_until_it_can(
    collection: Any, publisher: Publisher, kafka: str
) -> None:
    """Kafka away: the write stands, and so does what must be said of it."""
    id = uuid.uuid4().hex

    class Away:
        async def publish(self, records: Any) -> None:
            list(records)
            raise Retryable("kafka: away")

    await write(collection, id, b"1")
    with pytest.raises(Retryable):
        await Outbox(collection, Away()).relay()  # type: ignore[arg-type]

    assert await Outbox(collection, publisher).relay() == 1
    assert await published(kafka, id) == [b"1"]


async def test_what_a_killed_replica_left_is_published_by_another(
    collection: Any, publisher: Publisher, kafka: str
) -> None:
    """Nobody wakes the relay then: a sweep finds it."""
    id = uuid.uuid4().hex
    await write(collection, id, b"1")
    outbox = Outbox(collection, publisher, sweep_s=0.2)

    task = asyncio.create_task(outbox.run())
    async with asyncio.timeout(10):
        while (await collection.find_one({"_id": id}))["outbox"]:
            await asyncio.sleep(0.05)
    task.cancel()

    assert await published(kafka, id) == [b"1"]


async def test_the_leases_of_a_killed_replica_do_not_hold_up_what_others_wrote(
    collection: Any, publisher: Publisher, kafka: str
) -> None:
    """They expire after half a minute; what is not leased goes on at once."""
    until = datetime.now(UTC) + timedelta(seconds=30)
    for number in range(120):
        await write(collection, f"a{number:03}", b"held")
        lease = {"$set": {"lease": "dead", "lease_until": until}}
        await collection.update_one({"_id": f"a{number:03}"}, lease)
    id = f"z{uuid.uuid4().hex}"
    await write(collection, id, b"1")

    assert await Outbox(collection, publisher).relay() == 1
    assert await published(kafka, id) == [b"1"]


async def test_two_replicas_never_interleave_the_records_of_a_document(
    collection: Any, publisher: Publisher, kafka: str
) -> None:
    """On a compacted topic an older version must not overwrite a newer one."""
    id = uuid.uuid4().hex
    relays = [Outbox(collection, publisher), Outbox(collection, publisher)]
    expected = [str(number).encode() for number in range(60)]

    for value in expected:
        await write(collection, id, value)
        if value.endswith(b"5"):
            await asyncio.gather(*(relay.relay() for relay in relays))
    while await relays[0].relay():
        pass

    assert await published(kafka, id) == expected


async def test_a_store_that_is_not_there_says_so_without_its_password() -> None:
    """The connection string is a secret."""
    store = Store(uri=SecretStr("mongodb://u:hunter2@127.0.0.1:1"), database="x", timeout_s=0.3)

    reason = await ping(connect(store))

    assert reason is not None
    assert reason.startswith("store: ServerSelectionTimeoutError")
    assert "hunter2" not in reason
    assert "hunter2" not in repr(store)
