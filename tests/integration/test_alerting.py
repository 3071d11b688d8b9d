"""Alerting on a real Kafka and a real store: reports in, alarms and transitions out."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pymongo import AsyncMongoClient

from isthmus.alarms.v1.alarm_pb2 import Alarm, AlarmState
from isthmus.alarms.v1.transition_pb2 import Transition, TransitionKind
from isthmus.alerting.domain.alarms.alarm import alarm_id
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.runtime.codec import encode
from isthmus.telemetry.v1.report_pb2 import Attribute, Health, Reachability, Report

REPORTS, ASSETS = "normalizer.reports.v1", "inventory.assets.v1"
LATE_S = 30
RULES = """
rules:
  - {name: slow-pressure, priority: high, message: "{source}: {value}", first_action: Look.,
     impact: Much, consequence: equipment,
     threshold: {metric: pressure, unit: bar, above: 10}, on_delay_s: 4}
  - {name: soon-silent, priority: low, message: "{source}: silent", first_action: Look.,
     impact: Much, consequence: equipment,
     no_data: {intervals: 1, silent_s: 3}, classes: [kiosk]}
"""


@dataclass
class Service:
    """Alerting in a process of its own, with a database and a source of its own."""

    servers: str
    uri: str
    folder: Path
    name: str = field(default_factory=lambda: f"t-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    start_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        rules = self.folder / "rules"
        rules.mkdir()
        (rules / "test.yaml").write_text(RULES)
        environ = os.environ | {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
            "ISTHMUS_STORE__URI": self.uri,
            "ISTHMUS_STORE__DATABASE": self.name,
            "ISTHMUS_ACCESS__MODE": "off",
            "ISTHMUS_HTTP__PORT": str(self.port),
            "ISTHMUS_RULES__FOLDER": str(rules),
        }
        command = [sys.executable, "-m", "isthmus.alerting"]
        self.process = Process("alerting", command, self.folder / "alerting.log", environ)

    @property
    def source(self) -> str:
        return f"hagen/{self.name}"

    def alarm(self, rule: str) -> str:
        return alarm_id(rule, self.source)

    async def start(self) -> None:
        self.process.start()
        await until(self._ready, self.process.tail)

    async def _ready(self) -> bool:
        assert self.process.status() is None, self.process.tail()
        try:
            return (await self.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def get(self, path: str, **query: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            return await client.get(path, params=query)

    async def acknowledge(self, rule: str, **body: Any) -> httpx.Response:
        return await self.act("acknowledge", rule, **body)

    async def act(self, name: str, rule: str, **body: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            return await client.post(f"/v1/alarms/{self.alarm(rule)}/{name}", json=body)

    async def listen(self, count: int, place: str = "") -> list[tuple[str, dict[str, Any]]]:
        """The next transitions that the stream tells of this source, each with its place."""
        found: list[tuple[str, dict[str, Any]]] = []
        id = ""
        url = f"http://127.0.0.1:{self.port}/v1/alarms/stream"
        headers = {"Last-Event-ID": place} if place else {}
        async with (
            asyncio.timeout(LATE_S),
            httpx.AsyncClient(timeout=LATE_S) as client,
            client.stream("GET", url, headers=headers) as stream,
        ):
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                id = value if name == "id" else id
                if name == "data" and json.loads(value).get("subject") == self.source:
                    found.append((id, json.loads(value)))
                if len(found) == count:
                    break
        return found

    def report(self, second: float, target: str = "", **fields: Any) -> Report:
        """A report of the test's source, `second` after its start."""
        at = self.start_at + timedelta(seconds=second)
        attributes = fields.pop("attributes", {"class": "plc"})
        metrics = fields.pop("metrics", {})
        report = Report(
            id=str(uuid.uuid4()),
            site="hagen",
            target=target or self.name,
            path="nordwerk/hagen/press-shop",
            observed_at=at,
            interval_s=2,
            reachability=fields.pop("reachability", Reachability.REACHABILITY_ONLINE),
            metric=list(metrics),
            value=[value for value, _ in metrics.values()],
            unit=[unit for _, unit in metrics.values()],
            **fields,
        )
        report.attributes.extend(Attribute(name=n, value=v) for n, v in attributes.items())
        return report

    async def send(self, *messages: Report | Asset | bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            for message in messages:
                topic = ASSETS if isinstance(message, Asset) else REPORTS
                key = message.id if isinstance(message, Asset) else self.source
                if isinstance(message, bytes):
                    await producer.send_and_wait(topic, message, key.encode())
                    continue
                record = encode(
                    message, topic=topic, key=key, id=message.id, source="test", at=self.start_at
                )
                await producer.send_and_wait(
                    topic, record.value, record.key, headers=record.headers
                )

    async def forget_offsets(self) -> None:
        """Set the stopped service's group back to the first record of every partition."""
        group = AIOKafkaConsumer(
            bootstrap_servers=self.servers, group_id="alerting", enable_auto_commit=False
        )
        async with group:
            group.assign([TopicPartition(REPORTS, number) for number in range(12)])
            await group.commit({partition: 0 for partition in group.assignment()})

    async def heard(self, rule: str) -> tuple[list[Alarm], list[Transition]]:
        """Everything on the two topics about one alarm."""
        alarms = await self._read("alerting.alarms.v1", rule)
        transitions = await self._read("alerting.transitions.v1", rule)
        return (
            [Alarm.FromString(value) for value in alarms],
            [Transition.FromString(value) for value in transitions],
        )

    async def _read(self, topic: str, rule: str) -> list[bytes]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.servers, auto_offset_reset="earliest"
        )
        found: list[bytes] = []
        async with consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    key = self.alarm(rule).encode()
                    found += [r.value for r in records if r.key == key and r.value]
        return found

    async def transitions(self, rule: str, count: int) -> list[Transition]:
        """The transitions of one alarm, once there are `count`."""
        found: list[Transition] = []

        async def enough() -> bool:
            found[:] = (await self.heard(rule))[1]
            return len(found) >= count

        await until(enough, lambda: f"{found}\n{self.process.tail()}")
        return found


async def until(true: Callable[[], Any], why: Callable[[], str]) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(LATE_S):
            while not await true():
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(why())


@pytest.fixture
async def alerting(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Service]:
    """The running service."""
    service = Service(kafka, mongodb, tmp_path)
    await service.start()
    yield service
    service.process.stop()
    async with AsyncMongoClient[dict[str, Any]](mongodb) as client:
        await client.drop_database(service.name)


HOT, COOL = {"temperature": (85.0, "Cel")}, {"temperature": (70.0, "Cel")}


async def test_a_crossing_becomes_an_alarm_and_its_return_clears_it(alerting: Service) -> None:
    """Ten hot seconds at a poll each two: raised once, cleared once, on both topics."""
    hot = [alerting.report(second, metrics=HOT) for second in (0, 2, 4, 6, 8)]
    cool = [alerting.report(second, metrics=COOL) for second in (-2, 10, 12, 14)]
    await alerting.send(cool[0], *hot, *cool[1:])
    steps = await alerting.transitions("temperature-high", 2)
    alarms, _ = await alerting.heard("temperature-high")

    assert [(s.seq, s.kind) for s in steps] == [
        (1, TransitionKind.TRANSITION_KIND_RAISED),
        (2, TransitionKind.TRANSITION_KIND_CLEARED),
    ]
    assert alarms[-1].state == AlarmState.ALARM_STATE_RETURNED_UNACKNOWLEDGED
    assert alarms[-1].subject == alerting.source
    assert alarms[-1].path == "nordwerk/hagen/press-shop"
    assert (alarms[-1].value, alarms[-1].unit, alarms[-1].seq) == (70.0, "Cel", 2)
    assert "85.0 Cel" in alarms[-1].message


async def test_a_person_acknowledges_what_they_saw_and_nothing_newer(alerting: Service) -> None:
    """The first acknowledgement wins, one that saw an older `seq` is told so."""
    await alerting.send(
        alerting.report(0, reachability=Reachability.REACHABILITY_OFFLINE, attributes={})
    )
    await alerting.transitions("device-offline", 1)

    unknown = await alerting.acknowledge("no-such-rule", seq=1)
    wrong = await alerting.acknowledge("device-offline", seq=7)
    right = await alerting.acknowledge("device-offline", comment="on my way", seq=1)
    twice = await alerting.acknowledge("device-offline", seq=2)
    steps = await alerting.transitions("device-offline", 2)
    listed = (await alerting.get("/v1/alarms", site="hagen", state="acknowledged")).json()
    told = (await alerting.get(f"/v1/alarms/{alerting.alarm('device-offline')}/transitions")).json()

    assert [r.status_code for r in (unknown, wrong, right, twice)] == [404, 409, 200, 409]
    assert right.json()["state"] == "acknowledged"
    assert (steps[1].by, steps[1].comment, steps[1].seq) == ("anyone", "on my way", 2)
    assert [item["id"] for item in listed["items"]] == [alerting.alarm("device-offline")]
    assert [item["kind"] for item in told["items"]] == ["raised", "acknowledged"]


async def test_a_person_s_act_and_the_next_report_do_not_lose_each_other(alerting: Service) -> None:
    """The owner finds its version outdated by the API, and goes on from the new one."""
    await alerting.send(alerting.report(0, health=Health.HEALTH_FAILURE))
    await alerting.transitions("health-failure", 1)
    await alerting.acknowledge("health-failure", seq=1)
    await alerting.send(alerting.report(2, health=Health.HEALTH_NORMAL))
    steps = await alerting.transitions("health-failure", 3)

    assert [s.seq for s in steps] == [1, 2, 3]
    assert steps[-1].kind == TransitionKind.TRANSITION_KIND_CLEARED
    assert steps[-1].state == AlarmState.ALARM_STATE_NORMAL


async def test_the_end_of_a_shelf_is_kept_by_the_owner_of_the_partition(
    alerting: Service,
) -> None:
    """Who shelved it did so through the API; the owner hears of it by the transition."""
    await alerting.send(alerting.report(0, health=Health.HEALTH_FAILURE))
    await alerting.transitions("health-failure", 1)
    done = await alerting.act("shelve", "health-failure", seq=1, duration_s=2, comment="works")
    steps = await alerting.transitions("health-failure", 3)

    assert done.json()["state"] == "shelved", done.text
    assert [TransitionKind.Name(s.kind).removeprefix("TRANSITION_KIND_") for s in steps] == [
        "RAISED", "SHELVED", "UNSHELVED",
    ]  # fmt: skip
    assert [s.annunciate for s in steps] == [True, False, True]


async def test_the_stream_tells_of_each_transition_and_goes_on_where_it_ended(
    alerting: Service,
) -> None:
    """Also of what happened between two streams."""
    first = asyncio.create_task(alerting.listen(1))
    await asyncio.sleep(1)
    await alerting.send(alerting.report(0, health=Health.HEALTH_FAILURE))
    [(place, raised)] = await first
    await alerting.acknowledge("health-failure", seq=1)
    await alerting.transitions("health-failure", 2)
    [(_, acknowledged)] = await alerting.listen(1, place)

    assert (raised["kind"], raised["site"], raised["annunciate"]) == ("raised", "hagen", True)
    assert (acknowledged["kind"], acknowledged["by"]) == ("acknowledged", "anyone")


async def test_a_delay_that_runs_when_the_service_is_killed_ends_in_the_next_one(
    alerting: Service,
) -> None:
    """Kill -9 between crossing and deadline: the next one raises it, with no new report."""
    alerting.start_at = datetime.now(UTC)
    await alerting.send(alerting.report(0, metrics={"pressure": (12.0, "bar")}))
    async with AsyncMongoClient[dict[str, Any]](alerting.uri, tz_aware=True) as client:
        stored = client[alerting.name].alarms

        async def pending() -> bool:
            return await stored.find_one({"condition": "pending_on"}) is not None

        await until(pending, alerting.process.tail)
    alerting.process.kill(signal.SIGKILL)
    assert (await alerting.heard("slow-pressure"))[1] == []

    await alerting.start()
    steps = await alerting.transitions("slow-pressure", 1)

    assert [s.kind for s in steps] == [TransitionKind.TRANSITION_KIND_RAISED]
    assert abs(steps[0].at.ToDatetime(UTC) - alerting.start_at) < timedelta(milliseconds=1)


async def test_a_replay_of_the_whole_topic_adds_no_transition(alerting: Service) -> None:
    """The group's offsets are lost: every report comes again, and nothing happens again."""
    firmware = [{"class": "plc", "firmware": version} for version in ("3.10", "3.20")]
    await alerting.send(
        alerting.report(0, metrics=HOT, attributes=firmware[0]),
        alerting.report(2, metrics=HOT, attributes=firmware[1]),
        alerting.report(4, metrics=COOL, attributes=firmware[1]),
        alerting.report(6, metrics=COOL, attributes=firmware[1]),
        alerting.report(8, metrics=HOT, attributes=firmware[1]),
        alerting.report(10, metrics=HOT, attributes=firmware[1]),
    )
    await alerting.transitions("temperature-high", 3)
    await alerting.transitions("firmware-changed", 2)
    alerting.process.stop()
    await alerting.forget_offsets()

    await alerting.start()
    # The last report of all: once its alarm is there, everything before it was judged.
    await alerting.send(alerting.report(12, health=Health.HEALTH_FAILURE))
    await alerting.transitions("health-failure", 1)

    assert [s.seq for s in (await alerting.heard("temperature-high"))[1]] == [1, 2, 3]
    assert [s.seq for s in (await alerting.heard("firmware-changed"))[1]] == [1, 2]


async def test_an_alarm_carries_its_asset_as_soon_as_the_inventory_has_said_it(
    alerting: Service,
) -> None:
    """Raised before the asset is known, published again with it, without a transition."""
    await alerting.send(alerting.report(0, health=Health.HEALTH_FAILURE))
    await alerting.transitions("health-failure", 1)
    asset = Asset(id=str(uuid.uuid4()), site="hagen", path="nordwerk/hagen/a", revision=1)
    asset.sources.append(alerting.source)
    setattr(asset, "class", "robot")
    await alerting.send(asset)

    second = 2

    async def known() -> bool:
        nonlocal second
        await alerting.send(alerting.report(second, health=Health.HEALTH_FAILURE))
        second += 2
        return (await alerting.heard("health-failure"))[0][-1].asset_id == asset.id

    await until(known, alerting.process.tail)
    alarms, steps = await alerting.heard("health-failure")

    assert (alarms[-1].asset_class, alarms[-1].path) == ("robot", "nordwerk/hagen/a")
    assert alarms[-1].seq == 1
    assert len(steps) == 1


async def test_a_source_that_falls_silent_is_missed_while_others_are_heard(
    alerting: Service,
) -> None:
    """Silence is judged by the newest report of the partition; the first report again ends it."""
    kiosk = {"class": "kiosk"}
    await alerting.send(alerting.report(-60, attributes=kiosk))

    async def missed() -> bool:
        now = (datetime.now(UTC) - alerting.start_at).total_seconds()
        await alerting.send(alerting.report(now, target=f"{alerting.name}-other"))
        return bool((await alerting.heard("soon-silent"))[1])

    await until(missed, alerting.process.tail)
    await alerting.send(alerting.report(1000, attributes=kiosk))
    steps = await alerting.transitions("soon-silent", 2)

    assert [s.kind for s in steps] == [
        TransitionKind.TRANSITION_KIND_RAISED,
        TransitionKind.TRANSITION_KIND_CLEARED,
    ]
    assert steps[0].at.ToDatetime(UTC) - alerting.start_at < timedelta(seconds=-56)


async def test_a_record_that_is_no_report_goes_to_the_dead_letters(alerting: Service) -> None:
    """Byte for byte, and the good ones around it are judged."""
    bad = b"\xff\xff" + alerting.name.encode()
    crooked = alerting.report(0, metrics=HOT)
    crooked.unit.append("Cel")
    await alerting.send(bad, crooked, alerting.report(2, health=Health.HEALTH_FAILURE))
    await alerting.transitions("health-failure", 1)
    letters = AIOKafkaConsumer(
        "alerting.dlq", bootstrap_servers=alerting.servers, auto_offset_reset="earliest"
    )
    reasons: list[bytes] = []
    async with letters, asyncio.timeout(LATE_S):
        while len(reasons) < 2:
            record = await letters.getone()
            if record.key == alerting.source.encode():
                reasons.append(dict(record.headers)["dlq-reason"])

    assert any(b"no isthmus.telemetry.v1.Report" in reason for reason in reasons)
    assert any(b"1 values and 2 units, expected 1" in reason for reason in reasons)
