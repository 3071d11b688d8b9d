"""Keeps garbage collections short: what stays is not gone through again and again.

At 10,000 targets a collector holds some 600,000 objects that live as long as their targets, and a
full collection took one to two seconds, in which no slot could begin; a normaliser with 4,000
devices spent a third of its processor time on them (measured).
"""

import asyncio
import gc

LOOK_S = 1.0
OBJECTS_MAX = 50_000  # a full collection of so many takes some 50 ms
THAW_S = 24 * 3600.0  # what has died in cycles since it was set aside is found after this


class Garbage:
    """Sets aside, from time to time, the objects that have survived (gc.freeze)."""

    def __init__(self, *, objects_max: int = OBJECTS_MAX, look_s: float = LOOK_S) -> None:
        self._objects_max = objects_max
        self._look_s = look_s

    async def run(self) -> None:
        """Look after the process's objects until cancelled."""
        loop = asyncio.get_running_loop()
        thaw_at = loop.time() + THAW_S
        while True:
            await asyncio.sleep(self._look_s)
            if loop.time() >= thaw_at:
                gc.unfreeze()
                thaw_at = loop.time() + THAW_S
            if len(gc.get_objects()) > self._objects_max:
                gc.collect()
                gc.freeze()
