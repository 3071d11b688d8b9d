"""A simulated plant whose alerting is killed again and again, and what a naive reading says of it.

Sources report on partitions of a log that keeps what was committed. A replica is killed before,
within or after any operation of its store; the next one begins where the last commit stands. The
killed one may still have a batch at hand, and finishes it later. Reports come twice, and out of
their order. An operator acknowledges what they see.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.unit.alerting.conftest import START, Memory, Service
from tests.unit.alerting.reference import Reference

from isthmus.alarms.v1.transition_pb2 import Transition as Message
from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.alarm import Alarm, Behaviour, Level, alarm_id
from isthmus.alerting.domain.alarms.events import Acknowledge
from isthmus.alerting.domain.rules.conditions import Limit, Limits, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.handlers.alarms.following import Following
from isthmus.alerting.handlers.alarms.records import TRANSITIONS
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.ports.alarms import Version
from isthmus.runtime.audience import Audience
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.report_pb2 import QUALITY_BAD, QUALITY_GOOD, Report

PARTITIONS = 4
SET_POINT, HIGHER, DEADBAND = 80.0, 90.0, 5.0


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


BEHAVIOURS = {
    "at-once": Behaviour(),
    "delayed": Behaviour(seconds(3), seconds(4)),
    "latching": Behaviour(seconds(1), seconds(1), latching=True),
    "repeating": Behaviour(realarm=seconds(15)),
    "stale": Behaviour(off=seconds(2), stale_after=seconds(8)),
    "levelled": Behaviour(on=seconds(2)),
}
LEVELS = (Level("HI", "medium"), Level("HIHI", "critical"))


def _rule(name: str, behaviour: Behaviour) -> Rule:
    levelled = name == "levelled"
    points = (Limit(SET_POINT, "HI"), Limit(HIGHER, "HIHI")) if levelled else (Limit(SET_POINT),)
    watched = Threshold("temperature", "Cel", Limits(points, deadband=DEADBAND))
    return Rule(name, "high", "{value}", "Look.", watched, behaviour, LEVELS if levelled else ())


RULES = tuple(_rule(name, behaviour) for name, behaviour in BEHAVIOURS.items())


class Killed(Exception):
    """The process is gone."""


@dataclass
class Mortal(Memory):
    """A store whose client is killed within the operation after so many."""

    left: int | None = None
    """Operations until then; None while nobody is killed."""
    random: Random = field(default_factory=Random)

    def _dies(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        return self.left < 0

    async def write(self, versions: Sequence[Version]) -> set[str]:
        if versions and self._dies():
            # A bulk write is not atomic: some versions are stored, some are not.
            await super().write(versions[: self.random.randint(0, len(versions))])
            raise Killed
        return await super().write(versions)

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        if ids and self._dies():
            raise Killed
        return await super().find(ids)

    async def save(self, sources: Iterable[Source]) -> None:
        kept = [replace(source) for source in sources]
        if kept and self._dies():
            await super().save(kept[: self.random.randint(0, len(kept))])
            raise Killed
        await super().save(kept)

    async def load(self, partition: int) -> list[Source]:
        return [replace(source) for source in await super().load(partition)]


@dataclass(frozen=True)
class Raw:
    """A record as Kafka's consumer gives it."""

    value: bytes
    offset: int
    headers: list[tuple[str, bytes]]
    partition: int = 0
    key: bytes = b""
    topic: str = TRANSITIONS


@dataclass(frozen=True)
class Reading:
    """One report of one source."""

    source: str
    at: datetime
    value: float
    good: bool = True

    def report(self) -> Report:
        return Report(
            id=f"{self.source}-{self.at.timestamp()}",
            site="hagen",
            target=self.source,
            observed_at=self.at,
            interval_s=1,
            metric=["temperature"],
            value=[self.value],
            unit=["Cel"],
            quality=[QUALITY_GOOD if self.good else QUALITY_BAD],
        )


@dataclass
class World:
    """The plant, its log, its store, and the replicas that come and go."""

    seed: int
    sources: int = 12
    crash_every_s: int = 20
    samples: int = 0
    crashes: int = 0
    repeated: int = 0
    reordered: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.store = Mortal(random=self.random)
        self.log: list[list[list[Reading]]] = [[] for _ in range(PARTITIONS)]
        self.committed = [0] * PARTITIONS
        self.values = {f"t{n}": 70.0 for n in range(self.sources)}
        self.acts: dict[str, dict[int, datetime]] = {}
        self.second = 0
        self.replica = self._replica()
        self.zombies: list[tuple[Service, int, list[Reading]]] = []

    async def run(self, length_s: int) -> None:
        """Let so much time pass."""
        await self.replica.assign(*range(PARTITIONS))
        for _ in range(length_s):
            self.second += 1
            self._report()
            if self.second % self.crash_every_s == 0:
                self.store.left = self.random.randint(0, 8)
            await self._work()
        self.store.left = None
        await self._settle()

    async def _settle(self) -> None:
        """Everything is read to its end, and all the partitions have come as far."""
        await self._zombies()
        await self._consume()
        self.replica.second = self.second
        await self.replica.timers.fire()

    async def _work(self) -> None:
        try:
            await self._consume()
            self.replica.second = self.second
            await self.replica.timers.fire()
            await self._act()
            await self._follow()
        except Killed:
            await self._next_replica()
        if self.random.random() < 0.2:
            await self._zombies()

    async def _next_replica(self) -> None:
        """The killed one may have a batch at hand; the next one begins at the commit."""
        self.crashes += 1
        self.store.left = None
        number = self.random.randrange(PARTITIONS)
        for chunk in self.log[number][self.committed[number] :][:1]:
            self.zombies.append((self.replica, number, chunk))
        self.replica = self._replica()
        await self.replica.assign(*range(PARTITIONS))

    async def _zombies(self) -> None:
        for replica, number, chunk in self.zombies:
            replica.second = self.second
            with suppress(Killed):
                await self._hear(replica, number, chunk)
        self.zombies.clear()

    async def _consume(self) -> None:
        for number, chunks in enumerate(self.log):
            while self.committed[number] < len(chunks):
                start = self.committed[number]
                end = min(len(chunks), start + self.random.randint(1, 3))
                batch = [reading for chunk in chunks[start:end] for reading in chunk]
                self.replica.second = self.second
                await self._hear(self.replica, number, batch)
                if self.random.random() < 0.02 and self.store.left is not None:
                    raise Killed  # handled, and not committed
                self.committed[number] = end

    async def _hear(self, replica: Service, number: int, batch: list[Reading]) -> None:
        records = [
            Record(reading.report(), reading.source, "reports", number, n, None)
            for n, reading in enumerate(batch)
        ]
        await replica.reports.handle(Batch(records))

    def _replica(self) -> Service:
        replica = Service(self.store)
        replica.rules = RuleBook(RULES)
        replica.reports._rules = replica.rules
        replica.timers._rules = replica.rules
        replica.second = self.second
        self.following = Following((replica.owned,), Audience())
        self.followed = len(self.store.published)
        return replica

    def _report(self) -> None:
        """What the sources say in this second: some twice, some out of their order."""
        for number in range(PARTITIONS):
            mine = [name for name in self.values if int(name[1:]) % PARTITIONS == number]
            chunk = list(self._readings(mine))
            if self.random.random() < 0.1 and self.log[number]:
                again = self.random.choice(self.log[number][-30:])
                self.repeated += len(again)
                chunk += again
            if self.random.random() < 0.1:
                self.reordered += 1
                late = [replace(r, at=r.at - seconds(0.5), value=r.value + 9) for r in chunk[:2]]
                chunk += late
            self.samples += len(chunk)
            self.log[number].append(chunk)

    def _readings(self, names: list[str]) -> Iterator[Reading]:
        at = START + seconds(self.second)
        for name in names:
            moved = self.values[name] + self.random.gauss(0, 4) + (75 - self.values[name]) * 0.05
            self.values[name] = round(moved, 3)
            if self.random.random() < 0.03:
                continue  # a source is silent for a moment
            yield Reading(name, at, self.values[name], self.random.random() > 0.03)

    async def _follow(self) -> None:
        """The replica reads what was published since it began: people may have acted elsewhere."""
        for record in self.store.published[self.followed :]:
            if record.topic == TRANSITIONS:
                self.following.handle(Raw(record.value, self.followed, record.headers))
            self.followed += 1
        await self.following.learn()

    async def _act(self) -> None:
        """An operator acknowledges one of what they see, now and then; perhaps twice."""
        if self.random.random() > 0.3:
            return
        seen = [a for a in self.store.alarms.values() if a.unacknowledged and a.seq]
        if not seen:
            return
        alarm, at = self.random.choice(seen), START + seconds(self.second)
        act = {alarm.id: Acknowledge(at, "mara", alarm.seq)}
        try:
            await self.replica.ledger.act(act, lambda alarm: None)
        finally:
            if self.store.alarms[alarm.id].acknowledged_at == at:
                self.acts.setdefault(alarm.id, {})[alarm.seq] = at

    # --- what should have become of it

    def expected(self) -> dict[str, list[tuple[int, str, datetime, bool]]]:
        """What the naive reading of the table makes of the same log, without any crash."""
        found = {}
        for name in self.values:
            number = int(name[1:]) % PARTITIONS
            readings = [r for chunk in self.log[number] for r in chunk if r.source == name]
            end = max(r.at for chunk in self.log[number] for r in chunk)
            for rule, behaviour in BEHAVIOURS.items():
                reference = Reference(
                    behaviour.on, behaviour.off, behaviour.latching, behaviour.realarm,
                    behaviour.shelve_max, behaviour.stale_after,
                    ("HI", "HIHI") if rule == "levelled" else (),
                )  # fmt: skip
                id = alarm_id(rule, f"hagen/{name}")
                _replay(reference, readings, self.acts.get(id, {}), end)
                if reference.told:
                    found[id] = [told[:4] for told in reference.told]
        return found

    def published(self) -> dict[str, list[tuple[int, str, datetime, bool]]]:
        """What was published, in the order of each alarm."""
        found: dict[str, list[Any]] = {}
        for record in self.store.published:
            if record.topic == TRANSITIONS:
                message = Message.FromString(record.value)
                kind = TransitionKind.Name(message.kind).removeprefix("TRANSITION_KIND_").lower()
                at = message.at.ToDatetime(START.tzinfo)
                told = (message.seq, kind, at, message.annunciate)
                found.setdefault(message.alarm_id, []).append(told)
        return found


def _replay(
    reference: Reference, readings: list[Reading], acts: dict[int, datetime], end: datetime
) -> None:
    newest: datetime | None = None
    for reading in readings:
        if newest is not None and reading.at <= newest:
            continue
        newest = reading.at
        _until(reference, reading.at, acts)
        if not reading.good:
            reference.sample(reading.at, "inside", "bad")
        else:
            reference.sample(reading.at, *_said(reading.value, reference.levels))
    _until(reference, end, acts)


def _said(value: float, levels: tuple[str, ...]) -> tuple[str, str, str, str]:
    if value > SET_POINT:
        signal = "beyond"
    else:
        signal = "inside" if value > SET_POINT - DEADBAND else "clear"
    if not levels:
        return signal, "good", "", ""
    level = "HIHI" if value > HIGHER else "HI" if value > SET_POINT else ""
    holds = "HIHI" if value > HIGHER - DEADBAND else "HI" if value > SET_POINT - DEADBAND else ""
    return signal, "good", level, holds


def _until(reference: Reference, at: datetime, acts: dict[int, datetime]) -> None:
    """Time passes up to `at`; whoever acted did so on the alarm as it was at that `seq`."""
    while True:
        if reference.seq in acts:
            reference.acknowledge(acts.pop(reference.seq), reference.seq)
            continue
        dues = [reference.ends, reference.stale_at, reference.again_at]
        due = min((each for each in dues if each is not None), default=None)
        if due is None or due > at:
            return
        reference.time(due)
