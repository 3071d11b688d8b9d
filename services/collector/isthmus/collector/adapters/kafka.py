"""Ownership by Kafka: owning a partition of the targets topic is the duty to poll its targets."""

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from isthmus.collector.ports import Follower, Owner
from isthmus.runtime.connection import connection
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import Kafka

log = structlog.get_logger()
FENCE_MARGIN_S = 1.0
HEARTBEATS_PER_SESSION = 10
RELEASE_S = 10.0  # the engine lets go of everything within six
TAKE_MS = 250
TAKE_MAX = 200
FOLLOW_MS = 1000


def _clock() -> float:
    """Seconds that also pass while the machine is suspended, as they do for the broker."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class HeartbeatFence:
    """Closed as soon as Kafka may have given our partitions to another process.

    The session at the broker is at least as young as the last heartbeat that it answered, counted
    from when we sent it. A process that was frozen finds that time old, whatever it did before,
    and stays fenced until the broker has answered again. While the group rebalances an answer only
    says that we are to let go: it lengthens nothing.
    """

    def __init__(self, session_timeout_s: float, clock: Callable[[], float] = _clock) -> None:
        self._session_timeout_s = session_timeout_s
        self._clock = clock
        self._beaten_at = float("-inf")

    def watch(self, consumer: Any) -> None:
        """Hear of each heartbeat that `consumer` sends; aiokafka keeps them private."""
        coordinator = consumer._coordinator
        beat = coordinator._do_heartbeat

        async def heartbeat() -> bool:
            sent_at = self._clock()
            answered = bool(await beat())
            if answered and not coordinator._rejoin_needed_fut.done():
                self._beaten_at = sent_at
            return answered

        coordinator._do_heartbeat = heartbeat

    def open(self, for_s: float) -> bool:
        """May a read of up to `for_s` seconds start, and end while the partitions are ours?"""
        age_s = self._clock() - self._beaten_at
        return age_s < self._session_timeout_s - for_s - FENCE_MARGIN_S


class TargetTopic(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The targets topic of one site, read from its beginning by whoever owns a partition."""

    def __init__(
        self,
        settings: Kafka,
        site: str,
        name: str,
        owner: Owner,
        fence: HeartbeatFence,
        others: Mapping[str, Owner] = MappingProxyType({}),
        *,
        rebalanced: Callable[[str], object] = lambda topic: None,
    ) -> None:
        """`others` own further topics of the same group, under the same fence."""
        self._rebalanced = rebalanced
        self.topic = f"inventory.targets.{site}.v1"
        self._settings = settings
        self._site = site
        self._name = name
        self._owners = {self.topic: owner, **others}
        self._fence = fence
        self._busy = asyncio.Lock()
        self._assigned: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self._loaded: set[TopicPartition] = set()
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        self._consumer = self._member()
        try:
            await self._consumer.start()
            if missing := self._owners.keys() - await self._consumer.topics():
                names = ", ".join(sorted(missing))
                raise IsthmusError(f"kafka: topic {names} is not there; apply the topics first")
        except KafkaError as error:
            await self._consumer.stop()
            raise IsthmusError(f"kafka: {self._settings.bootstrap_servers}: {error}") from error
        except BaseException:
            await self._consumer.stop()
            raise
        self._consumer.subscribe(list(self._owners), listener=self)
        self._fence.watch(self._consumer)
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._busy:
            await self._release()
        await self._consumer.stop()

    def _member(self) -> AIOKafkaConsumer:
        # The assignor keeps its memory in class attributes: a class of one's own for each consumer.
        sticky = type("Sticky", (StickyPartitionAssignor,), {})
        session_ms = int(self._settings.session_timeout_s * 1000)
        return AIOKafkaConsumer(
            **connection(self._settings),
            client_id=self._name,
            group_id=f"collector.{self._site}",
            group_instance_id=self._settings.group_instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(sticky,),
            session_timeout_ms=session_ms,
            # Whoever takes longer to let go is put out, and others begin: not before the fence.
            rebalance_timeout_ms=session_ms + int(RELEASE_S * 1000),
            heartbeat_interval_ms=session_ms // HEARTBEATS_PER_SESSION,
        )

    async def check(self) -> str | None:
        """Why nothing can be polled, or None."""
        return None if self._loaded else f"{self.topic}: no partition assigned yet"

    async def run(self) -> None:
        """Take records until cancelled."""
        while True:
            taken = await self._consumer.getmany(timeout_ms=TAKE_MS, max_records=TAKE_MAX)
            async with self._busy:
                for partition, records in taken.items():
                    if partition in self._assigned:
                        await self._owners[partition.topic].take(records)
                await self._start_loaded()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Stop before anyone else may start: aiokafka joins the group again only after this."""
        async with self._busy:
            self._assigned, self._ends, self._loaded = set(), {}, set()
            await self._release()
        if revoked:
            log.info("partitions_revoked", topic=self.topic, partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Read what is assigned from the beginning; polling starts when all of it is known."""
        async with self._busy:
            self._assigned = set(assigned)
            for partition in assigned:
                self._consumer.seek(partition, 0)
            for topic, owner in self._owners.items():
                ours = sum(partition.topic == topic for partition in assigned)
                if ours:
                    all_ = self._consumer.partitions_for_topic(topic) or ()
                    owner.share(ours / max(len(all_), ours))
        self._rebalanced(self.topic)
        log.info("partitions_assigned", topic=self.topic, partitions=len(assigned))

    async def _start_loaded(self) -> None:
        try:
            await self._find_ends()
            for partition in self._assigned - self._loaded:
                if await self._consumer.position(partition) >= self._ends[partition]:
                    await self._owners[partition.topic].loaded(partition.partition)
                    self._loaded.add(partition)
        except (KafkaError, IllegalStateError) as error:
            log.warning("partitions_not_loaded", topic=self.topic, reason=str(error))

    async def _release(self) -> None:
        await asyncio.gather(*(owner.release() for owner in self._owners.values()))

    async def _find_ends(self) -> None:
        unknown = self._assigned - self._ends.keys()
        if unknown:
            self._ends.update(await self._consumer.end_offsets(unknown))


class WholeTopic:
    """All of a compacted topic, as a member of no group: read to its end, then followed."""

    def __init__(self, settings: Kafka, topic: str, name: str, follower: Follower) -> None:
        self._settings = settings
        self._topic = topic
        self._name = name
        self._follower = follower
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        """Start, and hand over everything that stands there; raises IsthmusError when it cannot."""
        self._consumer = AIOKafkaConsumer(
            **connection(self._settings),
            client_id=self._name,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await self._consumer.start()
            await self._read_to_end()
        except KafkaError as error:
            await self._consumer.stop()
            raise IsthmusError(f"kafka: {self._settings.bootstrap_servers}: {error}") from error
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def run(self) -> None:
        """Hand over what comes until cancelled; an outage of Kafka only delays it."""
        lost = False
        while True:
            try:
                await self._take(FOLLOW_MS)
            except KafkaError as error:
                if not lost:
                    log.warning("topic_lost", topic=self._topic, reason=str(error))
                lost = True
                await asyncio.sleep(1)
            else:
                if lost:
                    log.info("topic_recovered", topic=self._topic)
                lost = False

    async def _read_to_end(self) -> None:
        # What the consumer itself knows may be older than the topic.
        known = await self._consumer._client.fetch_all_metadata()
        if not (numbers := known.partitions_for_topic(self._topic)):
            raise IsthmusError(f"kafka: topic {self._topic} is not there; apply the topics first")
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        ends = await self._consumer.end_offsets(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        while any([await self._consumer.position(p) < end for p, end in ends.items()]):
            await self._take(TAKE_MS)

    async def _take(self, timeout_ms: int) -> None:
        taken = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=1000)
        if taken:
            await self._follower.take([record for records in taken.values() for record in records])
