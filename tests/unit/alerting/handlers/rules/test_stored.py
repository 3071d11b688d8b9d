"""Rules that people store: once, for all replicas, in the order of their versions."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from isthmus.alerting.adapters.rules.parts import parsed
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.stored import StoredRules
from isthmus.alerting.ports.rules import RuleVersion
from isthmus.runtime.codec import Outgoing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = {
    "name": "late",
    "priority": "low",
    "message": "{source}",
    "impact": "i",
    "first_action": "f",
    "consequence": "data",
}


def body(behind_s: float) -> str:
    return json.dumps({**BODY, "behind": {"behind_s": behind_s}})


@dataclass
class Shelf:
    """The store of rules in memory."""

    rules: dict[str, list[RuleVersion]] = field(default_factory=dict)
    published: list[Outgoing] = field(default_factory=list)

    async def write(self, rule: RuleVersion, outbox: tuple[Outgoing, ...]) -> bool:
        versions = self.rules.setdefault(rule.name, [])
        if rule.version != len(versions) + 1:
            return False
        versions.append(rule)
        self.published += outbox
        return True

    async def all(self) -> list[RuleVersion]:
        return [versions[-1] for versions in self.rules.values()]

    async def versions(self, name: str) -> list[RuleVersion]:
        return self.rules.get(name, [])


def replica(shelf: Shelf) -> StoredRules:
    return StoredRules(shelf, RuleBook(), parsed, written=lambda: None, now=lambda: NOW)


def told(shelf: Shelf, to: StoredRules) -> None:
    for record in shelf.published:
        to.handle(SimpleNamespace(
            key=record.key, value=record.value, headers=record.headers, topic=record.topic,
            partition=0, offset=0,
        ))  # fmt: skip


async def test_a_stored_rule_is_in_force_on_every_replica() -> None:
    """Here at once, elsewhere with the topic, and after a restart from the store."""
    shelf = Shelf()
    here, there = replica(shelf), replica(shelf)
    assert await here.put("late", body(60), "engineer-2", 0)
    told(shelf, there)
    restarted = replica(shelf)
    await restarted.load()

    assert here.book.behind_s == there.book.behind_s == restarted.book.behind_s == 60
    assert there.newest["late"] == RuleVersion("late", 1, body(60), False, "engineer-2", NOW)


async def test_of_two_who_change_a_rule_at_once_one_is_told() -> None:
    """The store decides, whatever each of them knows."""
    shelf = Shelf()
    here, there = replica(shelf), replica(shelf)
    assert await here.put("late", body(60), "a", 0)

    assert await there.put("late", body(90), "b", 0) is None
    assert here.book.behind_s == 60


async def test_a_deleted_rule_is_in_force_no_longer_and_its_name_goes_on() -> None:
    """Its versions stay."""
    shelf = Shelf()
    here = replica(shelf)
    await here.put("late", body(60), "a", 0)
    await here.delete("late", "b", 1)

    assert (here.book.by_name, here.newest, here.version("late")) == ({}, {}, 2)
    assert [each.by for each in await here.versions("late")] == ["a", "b"]


async def test_a_rule_that_this_release_does_not_understand_leaves_the_former_in_force() -> None:
    """One replica is newer than another for a while."""
    shelf = Shelf()
    here = replica(shelf)
    await here.put("late", body(60), "a", 0)
    newer: Any = {**BODY, "of_next_year": 3}
    await here.put("late", json.dumps(newer), "a", 1)

    assert here.book.behind_s == 60
    assert here.version("late") == 2
    here.handle(
        SimpleNamespace(key=b"x", value=b"\xff", headers=[], topic="t", partition=0, offset=0)
    )
