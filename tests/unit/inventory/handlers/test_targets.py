"""Targets from files and from people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from isthmus.inventory.domain.targets import InvalidTarget, Target
from isthmus.inventory.handlers.targets import Targets
from isthmus.inventory.ports import Publishing, Row

GOOD: dict[str, Any] = {
    "target": "plc-1",
    "path": "nordwerk/hagen",
    "interval_s": 2,
    "profile": "schneider-m340",
    "endpoint": {"protocol": "modbus", "host": "127.0.0.1", "port": 1},
}


@dataclass
class Store:
    """Targets in memory, with every publication."""

    kept: dict[str, Target] = field(default_factory=dict)
    published: list[Publishing] = field(default_factory=list)

    async def known(self, ids: Collection[str]) -> Mapping[str, Target]:
        return {id: self.kept[id] for id in ids if id in self.kept}

    async def put(self, targets: Sequence[Publishing]) -> None:
        self.kept |= {each.target.id: each.target for each in targets}
        self.published += targets

    async def targets(
        self, *, site: str | None, after: str, limit: int
    ) -> list[tuple[Target, datetime]]:
        return []


class Topics:
    """Two sites."""

    async def sites(self) -> set[str]:
        return {"hagen", "lyon"}


@dataclass
class Fixture:
    """The handler on a store in memory."""

    store: Store = field(default_factory=Store)
    woken: int = 0

    def __post_init__(self) -> None:
        self.targets = Targets(self.store, Topics(), written=self._wake)

    def _wake(self) -> None:
        self.woken += 1


def rows(*contents: object) -> list[Row]:
    return [Row("hagen.yaml", n, "hagen", content) for n, content in enumerate(contents, 1)]


async def test_seeds_are_published_once() -> None:
    """Rows that say what is stored write nothing."""
    fixture = Fixture()

    first = await fixture.targets.seed(rows(GOOD, {**GOOD, "target": "plc-2"}))
    second = await fixture.targets.seed(rows(GOOD, {**GOOD, "target": "plc-2", "interval_s": 5}))

    assert (first, second, fixture.woken) == (2, 1, 2)
    topics = [each.record.topic for each in fixture.store.published]
    assert topics == ["inventory.targets.hagen.v1"] * 3
    assert fixture.store.kept["hagen/plc-2"].interval_s == 5


async def test_a_bad_row_is_one_line_and_the_others_go_on() -> None:
    """The line names the file, the row, the field, the value and what was expected."""
    fixture = Fixture()

    with capture_logs() as logs:
        bad = [{**GOOD, "target": "b", "interval_s": -1}, {**GOOD, "site": "paris"}, GOOD, GOOD]
        written = await fixture.targets.seed(rows(*bad))

    lines = [(log["row"], log["reason"]) for log in logs if log["event"] == "target_rejected"]
    assert written == 1
    assert [row for row, _ in lines] == [1, 2, 4]
    assert lines[0][1].startswith("interval_s: -1, expected")
    assert lines[1][1] == "site: 'paris', expected a site that has a topic: hagen, lyon"
    assert lines[2][1] == "target: 'plc-1', expected once in its site"


async def test_a_target_that_vanished_from_the_seeds_stays() -> None:
    """Only a person stops the reading of a target."""
    fixture = Fixture()
    await fixture.targets.seed(rows(GOOD))

    assert await fixture.targets.seed(rows()) == 0

    assert "hagen/plc-1" in fixture.store.kept


async def test_a_person_adds_a_target() -> None:
    """The first time it is written, the second time it is so already."""
    fixture = Fixture()

    results = [await fixture.targets.put({**GOOD, "site": "lyon"}) for _ in range(2)]

    assert [changed for _, changed in results] == [True, False]
    assert results[0][0].id == "lyon/plc-1"


async def test_a_target_of_a_site_without_a_topic_is_refused() -> None:
    """Its record could never be published, and would hold up all others."""
    with pytest.raises(InvalidTarget, match="site: 'paris'"):
        await Fixture().targets.put({**GOOD, "site": "paris"})
