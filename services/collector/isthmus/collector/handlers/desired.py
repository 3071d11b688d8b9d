"""The rows of a site's file: what is wanted of each target, and of the zones above them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from isthmus.collector.handlers.targets import Targets
from isthmus.collector.handlers.traps import Traps
from isthmus.collector.handlers.zones import Zones
from isthmus.collector.ports import SiteRows
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
FIELDS = ("site", "target", "path", "interval_s", "profile", "endpoint", "envelope")
PARTITION = 0


class DesiredFile:
    """Keeps targets and zones in step with the file of a site that one process owns.

    So are the senders whose traps are heard, where there is a receiver: targets that are polled.
    """

    def __init__(
        self, site: str, targets: Targets, zones: Zones, senders: Traps | None = None
    ) -> None:
        self._site = site
        self._targets = targets
        self._zones = zones
        self._senders = senders
        self._names: set[str] = set()

    async def take(self, rows: SiteRows) -> None:
        """Want what `rows` say and nothing else; a bad row is said, and its target not polled.

        Raises Rejected when rules cannot be understood: they might forbid what the rest wants, so
        that everything stays as it was.
        """
        self._zones.want(self._rules(rows))
        wanted = self._wanted(rows)
        gone = self._names - set(wanted)
        await asyncio.gather(*(self._stop(name) for name in gone))
        self._names = set(wanted)
        # At once: a device that does not answer takes seconds to stop, and a pause must not wait.
        await asyncio.gather(
            *(self._want(rows, name, number, fields) for name, (number, fields) in wanted.items())
        )

    async def _want(
        self, rows: SiteRows, name: str, number: int, fields: Mapping[str, Any]
    ) -> None:
        try:
            await self._targets.want(PARTITION, name, fields)
            self._hear(name, fields)
        except Rejected as error:
            self._hear(name, None)
            self._refuse(rows, number, error)

    async def _stop(self, name: str) -> None:
        self._hear(name, None)
        await self._targets.want(PARTITION, name, None)

    def _hear(self, name: str, fields: Mapping[str, Any] | None) -> None:
        if self._senders is not None:
            self._senders.want(name, fields)

    async def release(self) -> None:
        """Stop everything."""
        await self._targets.release()

    def _rules(self, rows: SiteRows) -> list[Mapping[str, Any]]:
        zones: list[Mapping[str, Any]] = []
        for number, row in enumerate(rows.zones):
            try:
                zone = self._of_site("zone", row)
                path = zone.get("path", "")
                if any(path == other.get("path", "") for other in zones):
                    raise Rejected(f"path: {path!r}: stands in the file twice")
            except Rejected as error:
                raise Rejected(rows.sentence("zones", number, str(error))) from error
            zones.append(zone)
        return zones

    def _wanted(self, rows: SiteRows) -> dict[str, tuple[int, Mapping[str, Any]]]:
        wanted: dict[str, tuple[int, Mapping[str, Any]]] = {}
        for number, row in enumerate(rows.targets):
            try:
                fields = self._target(row)
                name = f"{fields['site']}/{fields['target']}"
                if name in wanted:
                    raise Rejected(f"target: {fields['target']!r}: stands in the file twice")
                wanted[name] = number, fields
            except Rejected as error:
                self._refuse(rows, number, error)
        return wanted

    def _target(self, row: Any) -> Mapping[str, Any]:
        fields = self._of_site("target", row)
        for name in fields:
            if name not in FIELDS:
                raise Rejected(f"{name}: unknown field, expected one of {', '.join(FIELDS)}")
        if not isinstance(fields.get("target"), str):
            raise Rejected(f"target: {fields.get('target')!r}: expected a name")
        return fields

    def _of_site(self, kind: str, row: Any) -> Mapping[str, Any]:
        if not isinstance(row, Mapping):
            shown = repr(row) if isinstance(row, str | int | float) else type(row).__name__
            raise Rejected(f"{shown}: expected a {kind} with its fields")
        return {"site": self._site, **row}

    def _refuse(self, rows: SiteRows, number: int, error: Rejected) -> None:
        log.error("target_rejected", reason=rows.sentence("targets", number, str(error)))
