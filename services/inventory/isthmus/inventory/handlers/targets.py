"""Takes targets from seed files and from people, and publishes them to the collectors."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from isthmus.inventory.domain.targets import InvalidTarget, Target, target
from isthmus.inventory.handlers.records import target_record
from isthmus.inventory.ports import Publishing, Row, SiteTopics, TargetStore

log = structlog.get_logger()


class Targets:
    """Writes targets that are new or differ; others cost a read."""

    def __init__(
        self, store: TargetStore, topics: SiteTopics, *, written: Callable[[], None]
    ) -> None:
        self._store = store
        self._topics = topics
        self._written = written

    async def put(self, row: object) -> tuple[Target, bool]:
        """The target that `row` describes, and whether it is new or changed.

        Raises InvalidTarget.
        """
        wanted = _on_known_site(target(row), await self._topics.sites())
        return wanted, bool(await self._store_changed([wanted]))

    async def seed(self, rows: Iterable[Row]) -> int:
        """Take every good row, log every bad one; the number of targets written."""
        sites = await self._topics.sites()
        wanted: dict[str, Target] = {}
        for row in rows:
            try:
                found = _on_known_site(target(row.content, row.site), sites)
                if found.id in wanted:
                    raise InvalidTarget("target", f"{found.target!r}, expected once in its site")
                wanted[found.id] = found
            except InvalidTarget as error:
                log.error("target_rejected", file=row.file, row=row.number, reason=str(error))
        written = await self._store_changed(wanted.values())
        log.info("targets_seeded", targets=len(wanted), written=written)
        return written

    async def _store_changed(self, targets: Iterable[Target]) -> int:
        wanted = {each.id: each for each in targets}
        known = await self._store.known(wanted)
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        changed = [
            Publishing(each, now, target_record(each, now))
            for each in wanted.values()
            if known.get(each.id) != each
        ]
        if changed:
            await self._store.put(changed)
            self._written()
        return len(changed)


def _on_known_site(wanted: Target, sites: set[str]) -> Target:
    if wanted.site not in sites:
        known = ", ".join(sorted(sites)) or "none; make its topic first"
        raise InvalidTarget("site", f"{wanted.site!r}, expected a site that has a topic: {known}")
    return wanted
