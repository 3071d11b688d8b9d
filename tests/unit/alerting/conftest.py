"""Alerting's handlers around a store in memory and a clock that is set."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from isthmus.alarms.v1.transition_pb2 import Transition as TransitionMessage
from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.alarm import Alarm, Behaviour
from isthmus.alerting.domain.alarms.transition import Transition
from isthmus.alerting.domain.rules.conditions import Change, Limit, Limits, NoData, State, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.records import TRANSITIONS
from isthmus.alerting.handlers.alarms.timers import Timers
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.alerting.ports.alarms import Filter, Page, Version
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1.report_pb2 import Attribute, Reachability, Report

BLANK = Alarm("", "", "", "", "", "", "", "", -1)
START = datetime(2026, 1, 1, tzinfo=UTC)
DELAYED = Behaviour(timedelta(seconds=5), timedelta(seconds=5))
HOT = Limits((Limit(80),), deadband=5)
RULES = (
    Rule("hot", "high", "{value}", "Look.", Threshold("temperature", "Cel", HOT)),
    Rule(
        "hot-for-long",
        "high",
        "{value}",
        "Look.",
        Threshold("slow", "Cel", Limits((Limit(80),))),
        DELAYED,
    ),
    Rule("offline", "high", "{reason}", "Look.", State("reachability", frozenset({"offline"}))),
    Rule("firmware", "low", "{before} to {after}", "Look.", Change("firmware")),
    Rule("silent", "high", "{silent_s}", "Look.", NoData(3, 30)),
)


@dataclass
class Memory:
    """Alarms and sources as the store keeps them; counts what it is asked for."""

    alarms: dict[str, Alarm] = field(default_factory=dict)
    history: dict[str, list[Transition]] = field(default_factory=dict)
    published: list[Any] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    operations: int = 0
    largest: int = 0
    down: bool = False

    def ask(self) -> None:
        self.operations += 1
        if self.down:
            raise Retryable("store: down")

    async def write(self, versions: Sequence[Version]) -> set[str]:
        self.operations += bool(versions)
        self.largest = max(self.largest, len(versions))
        if self.down:
            raise Retryable("store: down")
        return {each.alarm.id for each in versions if not self._stored(each)}

    def _stored(self, version: Version) -> bool:
        alarm = version.alarm
        before = self.alarms.get(alarm.id)
        if (before.revision if before else 0) != alarm.revision - 1:
            return False
        self.alarms[alarm.id] = alarm
        self.history.setdefault(alarm.id, []).extend(version.transitions)
        self.published += version.outbox
        return True

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        if ids:
            self.ask()
        return {id: self.alarms[id] for id in ids if id in self.alarms}

    async def forget(self, versions: Sequence[Version]) -> set[str]:
        lost = await self.write(versions)
        for each in versions:
            if each.alarm.id not in lost:
                self.alarms[each.alarm.id] = replace(
                    BLANK,
                    id=each.alarm.id,
                    rule=each.alarm.rule,
                    subject=each.alarm.subject,
                    seq=each.alarm.seq,
                    revision=each.alarm.revision,
                )
                self.history.pop(each.alarm.id, None)
        return lost

    async def open(self, stream: str, partition: int, after: str, limit: int) -> list[Alarm]:
        self.ask()
        mine = [a for a in self.alarms.values() if (a.stream, a.partition) == (stream, partition)]
        found = [alarm for alarm in mine if alarm.open and alarm.id > after]
        return sorted(found, key=lambda alarm: alarm.id)[:limit]

    async def rested(self, before: datetime, limit: int) -> list[Alarm]:
        self.ask()
        over = [a for a in self.alarms.values() if a.rested_at and a.rested_at <= before]
        return over[:limit]

    async def page(self, wanted: Filter, limit: int, after: Any) -> Page:
        self.ask()
        self.wanted = wanted
        found = [a for a in self.alarms.values() if wanted.sites is None or a.site in wanted.sites]
        return Page(tuple(found)[:limit], None)

    async def transitions(self, id: str) -> list[Transition]:
        self.ask()
        return self.history.get(id, [])

    async def save(self, sources: Iterable[Source]) -> None:
        for source in sources:
            self.ask()
            self.sources[source.name] = source

    async def load(self, partition: int) -> list[Source]:
        self.ask()
        return [s for s in self.sources.values() if s.partition == partition]


@dataclass(frozen=True)
class Assigned:
    """A partition as Kafka's consumer names it."""

    partition: int


class Service:
    """One replica: its handlers, wired as the service wires them."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.second = 0.0
        self.counted: list[tuple[str, str]] = []
        self.rules = RuleBook(RULES)
        self.assets = Assets()
        self.owned = Owned(memory, memory, self.now)
        self.ledger = Ledger(
            memory,
            rules=lambda name: self.rules.by_name.get(name),
            written=lambda: None,
            transitioned=self._count,
        )
        self.reports = Reports(self.owned, self.ledger, self.assets, self.rules, memory, self.now)
        self.timers = Timers(self.owned, self.ledger, self.assets, self.rules, self.now)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.second)

    async def assign(self, *numbers: int) -> None:
        await self.owned.on_partitions_assigned([Assigned(number) for number in numbers])
        await self.owned.load_assigned()

    async def hear(self, *reports: Report, partition: int = 0) -> Batch[Report]:
        records = [
            Record(r, r.target, "normalizer.reports.v1", partition, n, b"00-trace")
            for n, r in enumerate(reports)
        ]
        batch = Batch(list(records))
        assert list(await self.reports.handle(batch)) == []
        return batch

    def steps(self) -> list[tuple[str, int, str]]:
        """Subject, number and kind of every transition that is published."""
        messages = [
            TransitionMessage.FromString(record.value)
            for record in self.memory.published
            if record.topic == TRANSITIONS
        ]
        kind = TransitionKind.Name
        return [
            (m.rule, m.seq, kind(m.kind).removeprefix("TRANSITION_KIND_").lower()) for m in messages
        ]

    def _count(self, alarm: Alarm, transition: Transition) -> None:
        self.counted.append((alarm.rule, transition.kind.value))


@pytest.fixture
def memory() -> Memory:
    """The store that all replicas of a test share."""
    return Memory()


@pytest.fixture
async def service(memory: Memory) -> Service:
    """A replica that owns partition 0."""
    replica = Service(memory)
    await replica.assign(0)
    return replica


@pytest.fixture
async def successor(memory: Memory) -> Service:
    """A second replica, which owns nothing yet."""
    return Service(memory)


@pytest.fixture
def report() -> Any:
    """Makes a report, so many seconds after the start."""

    def make(second: float, target: str = "t", **fields: Any) -> Report:
        metrics = {name: fields.pop(name) for name in ("temperature", "slow") if name in fields}
        firmware = fields.pop("firmware", None)
        made = Report(
            id=f"{target}-{second}",
            site="hagen",
            target=target,
            observed_at=START + timedelta(seconds=second),
            interval_s=2,
            reachability=fields.pop("reachability", Reachability.REACHABILITY_ONLINE),
            metric=list(metrics),
            value=list(metrics.values()),
            unit=["Cel"] * len(metrics),
            **fields,
        )
        if firmware:
            made.attributes.append(Attribute(name="firmware", value=firmware))
        return made

    return make
