"""A replica with what keeps it quiet, and the topics between its parts, a moment later."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tests.unit.alerting.conftest import START, Memory, Service

from isthmus.alarms.v1.transition_pb2 import Transition as TransitionMessage
from isthmus.alerting.adapters.quiet.recurrence import expand
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.quiet.flood import FLOOD
from isthmus.alerting.domain.quiet.maintenance import Plan, Window
from isthmus.alerting.domain.rules.conditions import Count, Limit, Limits, NoData, State, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.records import ALARMS, TRANSITIONS
from isthmus.alerting.handlers.alarms.timers import Timers
from isthmus.alerting.handlers.quiet.floods import Floods
from isthmus.alerting.handlers.quiet.holding import Holding
from isthmus.alerting.handlers.quiet.standing import Standing
from isthmus.alerting.handlers.quiet.watch import Watch
from isthmus.alerting.handlers.quiet.windows import StoredWindows
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.groups import GroupAlarms
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import Outgoing, encode

SETTLE = timedelta(seconds=10)
SITE = Count(frozenset({"silent"}), "site", Limits((Limit(80.0),)), share=True, least=3)
RULES = (
    FLOOD,
    Rule("offline", "medium", "{reason}", "Look.", State("reachability", frozenset({"offline"}))),
    Rule("partly", "low", "{reason}", "Look.", State("reachability", frozenset({"degraded"}))),
    Rule("silent", "medium", "{silent_s}", "Look.", NoData(3, 30)),
    Rule("site-silent", "high", "{value}", "Look.", SITE),
    Rule("hot", "high", "{value}", "Look.", Threshold("temperature", "Cel", Limits((Limit(80),)))),
    Rule("slow", "low", "{value}", "Look.", Threshold("slow", "Cel", Limits((Limit(80),)))),
)  # fmt: skip


class Windows:
    """Windows as the store keeps them."""

    def __init__(self) -> None:
        self.windows: dict[str, Window] = {}
        self.published: list[Outgoing] = []

    async def write(self, window: Window, outbox: tuple[Outgoing, ...]) -> bool:
        before = self.windows.get(window.id)
        if (before.version if before else 0) != window.version - 1:
            return False
        self.windows[window.id] = window
        self.published += outbox
        return True

    async def all(self) -> list[Window]:
        return list(self.windows.values())


def raw(record: Outgoing, offset: int = 0, at: datetime = START) -> Any:
    """The record as a consumer gives it."""
    return SimpleNamespace(
        key=record.key,
        value=record.value,
        topic=record.topic,
        headers=record.headers,
        partition=0,
        offset=offset,
        timestamp=int(at.timestamp() * 1000),
    )


class Plant(Service):
    """One replica."""

    def __init__(self, memory: Memory, windows: Windows | None = None) -> None:
        super().__init__(memory)
        self.windows = StoredWindows(
            windows or Windows(), Plan(expand), written=lambda: None, now=self.now
        )
        self.standing = Standing()
        self.rules = RuleBook(RULES)
        self.holding = Holding(
            self.windows, self.standing, self.assets, self.rules, SETTLE, self.now
        )
        self.ledger = Ledger(
            memory,
            rules=lambda name: self.rules.by_name.get(name),
            written=lambda: None,
            transitioned=self._count,
            holds=self.holding.begins,
        )
        self.reports = Reports(self.owned, self.ledger, self.assets, self.rules, memory, self.now)
        self.timers = Timers(self.owned, self.ledger, self.assets, self.rules, self.now)
        self.groups = GroupAlarms(self.owned, self.ledger, self.assets, self.rules, self.now)
        self.floods = Floods(self.owned, self.ledger, self.now)
        self.watch = Watch(
            (self.owned,), self.ledger, self.holding, self.rules, self.floods.first_out, self.now
        )
        self._read = 0

    async def start(self) -> None:
        """What is stored, and what the topics have."""
        await self.windows.load()
        await self.assign(0)
        self.read()

    def read(self) -> None:
        """Everything that was published reaches who follows it."""
        for offset, record in enumerate(self.memory.published[self._read :], self._read):
            for topic, handle in (
                (ALARMS, self.standing.handle),
                (ALARMS, self.groups.handle),
                (TRANSITIONS, self.floods.handle),
            ):
                if record.topic == topic:
                    handle(raw(record, offset, self.now()))
        self._read = len(self.memory.published)

    async def turn(self, second: float) -> None:
        """The clock goes on, and everybody who looks now and then has looked."""
        self.second = second
        await self.timers.fire()
        self.read()
        await self.groups.judge()
        await self.floods.judge()
        self.read()
        await self.watch.look()
        self.read()

    async def until(self, second: int) -> None:
        """Turn by turn, each of a second."""
        while self.second < second:
            await self.turn(int(self.second) + 1)

    def asset(self, id: str, **fields: Any) -> None:
        """The inventory says this of an asset."""
        message = Asset(id=id, site="hagen", revision=1, **fields)
        record = encode(
            message, topic="inventory.assets.v1", key=id, id=id, source="inventory", at=START
        )
        self.assets.handle(raw(record))

    def alarm(self, rule: str, subject: str) -> Alarm:
        """That alarm as it is stored."""
        found = (a for a in self.memory.alarms.values() if (a.rule, a.subject) == (rule, subject))
        return next(found)

    def called(self) -> list[str]:
        """Whom a person was told of: rule and subject, in order."""
        steps = (
            TransitionMessage.FromString(record.value or b"")
            for record in self.memory.published
            if record.topic == TRANSITIONS
        )
        return [f"{step.rule} {step.subject}" for step in steps if step.annunciate]


def a_window(id: str = "w", second: float = 0, lasts_s: float = 100, **fields: Any) -> Window:
    """A window that occurs once, so many seconds after the start."""
    starts = (START + timedelta(seconds=second)).replace(tzinfo=None)
    given = {"site": "hagen", "title": "Service", "version": 1, "by": "mara", "at": START}
    return Window(id=id, starts=starts, duration=timedelta(seconds=lasts_s), **{**given, **fields})


def changed(window: Window, **fields: Any) -> Window:
    """The next version."""
    return replace(window, version=window.version + 1, **fields)


def names(held: Iterable[Any]) -> list[str]:
    """The sources of what holds an alarm back."""
    return [each.source for each in held]
