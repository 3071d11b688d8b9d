"""Versions of alarms: people, zombies and races."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.alerting.domain.alarm import Acknowledge, State, alarm_id
from isthmus.alerting.handlers.ledger import RACES_MAX, Ledger
from isthmus.runtime.errors import Retryable

HOT = alarm_id("hot", "hagen/t")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_acknowledgement_is_stored_published_and_counted(
    service: Any, report: Any
) -> None:
    """And only one of two that saw the same `seq`."""
    await service.hear(report(0, temperature=85))
    alarm, done = await service.ledger.acknowledge(HOT, Acknowledge(NOW, "a", "", 1))
    _, again = await service.ledger.acknowledge(HOT, Acknowledge(NOW, "b", "", 1))

    assert (done, again) == (True, False)
    assert alarm == service.memory.alarms[HOT]
    assert (alarm.state, alarm.seq) == (State.ACKNOWLEDGED, 2)
    assert service.steps() == [("hot", 1, "raised"), ("hot", 2, "acknowledged")]
    assert service.counted[-1] == ("hot", "acknowledged")
    assert await service.ledger.acknowledge("unknown", Acknowledge(NOW, "a", "", 1)) is None


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
    _, done = await service.ledger.acknowledge(HOT, Acknowledge(NOW, "a", "", 1))

    assert done


async def test_a_report_after_a_person_s_act_goes_on_from_it(service: Any, report: Any) -> None:
    """The owner's own copy of the alarm is outdated; it is read again."""
    await service.hear(report(0, temperature=85))
    await service.ledger.acknowledge(HOT, Acknowledge(NOW, "a", "", 1))
    await service.hear(report(2, temperature=70))

    assert service.memory.alarms[HOT].state is State.NORMAL
    assert [seq for _, seq, _ in service.steps()] == [1, 2, 3]


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
        store, written=lambda: None, transitioned=lambda *_: pytest.fail("nothing is stored")
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
