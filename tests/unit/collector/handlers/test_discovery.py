"""Discovery jobs, against fake devices in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from tests.name_server import NameServer
from tests.virtual_time import virtual_time

from isthmus.collector.domain.discovery import Found, Probe
from isthmus.collector.domain.envelope import Envelope, Window, Zone
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.discovery import Discovery
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.ports import Line
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Unauthorized
from isthmus.telemetry.v1 import discovery_pb2 as pb
from isthmus.telemetry.v1 import envelope_pb2
from isthmus.telemetry.v1.touches_pb2 import Touches

FRIDAY_NOON = 1_767_355_200.0  # 2026-01-02 12:00 UTC
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALWAYS = envelope_pb2.Window(days=DAYS, start="00:00", end="00:00", time_zone="UTC")
NEVER = envelope_pb2.Window(days=["mon"], start="01:00", end="02:00", time_zone="UTC")
PAUSED = Zone(envelope=Envelope(paused=True, reason="maintenance"))


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


@dataclass(frozen=True)
class Raw:
    """A record as the consumer hands it over."""

    key: bytes
    value: bytes | None
    partition: int = 0
    offset: int = 0
    topic: str = "inventory.discoveries.hagen.v1"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def record(id: str = "j", **fields: Any) -> Raw:
    """One job of a /29, with six hosts."""
    message = pb.Discovery(
        id=id, site="hagen", ranges=["127.0.0.0/29"], window=ALWAYS, requests_per_s=1,
        probes=[pb.Probe(protocol="opcua", port=4840), pb.Probe(protocol="modbus", port=502)],
    )  # fmt: skip
    for name, value in fields.items():
        if isinstance(value, list):
            message.ClearField(name)
            getattr(message, name).extend(value)
        elif isinstance(value, float | int | str):
            setattr(message, name, value)
        else:
            getattr(message, name).CopyFrom(value)
    return Raw(id.encode(), message.SerializeToString())


@dataclass
class Network:
    """Hosts, what they answer to, and when each was asked what."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    in_flight: int = 0

    async def __call__(self, line: Line, probe: Probe, host: str, timeout_s: float) -> Found:
        await line.connect(Request.MODBUS_CONNECT, lambda: self._answer(probe.protocol, host))
        facts = await line.ask(
            Request.MODBUS_READ_DEVICE_IDENTIFICATION, lambda: self._answer(probe.protocol, host)
        )
        return Found(facts, self.endpoint(probe, host))

    async def _answer(self, protocol: str, host: str) -> Any:
        self.asked.append((now(), host, protocol))
        self.in_flight += 1
        assert self.in_flight == 1, "two requests at once"
        await asyncio.sleep(0.1)
        self.in_flight -= 1
        answer = self.answers.get((host, protocol), Fault(Outcome.TIMEOUT, "silent"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def endpoint(self, probe: Probe, host: str) -> dict[str, str | int]:
        return {"protocol": probe.protocol, "host": host, "port": probe.port}

    async def by(self, host: str) -> str | None:
        return self.taken.get(host)

    @property
    def hosts(self) -> list[str]:
        """Who was asked, in order."""
        return list(dict.fromkeys(host for _, host, _ in self.asked))


@dataclass
class Plant:
    """An engine, the jobs that this collector has, and what was published."""

    gate: Any
    measured: Any
    network: Network = field(default_factory=Network)
    names: NameServer = field(default_factory=NameServer)
    records: list[Outgoing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = Engine(
            self.records.append, self.gate, self.measured, resolve=self.names.resolve, polls_max=5,
            clock=lambda: FRIDAY_NOON + now(), steady=now,
        )  # fmt: skip
        self.jobs = Discovery(
            "hagen", "me", self.engine, self.network, self.network, put=self.records.append,
            clock=lambda: FRIDAY_NOON + now(), steady=now,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, *records: Raw) -> AsyncIterator[Discovery]:
        """The jobs of `records`, running."""
        await self.jobs.take(records)
        await self.jobs.loaded(0)
        tasks = [asyncio.create_task(t) for t in (self.jobs.run(), self.engine.follow_names())]
        yield self.jobs
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    @property
    def events(self) -> list[pb.DiscoveryEvent]:
        return [
            pb.DiscoveryEvent.FromString(r.value or b"")
            for r in self.records
            if r.topic == "collector.discoveries.v1"
        ]

    def kinds(self) -> list[str]:
        """What was said, without progress."""
        names = [pb.DiscoveryEventKind.Name(e.kind).rsplit("_", 1)[1].lower() for e in self.events]
        return [name for name in names if name != "progress"]

    def of(self, topic: str) -> Sequence[Outgoing]:
        return [r for r in self.records if r.topic == topic]


@pytest.fixture
def plant(gate: Any, measured: Any) -> Plant:
    """A plant where nobody answers."""
    return Plant(gate, measured)


@virtual_time
async def test_every_host_is_asked_once_until_it_answers(plant: Plant) -> None:
    """In order, one request a second, the least intrusive protocol first."""
    plant.network.answers = {
        ("127.0.0.2", "modbus"): {"VendorName": "ACME"},
        ("127.0.0.4", "opcua"): {"ApplicationName": "Line 4"},
        ("127.0.0.4", "modbus"): {"VendorName": "never asked"},
    }
    async with plant.running(record()):
        await asyncio.sleep(60)

    assert plant.network.hosts == [f"127.0.0.{n}" for n in range(1, 7)]
    assert [p for _, h, p in plant.network.asked if h == "127.0.0.4"] == ["opcua", "opcua"]
    gaps = [later - before for (before, *_), (later, *_) in pairwise(plant.network.asked)]
    assert min(gaps) >= 1
    assert plant.kinds() == ["started", "found", "found", "finished"]
    found = [e for e in plant.events if e.kind == pb.DISCOVERY_EVENT_KIND_FOUND]
    assert [e.address for e in found] == ["127.0.0.2:502", "127.0.0.4:4840"]
    assert list(found[0].text) == ["ACME"]
    done = plant.events[-1].progress
    assert (done.cursor, done.asked, done.answered, done.skipped) == (6, 6, 2, 0)


@virtual_time
async def test_targets_and_what_is_forbidden_are_never_asked(plant: Plant) -> None:
    """Whoever polls them, and in whichever zone the list stands; they are counted."""
    plant.network.taken = {"127.0.0.2": "hagen/plc"}
    plant.engine.govern([Zone("a/b", do_not_poll=("127.0.0.4/31",))])
    async with plant.running(record()):
        await asyncio.sleep(60)

    assert plant.network.hosts == ["127.0.0.1", "127.0.0.3", "127.0.0.6"]
    assert plant.events[-1].progress.skipped == 3


@virtual_time
async def test_a_host_that_is_forbidden_by_its_name_is_never_asked(plant: Plant) -> None:
    """A job knows hosts by their addresses only."""
    plant.names.known, plant.names.away = {"robot.example": {"127.0.0.2"}}, True
    plant.engine.govern([Zone("a/b", do_not_poll=("Robot.example",))])
    async with plant.running(record()):
        await asyncio.sleep(60)
        assert not plant.network.hosts, "while nobody can say which host that is"
        plant.names.away = False
        await asyncio.sleep(60)

    assert "127.0.0.2" not in plant.network.hosts
    assert "127.0.0.3" in plant.network.hosts
    assert plant.events[-1].progress.skipped == 1


@virtual_time
async def test_a_host_that_becomes_a_target_is_asked_no_more(plant: Plant) -> None:
    """Also between two questions: the first of its reads may be on its way."""
    async with plant.running(record(requests_per_s=0.1)):
        await asyncio.sleep(5)
        plant.network.taken = {"127.0.0.1": "hagen/plc"}
        await asyncio.sleep(50)

    assert len([host for _, host, _ in plant.network.asked if host == "127.0.0.1"]) == 1
    assert "127.0.0.2" in plant.network.hosts


@virtual_time
async def test_nothing_leaves_after_the_window_of_a_job_has_closed(plant: Plant) -> None:
    """Not even the next question to a host that was begun within it."""
    window = envelope_pb2.Window(days=DAYS, start="12:00", end="12:01", time_zone="UTC")
    async with plant.running(record(window=window, requests_per_s=0.04)):
        await asyncio.sleep(300)

    assert max(at for at, *_ in plant.network.asked) < 60
    assert len(plant.network.asked) == 3
    assert plant.events[-1].reason.startswith("its window: ")


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNAUTHORIZED])
@virtual_time
async def test_who_refuses_is_there(plant: Plant, outcome: Outcome) -> None:
    """It speaks the protocol, but does not say what it is."""
    plant.network.answers = {("127.0.0.1", "opcua"): Fault(outcome, "illegal function")}
    async with plant.running(record(ranges=["127.0.0.1/32"])):
        await asyncio.sleep(10)

    found = plant.events[1]
    assert dict(zip(found.fact, found.text, strict=True)) == {"refusal": "illegal function"}


@virtual_time
async def test_a_bug_of_an_adapter_costs_one_host(plant: Plant) -> None:
    """The job goes on."""
    plant.network.answers = {("127.0.0.1", "opcua"): KeyError("bug")}
    async with plant.running(record()):
        await asyncio.sleep(60)

    assert plant.kinds() == ["started", "finished"]


@virtual_time
async def test_a_cancelled_job_sends_nothing_more(plant: Plant) -> None:
    """Not even what waits for its turn already."""
    async with plant.running(record(requests_per_s=0.1)) as jobs:
        await asyncio.sleep(15)
        sent = len(plant.network.asked)
        before = now()
        await jobs.take([Raw(b"j", None)])
        took_s = now() - before
        await asyncio.sleep(60)

    assert len(plant.network.asked) == sent == 2
    assert took_s < 5
    assert plant.kinds() == ["started", "cancelled"]


@virtual_time
async def test_a_released_job_goes_on_where_it_was(plant: Plant) -> None:
    """The next owner reads what the last one said."""
    async with plant.running(record()) as jobs:
        await asyncio.sleep(5)
        await jobs.release()
        asked = plant.network.hosts
        await asyncio.sleep(20)
        assert plant.network.hosts == asked
        said = plant.events[-1].progress
        await jobs.take([record(progress=said)])
        await jobs.loaded(0)
        await asyncio.sleep(60)

    assert 0 < said.cursor < 6
    assert plant.network.hosts == [f"127.0.0.{n}" for n in range(1, 7)]
    assert len(plant.network.asked) <= 12 + 2, "more than the host that was under way"
    assert plant.events[-1].progress.cursor == 6


@virtual_time
async def test_progress_that_arrives_late_moves_the_job_forward(plant: Plant) -> None:
    """What the owner before us did is not done again, and no host is left out."""
    async with plant.running(record()) as jobs:
        await asyncio.sleep(0.5)
        said = pb.DiscoveryProgress(cursor=4, asked=4)
        await jobs.take([record(progress=said), record(progress=pb.DiscoveryProgress(cursor=2))])
        await jobs.take([record(progress=said)])
        await asyncio.sleep(60)

    assert plant.network.hosts == ["127.0.0.1", "127.0.0.5", "127.0.0.6"]
    assert plant.events[-1].progress.asked == 6


@virtual_time
async def test_a_finished_job_is_not_begun_again(plant: Plant) -> None:
    """Its record comes once more with the progress that was said before the end."""
    async with plant.running(record()) as jobs:
        await asyncio.sleep(60)
        await jobs.take([record(progress=pb.DiscoveryProgress(cursor=3))])
        await asyncio.sleep(60)

    assert plant.kinds() == ["started", "finished"]


@virtual_time
async def test_a_pause_holds_the_job_and_says_so_once(plant: Plant) -> None:
    """Nobody knows in which zone a stranger stands: any pause of the site holds it."""
    plant.engine.govern([Zone("a/b", Envelope(paused=True, reason="maintenance"))])
    async with plant.running(record()):
        await asyncio.sleep(30)
        assert plant.network.asked == []
        reasons = [event.reason for event in plant.events if event.reason]
        plant.engine.govern([])
        await asyncio.sleep(60)

    assert reasons == ["zone a/b: maintenance"]
    assert plant.kinds() == ["started", "finished"]


@virtual_time
async def test_a_pause_in_the_middle_of_a_host_lets_nothing_more_out(plant: Plant) -> None:
    """It goes on with the question that was next; what was answered is not asked again."""
    plant.network.answers = {("127.0.0.1", "modbus"): {"VendorName": "ACME"}}
    async with plant.running(record(ranges=["127.0.0.1/32"], requests_per_s=0.2)):
        await asyncio.sleep(7)
        plant.engine.govern([PAUSED])
        sent = len(plant.network.asked)
        await asyncio.sleep(30)
        assert len(plant.network.asked) == sent
        plant.engine.govern([])
        await asyncio.sleep(60)

    assert plant.kinds() == ["started", "found", "finished"]


@virtual_time
async def test_a_closed_fence_holds_the_job(plant: Plant) -> None:
    """Another collector may own it by now."""
    plant.gate.is_open = False
    async with plant.running(record()):
        await asyncio.sleep(30)

    assert plant.network.asked == []


@virtual_time
async def test_a_job_waits_for_its_window_and_lets_others_go_first(plant: Plant) -> None:
    """It says what it waits for."""
    async with plant.running(record("waits", window=NEVER), record("runs")):
        await asyncio.sleep(60)

    finished = [e.discovery for e in plant.events if e.kind == pb.DISCOVERY_EVENT_KIND_FINISHED]
    (waiting,) = [e for e in plant.events if e.discovery == "waits"]
    assert finished == ["runs"]
    assert waiting.reason == f"its window: {Window(('mon',), '01:00', '02:00', 'UTC')}"


@virtual_time
async def test_a_credential_that_is_not_there_ends_the_job(plant: Plant) -> None:
    """A person must act; asking every host in vain helps nobody."""
    plant.network.answers = {("127.0.0.1", "opcua"): Unauthorized("credential 'x': not there")}
    async with plant.running(record()):
        await asyncio.sleep(60)

    assert plant.kinds() == ["started", "refused"]
    assert plant.events[-1].reason == "credential 'x': not there"
    assert plant.network.hosts == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Raw(b"j", b"\xff\xff"), b"are no isthmus.telemetry.v1.Discovery"),
        (record(ranges=["127.0.0.0/8"]), b"ranges: 16777216 addresses"),
        (record(ranges=["localhost"]), b"localhost"),
        (record(ranges=["::ffff:127.0.0.0/124"]), b"expected IPv4 written as IPv4"),
        (record(requests_per_s=100.0), b"requests_per_s: 100, expected"),
        (record(site="lyon"), b"site: 'lyon', expected 'hagen'"),
    ],
)
@virtual_time
async def test_a_record_that_is_no_job_is_a_dead_letter(
    plant: Plant, wrong: Raw, reason: bytes
) -> None:
    """Byte for byte, once, and nothing is sent for it."""
    async with plant.running(wrong) as jobs:
        await jobs.take([wrong])
        await asyncio.sleep(10)

    (letter,) = plant.of("collector.dlq")
    assert letter.value == wrong.value
    assert reason in dict(letter.headers)["dlq-reason"]
    assert plant.network.asked == []


@virtual_time
async def test_what_was_sent_stands_in_the_touch_ledger(plant: Plant) -> None:
    """One record for each endpoint that was asked, also those that did not answer."""
    async with plant.running(record(ranges=["127.0.0.1/32"])):
        await asyncio.sleep(10)

    touches = [Touches.FromString(r.value or b"") for r in plant.of("collector.touches.v1")]
    assert [t.address for t in touches] == ["127.0.0.1:4840", "127.0.0.1:502"]
    assert {t.target for t in touches} == {"discovery-j"}
    assert sum(sum(t.count) for t in touches) == len(plant.network.asked)
