"""Versions of alarms: people, zombies and races."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.alerting.domain.alarms.acts import Refusal
from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    State,
    Suppression,
    SuppressionKind,
    alarm_id,
)
from isthmus.alerting.domain.alarms.events import Acknowledge, Act, Comment, Release
from isthmus.alerting.handlers.alarms.ledger import RACES_MAX, Acted, Entry, Ledger
from isthmus.runtime.errors import Retryable

HOT = alarm_id("hot", "hagen/t")
SLOW = alarm_id("hot-for-long", "hagen/t")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def act(service: Any, made: Act, id: str = HOT) -> Acted | None:
    """What becomes of an act that the person may do."""
    done: dict[str, Acted] = await service.ledger.act({id: made}, lambda alarm: None)
    return done.get(id)


async def test_an_acknowledgement_is_stored_published_and_counted(
    service: Any, report: Any
) -> None:
    """And only one of two that saw the same `seq`."""
    await service.hear(report(0, temperature=85))
    first = await act(service, Acknowledge(NOW, "a", 1))
    second = await act(service, Acknowledge(NOW, "b", 1))

    assert first is not None
    assert second is not None
    assert first.refused is None
    assert second.refused == Refusal("seq: 1, but the alarm is at 2: look at it again")
    assert first.alarm == second.alarm == service.memory.alarms[HOT]
    assert (first.alarm.state, first.alarm.seq) == (State.ACKNOWLEDGED, 2)
    assert service.steps() == [("hot", 1, "raised"), ("hot", 2, "acknowledged")]
    assert service.counted[-1] == ("hot", "acknowledged")
    assert await act(service, Acknowledge(NOW, "a", 1), "unknown") is None


async def test_several_acts_are_one_write_and_each_has_its_own_answer(
    service: Any, report: Any
) -> None:
    """One that may not be touched, or is not there, does not hold up the others."""
    await service.hear(*(report(0, name, temperature=85) for name in "abc"))
    ids = [alarm_id("hot", f"hagen/{name}") for name in "abc"]
    before = service.memory.operations
    done = await service.ledger.act(
        {id: Acknowledge(NOW, "a", 1) for id in [*ids, "unknown"]},
        lambda alarm: Refusal("not yours") if alarm.subject == "hagen/b" else None,
    )

    assert service.memory.operations - before == 2
    assert {id: each.refused for id, each in done.items()} == {
        ids[0]: None, ids[1]: Refusal("not yours"), ids[2]: None,
    }  # fmt: skip


async def test_a_delay_that_runs_is_no_alarm_that_a_person_can_act_on(
    service: Any, report: Any
) -> None:
    """Nobody has heard of it."""
    await service.hear(report(0, slow=85))

    assert await act(service, Comment(NOW, "a", 0, "?"), SLOW) is None


async def test_a_person_who_races_with_a_report_is_tried_again(service: Any, report: Any) -> None:
    """A version that changed no `seq` meanwhile does not cost the person's act."""
    await service.hear(report(0, temperature=85))
    find = service.memory.find
    raced: list[bool] = []

    async def found_late(ids: Any) -> Any:
        found = await find(ids)
        if not raced:
            raced.append(True)
            service.memory.alarms[HOT] = replace(found[HOT], revision=found[HOT].revision + 1)
        return found

    service.memory.find = found_late
    done = await act(service, Acknowledge(NOW, "a", 1))

    assert done is not None
    assert done.refused is None


async def test_a_report_after_a_person_s_act_goes_on_from_it(service: Any, report: Any) -> None:
    """The owner's own copy of the alarm is outdated; it is read again."""
    await service.hear(report(0, temperature=85))
    await act(service, Acknowledge(NOW, "a", 1))
    await service.hear(report(2, temperature=70))

    assert service.memory.alarms[HOT].state is State.NORMAL
    assert [seq for _, seq, _ in service.steps()] == [1, 2, 3]


async def test_a_new_alarm_is_held_back_by_what_holds_its_subject(
    service: Any, report: Any
) -> None:
    """It is asked once, when the crossing comes; nobody is called, and the release tells of it."""
    asked: list[str] = []

    def holds(alarm: Alarm, at: datetime) -> list[Suppression]:
        asked.append(alarm.path)
        return [Suppression(SuppressionKind.DESIGN, at, "maintenance:m")]

    service.ledger._holds = holds
    await service.hear(report(0, temperature=85, path="a/b"), report(2, temperature=86, path="a/b"))
    held = service.memory.alarms[HOT]
    release = Release(NOW, SuppressionKind.DESIGN, "maintenance:m")
    partition = next(iter(service.owned.loaded))
    await service.ledger.record([Entry(partition, held, service.rules.by_name["hot"], release)])

    assert asked == ["a/b"]
    assert (held.state, held.suppressed) == (State.SUPPRESSED, ("maintenance:m",))
    assert [t.annunciate for t in service.memory.history[HOT]] == [False, True]
    assert service.steps() == [("hot", 1, "raised"), ("hot", 2, "unsuppressed")]


async def test_an_alarm_that_is_raised_anew_is_under_its_rule_as_it_is_now(
    service: Any, report: Any
) -> None:
    """Path, priority and words of the last time are outdated."""
    await service.hear(report(0, temperature=85, path="old"), report(2, temperature=70))
    await service.hear(report(4, temperature=85, path="new"))

    assert service.memory.alarms[HOT].path == "new"


async def test_a_race_that_does_not_end_is_retryable(service: Any, report: Any) -> None:
    """Nothing is taken for done."""

    class Losing:
        writes = 0

        async def find(self, ids: Any) -> Any:
            return await service.memory.find(ids)

        async def write(self, versions: Any) -> set[str]:
            self.writes += 1
            return {version.alarm.id for version in versions}

    store: Any = Losing()
    service.reports._ledger = Ledger(
        store,
        rules=lambda name: None,
        written=lambda: None,
        transitioned=lambda *_: pytest.fail("nothing is stored"),
    )
    with pytest.raises(Retryable, match="others keep changing the same alarms"):
        await service.hear(report(0, temperature=85))

    assert store.writes == RACES_MAX


async def test_each_transition_is_published_before_the_alarm_as_it_is_after_it(
    service: Any, report: Any
) -> None:
    """In one outbox, with ids that a repetition repeats, in the trace of the report."""
    await service.hear(report(0, temperature=85))
    ids = [dict(record.headers)["ce_id"].decode() for record in service.memory.published]

    assert ids == [f"{HOT}:1", f"{HOT}:1:1"]
    assert [record.key for record in service.memory.published] == [HOT.encode()] * 2
    assert {dict(record.headers)["traceparent"] for record in service.memory.published} == {
        b"00-trace"
    }


async def test_a_delay_that_runs_is_stored_and_not_published(service: Any, report: Any) -> None:
    """Others hear of an alarm when it is one."""
    await service.hear(report(0, slow=85))
    await service.hear(report(2, slow=70))
    alarm = service.memory.alarms[alarm_id("hot-for-long", "hagen/t")]

    assert (alarm.revision, alarm.seq, alarm.deadline) == (2, 0, None)
    assert service.memory.published == []
