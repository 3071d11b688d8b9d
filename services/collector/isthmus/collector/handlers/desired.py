"""The rows of a site's file: what is wanted of each target, and of the zones above them."""

from collections.abc import Mapping
from typing import Any

import structlog

from isthmus.collector.handlers.targets import Targets
from isthmus.collector.handlers.zones import Zones
from isthmus.collector.ports import SiteRows
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
FIELDS = ("site", "target", "path", "interval_s", "profile", "endpoint", "envelope")
PARTITION = 0


class DesiredFile:
    """Keeps targets and zones in step with the file of a site that one process owns."""

    def __init__(self, site: str, targets: Targets, zones: Zones) -> None:
        self._site = site
        self._targets = targets
        self._zones = zones
        self._names: set[str] = set()

    async def take(self, rows: SiteRows) -> None:
        """Want what `rows` say and nothing else; a bad row is said, and its target not polled.

        Raises Rejected when rules cannot be understood: they might forbid what the rest wants, so
        that everything stays as it was.
        """
        self._zones.want([self._of_site("zone", row) for row in rows.zones])
        wanted = self._wanted(rows)
        for name in self._names - set(wanted):
            await self._targets.want(PARTITION, name, None)
        self._names = set(wanted)
        for name, (number, fields) in wanted.items():
            try:
                await self._targets.want(PARTITION, name, fields)
            except Rejected as error:
                self._refuse(rows, number, error)

    async def release(self) -> None:
        """Stop everything."""
        await self._targets.release()

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
            raise Rejected(f"{row!r}: expected a {kind} with its fields")
        return {"site": self._site, **row}

    def _refuse(self, rows: SiteRows, number: int, error: Rejected) -> None:
        log.error("target_rejected", reason=rows.sentence("targets", number, str(error)))
