"""Inventory on a real Kafka and a real store: reports in, assets, changes and targets out."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from google.protobuf.json_format import MessageToDict
from prometheus_client import CollectorRegistry
from pymongo import AsyncMongoClient

from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.assets.v1.change_pb2 import Change, ChangeKind
from isthmus.demo import ready
from isthmus.demo import store as parts
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.prometheus import InventoryMetrics
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.handlers.assets.reports import Reports
from isthmus.runtime.codec import Record, encode, new_traceparent
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1.report_pb2 import (
    Attribute,
    IdentityKey,
    KeyTier,
    Reachability,
    Report,
)
from isthmus.telemetry.v1.target_pb2 import Target

REPORTS, ASSETS, CHANGES = "normalizer.reports.v1", "inventory.assets.v1", "inventory.changes.v1"
TARGETS, DEAD = "inventory.targets.hagen.v1", "inventory.dlq"
LATE_S = 90  # a killed replica's leases last half a minute
SEED = """
targets:
  - target: {name}
    path: nordwerk/hagen/press-shop/line-1/press-1
    interval_s: 2
    profile: schneider-m340
    endpoint: {{protocol: modbus, host: 127.21.0.11, port: 15020, units: [1]}}
  - target: {name}-fast
    path: nordwerk/hagen/press-shop/line-1/press-2
    interval_s: 0
    profile: schneider-m340
    endpoint: {{protocol: modbus, host: 127.21.0.12, port: 15020}}
"""
Raw = Any  # aiokafka ships no types


@dataclass
class Service:
    """Inventory in a process of its own, with a database and target names of its own."""

    servers: str
    uri: str
    folder: Path
    name: str = field(default_factory=lambda: f"i-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    start_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.seed = self.folder / "hagen.yaml"
        self.seed.write_text(SEED.format(name=self.name))
        self.process = self.replica("inventory", self.port)

    def replica(self, name: str, port: int, **more: str) -> Process:
        environ = os.environ | {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
            "ISTHMUS_CONSUME__BACKOFF_MAX_S": "1",
            "ISTHMUS_STORE__URI": self.uri,
            "ISTHMUS_STORE__DATABASE": self.name,
            "ISTHMUS_STORE__TIMEOUT_S": "2",
            "ISTHMUS_TARGETS__FILES": str(self.seed),
            "ISTHMUS_ACCESS__MODE": "off",
            "ISTHMUS_HTTP__PORT": str(port),
        }
        command = [sys.executable, "-m", "isthmus.inventory"]
        return Process(name, command, self.folder / f"{name}.log", environ | more)

    async def start(self) -> None:
        self.process.start()
        await ready.until(self.process, lambda: ready.http(f"{self.url}/readyz"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def get(self, path: str, **query: str) -> Any:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return (await client.get(path, params=query, timeout=LATE_S)).json()

    async def post(self, path: str, body: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.post(path, json=body)

    def report(
        self, second: float, serial: str = "1", target: str = "", **attributes: str
    ) -> Report:
        """A report of one of the test's own sources, `second` after its start."""
        number = f"{self.name}/{serial}"
        return Report(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}/{target}@{second}")),
            site="hagen",
            target=self.name + target,
            path="nordwerk/hagen/press-shop/line-1/press-1",
            observed_at=self.start_at + timedelta(seconds=second),
            reachability=Reachability.REACHABILITY_ONLINE,
            keys=[
                IdentityKey(
                    tier=KeyTier.KEY_TIER_UNIQUE, scope="global", kind="serial", value=number
                )
            ],
            attributes=[Attribute(name=name, value=value) for name, value in attributes.items()],
        )

    async def send(self, *messages: Report | bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            for message in messages:
                if isinstance(message, bytes):
                    await producer.send_and_wait(REPORTS, message, f"hagen/{self.name}".encode())
                    continue
                key = f"{message.site}/{message.target}"
                sent = encode(
                    message, topic=REPORTS, key=key, id=message.id, source="test",
                    at=self.start_at, traceparent=new_traceparent(message.id),
                )  # fmt: skip
                await producer.send_and_wait(REPORTS, sent.value, sent.key, headers=sent.headers)

    async def assets(self, count: int) -> list[dict[str, Any]]:
        """The assets of the API, once there are `count`."""
        found: list[dict[str, Any]] = []

        async def enough() -> bool:
            found[:] = (await self.get("/v1/assets"))["items"]
            return len(found) >= count

        await until(enough, self.process.tail)
        return found

    async def heard(self, topic: str, keys: set[str], count: int) -> list[Raw]:
        """Every record of `topic` under `keys`, once there are `count`."""
        found: list[Raw] = []

        async def enough() -> bool:
            records = await everything(self.servers, topic)
            found[:] = [record for record in records if (record.key or b"").decode() in keys]
            return len(found) >= count

        await until(enough, lambda: f"{len(found)} of {count}\n{self.process.tail()}")
        return found


async def everything(servers: str, topic: str) -> list[Raw]:
    """All records of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    found: list[Raw] = []
    async with consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found


async def until(true: Callable[[], Awaitable[bool]], why: Callable[[], str]) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(LATE_S):
            while not await true():
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(why())


@asynccontextmanager
async def dropped(service: Service) -> AsyncIterator[Service]:
    """Ends the service and removes what it stored."""
    try:
        yield service
    finally:
        service.process.stop()
        async with AsyncMongoClient[dict[str, Any]](service.uri) as client:
            await client.drop_database(service.name)


@pytest.fixture
async def service(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The service, not yet started."""
    async with dropped(Service(kafka, mongodb, tmp_path)) as service:
        yield service


@pytest.fixture
async def inventory(service: Service) -> Service:
    """The running service."""
    await service.start()
    return service


async def test_a_report_becomes_an_asset_on_topic_and_api_with_its_history(
    inventory: Service,
) -> None:
    """Discovered once, changed once; the trace goes through; a replay adds nothing."""
    old, new = (inventory.report(i, vendor="Siemens", firmware=f"1.{i}") for i in (0, 1))
    await inventory.send(old, new, old, new)
    (asset,) = await inventory.assets(1)
    changes = await inventory.heard(CHANGES, {asset["id"]}, 2)
    await asyncio.sleep(1)  # a replay that makes records would have made them by now
    versions = await inventory.heard(ASSETS, {asset["id"]}, 1)
    said = [Change.FromString(record.value or b"") for record in changes]
    latest = Asset.FromString(versions[-1].value or b"")

    assert [change.kind for change in said] == [
        ChangeKind.CHANGE_KIND_DISCOVERED,
        ChangeKind.CHANGE_KIND_CHANGED,
    ]
    assert (said[1].field, said[1].before, said[1].after) == ("firmware", "1.0", "1.1")
    assert len(await inventory.heard(CHANGES, {asset["id"]}, 2)) == 2
    assert latest.firmware == "1.1"
    assert list(latest.sources) == [f"hagen/{inventory.name}"]
    assert latest.revision == (await inventory.get(f"/v1/assets/{asset['id']}"))["revision"]
    assert dict(changes[1].headers)["traceparent"] == new_traceparent(new.id)
    assert [(s["site"], s["assets"]) for s in (await inventory.get("/v1/sites"))["items"]] == [
        ("hagen", 1)
    ]


async def test_a_record_that_is_no_report_goes_to_the_dead_letters_and_its_neighbours_on(
    inventory: Service,
) -> None:
    """Garbage and a report with a wrong field are kept byte for byte, with the reason."""
    wrong = inventory.report(1)
    wrong.id = "seven"
    await inventory.send(b"\xff\xffgarbage", wrong, inventory.report(2, model="M340"))
    await inventory.assets(1)
    dead = await inventory.heard(DEAD, {f"hagen/{inventory.name}"}, 2)

    assert [record.value for record in dead] == [b"\xff\xffgarbage", wrong.SerializeToString()]
    assert b"'seven', expected a UUID" in dict(dead[1].headers)["dlq-reason"]


class Crashing:
    """Publishes nothing."""

    async def publish(self, records: Any) -> None:
        raise Retryable("crashed")


async def test_what_was_written_before_a_crash_is_published_after_it(service: Service) -> None:
    """A replica that died between write and publish leaves its records to the next one."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(service.uri, tz_aware=True)
    async with client:
        store = MongoAssets(client[service.name])
        measures = InventoryMetrics(CollectorRegistry())
        handler = Reports(store, Commits(store, Crashing()), measures)
        record = Record(service.report(0), f"hagen/{service.name}", REPORTS, 0, 0, None)
        with pytest.raises(Retryable, match="crashed"):
            await handler(Batch([record]))
        document = await client[service.name]["assets"].find_one()
    assert document
    assert await service.heard(ASSETS, {document["_id"]}, 0) == []

    await service.start()

    await service.heard(ASSETS, {document["_id"]}, 1)
    await service.heard(CHANGES, {document["_id"]}, 1)


async def test_a_replica_that_is_killed_leaves_one_asset_of_each_device(
    inventory: Service,
) -> None:
    """Two replicas, each device seen by two sources, one replica killed at work: all is there once,
    and the topic ends with what the store holds."""
    devices, port = 30, free_port()
    second = inventory.replica("second", port)
    second.start()
    reports = [
        inventory.report(at, serial=str(n), target=f"-{n}-{protocol}", firmware=f"1.{at}")
        for at in (0, 1)
        for n in range(devices)
        for protocol in ("modbus", "opcua")
    ]
    try:
        await ready.until(second, lambda: ready.http(f"http://127.0.0.1:{port}/readyz"))
        await asyncio.gather(inventory.send(*reports), killed_at_work(second, port))

        async def complete() -> bool:
            return all(
                len(asset["sources"]) == 2 and asset["firmware"] == "1.1"
                for asset in await inventory.assets(devices)
            )

        await until(complete, inventory.process.tail)
        assets = {asset["id"]: asset["revision"] for asset in await inventory.assets(devices)}

        async def published() -> bool:
            records = await everything(inventory.servers, ASSETS)
            latest = {
                said.id: said.revision
                for record in records
                if record.value and (said := Asset.FromString(record.value)).id in assets
            }
            return latest == assets

        await until(published, inventory.process.tail)
        assert len(assets) == devices
    finally:
        second.stop()


async def killed_at_work(process: Process, port: int) -> None:
    """Ends a process once it has handled something, or has had the time to, without a word."""
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            if 'isthmus_inventory_changes_total{kind="discovered"}' in metrics:
                break
            await asyncio.sleep(0.1)
    process.kill()


async def test_while_the_store_is_away_reports_wait(kafka: str, tmp_path: Path) -> None:
    """Reports sent meanwhile are in the inventory once the store is back; readiness says so."""
    port, data = free_port(), tmp_path / "data"
    command, log_file = parts.command(data, port), tmp_path / "store.log"
    stores = [Process("store", command, log_file, os.environ) for _ in range(2)]
    service = Service(kafka, parts.uri(port), tmp_path)
    try:
        stores[0].start()
        await ready.until(stores[0], lambda: ready.listens(port))
        await service.start()
        await service.send(service.report(0))
        await service.assets(1)
        stores[0].stop()
        await service.send(service.report(1, serial="2"))
        await until(lambda: unready(service, "store"), service.process.tail)
        stores[1].start()
        await ready.until(stores[1], lambda: ready.listens(port))

        assert len(await service.assets(2)) == 2
    finally:
        service.process.stop()
        for store in stores:
            store.stop()


async def unready(service: Service, part: str) -> bool:
    """Whether the service says that `part` keeps it from its work."""
    return part in await service.get("/readyz")


async def test_targets_of_files_and_people_reach_the_collectors_topic(inventory: Service) -> None:
    """Good rows are published once, a bad row is one line, the API takes one more."""
    added = {
        "site": "hagen",
        "target": f"{inventory.name}-new",
        "path": "nordwerk/hagen",
        "interval_s": 5,
        "profile": "wago-750",
        "endpoint": {"protocol": "modbus", "host": "127.0.0.1", "port": 1},
    }
    statuses = [(await inventory.post("/v1/targets", added)).status_code for _ in range(2)]
    nowhere = await inventory.post("/v1/targets", added | {"site": "atlantis"})
    inventory.process.stop()
    await inventory.start()
    names = {f"hagen/{inventory.name}", f"hagen/{inventory.name}-new"}
    records = await inventory.heard(TARGETS, names, 2)
    listed = (await inventory.get("/v1/targets", site="hagen"))["items"]

    assert statuses == [201, 200]
    assert nowhere.status_code == 422
    assert nowhere.json()["fields"][0]["field"] == "site"
    assert sorted((record.key or b"").decode() for record in records) == sorted(names)
    by_key = {(record.key or b"").decode(): record.value or b"" for record in records}
    seeded = Target.FromString(by_key[f"hagen/{inventory.name}"])
    assert seeded.interval_s == 2
    assert MessageToDict(seeded.endpoint)["units"] == [1]
    assert [item["target"] for item in listed] == [inventory.name, f"{inventory.name}-new"]
    log = inventory.process.log_file.read_text()
    assert "interval_s: 0, expected seconds, above 0 and at most 86400" in log


async def test_a_start_without_its_store_says_so_in_one_line(service: Service) -> None:
    """Exit status 2, and what to mend."""
    uri = f"mongodb://127.0.0.1:{free_port()}"
    process = service.replica("alone", free_port(), ISTHMUS_STORE__URI=uri)
    process.start()

    async def ended() -> bool:
        return process.status() is not None

    await until(ended, process.tail)

    assert process.status() == 2
    assert "start the store or mend ISTHMUS_STORE__URI" in process.tail(1)
    assert "Traceback" not in process.tail(100)
