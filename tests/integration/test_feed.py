"""Following the inventory on a real Kafka and a real store: stream, completeness, observations."""

import asyncio
import json
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from tests.integration.test_inventory import LATE_S, Service, dropped, until

from isthmus.inventory.domain.feed.tracing import report_id
from isthmus.runtime.codec import encode, new_traceparent
from isthmus.telemetry.v1 import observation_pb2 as pb
from isthmus.telemetry.v1.report_pb2 import Attribute, Reachability, Report

OBSERVATIONS, REPORTS = "collector.observations.v1", "normalizer.reports.v1"
STOP_S = 10


@pytest.fixture
async def inventory(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The running service."""
    async with dropped(Service(kafka, mongodb, tmp_path)) as service:
        await service.start()
        yield service


async def send(service: Service, topic: str, message: Any, observed: str, *more: Any) -> int:
    """Publish as the service does whose topic it is; the offset."""
    key = "/".join(filter(None, (message.site, message.target, getattr(message, "device", ""))))
    record = encode(
        message, topic=REPORTS, key=key, id=message.id, source="test",
        at=datetime.now(UTC), traceparent=new_traceparent(observed),
    )  # fmt: skip
    async with AIOKafkaProducer(bootstrap_servers=service.servers) as producer:
        sent = await producer.send_and_wait(
            topic, record.value, record.key, headers=[*record.headers, *more]
        )
    return int(sent.offset)


def observation(service: Service, *devices: str, **more: Any) -> pb.Observation:
    """A read of the test's own target, just now."""
    now = datetime.now(UTC)
    return pb.Observation(
        id=str(uuid.uuid4()), site="hagen", target=service.name, slot_at=now, observed_at=now,
        collector="c-0", interval_s=60, outcome=pb.OUTCOME_OK,
        devices=[pb.Device(path=path) for path in devices], **more,
    )  # fmt: skip


def report(of: pb.Observation, device: str = "", **attributes: str) -> Report:
    """What the normaliser would make of a device."""
    return Report(
        id=report_id(of.id, device), observation_id=of.id, site=of.site, target=of.target,
        device=device, observed_at=of.observed_at, slot_at=of.slot_at, collector=of.collector,
        interval_s=of.interval_s, reachability=Reachability.REACHABILITY_ONLINE,
        attributes=[Attribute(name=name, value=value) for name, value in attributes.items()],
    )  # fmt: skip


async def normalised(service: Service) -> None:
    """Have the normaliser read all observations that there are."""
    consumer = AIOKafkaConsumer(bootstrap_servers=service.servers, group_id="normalizer")
    partitions = [TopicPartition(OBSERVATIONS, each) for each in range(12)]
    consumer.assign(partitions)
    async with consumer:
        await consumer.commit(await consumer.end_offsets(partitions))


async def stage(service: Service, id: str, wanted: str, **query: str) -> dict[str, Any]:
    """What is said of an observation, once it has come so far."""
    said: dict[str, Any] = {}

    async def there() -> bool:
        said.clear()
        said.update(await service.get(f"/v1/observations/{id}", **query))
        return said.get("stage") == wanted

    await until(there, lambda: f"{said}\n{service.process.tail()}")
    return said


async def test_an_observation_is_followed_from_the_collector_to_its_asset(
    inventory: Service,
) -> None:
    """Waiting, then changed, and the one after it says nothing new; also asked by its source."""
    first, second = (observation(inventory, "") for _ in range(2))
    await send(inventory, OBSERVATIONS, first, first.id)
    waiting = await stage(inventory, first.id, "waiting")
    assert waiting["said"] == "the normaliser has not read it yet: 1 to go"

    await send(inventory, REPORTS, report(first, vendor="Siemens"), first.id)
    await normalised(inventory)
    changed = await stage(inventory, first.id, "changed")
    [asset] = await inventory.assets(1)
    [made] = changed["reports"]
    assert (made["asset_id"], made["source"]) == (asset["id"], f"hagen/{inventory.name}")
    assert [each["kind"] for each in made["changes"]] == ["discovered"]
    assert changed["looked"][0]["records"] >= 1

    await send(inventory, OBSERVATIONS, second, second.id)
    await send(inventory, REPORTS, report(second, vendor="Siemens"), second.id)
    await normalised(inventory)
    source = f"hagen/{inventory.name}"
    same = await stage(inventory, second.id, "unchanged", source=source)
    assert same["reports"][0]["asset_id"] == asset["id"]
    assert (await inventory.get("/v1/observations", source=source))["id"] == second.id


async def test_an_observation_that_nobody_could_take_is_found_among_the_dead(
    inventory: Service,
) -> None:
    """Of the normaliser by its letter; of the inventory by what it wrote itself."""
    refused, wrong = observation(inventory), observation(inventory, "")
    offset = await send(inventory, OBSERVATIONS, refused, refused.id)
    found = await stage(inventory, refused.id, "waiting")
    assert found["reports"] == []
    broken = report(wrong)
    broken.keys.add(value="x")
    await send(inventory, OBSERVATIONS, wrong, wrong.id)
    await send(inventory, REPORTS, broken, wrong.id)
    await normalised(inventory)
    partition = await partition_of(inventory, refused.id)
    place = {"topic": OBSERVATIONS, "partition": partition, "offset": offset, "reason": "devices"}
    headers = [(f"dlq-{name}", str(value).encode()) for name, value in place.items()]
    await send(inventory, "normalizer.dlq", refused, refused.id, *headers)

    said = [await stage(inventory, each.id, "rejected") for each in (refused, wrong)]

    assert said[0]["said"] == "the normaliser could not take it: devices"
    assert "expected a tier, scope, kind and value" in said[1]["said"]
    unknown = await inventory.get(f"/v1/observations/{uuid.uuid4()}", within_s="60")
    assert "records of collector.observations.v1 and inventory.imports.v1" in unknown["detail"]


async def partition_of(service: Service, id: str) -> int:
    """Where an observation stands."""
    consumer = AIOKafkaConsumer(
        OBSERVATIONS, bootstrap_servers=service.servers, auto_offset_reset="earliest"
    )
    async with consumer, asyncio.timeout(LATE_S):
        async for record in consumer:
            if dict(record.headers).get("ce_id") == id.encode():
                return int(record.partition)
    raise AssertionError(id)


@asynccontextmanager
async def stream(service: Service, **headers: str) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """The blocks of the stream of changes, each by its fields."""

    async def blocks(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
        block: dict[str, str] = {}
        async for line in lines:
            name, _, value = line.partition(": ")
            if line:
                block[name] = value
            else:
                yield block
                block = {}

    async with (
        httpx.AsyncClient(base_url=service.url, timeout=LATE_S) as client,
        client.stream("GET", "/v1/changes/stream", headers=headers) as reply,
    ):
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield blocks(reply.aiter_lines())


async def next_change(blocks: AsyncIterator[dict[str, str]]) -> tuple[str, dict[str, Any]]:
    """The next event, with its id."""
    async with asyncio.timeout(LATE_S):
        async for block in blocks:
            if block.get("event") == "change":
                return block["id"], json.loads(block["data"])
    raise AssertionError("the stream has ended")


async def test_changes_are_streamed_as_they_happen_and_a_stop_ends_the_stream(
    inventory: Service,
) -> None:
    """Somebody who comes back has missed nothing; the service does not wait for anybody."""
    async with stream(inventory) as blocks:
        opening = await anext(blocks)
        await send(inventory, REPORTS, report(observation(inventory), firmware="1"), "1")
        id, discovered = await next_change(blocks)
    await send(inventory, REPORTS, report(observation(inventory), firmware="2"), "2")
    async with stream(inventory, **{"Last-Event-ID": id}) as blocks:
        later, changed = await next_change(blocks)
        await asyncio.sleep(0)
        inventory.process.kill(signal.SIGTERM)
        async with asyncio.timeout(STOP_S):
            rest = [block async for block in blocks]
        async with asyncio.timeout(STOP_S):
            while inventory.process.status() is None:
                await asyncio.sleep(0.05)

    assert opening["retry"] == "2000"
    assert [each["kind"] for each in discovered["changes"]] == ["discovered"]
    assert [(e["field"], e["after"]) for e in changed["changes"]] == [("firmware", "2")]
    assert later > id
    assert rest == []
    assert inventory.process.status() == 0, inventory.process.tail()


async def test_lists_and_reports_state_up_to_when_they_are_complete(inventory: Service) -> None:
    """A target that was never read holds its site back, and is named."""
    read = observation(inventory)
    await send(inventory, REPORTS, report(read), read.id)
    said: dict[str, Any] = {}

    async def counted() -> bool:
        said.update(await inventory.get("/v1/completeness", site="hagen"))
        return any(each["newest_at"] for each in said["items"])

    await until(counted, lambda: f"{said}\n{inventory.process.tail()}")
    [hagen] = said["items"]
    assert hagen["targets"] == 1
    slot_at = read.slot_at.ToDatetime(UTC)
    stated = datetime.fromisoformat(hagen["complete_until"])
    assert timedelta(0) <= slot_at - stated < timedelta(milliseconds=1)
    assert [each["collector"] for each in hagen["collectors"]] == ["c-0"]

    for path, query in (
        ("/v1/assets", {"count": "true"}),
        ("/v1/assets/facets", {"by": "vendor"}),
        ("/v1/sites", {}),
        ("/v1/drift", {}),
        ("/v1/costs", {"by": "site", "currency": "EUR"}),
        ("/v1/forecast", {}),
        ("/v1/registers/cisa-ot/coverage", {}),
    ):
        assert (await inventory.get(path, **query))["complete_until"] == said["complete_until"]
    async with httpx.AsyncClient(base_url=inventory.url) as client:
        for path in ("/v1/exports/assets", "/v1/registers/cisa-ot"):
            reply = await client.get(path)
            assert reply.headers["Isthmus-Complete-Until"] == said["complete_until"]
        metrics = (await client.get("/metrics")).text
    assert 'isthmus_inventory_complete_until_timestamp_seconds{site="hagen"}' in metrics
