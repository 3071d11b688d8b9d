"""The runtime on a real Kafka: what becomes of each record, whatever happens to it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from isthmus.runtime.app import Application
from isthmus.runtime.codec import Outgoing, encode
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import IsthmusError, Rejected, Retryable
from isthmus.runtime.settings import Consume, Http, Kafka, Settings
from isthmus.telemetry.v1.observation_pb2 import Observation

LATE_S = 20
LARGEST = b"\xff" * 1_048_400  # with its headers all but the 1,048,588 bytes of a Kafka topic


@dataclass
class Echo:
    """A service of its own for one test: its topics, its application, what it handled."""

    servers: str
    name: str = field(default_factory=lambda: f"echo-{uuid.uuid4().hex[:8]}")
    seen: list[str] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return f"{self.name}.in"

    def application(
        self, *, member: str | None = None, listener: Any = None, **consume: float
    ) -> Application:
        settings = Settings(
            kafka=Kafka(
                bootstrap_servers=self.servers, session_timeout_s=6, group_instance_id=member
            ),
            consume=Consume(**{"backoff_initial_s": 0.05, "backoff_max_s": 0.2, **consume}),
            http=Http(stop_timeout_s=10),
        )
        app = Application(self.name, settings, description="A test's own service.")
        app.consume(self.topic, Observation, self.handle, required=("id",), listener=listener)
        return app

    async def handle(self, batch: Batch[Observation]) -> Iterable[Outgoing]:
        for record in batch.records:
            assert record.message is not None
            waiting = self.failures.get(record.message.id)
            if waiting:
                raise waiting.pop(0)
        self.seen += [r.message.id for r in batch.records if r.message is not None]
        return []

    async def send(
        self, *values: bytes | str | None, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.servers)
        async with producer:
            for value in values:
                if isinstance(value, str):
                    record = observation(value, self.topic)
                    await producer.send_and_wait(self.topic, record.value, record.key)
                else:
                    await producer.send_and_wait(self.topic, value, b"k", headers=list(headers))

    async def dead_letters(self, count: int) -> list[Any]:
        consumer = AIOKafkaConsumer(
            f"{self.name}.dlq", bootstrap_servers=self.servers, auto_offset_reset="earliest"
        )
        async with consumer, asyncio.timeout(LATE_S):
            return [await consumer.getone() for _ in range(count)]

    async def committed(self) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self.name)
        finally:
            await admin.close()
        return sum(at.offset for at in offsets.values() if at.offset > 0)

    async def until_seen(self, *ids: str) -> None:
        async with asyncio.timeout(LATE_S):
            while not set(ids) <= set(self.seen):
                await asyncio.sleep(0.05)


@pytest.fixture
async def echo(kafka: str) -> AsyncIterator[Echo]:
    """A service with topics of its own: one partition, so that order shows."""
    service = Echo(kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    letters = {"max.message.bytes": "8388608"}  # as the registry has it
    await admin.create_topics(
        [
            NewTopic(service.topic, 1, 1),
            NewTopic(f"{service.name}.dlq", 1, 1, topic_configs=letters),
        ]
    )
    yield service
    await admin.delete_topics([service.topic, f"{service.name}.dlq"])
    await admin.close()


def observation(id: str, topic: str) -> Outgoing:
    return encode(
        Observation(id=id, site="hagen", target="t"),
        topic=topic,
        key="hagen/t",
        id=id,
        source="test",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def test_a_failing_record_is_tried_again_and_none_after_it_is_lost(echo: Echo) -> None:
    """Traps F2, F3, F4: neither skipped, nor retried at once for ever."""
    echo.failures["2"] = [Retryable("store is away"), Retryable("store is away")]
    await echo.send("1", "2", "3")

    async with echo.application():
        await echo.until_seen("1", "2", "3")

    assert sorted(set(echo.seen)) == ["1", "2", "3"]
    assert echo.failures["2"] == []


async def test_offsets_are_committed_only_after_the_handler_is_done(echo: Echo) -> None:
    """Trap F1: a crash in the handler must bring the record again."""
    echo.failures["1"] = [Retryable("not yet")] * 1000
    await echo.send("1")

    async with echo.application():
        await asyncio.sleep(1.5)
        assert await echo.committed() == 0
        echo.failures.clear()
        await echo.until_seen("1")
    assert await echo.committed() == 1


async def test_bad_records_go_to_the_dead_letters_byte_for_byte_and_good_ones_go_on(
    echo: Echo,
) -> None:
    """Traps F5, F6: undecodable headers, keys and values reach neither the bin nor the handler.

    A dead letter is larger than its record, which may be as large as its topic takes.
    """
    bad = b"\xff\xff not protobuf"
    await echo.send("1")
    await echo.send(bad)
    await echo.send(b"\x0a\x01x", headers=[("ce_type", b"\xff\xfe")])
    await echo.send(b"\x0a\x01x", headers=[("ce_type", b"isthmus.assets.v1.Asset")])
    await echo.send(b"")
    await echo.send(LARGEST)
    await echo.send("2")

    async with echo.application():
        await echo.until_seen("1", "2")
        letters = await echo.dead_letters(5)

    assert [letter.value for letter in letters] == [bad, b"\x0a\x01x", b"\x0a\x01x", b"", LARGEST]
    headers = [dict(letter.headers) for letter in letters]
    assert [h["dlq-offset"] for h in headers] == [b"1", b"2", b"3", b"4", b"5"]
    assert headers[1]["ce_type"] == b"\xff\xfe"
    assert "no isthmus.telemetry.v1.Observation" in headers[0]["dlq-reason"].decode()
    assert "header ce_type" in headers[1]["dlq-reason"].decode()
    assert "isthmus.assets.v1.Asset" in headers[2]["dlq-reason"].decode()
    assert (
        headers[3]["dlq-reason"] == b"isthmus.telemetry.v1.Observation.id: empty, expected a value"
    )
    assert headers[0]["dlq-topic"] == echo.topic.encode()
    assert echo.seen == ["1", "2"]


async def test_a_record_that_the_handler_rejects_leaves_its_neighbours_unharmed(echo: Echo) -> None:
    """A Rejected that a handler raises is found by halving the batch."""
    echo.failures["3"] = [Rejected("site: 'mars', expected a known site")] * 50
    await echo.send("1", "2", "3", "4", "5")

    async with echo.application():
        await echo.until_seen("1", "2", "4", "5")
        (letter,) = await echo.dead_letters(1)

    assert dict(letter.headers)["dlq-reason"] == b"site: 'mars', expected a known site"
    assert "3" not in echo.seen


async def test_a_bug_is_tried_several_times_and_then_set_aside(echo: Echo) -> None:
    """An unforeseen exception is a bug: N attempts, then the dead-letter topic."""
    echo.failures["2"] = [ZeroDivisionError("bug")] * 100
    await echo.send("1", "2", "3")

    async with echo.application(attempts=3):
        await echo.until_seen("1", "3")
        (letter,) = await echo.dead_letters(1)

    headers = dict(letter.headers)
    assert headers["dlq-kind"] == b"unexpected"
    assert headers["dlq-reason"] == b"ZeroDivisionError: bug"


async def test_too_many_bad_records_in_a_row_stop_the_service_instead_of_emptying_the_topic(
    echo: Echo,
) -> None:
    """The breaker: nothing is committed, nothing more is dead-lettered, the service is unready."""
    await echo.send(*[b"\xff\xff"] * 8)

    app = echo.application(rejected_in_a_row_max=5)
    async with app:
        async with asyncio.timeout(LATE_S):
            while "too many" not in str(await app.unready()):
                await asyncio.sleep(0.05)
        assert await echo.committed() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await echo.dead_letters(1)


async def test_a_start_without_a_broker_says_so(echo: Echo) -> None:
    """Trap F13: no zombie that serves health while it consumes nothing."""
    settings = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1", start_timeout_s=0.5))
    app = Application("echo", settings, description="")

    with pytest.raises(IsthmusError, match=r"kafka: 127\.0\.0\.1:1: no broker answers"):
        await app.__aenter__()


async def test_missing_topics_are_named_and_never_made_by_accident(kafka: str) -> None:
    """Trap F10: topics come from the registry, not from the first consumer."""
    echo = Echo(kafka)

    with pytest.raises(IsthmusError, match=f"topics are missing: {echo.topic}; run python -m"):
        await echo.application().__aenter__()

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    assert echo.topic not in await admin.list_topics()
    await admin.close()


async def test_a_new_group_reads_from_the_beginning(echo: Echo) -> None:
    """Trap F11: records that were there before the service are not skipped."""
    await echo.send("early")

    async with echo.application():
        await echo.until_seen("early")


async def test_a_consume_loop_that_crashes_is_started_again(echo: Echo) -> None:
    """Trap F14: FastStream's supervisor does it; without it the service would be deaf and ready."""
    app = echo.application()
    async with app:
        _, subscriber = app._consumers[0]
        getmany = subscriber.consumer.getmany

        async def crash(**_: object) -> None:
            subscriber.consumer.getmany = getmany
            raise RuntimeError("a bug below us")

        subscriber.consumer.getmany = crash
        async with asyncio.timeout(LATE_S):
            while subscriber.consumer.getmany is crash:
                await asyncio.sleep(0.05)
        await echo.send("1")
        await echo.until_seen("1")


class Revocations(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Counts how often partitions were taken away."""

    count = 0

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.count += bool(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None: ...


async def test_a_restart_within_the_session_moves_no_partition(kafka: str) -> None:
    """Traps A2, A3: every join would stop the whole group; a static member comes back unnoticed."""
    echo = Echo(kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(echo.topic, 2, 1), NewTopic(f"{echo.name}.dlq", 1, 1)])
    stays = Revocations()

    async with echo.application(member="a", listener=stays) as first:
        async with echo.application(member="b") as second:
            await until_ready(first, second)
            before = stays.count
        async with echo.application(member="b") as again:
            await until_ready(again)
            await asyncio.sleep(1)

    assert stays.count == before
    await admin.delete_topics([echo.topic, f"{echo.name}.dlq"])
    await admin.close()


async def until_ready(*apps: Application) -> None:
    async with asyncio.timeout(LATE_S):
        for app in apps:
            while await app.unready():
                await asyncio.sleep(0.1)


async def test_a_stop_waits_for_the_batch_in_flight(echo: Echo) -> None:
    """Trap F8: the handler ends and its offsets are committed before the process leaves."""
    began = asyncio.Event()

    async def slow(batch: Batch[Observation]) -> Iterable[Outgoing]:
        began.set()
        await asyncio.sleep(1)
        return await Echo.handle(echo, batch)

    echo.handle = slow  # type: ignore[method-assign]
    await echo.send("1")
    async with echo.application():
        async with asyncio.timeout(LATE_S):
            await began.wait()

    assert echo.seen == ["1"]
    assert await echo.committed() == 1
