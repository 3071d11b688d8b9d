"""What notices need from outside: a store of deliveries, and receivers."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from isthmus.alerting.domain.notices.delivery import (
    Announced,
    Answer,
    Delivery,
    DeliveryState,
    Policy,
)
from isthmus.alerting.domain.notices.notice import Notice
from isthmus.alerting.domain.notices.standing import Standing

Now = Callable[[], datetime]


class Receiver(Protocol):
    """Somebody, or something, that is told."""

    async def send(self, notices: Sequence[Notice], now: datetime) -> Answer:
        """Tell of these in one message; never raises for what can go wrong out there.

        Ends within the receiver's own timeout. May be called for several messages at once. Must
        be safe to repeat: what was told already is told with the same key.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; nothing is sent afterwards."""
        ...


@runtime_checkable
class Repeating(Protocol):
    """A receiver that forgets an alarm unless it is told again."""

    repeat_s: float
    """Seconds between two repetitions."""

    def stand(self, notices: Iterable[Notice]) -> None:
        """These alarms stand, and no others: another process told it so far."""
        ...

    async def repeat(self, now: datetime) -> Answer:
        """Tell of everything that stands."""
        ...


class Observer(Protocol):
    """Counts what happens on the way; called at once, must not block or raise."""

    def queued(self, deliveries: Iterable[Delivery]) -> None:
        """These are stored: they wait, or are outdated."""
        ...

    def cancelled(self, count: int) -> None:
        """So many steps of escalations have become pointless."""
        ...

    def untold(self, reason: str) -> None:
        """Nobody is told of a notice."""
        ...

    def told(self, policy: Policy, deliveries: Sequence[Delivery], now: datetime) -> None:
        """One message with these was tried; `attempts` and `state` say how it went."""
        ...

    def stands(self, policy: Policy, standing: Standing | None) -> None:
        """How a receiver stands; None when another process tells it."""
        ...


class DeliveryStore(Protocol):
    """Deliveries and announced alarms; every method may raise Retryable while the store is down."""

    async def insert(self, deliveries: Iterable[Delivery]) -> int:
        """Store those that are not stored yet; how many those were."""
        ...

    async def cancel(self, alarm_id: str, before_seq: int) -> int:
        """Cancel the waiting steps of escalations of an alarm that began before `before_seq`."""
        ...

    async def announced(self, ids: Collection[str]) -> dict[str, Announced]:
        """What was announced of these alarms, by id."""
        ...

    async def announce(self, after: Mapping[str, Announced | None]) -> None:
        """Keep what is announced, by alarm; None ends it. An older `seq` never replaces a newer."""
        ...

    def standing(self, receiver: str) -> AsyncIterator[Notice]:
        """The alarms that `receiver` was told of, and that are neither over nor held back."""
        ...

    async def due(self, receiver: str, now: datetime) -> list[Delivery]:
        """The deliveries that may be sent now: of each line the one with the lowest `seq`."""
        ...

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Store the last attempt of each, and what became of it."""
        ...

    async def waiting(self, receiver: str, now: datetime) -> tuple[int, datetime | None]:
        """How many are due (counted up to a limit), and since when the oldest is."""
        ...

    async def find(self, id: str) -> Delivery | None:
        """The delivery, if there is one."""
        ...

    async def replay(self, id: str, now: datetime) -> bool:
        """Let a delivery that has ended wait again, as if never tried; False if it has not."""
        ...

    async def page(
        self,
        *,
        sites: frozenset[str] | None,
        receiver: str | None,
        state: DeliveryState | None,
        alarm_id: str | None,
        before: str,
        limit: int,
    ) -> list[tuple[str, Delivery]]:
        """Deliveries of these sites, latest first, each with its cursor."""
        ...

    async def hold(self, receiver: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the duty to tell `receiver`; False while another process has it."""
        ...

    async def release(self, receiver: str, holder: str) -> None:
        """Give the duty back."""
        ...

    async def stand(self, receiver: str, holder: str, standing: Standing) -> None:
        """Say how the receiver stands; of one who has lost the duty it is ignored."""
        ...

    async def stood(self) -> dict[str, Standing]:
        """How the receivers stand, by name."""
        ...
