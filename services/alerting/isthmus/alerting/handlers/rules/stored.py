"""The rules that people store: written once, published, and taken into force by every replica."""

from collections.abc import Callable
from typing import Any

import structlog

from isthmus.alarms.v1.rule_pb2 import Rule as RuleMessage
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.partitions import Now
from isthmus.alerting.handlers.rules.book import RuleBook, Stored
from isthmus.alerting.ports.rules import RuleStore, RuleVersion
from isthmus.runtime.codec import Outgoing, decode, encode, from_timestamp
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
RULES = "alerting.rules.v1"
SERVICE = "alerting"
Parse = Callable[[str, int], Rule | None]
"""The rule that a body of this version says, None when it is switched off; raises ValueError."""


class StoredRules:
    """Keeps the rule book as the store and the topic have it."""

    def __init__(
        self,
        store: RuleStore,
        book: RuleBook,
        parse: Parse,
        *,
        written: Callable[[], None],
        now: Now,
    ) -> None:
        self.book = book
        self._store = store
        self._parse = parse
        self._written = written
        self._now = now
        self._known: dict[str, RuleVersion] = {}

    @property
    def newest(self) -> dict[str, RuleVersion]:
        """The newest version of each rule that is stored, by name."""
        return {name: each for name, each in self._known.items() if not each.deleted}

    async def load(self) -> None:
        """Take what is stored, before anything is judged; raises Retryable."""
        for version in await self._store.all():
            self._take(version)

    def handle(self, record: Any) -> None:
        """Take one raw record of the rules topic; one that is none is logged and left out."""
        try:
            read = decode(record, RuleMessage, required=("name", "version"))
        except Rejected as error:
            log.warning("rule_rejected", offset=record.offset, reason=str(error))
            return
        if (said := read.message) is not None:
            at = from_timestamp(said.at)
            self._take(RuleVersion(said.name, said.version, said.body, said.deleted, said.by, at))

    async def put(self, name: str, body: str, by: str, expected: int) -> RuleVersion | None:
        """Store `body` as the version after `expected`; None if that is not the newest one.

        The body is one that was parsed. Raises Retryable.
        """
        return await self._write(RuleVersion(name, expected + 1, body, False, by, self._now()))

    async def delete(self, name: str, by: str, expected: int) -> RuleVersion | None:
        """Store that nothing is stored; None if `expected` is not the newest version."""
        return await self._write(RuleVersion(name, expected + 1, "", True, by, self._now()))

    def version(self, name: str) -> int:
        """The newest version that is known here; 0 is none."""
        return self._known[name].version if name in self._known else 0

    async def versions(self, name: str) -> list[RuleVersion]:
        """What was stored under `name`, oldest first; raises Retryable."""
        return await self._store.versions(name)

    async def _write(self, version: RuleVersion) -> RuleVersion | None:
        if not await self._store.write(version, (_record(version),)):
            return None
        self._written()
        self._take(version)
        return version

    def _take(self, version: RuleVersion) -> None:
        if version.version <= self.version(version.name):
            return
        self._known[version.name] = version
        try:
            rule = None if version.deleted else self._parse(version.body, version.version)
        except ValueError as error:
            # Stored by a newer release: the rule that was in force goes on.
            log.error("rule_refused", rule=version.name, version=version.version, reason=str(error))
            return
        self.book.store(version.name, Stored(version.version, rule, version.deleted))
        log.info("rule_changed", rule=version.name, version=version.version, by=version.by)


def _record(version: RuleVersion) -> Outgoing:
    message = RuleMessage(
        name=version.name,
        version=version.version,
        body=version.body,
        deleted=version.deleted,
        by=version.by,
    )
    message.at.FromDatetime(version.at)
    return encode(
        message,
        topic=RULES,
        key=version.name,
        id=f"{version.name}:{version.version}",
        source=SERVICE,
        at=version.at,
    )
