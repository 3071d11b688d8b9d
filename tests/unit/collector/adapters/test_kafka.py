"""The fence, and our part of a site; membership itself is tested on a real Kafka."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator

from isthmus.collector.adapters.kafka import FENCE_MARGIN_S, HeartbeatFence, TargetTopic
from isthmus.runtime.settings import Kafka

SESSION_S = 10.0


@dataclass
class Coordinator:
    """What aiokafka calls for each heartbeat."""

    answers: list[bool] = field(default_factory=list)
    _rejoin_needed_fut: Any = field(default_factory=Future)

    async def _do_heartbeat(self) -> bool:
        return self.answers.pop(0)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def fence(clock: Clock) -> HeartbeatFence:
    """A fence of a session of ten seconds."""
    return HeartbeatFence(SESSION_S, clock)


async def beat(fence: HeartbeatFence, *answers: bool) -> Coordinator:
    """A coordinator whose heartbeats the fence hears."""
    coordinator = Coordinator(list(answers))
    fence.watch(SimpleNamespace(_coordinator=coordinator))
    for _ in answers:
        await coordinator._do_heartbeat()
    return coordinator


def test_aiokafka_still_has_what_the_fence_wraps() -> None:
    """The two private names that are used; a new aiokafka must not lose them silently."""
    assert callable(GroupCoordinator._do_heartbeat)
    assert "_rejoin_needed_fut" in GroupCoordinator.request_rejoin.__code__.co_names


async def test_the_fence_is_closed_until_the_first_heartbeat(fence: HeartbeatFence) -> None:
    """A process that was never heard owns nothing."""
    assert not fence.open(1)
    await beat(fence, False)
    assert not fence.open(1)
    await beat(fence, True)
    assert fence.open(1)


async def test_no_read_may_outlive_the_session(fence: HeartbeatFence, clock: Clock) -> None:
    """A long read must start sooner after a heartbeat than a short one."""
    await beat(fence, True)
    clock.now += SESSION_S - FENCE_MARGIN_S - 5 - 0.01
    assert fence.open(5)
    clock.now += 0.02
    assert not fence.open(5)
    assert fence.open(1)


async def test_a_frozen_process_is_fenced_until_it_is_heard_again(
    fence: HeartbeatFence, clock: Clock
) -> None:
    """After a gap nothing is read, and a refused heartbeat changes nothing."""
    await beat(fence, True)
    clock.now += 25
    assert not fence.open(1)
    await beat(fence, False)
    assert not fence.open(1)
    await beat(fence, True)
    assert fence.open(1)


async def test_a_heartbeat_counts_from_when_it_was_sent(
    fence: HeartbeatFence, clock: Clock
) -> None:
    """An answer that lay in the socket while the process was frozen proves nothing about now."""

    class Frozen(Coordinator):
        async def _do_heartbeat(self) -> bool:
            clock.now += 25
            return True

    coordinator = Frozen()
    fence.watch(SimpleNamespace(_coordinator=coordinator))
    assert await coordinator._do_heartbeat()
    assert not fence.open(1)


async def test_a_heartbeat_of_a_group_that_rebalances_lengthens_nothing(
    fence: HeartbeatFence, clock: Clock
) -> None:
    """Kafka waits for us to let go, but not for ever; the answer comes as a good one."""
    coordinator = await beat(fence, True)
    coordinator._rejoin_needed_fut.set_result(None)
    for _ in range(10):
        clock.now += 1
        coordinator.answers = [True]
        await coordinator._do_heartbeat()
    assert not fence.open(0)
    coordinator._rejoin_needed_fut = Future()
    coordinator.answers = [True]
    await coordinator._do_heartbeat()
    assert fence.open(1)


@pytest.mark.parametrize(("owned", "part"), [(12, 1.0), (3, 0.25), (0, None)])
async def test_the_part_of_the_partitions_is_the_part_of_the_budgets(
    fence: HeartbeatFence, owned: int, part: float | None
) -> None:
    """Whoever owns nothing has nothing to send, and no part to know."""
    parts: list[float] = []
    owner: Any = SimpleNamespace(share=parts.append)
    topic = TargetTopic(Kafka(bootstrap_servers="k:1"), "hagen", "me", owner, fence)
    topic._consumer = SimpleNamespace(
        seek=lambda partition, offset: None,
        partitions_for_topic=lambda name: set(range(12)),
    )
    await topic.on_partitions_assigned({TopicPartition(topic.topic, n) for n in range(owned)})
    assert parts == ([] if part is None else [part])


async def test_each_topic_of_the_group_has_an_owner_of_its_own(fence: HeartbeatFence) -> None:
    """Its part counts its own partitions; a revocation releases all of them."""
    heard: list[Any] = []

    def owner(name: str) -> Any:
        async def release() -> None:
            heard.append((name, "released"))

        return SimpleNamespace(share=lambda part: heard.append((name, part)), release=release)

    others = {"inventory.discoveries.hagen.v1": owner("jobs")}
    topic = TargetTopic(
        Kafka(bootstrap_servers="k:1"), "hagen", "me", owner("targets"), fence, others
    )
    topic._consumer = SimpleNamespace(
        seek=lambda partition, offset: None,
        partitions_for_topic=lambda name: {0} if "discoveries" in name else set(range(12)),
    )
    assigned = {TopicPartition(topic.topic, n) for n in range(6)}
    await topic.on_partitions_assigned(assigned | {TopicPartition(*others, 0)})
    await topic.on_partitions_revoked(assigned)
    assert heard == [("targets", 0.5), ("jobs", 1.0), ("targets", "released"), ("jobs", "released")]
