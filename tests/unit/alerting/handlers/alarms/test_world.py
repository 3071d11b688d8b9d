"""Whatever is killed and whenever, each transition is published once, as the table says."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.alerting.world import World


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_replicas_that_are_killed_all_the_time_tell_what_one_that_lives_tells(seed: int) -> None:
    """None lost, none doubled; also with zombies, repetitions and reports out of their order."""
    world = World(seed, sources=8, crash_every_s=5)
    asyncio.run(world.run(90))

    assert world.crashes > 3
    assert world.published() == world.expected()
