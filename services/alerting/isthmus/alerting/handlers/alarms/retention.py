"""Alarms that are over for long are forgotten: a tombstone on the topic, a number in the store."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.alerting.handlers.alarms.records import forgotten
from isthmus.alerting.ports.alarms import AlarmStore, Version
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
LOOK_S = 3600.0
BATCH_ALARMS = 200


class Retention:
    """Looks now and then for what is over; each replica may, as a version is written once."""

    def __init__(
        self, store: AlarmStore, keep: timedelta, now: Now, written: Callable[[], None]
    ) -> None:
        self._store = store
        self._keep = keep
        self._now = now
        self._written = written

    async def run(self) -> None:
        """Forget until cancelled; while the store is down, wait for the next look."""
        while True:
            try:
                if count := await self.forget():
                    log.info("alarms_forgotten", alarms=count)
            except Retryable as error:
                log.warning("alarms_not_forgotten", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def forget(self) -> int:
        """Forget all that nobody has had to do with for so long; how many. Raises Retryable."""
        count = 0
        while over := await self._store.rested(self._now() - self._keep, BATCH_ALARMS):
            versions = [
                Version(replace(alarm, revision=alarm.revision + 1), (), forgotten(alarm))
                for alarm in over
            ]
            # One that is lost has moved meanwhile: it is no longer over, or another forgot it.
            count += len(versions) - len(await self._store.forget(versions))
            self._written()
        return count
