"""What the targets topic makes the engine do."""

import asyncio
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from tests.name_server import NameServer

from isthmus.collector.adapters import endpoint
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.targets import Targets
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.envelope_pb2 import Envelope
from isthmus.telemetry.v1.target_pb2 import Target


@dataclass(frozen=True)
class Raw:
    """A record as the consumer hands it over."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0
    topic: str = "inventory.targets.hagen.v1"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Place:
    """An endpoint whose source is a fake."""

    address: str
    fakes: Any
    protocol: str = "fake"
    timeout_s: float = 1

    def source(self, profile: str, profiles: Any, credentials: Any) -> Any:
        if profile == "wrong":
            raise Rejected("profiles/wrong.yaml: registers: missing")
        return self.fakes.source()


@dataclass
class Topic:
    """A Targets with what it put and what its engine polls."""

    targets: Targets
    engine: Engine
    letters: list[Outgoing]
    measured: Any

    @property
    def polled(self) -> int:
        return int(self.measured.targets)


def row(target: str, *, host: str | float = "a", offset: int = 0, **fields: Any) -> Raw:
    """One target record."""
    message = Target(site="hagen", target=target, interval_s=60, profile="p")
    message.endpoint["host"] = host
    if "envelope" in fields:
        message.envelope.CopyFrom(fields.pop("envelope"))
    for name, value in fields.items():
        setattr(message, name, value)
    return Raw(f"hagen/{target}".encode(), message.SerializeToString(), offset=offset)


@pytest.fixture
def topic(gate: Any, measured: Any, fakes: Any) -> Topic:
    """Targets of the site hagen."""
    letters: list[Outgoing] = []

    def endpoint(fields: Mapping[str, Any]) -> Place:
        return Place(str(fields["host"]), fakes)

    engine = Engine(letters.append, gate, measured, resolve=NameServer().resolve, polls_max=10)
    unused: Any = None
    targets = Targets(
        "hagen", "me", engine, endpoint,
        profiles=unused, credentials=unused, put=letters.append,
    )  # fmt: skip
    return Topic(targets, engine, letters, measured)


async def test_nothing_is_polled_before_the_partition_is_known(topic: Topic) -> None:
    """A target that was changed or removed on the way to the end is polled as it is at the end."""
    await topic.targets.take([row("a"), row("b"), row("a", host="z")])
    await topic.targets.take([Raw(b"hagen/b", None)])
    assert topic.polled == 0
    await topic.targets.loaded(0)
    assert topic.polled == 1


async def test_later_records_start_change_and_stop(topic: Topic) -> None:
    """Each record touches its own target only."""
    await topic.targets.loaded(0)
    await topic.targets.take([row("a"), row("b")])
    assert topic.polled == 2
    before = topic.engine._polls["hagen/b"]
    await topic.targets.take([row("a", host="z"), row("b")])
    assert topic.polled == 2
    assert topic.engine._polls["hagen/a"].origin.address == "z"
    assert topic.engine._polls["hagen/b"] is before
    await topic.targets.take([Raw(b"hagen/a", None)])
    assert topic.polled == 1


async def test_another_envelope_touches_no_connection(topic: Topic) -> None:
    """It holds at once, for the target that it was written for."""
    await topic.targets.loaded(0)
    await topic.targets.take([row("a"), row("b")])
    before = dict(topic.engine._polls)
    await topic.targets.take([row("a", envelope=Envelope(gap_s=0.5))])
    assert topic.engine._polls == before
    assert before["hagen/a"].line.held.envelope.gap_s == 0.5
    assert before["hagen/b"].line.held.envelope.gap_s is None
    await topic.targets.take([row("a")])
    assert before["hagen/a"].line.held.envelope.gap_s is None


async def test_rows_may_come_from_elsewhere_than_a_topic(topic: Topic) -> None:
    """With the same checks; what is refused is polled no more."""
    fields = {"site": "hagen", "target": "a", "interval_s": 5, "profile": "p"}
    good = {**fields, "endpoint": {"host": "x"}, "envelope": {"paused": True, "reason": "r"}}
    await topic.targets.want(0, "hagen/a", good)
    status = topic.engine.status("hagen/a")
    assert status is not None
    assert (status.state, status.reason) == (PollState.PAUSED, "target: r")
    with pytest.raises(Rejected, match=r"hagen/a: envelope.gap_s: -1.0, expected 0 to 60"):
        await topic.targets.want(0, "hagen/a", {**good, "envelope": {"gap_s": -1}})
    assert topic.polled == 0
    await topic.targets.want(0, "hagen/a", good)
    await topic.targets.want(0, "hagen/a", None)
    assert topic.polled == 0


async def test_a_part_of_the_partitions_is_a_part_of_the_budgets(topic: Topic) -> None:
    """The other collectors of the site take the rest."""
    topic.targets.share(0.25)
    assert topic.engine.site.share == 0.25


async def test_a_released_partition_is_polled_no_more(topic: Topic) -> None:
    """Everything of the partition stops; the other partition goes on."""
    await topic.targets.loaded(0)
    await topic.targets.loaded(1)
    await topic.targets.take([row("a"), Raw(row("b").key, row("b").value, partition=1)])
    await topic.targets.release([0])
    assert list(topic.engine._polls) == ["hagen/b"]
    await topic.targets.release()
    assert topic.polled == 0


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Raw(b"hagen/x", b"\xff\xff"), b"are no isthmus.telemetry.v1.Target"),
        (Raw(b"\xff", row("a").value), b"expected UTF-8"),
        (row("x", interval_s=0.001), b"hagen/x: interval_s: 0.001"),
        (row("x", site="lyon"), b"stands at key 'hagen/x' of site 'hagen'"),
        (row("x", host=math.inf), b"hagen/x: endpoint: "),
        (row("x", profile="wrong"), b"profiles/wrong.yaml: registers: missing"),
        (row("x", profile="../etc"), b"profile: '../etc'"),
        (row("x", envelope=Envelope(gap_s=99)), b"hagen/x: envelope.gap_s: 99.0, expected 0 to 60"),
    ],
)
async def test_a_bad_record_is_a_dead_letter(topic: Topic, record: Raw, reason: bytes) -> None:
    """Byte for byte, with a reason that names field and value; the good one is polled."""
    await topic.targets.take([record, row("good", offset=1)])
    await topic.targets.loaded(0)
    [letter] = topic.letters
    assert letter.topic == "collector.dlq"
    assert letter.value == record.value
    assert reason in dict(letter.headers)["dlq-reason"]
    assert list(topic.engine._polls) == ["hagen/good"]


async def test_a_target_that_turns_bad_stops(topic: Topic) -> None:
    """The topic is the truth: what it says now cannot be polled."""
    await topic.targets.loaded(0)
    await topic.targets.take([row("a")])
    await topic.targets.take([row("a", profile="wrong", offset=1)])
    assert topic.polled == 0


async def test_a_dead_letter_is_written_once(topic: Topic) -> None:
    """Reading the topic again after a rebalance does not repeat it."""
    for _ in range(3):
        await topic.targets.take([row("a", profile="wrong")])
        await topic.targets.loaded(0)
        await topic.targets.release()
    assert len(topic.letters) == 1


async def test_a_password_in_an_address_is_not_repeated(gate: Any, measured: Any) -> None:
    """The value is named in the reason, but a reason goes to a log and to a topic."""
    letters: list[Outgoing] = []
    engine = Engine(letters.append, gate, measured, resolve=NameServer().resolve, polls_max=10)
    unused: Any = None
    targets = Targets(
        "hagen", "me", engine, endpoint,
        profiles=unused, credentials=unused, put=letters.append,
    )  # fmt: skip
    record = row("plc", host="unused")
    message = Target.FromString(record.value or b"")
    message.endpoint.Clear()
    ParseDict({"protocol": "opcua", "url": "opc.tcp://op:hunter2@plc:4840"}, message.endpoint)

    await targets.take([Raw(record.key, message.SerializeToString())])
    await targets.loaded(0)

    reason = dict(letters[0].headers)["dlq-reason"].decode()
    assert "endpoint.opcua.url" in reason
    assert "hunter2" not in reason


async def test_a_target_that_is_slow_to_stop_delays_no_other(topic: Topic) -> None:
    """Ten devices that hang are changed at once: all is done in the time of one."""
    await topic.targets.loaded(0)
    await topic.targets.take([row(f"t{n}") for n in range(10)])
    stopping = list[str]()
    both = asyncio.Barrier(10)
    stop = topic.engine.stop

    async def slow(names: Iterable[str]) -> None:
        stopping.extend(names)
        await both.wait()
        await stop(stopping[-1:])

    topic.engine.stop = slow  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await topic.targets.take([row(f"t{n}", host="z") for n in range(10)])
    assert len(stopping) == 10


async def test_the_last_record_of_a_target_counts(topic: Topic) -> None:
    """Also of several that come together."""
    await topic.targets.loaded(0)
    await topic.targets.take([row("a"), Raw(b"hagen/a", None), row("a", host="z")])
    assert topic.engine._polls["hagen/a"].origin.address == "z"
    await topic.targets.take([row("a", host="y"), Raw(b"hagen/a", None)])
    assert topic.polled == 0


async def test_a_change_that_is_cut_off_leaves_nothing_behind(topic: Topic, fakes: Any) -> None:
    """SIGTERM in the middle of it: the release waits for what it had begun to stop."""
    await topic.targets.loaded(0)
    await topic.targets.take([row("a")])
    source = topic.engine._polls["hagen/a"].source
    closing, closed = asyncio.Event(), asyncio.Event()

    async def close() -> None:
        closing.set()
        await asyncio.sleep(0.05)
        closed.set()

    source.close = close  # type: ignore[method-assign]
    change = asyncio.create_task(topic.targets.take([row("a", host="z")]))
    await closing.wait()
    change.cancel()
    await asyncio.wait([change])
    await topic.targets.release()
    assert closed.is_set()
    assert topic.polled == 0
