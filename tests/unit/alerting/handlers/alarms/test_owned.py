"""Which partitions a replica judges, and what it forgets when they go."""

from dataclasses import dataclass
from typing import Any

import pytest

from isthmus.runtime.errors import Retryable


@dataclass(frozen=True)
class Revoked:
    """A partition as Kafka's consumer names it."""

    partition: int


async def test_what_is_revoked_is_forgotten(service: Any, report: Any) -> None:
    """Its deadlines are the next owner's."""
    await service.hear(report(0, slow=85))
    await service.owned.on_partitions_revoked([Revoked(0)])
    service.second = 60
    await service.timers.fire()

    assert list(service.owned.loaded) == []
    assert service.steps() == []


async def test_a_batch_in_flight_when_its_partition_goes_leaves_nothing_behind(
    service: Any, report: Any
) -> None:
    """It is judged on what is stored, and comes again to the next owner."""
    await service.owned.on_partitions_revoked([Revoked(0)])
    await service.hear(report(0, temperature=85))

    assert service.steps() == [("hot", 1, "raised")]
    assert list(service.owned.loaded) == []


async def test_records_are_judged_only_on_loaded_partitions(memory: Any, successor: Any) -> None:
    """While the store is away nothing is judged, and nothing is taken as empty."""
    await successor.owned.on_partitions_assigned([Revoked(0)])
    memory.down = True
    with pytest.raises(Retryable):
        await successor.owned.partitions([0])
    memory.down = False
    await successor.owned.load_assigned()

    assert [partition.number for partition in successor.owned.loaded] == [0]


async def test_what_a_former_owner_left_open_is_loaded(
    service: Any, successor: Any, report: Any
) -> None:
    """Of its own partitions only."""
    await service.hear(report(0, temperature=85))
    await successor.assign(0, 1)

    assert {p.number: p.opened for p in successor.owned.loaded} == {0: 1, 1: 0}
