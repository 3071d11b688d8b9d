"""The application: health that tells the truth, and an end that comes."""

import asyncio
import time

import pytest
from httpx import ASGITransport, AsyncClient

from isthmus.runtime.app import STUCK_S, Application
from isthmus.runtime.settings import Kafka, Settings
from isthmus.telemetry.v1.observation_pb2 import Observation


@pytest.fixture
def app() -> Application:
    """A service whose Kafka is not there."""
    settings = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"))
    return Application("normalizer", settings, description="A test's own.")


async def get(app: Application, path: str) -> tuple[int, str]:
    async with AsyncClient(transport=ASGITransport(app.http), base_url="http://t") as client:
        reply = await client.get(path)
        return reply.status_code, reply.text


async def test_a_service_without_kafka_is_alive_but_not_ready(app: Application) -> None:
    """Trap F12: restarting a pod does not bring Kafka back."""
    assert await get(app, "/livez") == (200, "ok")
    status, text = await get(app, "/readyz")
    assert status == 503
    assert "127.0.0.1:1" in text


async def test_a_batch_that_never_ends_makes_the_service_not_alive(app: Application) -> None:
    """Trap F14: a crashed consume loop is restarted by FastStream, a stuck one only by us."""

    async def handler(batch: object) -> list[object]:
        return []

    app.consume("t", Observation, handler, required=())  # type: ignore[arg-type]
    consumer, _ = app._consumers[0]
    consumer.busy_since = time.monotonic() - STUCK_S - 1

    status, text = await get(app, "/livez")

    assert status == 503
    assert "t: one batch has taken more than 150 s" in text


async def test_readiness_names_each_part_that_is_missing(app: Application) -> None:
    """The text is what an operator reads first."""

    async def check() -> str:
        return "store: no answer"

    app.check("store", check)

    assert "store: no answer" in (await get(app, "/readyz"))[1]


async def test_metrics_are_served(app: Application) -> None:
    """With the process's own memory and CPU beside ours."""
    status, text = await get(app, "/metrics")

    assert status == 200
    assert "isthmus_normalizer_event_loop_late_seconds_total" in text
    assert "process_resident_memory_bytes" in text


async def test_a_blocked_event_loop_is_measured(app: Application) -> None:
    """Trap A1: heartbeats run on the same loop, so its lag is what costs partitions."""
    tick = asyncio.create_task(app._tick())
    await asyncio.sleep(0.1)
    time.sleep(1.5)  # noqa: ASYNC251 (blocking is what is tested)
    await asyncio.sleep(0.1)
    tick.cancel()

    lag = app.registry.get_sample_value("isthmus_normalizer_event_loop_late_seconds_total")
    assert lag is not None
    assert lag > 0.3


async def test_one_consumer_a_pod_so_that_a_partition_is_taken_in_order(app: Application) -> None:
    """Trap F9: `max_workers` above one would process a partition unordered."""

    async def handler(batch: object) -> list[object]:
        return []

    app.consume("t", Observation, handler, required=())  # type: ignore[arg-type]
    _, subscriber = app._consumers[0]

    assert type(subscriber).__name__ == "BatchSubscriber"
    assert subscriber._connection_args["auto_offset_reset"] == "earliest"
    assert subscriber._connection_args["enable_auto_commit"] is False


async def test_a_static_member_of_several_topics_has_a_name_on_each() -> None:
    """One group does not bear two members of one name: the later would fence the former."""

    async def handler(batch: object) -> list[object]:
        return []

    kafka = Kafka(bootstrap_servers="127.0.0.1:9", group_instance_id="inventory-0")
    app = Application("inventory", Settings(kafka=kafka), description="A test's.")
    for topic in ("one", "two"):
        app.consume(topic, Observation, handler, required=())  # type: ignore[arg-type]

    names = [s._connection_args["group_instance_id"] for _, s in app._consumers]
    assert names == ["inventory-0-one", "inventory-0-two"]
