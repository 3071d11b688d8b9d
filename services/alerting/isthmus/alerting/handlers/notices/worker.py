"""Tells one receiver what waits for it; of all replicas one at a time, so that order is kept."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from isthmus.alerting.domain.notices.delivery import (
    CLOSED,
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    Policy,
    Verdict,
    limited,
    planned,
)
from isthmus.alerting.domain.notices.standing import Standing
from isthmus.alerting.ports.notices import (
    DeliveryStore,
    Now,
    Observer,
    Receiver,
    Repeating,
)
from isthmus.runtime.backoff import full_jitter_s
from isthmus.runtime.errors import Retryable
from isthmus.runtime.limits import Limit

log = structlog.get_logger()
LEASE_S = 30.0
"""After so long without a word another replica takes over from one that was killed."""
MESSAGE_MAX_S = 20.0
"""Longest time that a message may take; none is begun that could outlast the lease."""
RENEW_S = 5.0
POLL_S = 0.5
"""How often the holder looks: for what other replicas stored, and for what becomes due."""
IDLE_S = 5.0
"""How often the others ask whether they are needed."""
RECORDED_PER_PLACE = 5
"""Messages that are recorded together, for each that may be on the way: a crash repeats those."""
RETRY_INITIAL_S, RETRY_MAX_S = 1.0, 900.0
BREAKER_AFTER = 5
"""Failures in a row, as of a receiver that is down."""
BREAKER_INITIAL_S, BREAKER_MAX_S = 1.0, 300.0
REFUSED_S = 300.0
"""How long a receiver is spared that only a person can mend."""


@dataclass(frozen=True)
class Told:
    """One receiver, with the way it is told."""

    policy: Policy
    receiver: Receiver


class Worker:
    """Leases a receiver, sends what is due, records each attempt."""

    def __init__(
        self, told: Told, store: DeliveryStore, holder: str, observer: Observer, now: Now
    ) -> None:
        self._policy = told.policy
        self._receiver = told.receiver
        self._store = store
        self._holder = holder
        self._observer = observer
        self._now = now
        self._due = asyncio.Event()
        self._holding = False
        self._held_at_s = 0.0
        self._repeated_at_s = 0.0
        self._breaker = CLOSED
        rate_per_s = told.policy.messages_per_min / 60
        self._limit = Limit(rate_per_s, told.policy.messages_burst)

    def wake(self) -> None:
        """Something was queued for this receiver."""
        self._due.set()

    async def run(self) -> None:
        """Tell the receiver until cancelled; while the store is down, try again."""
        lost = False
        try:
            while True:
                self._due.clear()
                try:
                    busy = await self.turn()
                    lost = False
                except Retryable as error:
                    busy = False
                    if not lost:
                        log.warning("receiver_blocked", receiver=self._name, reason=str(error))
                    lost = True
                if not busy:
                    await self._sleep(POLL_S if self._holding else IDLE_S)
        finally:
            await self._leave()

    async def turn(self) -> bool:
        """Send what may be sent now; whether there was something. Raises Retryable."""
        try:
            if not await self._hold():
                return False
        finally:
            await self._repeat()  # without the store, too: what stands must not seem to be over
        now = self._now()
        if not self._breaker.allows(now):
            return False
        due = await self._store.due(self._policy.name, now)
        messages = self._allowed(planned(due, self._policy))
        if self._breaker.open:
            messages = messages[:1]
        await self._in_turns(messages)
        return bool(messages)

    @property
    def _name(self) -> str:
        return self._policy.name

    def _allowed(self, messages: list[list[Delivery]]) -> list[list[Delivery]]:
        if self._policy.gathers:
            return messages  # what it is told is a state: the limit would only make it wrong
        now_s, allowed = time.monotonic(), 0
        while allowed < len(messages) and not self._limit.take(self._name, now_s).wait_s:
            allowed += 1
        return limited(messages, allowed, self._policy)

    async def _in_turns(self, messages: Sequence[list[Delivery]]) -> None:
        """Some at a time, with one write for what became of them."""
        size = self._policy.concurrency * RECORDED_PER_PLACE
        for start in range(0, len(messages), size):
            places = asyncio.Semaphore(self._policy.concurrency)
            some = messages[start : start + size]
            tried = await asyncio.gather(*(self._send(each, places) for each in some))
            await self._store.record([each for message in tried for each in message])
            for after in filter(None, tried):
                self._observer.told(self._policy, after, self._now())

    def _may(self) -> bool:
        leased = time.monotonic() - self._held_at_s < LEASE_S - MESSAGE_MAX_S
        return leased and self._breaker.allows(self._now())

    async def _send(self, message: list[Delivery], places: asyncio.Semaphore) -> list[Delivery]:
        """The deliveries of `message` after it was tried; none if it may not be tried now."""
        async with places:
            if not self._may():
                return []
            at, began_s = self._now(), time.monotonic()
            answer = await self._answer(message, at)
            self._learn(answer)
        attempt = Attempt(
            at, answer.verdict, round(time.monotonic() - began_s, 4), answer.status,
            answer.excerpt, len(message),
        )  # fmt: skip
        wait_s = _wait_s(max(each.tries for each in message), answer)
        return [attempted(each, attempt, self._policy, wait_s) for each in message]

    async def _answer(self, message: Sequence[Delivery], at: datetime) -> Answer:
        try:
            async with asyncio.timeout(MESSAGE_MAX_S):
                return await self._receiver.send([each.notice for each in message], at)
        except TimeoutError:
            return Answer(Verdict.RETRYABLE, None, f"not told within {MESSAGE_MAX_S:g} s")
        except Exception as error:  # a bug of one receiver's adapter must not stop the others
            log.error("message_failed", receiver=self._name, exc_info=error)
            return Answer(Verdict.RETRYABLE, None, f"unexpected {type(error).__name__}")

    def _learn(self, answer: Answer) -> None:
        """Open the breaker for what is the receiver's failure, close it for any other answer."""
        if answer.verdict in (Verdict.SENT, Verdict.REJECTED):
            if self._breaker.open:
                log.info("receiver_recovered", receiver=self._name)
            self._breaker = CLOSED
            return
        refused = answer.verdict is Verdict.UNAUTHORIZED
        after = 1 if refused or answer.retry_after_s else BREAKER_AFTER
        opened = self._breaker.open
        reason = f"{answer.status or ''} {answer.excerpt}".strip()
        wait_s = max(answer.retry_after_s, REFUSED_S if refused else self._rest_s())
        self._breaker = self._breaker.failed(self._now(), wait_s, reason, after)
        if self._breaker.open and not opened:
            log.warning("receiver_lost", receiver=self._name, reason=reason)

    def _rest_s(self) -> float:
        failures = max(0, self._breaker.failures - BREAKER_AFTER)
        rest_s = full_jitter_s(failures, initial_s=BREAKER_INITIAL_S, max_s=BREAKER_MAX_S)
        return max(BREAKER_INITIAL_S, rest_s)

    async def _hold(self) -> bool:
        now_s = time.monotonic()
        if self._holding and now_s - self._held_at_s < RENEW_S:
            return True
        now = self._now()
        held = await self._store.hold(
            self._name, self._holder, now, now + timedelta(seconds=LEASE_S)
        )
        if held and not self._holding and isinstance(self._receiver, Repeating):
            self._receiver.stand([each async for each in self._store.standing(self._name)])
        self._holding, self._held_at_s = held, now_s
        await self._tell_standing(now)
        return held

    async def _tell_standing(self, now: datetime) -> None:
        if not self._holding:
            self._observer.stands(self._policy, None)
            return
        waiting, oldest_at = await self._store.waiting(self._name, now)
        spared = self._breaker.open_until
        standing = Standing(now, waiting, oldest_at, spared, self._breaker.reason)
        await self._store.stand(self._name, self._holder, standing)
        self._observer.stands(self._policy, standing)

    async def _repeat(self) -> None:
        receiver, now_s = self._receiver, time.monotonic()
        if not isinstance(receiver, Repeating) or not self._holding:
            return
        if now_s - self._repeated_at_s < receiver.repeat_s:
            return
        self._repeated_at_s = now_s
        answer = await receiver.repeat(self._now())
        if answer.verdict is not Verdict.SENT:
            self._learn(answer)

    async def _sleep(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._due.wait()
        except TimeoutError:
            pass

    async def _leave(self) -> None:
        """Another replica may go on at once."""
        try:
            if self._holding:
                await self._store.release(self._name, self._holder)
        except Retryable as error:
            log.info("receiver_kept", receiver=self._name, reason=str(error))
        await self._receiver.close()


def attempted(delivery: Delivery, attempt: Attempt, policy: Policy, wait_s: float) -> Delivery:
    """`delivery` after `attempt`; what a person must mend does not wear it out."""
    if attempt.verdict is Verdict.SENT:
        return replace(delivery, state=DeliveryState.SENT, attempts=(*delivery.attempts, attempt))
    tries = delivery.tries + (attempt.verdict is not Verdict.UNAUTHORIZED)
    dead = attempt.verdict is Verdict.REJECTED or tries >= policy.attempts_max
    return replace(
        delivery,
        state=DeliveryState.DEAD if dead else DeliveryState.WAITING,
        tries=tries,
        due_at=delivery.due_at if dead else attempt.at + timedelta(seconds=wait_s),
        attempts=(*delivery.attempts, attempt),
    )


def _wait_s(tries: int, answer: Answer) -> float:
    wait_s = full_jitter_s(tries, initial_s=RETRY_INITIAL_S, max_s=RETRY_MAX_S)
    return max(answer.retry_after_s, wait_s)
