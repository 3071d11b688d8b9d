"""The maintenance windows that people store: written once, published, kept by every replica."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from isthmus.alarms.v1.maintenance_pb2 import MaintenanceWindow
from isthmus.alerting.domain.quiet.maintenance import Plan, Window
from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.alerting.ports.quiet import WindowStore
from isthmus.runtime.codec import Outgoing, decode, encode, from_timestamp
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
MAINTENANCE = "alerting.maintenance.v1"
SERVICE = "alerting"
TEXTS = ("id", "version", "deleted", "site", "title", "time_zone", "recurrence", "by")
LISTS = ("paths", "classes", "tags", "assets", "rules")
REQUIRED = ("id", "version", "site", "starts", "time_zone", "at")


class StoredWindows:
    """Keeps the plan of maintenance as the store and the topic have it."""

    def __init__(
        self, store: WindowStore, plan: Plan, *, written: Callable[[], None], now: Now
    ) -> None:
        self.plan = plan
        self._store = store
        self._written = written
        self._now = now
        self._known: dict[str, Window] = {}

    @property
    def newest(self) -> dict[str, Window]:
        """The windows that there are, by id."""
        return {id: each for id, each in sorted(self._known.items()) if not each.deleted}

    def known(self, id: str) -> bool:
        """Was there ever such a window, as far as is known here?"""
        return id in self._known

    def version(self, id: str) -> int:
        """The newest version that is known here; 0 is none."""
        return self._known[id].version if id in self._known else 0

    async def load(self) -> None:
        """Take what is stored, before anything is judged; raises Retryable."""
        for window in await self._store.all():
            self._take(window)

    def handle(self, record: Any) -> None:
        """Take one raw record of the maintenance topic; one that is none is logged and left out."""
        try:
            message = decode(record, MaintenanceWindow, required=REQUIRED).message
            if message is not None:
                self._take(_window(message))
        except (Rejected, ValueError) as error:
            log.warning("window_rejected", offset=record.offset, reason=str(error))

    async def put(self, window: Window) -> bool:
        """Store `window` as its version; False if that is not the one after the newest.

        Raises Retryable.
        """
        if not await self._store.write(window, (_record(window),)):
            return False
        self._written()
        self._take(window)
        return True

    def _take(self, window: Window) -> None:
        if window.version <= self.version(window.id):
            return
        self._known[window.id] = window
        self.plan.put(window, self._now())
        log.info("window_changed", window=window.id, version=window.version, by=window.by)


def _window(message: MaintenanceWindow) -> Window:
    said: dict[str, Any] = {name: getattr(message, name) for name in TEXTS}
    said |= {name: tuple(getattr(message, name)) for name in LISTS}
    return Window(
        **said,
        starts=datetime.fromisoformat(message.starts),
        duration=message.duration.ToTimedelta(),
        at=from_timestamp(message.at),
    )


def _record(window: Window) -> Outgoing:
    assert window.at is not None, "what is stored was stored at some time"
    message = MaintenanceWindow(
        **{name: getattr(window, name) for name in (*TEXTS, *LISTS)},
        starts=window.starts.isoformat(),
    )
    message.duration.FromTimedelta(window.duration)
    message.at.FromDatetime(window.at)
    return encode(
        message,
        topic=MAINTENANCE,
        key=window.id,
        id=f"{window.id}:{window.version}",
        source=SERVICE,
        at=window.at,
    )
