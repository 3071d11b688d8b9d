"""Follows the transitions of all replicas: what people did elsewhere, and who listens here."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from isthmus.alarms.v1.alarm_pb2 import AlarmState, Priority
from isthmus.alarms.v1.transition_pb2 import Transition as Message
from isthmus.alarms.v1.transition_pb2 import TransitionKind
from isthmus.alerting.domain.alarms.place import Reached
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.runtime.audience import Audience
from isthmus.runtime.codec import decode, from_timestamp
from isthmus.runtime.errors import Rejected, Retryable

log = structlog.get_logger()
REQUIRED = ("alarm_id", "seq", "kind", "at")
RECENT_MAX = 5_000
"""Transitions that are kept for those who come again after their stream ended."""
RETRY_S = 1.0
TEXTS = ("alarm_id", "rule", "subject", "site", "path", "level", "message", "by", "comment", "unit")


@dataclass(frozen=True, slots=True)
class News:
    """One transition, as those who follow the alarms are told of it."""

    partition: int
    offset: int
    alarm_id: str
    rule: str
    subject: str
    site: str
    path: str
    level: str
    message: str
    by: str
    comment: str
    unit: str
    seq: int
    kind: str
    state: str
    priority: str
    at: datetime
    value: float
    annunciate: bool
    suppressed: tuple[str, ...]


class Following:
    """Every replica reads every transition: few there are, beside the reports."""

    def __init__(self, owned: Iterable[Owned], audience: Audience[News]) -> None:
        self._owned = tuple(owned)
        self._audience = audience
        self._acted: set[str] = set()
        self._wake = asyncio.Event()
        self._recent: deque[News] = deque(maxlen=RECENT_MAX)
        self._reached = Reached({})
        self._oldest = Reached({})

    @property
    def reached(self) -> Reached:
        """How far the topic is read here."""
        return self._reached

    def start(self, offsets: dict[int, int]) -> None:
        """Reading begins there."""
        self._reached = self._oldest = Reached(offsets)
        self._recent.clear()

    def handle(self, record: Any) -> None:
        """Take one raw record of the topic; one that is none is logged and left out."""
        self._reached = self._reached.past(record.partition, record.offset)
        try:
            message = decode(record, Message, required=REQUIRED).message
        except Rejected as error:
            log.warning("transition_rejected", offset=record.offset, reason=str(error))
            return
        if message is None:
            return
        if message.by or _happened_held(message):
            self._acted.add(message.alarm_id)
            self._wake.set()
        if len(self._recent) == RECENT_MAX:
            self._oldest = self._oldest.past(self._recent[0].partition, self._recent[0].offset)
        news = _news(message, record.partition, record.offset)
        self._recent.append(news)
        self._audience.give(news)

    async def run(self) -> None:
        """Tell the owned partitions what people did, until cancelled; then every stream ends."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self.learn()
        finally:
            self._audience.close()

    async def learn(self) -> None:
        """Read again what people have changed; while the store is down, try again."""
        acted, self._acted = self._acted, set()
        try:
            for owned in self._owned:
                await owned.learn(acted)
        except Retryable as error:
            log.warning("acts_not_learned", alarms=len(acted), reason=str(error))
            self._acted |= acted
            await asyncio.sleep(RETRY_S)
            self._wake.set()

    def stream(
        self, who: str, wants: Callable[[News], bool], after: Reached | None
    ) -> tuple[bool, AsyncIterator[News | None]]:
        """What happens after `after`, or from now on; and whether nothing was missed.

        Raises Crowded at once.
        """
        if after is None:
            return True, self._audience.listen(who, wants)
        missed = [news for news in self._recent if not after.has(news.partition, news.offset)]
        whole = all(
            after.offsets.get(partition, 0) >= offset
            for partition, offset in self._oldest.offsets.items()
        )
        return whole, self._audience.listen(who, wants, missed if whole else ())


def _happened_held(message: Message) -> bool:
    """Did something happen to an asset, and is held back? Who judges that keeps no deadlines."""
    raised = message.kind == TransitionKind.TRANSITION_KIND_RAISED
    return raised and bool(message.suppressed) and message.subject == message.asset_id


def _news(message: Message, partition: int, offset: int) -> News:
    return News(
        partition=partition,
        offset=offset,
        **{name: getattr(message, name) for name in TEXTS},
        seq=message.seq,
        kind=_word(TransitionKind, message.kind, "TRANSITION_KIND_"),
        state=_word(AlarmState, message.state, "ALARM_STATE_"),
        priority=_word(Priority, message.priority, "PRIORITY_"),
        at=from_timestamp(message.at),
        value=message.value,
        annunciate=message.annunciate,
        suppressed=tuple(message.suppressed),
    )


def _word(enum: Any, number: int, prefix: str) -> str:
    """The platform's word; empty for one that a newer version added."""
    if number not in enum.values():
        return ""
    return str(enum.Name(number)).removeprefix(prefix).lower()
