"""Telling one receiver: order, limits, back-off, and who does it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.notices import START, Memory, Watched, a_notice, after

from isthmus.alerting.domain.notices.delivery import (
    Announced,
    Answer,
    Delivery,
    DeliveryState,
    Policy,
    Verdict,
)
from isthmus.alerting.domain.notices.notice import Event, Notice
from isthmus.alerting.handlers.notices import worker
from isthmus.alerting.handlers.notices.worker import (
    BREAKER_AFTER,
    LEASE_S,
    MESSAGE_MAX_S,
    RENEW_S,
    Told,
    Worker,
)
from isthmus.runtime.errors import Retryable

SENT = Answer(Verdict.SENT, 200, "thanks")
DOWN = Answer(Verdict.RETRYABLE, 503, "down")
REFUSED = Answer(Verdict.REJECTED, 422, "not this")
LOCKED = Answer(Verdict.UNAUTHORIZED, 401, "who are you?")


@dataclass
class Phone:
    """A receiver that answers as it is told."""

    answers: list[Answer] = field(default_factory=list)
    heard: list[list[str]] = field(default_factory=list)
    otherwise: Answer = SENT
    broken: bool = False
    at_once: int = 0
    at_once_max: int = 0

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        if self.broken:
            raise ZeroDivisionError
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.heard.append([each.key for each in notices])
        return self.answers.pop(0) if self.answers else self.otherwise

    async def close(self) -> None:
        self.heard.append(["closed"])


@dataclass
class Board(Phone):
    """A receiver that forgets."""

    repeat_s: float = 60.0
    standing: list[str] = field(default_factory=list)
    repeats: int = 0

    def stand(self, notices: Iterable[Notice]) -> None:
        self.standing = [each.alarm_id for each in notices]

    async def repeat(self, now: datetime) -> Answer:
        self.repeats += 1
        return self.otherwise


class Office:
    """Workers of one receiver on one store, at a time that is set."""

    def __init__(self, phone: Phone | None = None, memory: Memory | None = None, **more: Any):
        self.phone = phone or Phone()
        self.memory = memory or Memory()
        self.watched = Watched()
        self.second = 0.0
        self.policy = Policy("desk", "webhook", **{"messages_burst": 1000, **more})
        self.worker = self.replica("one")

    def replica(self, name: str) -> Worker:
        told = Told(self.policy, self.phone)
        return Worker(told, self.memory, name, self.watched, lambda: after(self.second))

    async def queue(self, *deliveries: Delivery) -> None:
        await self.memory.insert(deliveries)

    async def turns(self, count: int, step_s: float = 0) -> None:
        for _ in range(count):
            await self.worker.turn()
            self.second += step_s

    def state(self, id: str) -> DeliveryState:
        return self.memory.deliveries[f"{id}:desk"].state


def a_delivery(alarm: str = "a1", seq: int = 1, **more: Any) -> Delivery:
    notice = a_notice(seq=seq, alarm_id=alarm)
    return Delivery(notice, "desk", **{"queued_at": START, "due_at": START, **more})


def several(count: int) -> list[Delivery]:
    return [a_delivery(f"a{n}") for n in range(count)]


async def test_what_waits_is_told_and_its_attempt_is_kept() -> None:
    """When, how long, what it said."""
    office = Office()
    await office.queue(a_delivery())

    assert await office.worker.turn()
    assert not await office.worker.turn()

    found = office.memory.deliveries["a1:1:desk"]
    (attempt,) = found.attempts
    assert found.state is DeliveryState.SENT
    assert (attempt.at, attempt.verdict, attempt.status) == (START, Verdict.SENT, 200)
    assert attempt.excerpt == "thanks"
    assert office.phone.heard == [["a1:1"]]


async def test_the_steps_of_an_alarm_are_told_in_their_order() -> None:
    """Also when the first of them is not taken at once."""
    office = Office(Phone([DOWN]))
    await office.queue(a_delivery(seq=3), a_delivery(seq=1), a_delivery(seq=2))

    await office.turns(10, step_s=5)

    assert office.phone.heard == [["a1:1"], ["a1:1"], ["a1:2"], ["a1:3"]]


async def test_a_message_that_is_refused_is_dead_and_the_next_goes_on() -> None:
    """It is visible, and a person may replay it."""
    office = Office(Phone([REFUSED]))
    await office.queue(a_delivery(), a_delivery(seq=2))

    await office.turns(2)

    assert (office.state("a1:1"), office.state("a1:2")) == (DeliveryState.DEAD, DeliveryState.SENT)


async def test_a_message_that_is_never_taken_is_dead_after_so_many_tries() -> None:
    """Each of them is recorded."""
    office = Office(Phone(otherwise=DOWN), attempts_max=3)
    await office.queue(a_delivery())

    await office.turns(50, step_s=1000)

    found = office.memory.deliveries["a1:1:desk"]
    assert (found.state, found.tries, len(found.attempts)) == (DeliveryState.DEAD, 3, 3)


async def test_a_receiver_that_is_down_is_spared_and_wears_nothing_out() -> None:
    """One probe now and then; the deliveries wait."""
    office = Office(Phone(otherwise=DOWN), concurrency=1)
    await office.queue(*several(50))

    await office.turns(1)
    tried = len(office.phone.heard)
    await office.turns(20)

    assert tried == len(office.phone.heard) == BREAKER_AFTER
    await office.turns(1, step_s=400)
    await office.turns(1)
    assert len(office.phone.heard) == BREAKER_AFTER + 1


async def test_after_the_outage_everything_is_told() -> None:
    """Nothing was lost."""
    office = Office(Phone(otherwise=DOWN), concurrency=1)
    await office.queue(*several(20))
    await office.turns(20, step_s=60)

    office.phone.otherwise = SENT
    await office.turns(10, step_s=400)

    assert set(office.memory.states().values()) == {"sent"}


async def test_what_a_person_must_mend_wears_nothing_out() -> None:
    """The receiver is left alone for minutes, and asked again."""
    office = Office(Phone(otherwise=LOCKED), attempts_max=2)
    await office.queue(a_delivery())

    await office.turns(50, step_s=100)

    found = office.memory.deliveries["a1:1:desk"]
    assert (found.state, found.tries) == (DeliveryState.WAITING, 0)
    assert len(office.phone.heard) < 20
    office.phone.otherwise = SENT
    await office.turns(10, step_s=100)
    assert office.state("a1:1") is DeliveryState.SENT


async def test_a_receiver_that_asks_for_patience_gets_it() -> None:
    """Retry-After holds for all that waits."""
    office = Office(Phone([Answer(Verdict.RETRYABLE, 429, "", retry_after_s=120)]), concurrency=1)
    await office.queue(*several(3))

    await office.turns(1)
    office.second = 119
    await office.turns(1)
    assert len(office.phone.heard) == 1
    office.second = 1200
    await office.turns(3)

    assert set(office.memory.states().values()) == {"sent"}


async def test_a_bug_of_a_receiver_is_a_failed_try(caplog: pytest.LogCaptureFixture) -> None:
    """The other receivers do not notice."""
    office = Office(attempts_max=2)
    office.phone.broken = True
    await office.queue(a_delivery())

    await office.turns(20, step_s=1000)

    found = office.memory.deliveries["a1:1:desk"]
    assert found.state is DeliveryState.DEAD
    assert found.attempts[0].excerpt == "unexpected ZeroDivisionError"


async def test_more_than_it_can_take_goes_in_a_digest() -> None:
    """And nothing is dropped."""
    office = Office(messages_burst=3, messages_per_min=0.001, batch_max=100)
    await office.queue(*several(50))

    await office.turns(2)

    assert [len(keys) for keys in office.phone.heard] == [1, 1, 48]
    assert office.memory.deliveries["a49:1:desk"].attempts[0].together == 48
    assert set(office.memory.states().values()) == {"sent"}


async def test_not_more_at_once_than_it_may() -> None:
    """The rest waits its turn."""
    office = Office(concurrency=3)
    await office.queue(*several(20))

    await office.turns(1)

    assert office.phone.at_once_max == 3
    assert len(office.phone.heard) == 20


async def test_one_replica_tells_and_another_takes_over_when_it_is_gone() -> None:
    """After its lease, or at once when it leaves in order."""
    office = Office()
    second = office.replica("two")
    await office.queue(a_delivery())
    assert await office.worker.turn()
    await office.queue(a_delivery(seq=2))

    assert not await second.turn()
    office.second = LEASE_S + 1
    assert await second.turn()

    assert office.phone.heard == [["a1:1"], ["a1:2"]]


async def test_a_successor_learns_what_stands() -> None:
    """And repeats it at once."""
    office = Office(Board())
    notice = a_notice(Event.ALERT)
    await office.memory.announce({"a1": Announced(notice, ("desk",), START)})

    await office.turns(2)

    assert isinstance(office.phone, Board)
    assert (office.phone.standing, office.phone.repeats) == (["a1"], 1)


async def test_while_the_store_is_down_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be recorded would be told again and again."""
    office = Office()
    await office.queue(a_delivery())
    office.memory.down = True

    with pytest.raises(Retryable):
        await office.worker.turn()

    assert office.phone.heard == []


async def test_while_the_store_is_down_what_stands_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise Alertmanager would say that all is well."""
    monkeypatch.setattr(worker, "RENEW_S", 0)
    office = Office(Board(repeat_s=0))
    await office.turns(1)
    office.memory.down = True

    with pytest.raises(Retryable):
        await office.worker.turn()

    assert isinstance(office.phone, Board)
    assert office.phone.repeats == 2


async def test_it_runs_until_it_is_stopped_and_leaves_in_order() -> None:
    """Woken by what is queued; the next replica may go on at once."""
    office = Office()
    running = asyncio.create_task(office.worker.run())
    await asyncio.sleep(0.05)
    await office.queue(a_delivery())
    office.worker.wake()
    async with asyncio.timeout(5):
        while not office.phone.heard:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert office.phone.heard == [["a1:1"], ["closed"]]
    assert office.memory.holders == {}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from([SENT, DOWN, REFUSED, LOCKED]), max_size=40),
    st.lists(st.tuples(st.sampled_from(["a1", "a2", "a3"]), st.integers(1, 6)), max_size=15),
)
async def test_whatever_a_receiver_answers_order_is_kept_and_all_of_it_ends(
    answers: list[Answer], wanted: list[tuple[str, int]]
) -> None:
    """Of each alarm no step is taken after a later one, and everything is taken or refused."""
    office = Office(Phone(list(answers)), attempts_max=1000)
    await office.queue(*(a_delivery(alarm, seq) for alarm, seq in wanted))
    refusals = list(answers)

    await office.turns(70, step_s=1000)

    taken: dict[str, list[int]] = {}
    for (key,) in office.phone.heard:
        answer = refusals.pop(0) if refusals else SENT
        if answer in (SENT, REFUSED):
            alarm, _, seq = key.partition(":")
            taken.setdefault(alarm, []).append(int(seq))
    assert all(seqs == sorted(set(seqs)) for seqs in taken.values())
    assert {(alarm, seq) for alarm, seqs in taken.items() for seq in seqs} == set(wanted)
    assert set(office.memory.states().values()) <= {"sent", "dead"}


def test_a_lease_outlasts_every_message() -> None:
    """Otherwise two replicas would tell the same receiver."""
    assert RENEW_S + MESSAGE_MAX_S < LEASE_S
