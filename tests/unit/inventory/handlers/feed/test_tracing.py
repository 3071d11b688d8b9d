"""An observation is followed over its topics to the asset."""

import uuid
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.inventory.domain.feed.tracing import Looked, Question, Stage, Trace, report_id
from isthmus.inventory.handlers.assets.curation import Unknown
from isthmus.inventory.handlers.feed.tracing import IMPORTS, OBSERVATIONS, REPORTS, Tracing
from isthmus.inventory.ports.assets import Event
from isthmus.inventory.ports.feed import Letter
from isthmus.runtime.codec import encode, new_traceparent
from isthmus.telemetry.v1 import observation_pb2 as pb
from isthmus.telemetry.v1.report_pb2 import Report

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGE = {
    "id": "c", "kind": "changed", "field": "firmware", "before": "1", "after": "2", "evidence": "",
}  # fmt: skip


def observation_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


@dataclass
class World:
    """Topics of one partition each, how far the services have read, and what the store knows."""

    topics: dict[str, list[Letter]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    described: dict[str, str] = field(default_factory=dict)
    now: datetime = NOON

    async def letters(self, looked: Looked, key: str = "") -> AsyncGenerator[Sequence[Letter]]:
        for letter in self.topics.get(looked.topic, []):
            in_time = looked.since <= letter.at and (not looked.until or letter.at < looked.until)
            if in_time and key in ("", letter.key):
                looked.records += 1
                yield [letter]
        looked.whole = True

    async def behind(self, service: str, letters: Sequence[Letter]) -> Sequence[int]:
        return [max(0, each.offset + 1 - self.read.get(service, 1_000)) for each in letters]

    async def caused(
        self, reports: Collection[str], assets: Collection[str], since: datetime
    ) -> list[Event]:
        return [e for e in self.events if e.cause in reports and e.recorded_at >= since]

    async def holders(self, sources: Collection[str]) -> Mapping[str, str]:
        return {s: asset for s, asset in self.described.items() if s in sources}

    def publish(
        self, topic: str, key: str, id: str, message: Any, trace: str, *more: Any
    ) -> Letter:
        """The next record of a topic, a second later."""
        self.now += timedelta(seconds=1)
        sent = encode(
            message, topic=topic, key=key, id=id, source="test", at=NOON,
            traceparent=new_traceparent(trace),
        )  # fmt: skip
        standing = self.topics.setdefault(topic, [])
        headers = {**dict(sent.headers), **dict(more)}
        letter = Letter(topic, 0, len(standing), self.now, key, sent.value or b"", headers)
        standing.append(letter)
        return letter

    def observe(
        self, number: int = 0, *devices: str, topic: str = OBSERVATIONS, **more: Any
    ) -> Letter:
        """An observation of hagen/gw."""
        id = observation_id(number)
        said: dict[str, Any] = {"site": "hagen", "target": "gw", "outcome": pb.OUTCOME_OK, **more}
        message = pb.Observation(
            id=id, slot_at=NOON + timedelta(minutes=number), collector="c-0",
            devices=[pb.Device(path=path) for path in devices], **said,
        )  # fmt: skip
        return self.publish(topic, f"{message.site}/{message.target}", id, message, id)

    def report(self, number: int = 0, device: str = "") -> Letter:
        """The report of one of its devices."""
        observed = observation_id(number)
        id = report_id(observed, device)
        message = Report(id=id, observation_id=observed, site="hagen", target="gw", device=device)
        return self.publish(REPORTS, f"hagen/gw/{device}".rstrip("/"), id, message, observed)

    def bury(self, service: str, letter: Letter, reason: str) -> None:
        """A dead letter, as the consumer makes it."""
        place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
        origin = {f"dlq-{name}": str(value).encode() for name, value in place.items()}
        headers = {**letter.headers, **origin, "dlq-reason": reason.encode()}
        self.topics.setdefault(f"{service}.dlq", []).append(
            Letter(f"{service}.dlq", 0, 0, self.now, letter.key, letter.value, headers)
        )

    def change(self, report: Letter, asset: str, site: str = "hagen") -> None:
        """A version that a report made."""
        cause = report.headers["ce_id"].decode()
        self.events.append(
            Event(f"{asset}/2", asset, 2, NOON, self.now, site, report.key, "", cause, [CHANGE])
        )

    async def ask(self, number: int = 0, sites: frozenset[str] | None = None, **more: Any) -> Trace:
        question = Question(NOON - HOUR, NOON + HOUR, observation_id(number), **more)
        return await Tracing(self, self).trace(question, sites)


@pytest.fixture
def world() -> World:
    """Nothing has happened yet."""
    return World()


async def test_an_observation_that_changed_its_asset_says_what(world: World) -> None:
    """Seen, made into a report, taken: with the asset and the fields."""
    world.observe(0, "")
    world.change(world.report(), "a1")
    world.described["hagen/gw"] = "a1"

    trace = await world.ask()

    assert (trace.step.stage, trace.step.said) == (
        Stage.CHANGED, "it changed firmware of its asset",
    )  # fmt: skip
    assert (trace.source, trace.slot_at, trace.collector, trace.outcome) == (
        "hagen/gw", NOON, "c-0", "ok",
    )  # fmt: skip
    [report] = trace.reports
    assert (report.asset_id, report.changes) == ("a1", [CHANGE])
    assert [(each.topic, each.records) for each in trace.looked] == [
        (OBSERVATIONS, 1),
        (REPORTS, 1),
    ]


async def test_an_observation_that_said_nothing_new_says_of_which_asset(world: World) -> None:
    """Nobody has buried it, either."""
    world.observe(0, "")
    world.report()
    world.described["hagen/gw"] = "a1"

    trace = await world.ask()

    assert (trace.step.stage, trace.reports[0].asset_id) == (Stage.UNCHANGED, "a1")
    assert trace.looked[-1].topic == "inventory.dlq"


async def test_of_a_gateway_each_device_has_its_own_fate(world: World) -> None:
    """One changed, one rejected, one not read yet; a part comes with them. The worst counts."""
    world.observe(0, "unit-1", "unit-2", "unit-3")
    changed, buried = world.report(0, "unit-1"), world.report(0, "unit-2")
    world.report(0, "unit-3/psu-1")
    world.report(0, "unit-3")
    world.change(changed, "a1")
    world.bury("inventory", buried, "Report.keys: none")
    world.read["inventory"] = 2

    trace = await world.ask()

    stages = {each.source.removeprefix("hagen/gw/"): each.step.stage for each in trace.reports}
    assert stages == {
        "unit-1": Stage.CHANGED,
        "unit-2": Stage.REJECTED,
        "unit-3": Stage.WAITING,
        "unit-3/psu-1": Stage.WAITING,
    }
    assert trace.step.stage is Stage.REJECTED
    assert trace.step.said == "the inventory could not take it: Report.keys: none"


async def test_what_a_service_has_not_read_yet_waits(world: World) -> None:
    """With how much it has to read first."""
    world.observe(1)
    world.observe(0)
    world.read["normalizer"] = 0

    trace = await world.ask()

    assert trace.step.stage is Stage.WAITING
    assert trace.step.said == "the normaliser has not read it yet: 2 to go"


async def test_what_the_normaliser_could_not_take_has_a_reason(world: World) -> None:
    """Also when it is no observation at all: then its key says whose it is."""
    world.bury("normalizer", world.observe(0), "devices: none")
    garbage = world.publish(
        OBSERVATIONS, "hagen/gw", observation_id(1), pb.Observation(), observation_id(1)
    )
    garbage = Letter(*[*_parts(garbage)[:5], b"\xff\xff", garbage.headers])
    world.topics[OBSERVATIONS][1] = garbage
    world.bury("normalizer", garbage, "2 bytes are no Observation")

    first, second = await world.ask(), await world.ask(1, frozenset({"hagen"}))

    assert first.step.said == "the normaliser could not take it: devices: none"
    assert second.step.said == "the normaliser could not take it: 2 bytes are no Observation"
    with pytest.raises(Unknown):
        await world.ask(1, frozenset({"lyon"}))


def _parts(letter: Letter) -> list[Any]:
    return [letter.topic, letter.partition, letter.offset, letter.at, letter.key]


async def test_an_observation_whose_id_is_none_is_rejected_in_words(world: World) -> None:
    """Asking for it by its source."""
    letter = world.publish(
        OBSERVATIONS, "hagen/gw", "seven", pb.Observation(id="seven", site="hagen", target="gw"),
        observation_id(0),
    )  # fmt: skip
    world.bury("normalizer", letter, "id: 'seven', expected a UUID")
    question = Question(NOON - HOUR, NOON + HOUR, source="hagen/gw", at=NOON)

    trace = await Tracing(world, world).trace(question, None)

    assert (trace.id, trace.step.stage) == ("seven", Stage.REJECTED)


async def test_what_a_device_says_by_itself_makes_no_report(world: World) -> None:
    """A trap is no picture of the device."""
    world.observe(0, "", trigger=pb.TRIGGER_NOTIFICATION)

    assert (await world.ask()).step.stage is Stage.SILENT


async def test_a_report_that_is_not_there_is_lost(world: World) -> None:
    """It was read, and neither a report nor a dead letter came of it."""
    world.observe(0, "")

    trace = await world.ask()

    assert trace.step.stage is Stage.LOST
    assert [each.topic for each in trace.looked] == [OBSERVATIONS, REPORTS, "normalizer.dlq"]


async def test_a_row_of_a_table_is_found_on_its_own_topic(world: World) -> None:
    """By its id alone, or by the name of its system."""
    world.observe(0, "", topic=IMPORTS, target="sap:4711")

    trace = await world.ask()
    by_source = await world.ask(source="hagen/sap:4711")

    assert trace.source == by_source.source == "hagen/sap:4711"
    assert [each.topic for each in trace.looked][:2] == [OBSERVATIONS, IMPORTS]
    assert by_source.looked[0].topic == IMPORTS


async def test_of_a_source_the_last_read_up_to_a_time_is_meant(world: World) -> None:
    """A device is read with its endpoint; what it said by itself is no read."""
    for number in range(4):
        world.observe(number, "unit-1")
    world.observe(1, "", target="other")
    world.observe(2, trigger=pb.TRIGGER_NOTIFICATION)
    at = NOON + timedelta(minutes=2, seconds=30)
    question = Question(NOON - HOUR, NOON + HOUR, source="hagen/gw/unit-1", at=at)

    trace = await Tracing(world, world).trace(question, None)

    assert (trace.id, trace.slot_at) == (observation_id(2), NOON + timedelta(minutes=2))


async def test_what_is_not_found_is_told_with_how_far_was_looked(world: World) -> None:
    """In words that say how to ask again."""
    world.observe(1)

    with pytest.raises(Unknown, match=r"among 1 records of collector\.observations\.v1 and inv"):
        await world.ask()
    with pytest.raises(Unknown, match="from 2026-03-01 11:00:00 to 2026-03-01 13:00:00 UTC"):
        await world.ask()


async def test_nobody_learns_of_observations_of_another_site(world: World) -> None:
    """It is as if it were not there, in the topic and in the history."""
    world.observe(0, "")
    world.change(world.report(), "a1")

    with pytest.raises(Unknown, match="there is no observation"):
        await world.ask(0, frozenset({"lyon"}))
    world.topics.clear()
    with pytest.raises(Unknown):
        await world.ask(0, frozenset({"lyon"}))


async def test_the_history_knows_what_the_topic_has_no_more(world: World) -> None:
    """That it changed something, of what was a device by itself."""
    world.observe(0, "")
    world.change(world.report(), "a1")
    world.topics.clear()

    trace = await world.ask()

    assert (trace.step.stage, trace.source, trace.slot_at) == (Stage.CHANGED, "hagen/gw", None)
    assert trace.reports[0].asset_id == "a1"
