"""Plans, carried out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from tests.unit.inventory.domain.world import NOON, report, serial
from tests.unit.inventory.memory import MemoryAssets, Topic, cut, run

from isthmus.inventory.domain.assets.model import Asset, cause, view
from isthmus.inventory.domain.assets.plan import (
    Contest,
    Move,
    Plan,
    Removal,
    Write,
)
from isthmus.inventory.domain.assets.precedence import described
from isthmus.inventory.handlers.assets import commits as module
from isthmus.inventory.handlers.assets.commits import Commits
from isthmus.inventory.ports.assets import Commit, Committed
from isthmus.runtime.errors import Retryable

REPORT = report("plc", 0, serial("1"))
CAUSE = cause(REPORT)


@dataclass
class Watched(MemoryAssets):
    """Notes what it is asked for, in order."""

    asked: list[str] = field(default_factory=list)

    async def claim(self, claims: Mapping[str, str]) -> bool:
        self.asked.append("claim")
        return await super().claim(claims)

    async def commit(self, steps: Sequence[Sequence[Commit]]) -> Committed:
        self.asked += [f"commit {len(step)}" for step in steps if step]
        return await super().commit(steps)

    async def move(self, moves: Mapping[str, Move]) -> bool:
        self.asked.append("move")
        return await super().move(moves)

    async def unsettle(self, sources: Any) -> None:
        self.asked.append("unsettle")
        await super().unsettle(sources)

    async def contest(self, contests: Sequence[Contest]) -> None:
        self.asked.append("contest")
        await super().contest(contests)


def _asset(id: str) -> Asset:
    return described(Asset(id, NOON, NOON, revision=1), [view(REPORT, None)])


def _first(id: str) -> Write:
    return Write(None, _asset(id), (), CAUSE)


def _next(id: str) -> Write:
    return Write(_asset(id), replace(_asset(id), revision=2), (), CAUSE)


def test_a_plan_is_carried_out_in_the_order_that_a_crash_cannot_hurt() -> None:
    """Claims, gains, moves, losses, removals; what others say in between is not settled."""
    store, topic = Watched(), Topic()
    commits = Commits(store, topic)
    plan = Plan(claims={"k": "a"}, gains=(_first("a"), _first("b"), _first("c")))
    assert run(commits.carry_out(plan, {}))
    store.asked.clear()

    assert run(commits.carry_out(Plan(
        gains=(_next("a"),),
        losses=(_next("b"),),
        removals=(Removal(_asset("c"), "a", (), CAUSE),),
        moves={"k": Move("b", "a")},
        contests=(Contest("k", ("a", "b"), CAUSE),),
        unsettled=frozenset({"hagen/plc"}),
    ), {}))  # fmt: skip

    assert store.asked == ["claim", "unsettle", "commit 1", "move", "commit 1", "commit 1",
                           "unsettle", "contest"]  # fmt: skip
    assert store.claims == {"k": "b"}
    assert store.live.keys() == {"a", "b"}
    assert store.journal == {}


def test_nothing_is_written_by_who_lost_a_claim() -> None:
    """The caller reads again and decides anew."""
    store, topic = Watched(claims={"k": "z"}), Topic()

    assert not run(Commits(store, topic).carry_out(
        Plan(claims={"k": "a"}, gains=(_first("a"),)), {}))  # fmt: skip

    assert store.asked == ["claim"]
    assert topic.records == []


def test_nothing_follows_a_step_that_met_another_writer() -> None:
    """But what was written of it is published."""
    store, topic = Watched(), Topic()
    commits = Commits(store, topic)
    run(commits.carry_out(Plan(gains=(_first("a"),)), {}))
    topic.records.clear()
    store.asked.clear()

    assert not run(commits.carry_out(
        Plan(gains=(_first("a"), _first("b")), losses=(_next("a"),), moves={"k": Move("b")}), {}
    ))  # fmt: skip

    assert "move" not in store.asked
    assert store.live["a"].revision == 1
    assert [each.key for each in topic.records] == [b"b"]


SERIAL = serial("1").id


def test_a_claim_is_free_that_its_holder_does_not_show() -> None:
    """It is taken before the asset that gets it is written."""
    store = Watched(claims={SERIAL: "unborn"})

    assert run(Commits(store, Topic()).carry_out(
        Plan(gains=(_first("a"),), moves={SERIAL: Move("a", "unborn")}), {}))  # fmt: skip

    assert store.asked.index("move") < store.asked.index("commit 1")
    assert store.claims == {SERIAL: "a"}


def test_a_claim_is_not_taken_from_who_has_come_to_show_it() -> None:
    """Its claim is given back, and nothing is written: the caller meets the asset next time."""
    store, topic = Watched(), Topic()
    commits = Commits(store, topic)
    run(commits.carry_out(Plan(claims={SERIAL: "shows"}, gains=(_first("shows"),)), {}))

    assert not run(commits.carry_out(
        Plan(gains=(_first("a"),), moves={SERIAL: Move("a", "shows")}), {}))  # fmt: skip

    assert store.claims == {SERIAL: "shows"}
    assert store.live.keys() == {"shows"}


def test_a_claim_is_not_taken_that_names_another_by_now() -> None:
    """Who took it first keeps it."""
    store = Watched(claims={SERIAL: "first"})

    assert not run(Commits(store, Topic()).carry_out(
        Plan(gains=(_first("a"),), moves={SERIAL: Move("a", "unborn")}), {}))  # fmt: skip

    assert store.claims == {SERIAL: "first"}
    assert store.live == {}


def test_who_shows_a_key_is_told_that_another_took_its_claim_meanwhile() -> None:
    """The asset is written, and the caller decides anew."""
    store = Watched(claims={SERIAL: "other"})

    assert not run(Commits(store, Topic()).carry_out(
        Plan(gains=(_first("a"),), held={SERIAL: "a"}), {}))  # fmt: skip

    assert store.live.keys() == {"a"}


def test_claims_of_a_merge_that_met_another_writer_are_given_back() -> None:
    """So that the next try meets the asset that could not be merged."""
    store, topic = Watched(), Topic()
    commits = Commits(store, topic)
    run(commits.carry_out(Plan(claims={SERIAL: "b"}, gains=(_first("b"),)), {}))
    run(commits.carry_out(Plan(gains=(_next("b"),)), {}))

    assert not run(commits.carry_out(Plan(
        gains=(_first("a"),),
        removals=(Removal(_asset("b"), "a", (), CAUSE),),
        moves={SERIAL: Move("a", "b")},
    ), {}))  # fmt: skip

    assert store.claims == {SERIAL: "b"}
    assert store.live.keys() == {"a", "b"}


def test_what_is_published_bears_the_trace_of_its_cause() -> None:
    """So that a change can be followed back to the read that made it."""
    store, topic = MemoryAssets(), Topic()

    run(Commits(store, topic).carry_out(Plan(gains=(_first("a"),)), {CAUSE.id: b"00-trace"}))

    assert dict(topic.records[0].headers)["traceparent"] == b"00-trace"


async def test_what_a_writer_has_left_behind_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the store was away in between; what was never written is not."""
    monkeypatch.setattr(module, "SWEEP_S", 0)
    store, topic = MemoryAssets(), Topic()
    dead = Commits(store, Topic())
    task = dead.carry_out(Plan(gains=(_first("a"),)), {})
    while not store.live:
        task.send(None)
    task.close()
    announced = Commits(store, Topic()).carry_out(Plan(gains=(_first("b"),)), {})
    while len(store.journal) < 2:
        announced.send(None)
    announced.close()
    store.end_leases()

    store_away = away_once(store)
    sweeper = asyncio.create_task(Commits(store, topic).run())
    async with asyncio.timeout(5):
        while store.journal:
            await asyncio.sleep(0)
    sweeper.cancel()

    assert store_away == ["away"]
    assert [each.key for each in topic.records] == [b"a"]


def away_once(store: MemoryAssets) -> list[str]:
    """Let the store be away the first time that it is asked for what was left behind."""
    times, asked = list[str](), store.abandoned

    async def away() -> Any:
        if times:
            return await asked()
        times.append("away")
        raise Retryable("store: away")

    store.abandoned = away  # type: ignore[method-assign]
    return times


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_that_was_cut_anywhere_can_be_carried_out_again(seed: int) -> None:
    """What was written already is another's: the caller decides anew, on what is there."""
    store, topic = MemoryAssets(), Topic()
    plan = Plan(claims={"k": "a"}, gains=(_first("a"),), moves={"k": Move("a")})
    cut(Random(seed), Commits(store, topic).carry_out(plan, {}), 12)
    store.end_leases()
    for entry in run(store.abandoned()):
        run(topic.publish([record for _, record in entry.records]))
        run(store.published(entry))

    run(Commits(store, topic).carry_out(replace(plan, claims={}), {}))

    assert store.live.keys() == {"a"}
    assert b"a" in topic.last("inventory.assets.v1")
