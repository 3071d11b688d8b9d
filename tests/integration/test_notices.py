"""Notices on a real Kafka and a real store: transitions in, real receivers told."""

import asyncio
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiosmtpd.controller import Controller
from tests import prometheus_tools
from tests.notices import KEY, Server, http_server

from isthmus.alarms.v1.transition_pb2 import Transition
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process
from isthmus.runtime.codec import encode
from isthmus.telemetry.v1.report_pb2 import Health, Reachability, Report

TRANSITIONS = "alerting.transitions.v1"
LATE_S = 120


@dataclass
class Service:
    """Alerting in a process of its own, with a database and a routing file of its own."""

    servers: str
    uri: str
    folder: Path
    routing: str
    producer: AIOKafkaProducer
    name: str = field(default_factory=lambda: f"n-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        environ = os.environ | {
            "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": self.servers,
            "ISTHMUS_KAFKA__SESSION_TIMEOUT_S": "6",
            "ISTHMUS_STORE__URI": self.uri,
            "ISTHMUS_STORE__DATABASE": self.name,
            "ISTHMUS_HTTP__PORT": str(self.port),
            "ISTHMUS_ACCESS__MODE": "off",
            "HOOK_KEY": KEY,
        }
        if self.routing:
            file = self.folder / "notices.yaml"
            file.write_text(self.routing)
            environ["ISTHMUS_NOTICES__FILE"] = str(file)
        command = [sys.executable, "-m", "isthmus.alerting"]
        self.process = Process("alerting", command, self.folder / "alerting.log", environ)

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
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

    async def post(self, path: str, **body: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            return await client.post(path, json=body)

    async def states(self, **query: str) -> dict[str, str]:
        """What became of each delivery."""
        page = (await self.get("/v1/deliveries", limit="1000", **query)).json()
        return {item["id"]: item["state"] for item in page["items"]}

    async def step(self, alarm: str, seq: int, kind: str, **fields: Any) -> None:
        """Publish a transition, as alerting does."""
        at = datetime.now(UTC)
        said = Transition(
            alarm_id=alarm,
            seq=seq,
            kind=f"TRANSITION_KIND_{kind.upper()}",
            at=at,
            raised_at=at,
            rule="too-hot",
            site="hagen",
            subject="hagen/furnace-1",
            priority="PRIORITY_HIGH",
            message="Too hot.",
            first_action="Look.",
            annunciate=fields.pop("annunciate", kind == "raised"),
            **fields,
        )
        out = encode(
            said, topic=TRANSITIONS, key=alarm, id=f"{alarm}:{seq}", source="alerting", at=at
        )
        await self.producer.send_and_wait(
            TRANSITIONS, key=out.key, value=out.value, headers=list(out.headers)
        )


async def until(check: Callable[[], Awaitable[Any]], said: Callable[[], str]) -> Any:
    """What `check` finds, waited for."""
    try:
        async with asyncio.timeout(LATE_S):
            while not (found := await check()):
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        pytest.fail(f"not within {LATE_S} s\n{said()}")


Start = Callable[[str], Awaitable[Service]]


@pytest.fixture
async def start(kafka: str, mongodb: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the service with a routing file."""
    async with AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        stack.push_async_callback(producer.stop)

        async def started(routing: str) -> Service:
            service = Service(kafka, mongodb, tmp_path, routing, producer)
            stack.callback(service.process.stop)
            await service.start()
            return service

        yield started


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A receiver that says thanks."""
    async with http_server() as found:
        yield found


def webhook(server: Server, rest: str = "") -> str:
    """A routing file with one webhook, `desk`."""
    return f"""
receivers:
  desk:
    webhook:
      url: {server.url}/in
      signed_by: [{{env: HOOK_KEY}}]
      allow_networks: [127.0.0.0/8]
    messages_per_min: 60000
    messages_burst: 10000
route: {{to: [desk]{rest}}}
"""


def keys(server: Server) -> list[str]:
    """Every event that the server heard, in order."""
    return [event["id"] for heard in server.heard for event in heard.json["events"]]


async def test_without_a_routing_file_nobody_is_told_and_the_service_says_so(start: Start) -> None:
    """At start, and in `/readyz`."""
    service = await start("")

    assert (await service.get("/readyz")).json()["notices"] == "off"
    assert "notices_off" in service.process.tail()
    assert (await service.get("/v1/receivers")).json() == {"items": []}


async def test_a_transition_is_told_at_once_and_its_attempt_is_seen(
    start: Start, server: Server
) -> None:
    """From the topic to the receiver; and what is not told is not lost from sight."""
    service = await start(webhook(server))
    alarm = str(uuid.uuid4())

    await service.step(alarm, 1, "raised")
    await server.hears(1)
    await service.step(alarm, 2, "cleared")
    await server.hears(2)

    assert keys(server) == [f"{alarm}:1", f"{alarm}:2"]

    async def sent() -> bool:
        return set((await service.states(alarm=alarm)).values()) == {"sent"}

    await until(sent, service.process.tail)
    tried = await service.post("/v1/receivers/desk/test")
    assert tried.json()["verdict"] == "sent"
    assert (await service.post(f"/v1/deliveries/{alarm}:1:desk/replay")).status_code == 200
    await server.hears(4)
    assert keys(server)[-1] == f"{alarm}:1"


async def test_what_a_device_says_is_told_with_what_to_do(start: Start, server: Server) -> None:
    """The whole way: report, rule, alarm, transition, webhook."""
    service = await start(webhook(server))
    at = datetime.now(UTC)
    target = f"t-{uuid.uuid4().hex[:8]}"
    report = Report(
        id=str(uuid.uuid4()),
        site="hagen",
        target=target,
        observed_at=at,
        interval_s=2,
        reachability=Reachability.REACHABILITY_ONLINE,
        health=Health.HEALTH_FAILURE,
    )
    topic = "normalizer.reports.v1"
    out = encode(report, topic=topic, key=f"hagen/{target}", id=report.id, source="test", at=at)

    await service.producer.send_and_wait(
        topic, key=out.key, value=out.value, headers=list(out.headers)
    )

    (heard,) = await server.hears(1, within_s=LATE_S)
    (event,) = heard.json["events"]
    assert (event["event"], event["alarm"]["rule"]) == ("alert", "health-failure")
    assert event["alarm"]["subject"] == f"hagen/{target}"
    assert event["alarm"]["priority"] == "medium"
    assert event["alarm"]["first_action"]


@pytest.mark.timeout(400)
async def test_through_an_outage_and_a_kill_nothing_is_lost_and_order_is_kept(
    start: Start, server: Server
) -> None:
    """The receiver is down, the service is killed, both come back; the escalation too."""
    escalate = ", escalate: [{after_s: 1, to: [chief]}]"
    chief = webhook(server).split("receivers:\n")[1].split("route:")[0].replace("desk:", "chief:")
    routing = webhook(server, escalate).replace("receivers:\n", f"receivers:\n{chief}")
    service = await start(routing.replace("/in", "/chief", 1))
    server.answer = lambda _: (503, {}, b"down")
    alarms = [str(uuid.uuid4()) for _ in range(20)]
    for seq, kind in ((1, "raised"), (2, "commented"), (3, "commented")):
        for alarm in alarms:
            await service.step(alarm, seq, kind)

    # Twenty in a moment are a flood, of which the desk is told too.
    ours = {f"{alarm}:{seq}" for alarm in alarms for seq in (1, 2, 3)}

    async def queued() -> bool:
        waiting = await service.states(receiver="desk")
        return ours <= {":".join(id.split(":")[:2]) for id in waiting}

    await until(queued, service.process.tail)
    service.process.kill()
    server.heard.clear()
    server.answer = lambda _: (200, {}, b"thanks")
    await service.start()

    def told(target: str) -> list[str]:
        heard = [each for each in server.heard if each.target == target]
        return [event["id"] for each in heard for event in each.json["events"]]

    async def everything() -> bool:
        raised = {f"{alarm}:1" for alarm in alarms}
        return ours <= set(told("/in")) and raised <= set(told("/chief"))

    await until(everything, service.process.tail)
    for alarm in alarms:
        mine = [key for key in told("/in") if key.startswith(alarm)]
        assert list(dict.fromkeys(mine)) == [f"{alarm}:{seq}" for seq in (1, 2, 3)]
        assert f"{alarm}:1" in told("/chief")


async def test_an_acknowledgement_ends_the_escalation(start: Start, server: Server) -> None:
    """The chief sleeps on."""
    routing = webhook(server, ", escalate: [{after_s: 3600, to: [desk]}]")
    service = await start(routing)
    alarm = str(uuid.uuid4())
    await service.step(alarm, 1, "raised")
    await service.step(alarm, 2, "acknowledged", by="mara")
    await server.hears(2)

    assert (await service.states(alarm=alarm))[f"{alarm}:1:desk:1"] == "cancelled"


async def test_a_broken_receiver_holds_up_no_other(start: Start, server: Server) -> None:
    """It is spared, its deliveries wait, and the others are told meanwhile."""
    service = await start(f"""
receivers:
  broken:
    webhook:
      url: http://127.0.0.1:1/in
      signed_by: [{{env: HOOK_KEY}}]
      allow_networks: [127.0.0.0/8]
  desk:
    webhook:
      url: {server.url}/in
      signed_by: [{{env: HOOK_KEY}}]
      allow_networks: [127.0.0.0/8]
route: {{to: [broken, desk]}}
""")
    alarms = [str(uuid.uuid4()) for _ in range(10)]
    for alarm in alarms:
        await service.step(alarm, 1, "raised")

    await server.hears(10)

    async def spared() -> bool:
        items = (await service.get("/v1/receivers")).json()["items"]
        (broken,) = [item for item in items if item["name"] == "broken"]
        return broken["spared_until"] is not None and broken["waiting"] >= len(alarms)

    await until(spared, service.process.tail)

    async def counted() -> bool:
        metrics = (await service.get("/metrics")).text
        assert 'isthmus_alerting_receiver_breaker_open{receiver="broken"} 1.0' in metrics
        sent = re.search(r'deliveries_total{outcome="sent",receiver="desk"} (\S+)', metrics)
        return sent is not None and float(sent[1]) >= len(alarms)

    await until(counted, service.process.tail)


class Mailbox:
    """Takes mails."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content.decode())
        return "250 taken"


async def test_alarms_of_a_site_come_in_one_mail(start: Start) -> None:
    """Through a real mail server."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        service = await start(f"""
receivers:
  shift:
    email:
      host: 127.0.0.1
      port: {controller.port}
      security: none
      allow_networks: [127.0.0.0/8]
      sender: isthmus@plant.example
      to: [shift@plant.example]
      group_by: [site]
      group_wait_s: 4
route: {{to: [shift]}}
""")
        for _ in range(5):
            await service.step(str(uuid.uuid4()), 1, "raised")

        async def told() -> bool:
            return sum(mail.count("First: Look.") for mail in box.mails) == 5

        await until(told, service.process.tail)
        assert len(box.mails) <= 2  # the five may lie on both sides of a window's edge
    finally:
        controller.stop()


@asynccontextmanager
async def alertmanagers(folder: Path) -> AsyncIterator[list[str]]:
    """Two of them, each on its own: whoever tells one must tell the other."""
    config = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}
    async with AsyncExitStack() as stack:
        urls = []
        for number in (0, 1):
            own = folder / f"am-{number}"
            own.mkdir()
            urls.append(await stack.enter_async_context(prometheus_tools.alertmanager(own, config)))
        yield urls


async def active(url: str, alarm: str) -> list[dict[str, Any]]:
    """The alerts of an alarm that an Alertmanager holds for active."""
    query = {"filter": f'alarm_id="{alarm}"'}
    async with httpx.AsyncClient(base_url=url) as client:
        found: list[dict[str, Any]] = (await client.get("/api/v2/alerts", params=query)).json()
    return found


@pytest.mark.timeout(400)
async def test_every_alertmanager_sees_an_alarm_as_long_as_it_stands(
    start: Start, tmp_path: Path
) -> None:
    """Posted, seen, sent again past its own end, taken over by a successor, resolved."""
    async with alertmanagers(tmp_path) as urls:
        service = await start(f"""
receivers:
  prom:
    alertmanager: {{urls: [{", ".join(urls)}], allow_networks: [127.0.0.0/8], repeat_s: 1}}
route: {{to: [prom]}}
""")
        alarm = str(uuid.uuid4())
        await service.step(alarm, 1, "raised")

        async def seen() -> bool:
            return all([await active(url, alarm) for url in urls])

        async def gone() -> bool:
            return not any([await active(url, alarm) for url in urls])

        await until(seen, service.process.tail)
        (alert,) = await active(urls[0], alarm)
        assert alert["labels"]["alertname"] == "too-hot"
        assert alert["labels"]["severity"] == "high"
        assert alert["annotations"]["first_action"] == "Look."
        ends_at = datetime.fromisoformat(alert["endsAt"].replace("Z", "+00:00"))
        await asyncio.sleep((ends_at - datetime.now(UTC)).total_seconds() + 2)
        assert await seen(), "it stands, and was sent again"

        service.process.stop()
        await until(gone, service.process.tail)  # nobody repeats it: it ends by itself
        await service.start()
        await until(seen, service.process.tail)
        await service.step(alarm, 2, "cleared")
        await until(gone, service.process.tail)
