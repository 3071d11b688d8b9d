"""The stores of what rules know: the sources of reports, and the rules that people have stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from isthmus.alerting.domain.rules.source import Source
from isthmus.runtime.codec import Outgoing


class SourceStore(Protocol):
    """Sources by name; every method may raise Retryable while the store is down."""

    async def save(self, sources: Iterable[Source]) -> None:
        """Store each source unless a later report of it is stored already."""
        ...

    async def load(self, partition: int) -> list[Source]:
        """The sources whose reports come on `partition`."""
        ...


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What somebody has stored under the name of a rule."""

    name: str
    version: int
    body: str
    """The rule as JSON; empty when it was deleted."""
    deleted: bool
    by: str
    at: datetime


class RuleStore(Protocol):
    """Rules that people have stored; every method may raise Retryable while the store is down."""

    async def write(self, rule: RuleVersion, outbox: tuple[Outgoing, ...]) -> bool:
        """Store `rule` and what must be published with it, unless the stored version is not the
        one before it: then False."""
        ...

    async def all(self) -> list[RuleVersion]:
        """The newest version of each rule."""
        ...

    async def versions(self, name: str) -> list[RuleVersion]:
        """What was stored under `name`, oldest first, as far as it is kept."""
        ...
