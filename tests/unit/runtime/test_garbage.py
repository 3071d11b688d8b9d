"""What stays is set aside; what comes and goes is still collected."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Iterator

import pytest

from isthmus.runtime.garbage import Garbage


class Cycle:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


async def kept(garbage: Garbage) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await garbage.run()


async def test_many_objects_are_set_aside() -> None:
    """A later collection does not go through them."""
    lasting = [[number] for number in range(1000)]

    await kept(Garbage(objects_max=1000, look_s=0.01))

    assert gc.get_freeze_count() > len(lasting)
    assert len(gc.get_objects()) < 1000


async def test_few_objects_are_left_alone() -> None:
    """There is nothing to gain."""
    await kept(Garbage(objects_max=10**9, look_s=0.01))

    assert gc.get_freeze_count() == 0


async def test_garbage_is_not_set_aside() -> None:
    """What is dead already when it is looked at goes."""
    dead = weakref.ref(Cycle())

    await kept(Garbage(objects_max=1000, look_s=0.01))

    assert dead() is None
