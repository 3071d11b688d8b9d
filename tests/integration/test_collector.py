"""The collector on a real Kafka, polling simulated devices."""

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from google.protobuf.json_format import ParseDict

from isthmus.demo.process import Process
from isthmus.runtime import topics
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.telemetry.v1.envelope_pb2 import Zone
from isthmus.telemetry.v1.observation_pb2 import OUTCOME_NOT_ASKED, OUTCOME_OK, Observation
from isthmus.telemetry.v1.target_pb2 import Target
from isthmus.telemetry.v1.touches_pb2 import POLL_STATE_PAUSED, POLL_STATE_STOPPED, Touches

DEVICES = Path(__file__).parents[2] / "simulators" / "devices"
VALUES_REQUEST = "fc04"  # the profile abb-ac800m reads its input registers once a slot
INTERVAL_S = 0.5
FAILOVER_S = 15
PAUSE_S = 5
PAUSED = {"paused": True, "reason": "maintenance"}


async def device() -> ModbusServer:
    """A listening controller."""
    model = Library(folder=DEVICES).read("modbus/abb-ac800m", ModbusDevice)
    server = ModbusServer("127.0.0.1", 0, {1: Unit(model, model.state({"serial": "S1"}, "test"))})
    await server.start()
    return server


async def gateway(units: int) -> ModbusServer:
    """A listening gateway with several controllers behind it."""
    model = Library(folder=DEVICES).read("modbus/abb-ac800m", ModbusDevice)
    behind = {n: Unit(model, model.state({"serial": f"S{n}"}, "test")) for n in range(1, units + 1)}
    server = ModbusServer("127.0.0.1", 0, behind, gateway=True)
    await server.start()
    return server


@dataclass
class Site:
    """A site of its own: its targets topic, what its collectors said, and its collectors."""

    name: str
    kafka: str
    folder: Path
    producer: AIOKafkaProducer
    processes: ExitStack
    collecting: dict[str, Process] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    letters: list[Any] = field(default_factory=list)
    touches: list[Touches] = field(default_factory=list)

    def collect(self, name: str) -> Process:
        """Start one collector process."""
        environ = {
            **{n: v for n, v in os.environ.items() if not n.startswith("ISTHMUS_")},
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka,
            "ISTHMUS_COLLECTOR__SITE": self.name,
            "ISTHMUS_COLLECTOR__NAME": name,
            "ISTHMUS_COLLECTOR__TOUCHES_INTERVAL_S": "2",
            "ISTHMUS_HTTP__PORT": "0",
        }
        command = [sys.executable, "-m", "isthmus.collector"]
        process = Process(name, command, self.folder / f"{name}.log", environ)
        process.start()
        self.processes.callback(process.stop)
        self.collecting[name] = process
        return process

    async def write(self, target: str, port: int, **fields: Any) -> None:
        """Write one target."""
        message = Target(site=self.name, target=target, interval_s=INTERVAL_S, profile="abb-ac800m")
        endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": port}
        ParseDict(fields.pop("endpoint", endpoint), message.endpoint)
        ParseDict(fields.pop("envelope", {}), message.envelope)
        for name, value in fields.items():
            setattr(message, name, value)
        await self.send(target, message.SerializeToString())

    async def rule(self, path: str = "", **fields: Any) -> None:
        """Write the rules of the site, or of the zone at `path`."""
        zone = ParseDict({"site": self.name, "path": path, **fields}, Zone())
        topic, key = f"inventory.zones.{self.name}.v1", f"{self.name}/{path}".rstrip("/")
        await self.producer.send_and_wait(topic, key=key.encode(), value=zone.SerializeToString())

    async def send(self, target: str, value: bytes | None) -> None:
        """Write one record."""
        topic = f"inventory.targets.{self.name}.v1"
        await self.producer.send_and_wait(topic, key=f"{self.name}/{target}".encode(), value=value)

    def address(self, name: str) -> str:
        """Where a collector serves its API."""
        for line in (self.folder / f"{name}.log").read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "service_started":
                return f"http://{event['host']}:{event['port']}"
        raise AssertionError(f"{name} has not started")

    def of(self, target: str) -> list[Observation]:
        """What was said of one target."""
        return [o for o in self.observations if o.target == target]

    def collectors(self) -> set[str]:
        """Who has said anything."""
        return {o.collector for o in self.observations}

    async def listen(self, consumer: AIOKafkaConsumer) -> None:
        """Gather what concerns this site."""
        async for record in consumer:
            if not record.key.startswith(f"{self.name}/".encode()):
                continue
            if record.topic == "collector.dlq":
                self.letters.append(record)
            elif record.topic == "collector.touches.v1":
                self.touches.append(Touches.FromString(record.value))
            else:
                self.observations.append(Observation.FromString(record.value))


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Processes that end with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def site(kafka: str, processes: ExitStack, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that only this test has."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    await topics.apply(kafka, [name], replication_factor=1)
    consumer = AIOKafkaConsumer(
        "collector.observations.v1", "collector.dlq", "collector.touches.v1",
        bootstrap_servers=kafka, auto_offset_reset="earliest",
    )  # fmt: skip
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer, consumer:
        site = Site(name, kafka, tmp_path, producer, processes)
        listening = asyncio.create_task(site.listen(consumer))
        yield site
        listening.cancel()
        await asyncio.wait({listening})


async def until(true: Callable[[], object], timeout_s: float = 30) -> float:
    """Wait; the seconds that it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < timeout_s, f"not within {timeout_s} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def test_a_target_record_becomes_observations_until_its_tombstone(site: Site) -> None:
    """Every slot of a target is one Observation; a tombstone closes the connection for good."""
    server = await device()
    await site.write("dcs-1", server.port, path="e/s/a")
    site.collect("one")
    await until(lambda: len(site.of("dcs-1")) >= 4)
    observation = site.of("dcs-1")[0]
    assert observation.outcome == OUTCOME_OK
    assert (observation.path, observation.protocol) == ("e/s/a", "modbus")
    assert observation.address == f"127.0.0.1:{server.port}"
    device_ = observation.devices[0]
    assert dict(zip(device_.fact, device_.text, strict=True))["serial_number"] == "S1"
    await site.send("dcs-1", None)
    await until(lambda: server.record.connections == 0)
    read = server.record.requests[VALUES_REQUEST]
    await asyncio.sleep(3 * INTERVAL_S)
    assert server.record.requests[VALUES_REQUEST] == read
    assert server.record.connections_most == 1
    assert server.record.writes == 0
    await server.stop()


async def test_a_bad_target_is_a_dead_letter_and_the_others_go_on(site: Site) -> None:
    """What is no good Target goes byte for byte to the dead letters, with the reason."""
    server = await device()
    await site.send("bytes", b"\xff\xff\xff")
    await site.write("typo", server.port, endpoint={"protocol": "modbus", "hots": "127.0.0.1"})
    await site.write("profile", server.port, profile="acme-9000")
    await site.write("good", server.port)
    site.collect("one")
    await until(lambda: len(site.letters) == 3 and site.of("good"))
    letters = {letter.key.decode().split("/")[1]: letter for letter in site.letters}
    reasons = {name: dict(letter.headers)["dlq-reason"] for name, letter in letters.items()}
    assert letters["bytes"].value == b"\xff\xff\xff"
    assert b"endpoint.modbus.host" in reasons["typo"]
    assert b"profiles/acme-9000.yaml" in reasons["profile"]
    assert {o.target for o in site.observations} == {"good"}
    await server.stop()


async def test_a_changed_target_is_polled_at_its_new_place_alone(site: Site) -> None:
    """A later record moves its own target and leaves the other's connection as it is."""
    old, new, other = [await device() for _ in range(3)]
    await site.write("moves", old.port)
    await site.write("stays", other.port)
    site.collect("one")
    await until(lambda: site.of("moves") and site.of("stays"))
    await site.write("moves", new.port)
    await until(lambda: new.record.requests[VALUES_REQUEST] > 2)
    assert old.record.connections == 0
    assert other.record.requests["fc2b"] == 1, "the other target was connected anew"
    for server in (old, new, other):
        await server.stop()


async def test_a_stopped_collector_hands_over_at_once(site: Site) -> None:
    """It ends well, publishes what it read, closes its connections, and leaves the group."""
    server = await device()
    await site.write("dcs-1", server.port)
    first = site.collect("first")
    await until(lambda: site.of("dcs-1"))
    site.collect("second")
    await asyncio.sleep(3)
    stopping = time.monotonic()
    await asyncio.to_thread(first.stop)
    assert first.status() == 0
    assert time.monotonic() - stopping < 5
    await until(lambda: site.observations[-1].collector == "second", 8)
    slots = Counter(o.id for o in site.observations)
    assert slots.most_common(1)[0][1] == 1
    assert server.record.requests[VALUES_REQUEST] == len(slots)
    await server.stop()


async def test_two_collectors_share_the_targets_and_a_killed_one_is_replaced(site: Site) -> None:
    """No slot is read twice, by whomever; the devices of a killed collector are read again soon."""
    servers = {f"dcs-{n}": await device() for n in range(12)}
    for target, server in servers.items():
        await site.write(target, server.port)
    first = site.collect("first")
    await until(lambda: len({o.target for o in site.observations}) == 12)
    site.collect("second")
    await until(lambda: site.collectors() == {"first", "second"})
    await asyncio.sleep(2)
    said = {o.target for o in site.observations[-12:] if o.collector == "first"}
    first.kill()
    killed_at = time.time()

    def taken_over() -> bool:
        later = {o.target for o in site.observations if o.slot_at.ToSeconds() > killed_at}
        return said <= later

    await until(taken_over, FAILOVER_S)
    await asyncio.sleep(1)
    slots = Counter(o.id for o in site.observations)
    assert said
    assert slots.most_common(1)[0][1] == 1, "a slot was published twice"
    for target, server in servers.items():
        read = server.record.requests[VALUES_REQUEST]
        assert read <= len(site.of(target)) + 2, f"{target}: a slot was read twice"
        assert server.record.in_flight_most == 1
        assert server.record.connections_most == 1
        await server.stop()


async def test_a_frozen_collector_reads_nothing_when_it_wakes(site: Site) -> None:
    """It finds its last heartbeat old, and waits until the group has heard it again."""
    server = await device()
    await site.write("dcs-1", server.port)
    first = site.collect("first")
    await until(lambda: site.collectors() == {"first"})
    site.collect("second")
    await asyncio.sleep(3)  # both have joined; either owns the target now
    await until(lambda: time.time() - site.observations[-1].slot_at.ToSeconds() < 2)
    owner = site.observations[-1].collector
    frozen = first if owner == "first" else site.collecting["second"]
    frozen.kill(signal.SIGSTOP)
    await until(lambda: site.observations[-1].collector != owner, FAILOVER_S)
    frozen.kill(signal.SIGCONT)
    await asyncio.sleep(4)
    slots = Counter(o.id for o in site.observations)
    assert slots.most_common(1)[0][1] == 1, "a slot was published twice"
    assert server.record.requests[VALUES_REQUEST] <= len(slots) + 1, "a slot was read twice"
    assert server.record.in_flight_most == 1
    await server.stop()


async def test_a_pause_of_site_zone_or_target_is_whole_within_five_seconds(site: Site) -> None:
    """By the device's own record: its connection is closed, and nothing comes until it ends."""
    here, there = await device(), await device()
    await site.write("here", here.port, path="e/s/press")
    await site.write("there", there.port, path="e/s/paint")
    site.collect("one")

    async def ends(server: ModbusServer) -> None:
        read = server.record.requests[VALUES_REQUEST]
        await until(lambda: server.record.requests[VALUES_REQUEST] > read, PAUSE_S)

    async def begins(server: ModbusServer) -> None:
        await until(lambda: server.record.connections == 0, PAUSE_S)
        read = server.record.requests.total()
        await asyncio.sleep(4 * INTERVAL_S)
        assert server.record.requests.total() == read

    await until(lambda: site.of("here") and site.of("there"))
    await site.rule("e/s/press", envelope=PAUSED)
    await begins(here)
    await ends(there)
    assert site.of("here")[-1].outcome == OUTCOME_NOT_ASKED
    assert site.of("here")[-1].error == "zone e/s/press: maintenance"
    await site.rule("e/s/press")
    await ends(here)
    await site.rule(envelope=PAUSED)
    await asyncio.gather(begins(here), begins(there))
    await site.rule()
    await asyncio.gather(ends(here), ends(there))
    await site.write("here", here.port, path="e/s/press", envelope=PAUSED)
    await begins(here)
    await ends(there)
    assert there.record.connections_most == here.record.connections_most == 1
    for server in (here, there):
        await server.stop()


async def test_what_no_rule_allows_is_never_touched(site: Site) -> None:
    """Rules that stand on the topic before the collector starts hold from its first request on."""
    free, forbidden, paused = [await device() for _ in range(3)]
    await site.rule(do_not_poll=["forbidden"])
    await site.rule("e/s/press", envelope=PAUSED)
    await site.write("forbidden", forbidden.port, path="e/s")
    await site.write("paused", paused.port, path="e/s/press")
    await site.write("free", free.port, path="e/s")
    site.collect("one")
    await until(lambda: len(site.of("free")) > 4)
    for server in (forbidden, paused):
        assert (server.record.connections_most, server.record.requests.total()) == (0, 0)
        await server.stop()
    [reason] = {o.error for o in site.of("forbidden")}
    assert reason == "site: forbidden is on the do-not-poll list"
    await free.stop()


async def test_another_envelope_holds_without_a_new_connection(site: Site) -> None:
    """And its rate is held, as the device counts it."""
    server = await device()
    await site.write("dcs-1", server.port)
    site.collect("one")
    await until(lambda: len(site.of("dcs-1")) > 4)
    slow = {"device_requests_per_s": 0.5, "gap_s": 0.5}
    await site.write("dcs-1", server.port, envelope=slow)
    await asyncio.sleep(2)
    read, since = server.record.requests.total(), time.monotonic()
    await asyncio.sleep(8)
    passed_s = time.monotonic() - since
    assert 1 <= server.record.requests.total() - read <= 4 + 0.5 * passed_s
    assert server.record.requests["fc2b"] == 1, "it was connected anew"
    async with httpx.AsyncClient(base_url=site.address("one")) as client:
        said = (await client.get(f"/v1/envelopes/{site.name}/dcs-1")).json()
    limits = {each["limit"]: (each["value"], each["level"]) for each in said["limits"]}
    assert limits["device_requests_per_s"] == (0.5, "target")
    assert limits["connections_max"][0] == 1
    assert (said["state"], said["circuit"]) == ("polling", "closed")
    await server.stop()


async def test_collectors_of_a_site_keep_its_rate_together(site: Site) -> None:
    """Each takes its part: what all devices count together never exceeds it."""
    servers = [await device() for _ in range(8)]
    await site.rule(envelope={"site_requests_per_s": 6})
    for number, server in enumerate(servers):
        await site.write(f"dcs-{number}", server.port)
    site.collect("first")
    site.collect("second")
    await until(lambda: site.collectors() == {"first", "second"})
    await asyncio.sleep(2)

    def asked() -> int:
        return sum(server.record.requests.total() for server in servers)

    before, since = asked(), time.monotonic()
    await asyncio.sleep(10)
    rate = (asked() - before - 4) / (time.monotonic() - since)
    assert 2 < rate <= 6
    for server in servers:
        await server.stop()


async def test_a_dead_unit_delays_none_of_its_neighbours(site: Site) -> None:
    """Behind one gateway: each good unit is read at every slot, the dead one rests."""
    server = await gateway(units=3)
    server.units[2].state.silent = True
    server.faults.slow_s[2] = 0.9
    endpoint = {"protocol": "modbus", "host": "127.0.0.1", "port": server.port, "units": [1, 2, 3]}
    await site.write("bus", server.port, endpoint=endpoint, interval_s=2)
    site.collect("one")
    await until(lambda: len(site.of("bus")) >= 8, 60)
    later = site.of("bus")[-4:]
    slots = [o.slot_at.ToMilliseconds() for o in later]
    assert {b - a for a, b in pairwise(slots)} == {2000}, "a slot was left out"
    for observation in later:
        units = {device.path: device for device in observation.devices}
        assert units["unit-1"].outcome == units["unit-3"].outcome == OUTCOME_OK
        assert units["unit-2"].outcome != OUTCOME_OK
        assert units["unit-2"].error
    assert any("not asked until" in d.error for o in later for d in o.devices)
    await server.stop()


async def test_the_touch_ledger_says_what_the_device_saw(site: Site) -> None:
    """Request by request, whatever happened in between; a pause and a stop are in it at once."""
    server = await device()
    await site.write("dcs-1", server.port)
    one = site.collect("one")
    await until(lambda: len(site.of("dcs-1")) > 8)
    await site.write("dcs-1", server.port, envelope=PAUSED)
    await until(lambda: any(t.state == POLL_STATE_PAUSED for t in site.touches), PAUSE_S)
    read = server.record.requests[VALUES_REQUEST]
    await site.write("dcs-1", server.port)
    await until(lambda: server.record.requests[VALUES_REQUEST] > read)
    await asyncio.to_thread(one.stop)
    await until(lambda: site.touches[-1].state == POLL_STATE_STOPPED)
    counts: Counter[str] = Counter()
    for touches in site.touches:
        counts.update(dict(zip(touches.kind, touches.count, strict=True)))
    saw = server.record.requests
    assert counts.pop("modbus.connect") == 2
    assert sum(counts.values()) == saw.total()
    assert counts["modbus.read_input_registers"] == saw["fc04"]
    assert counts["modbus.read_device_identification"] == saw["fc2b"]
    assert len({touches.id for touches in site.touches}) == len(site.touches)
    await server.stop()
