"""One source of reports as it was last heard, and how it is missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from isthmus.alerting.domain.rules import Reading

GRACE = timedelta(seconds=5)
"""What a collector may take to resume, besides its interval, after everything stood still."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is kept of a source between its reports."""

    name: str
    site: str
    path: str
    partition: int
    last_at: datetime
    """Its last report. Stored only with another change of the source: a report that says nothing
    new costs the store nothing."""
    interval_s: float
    asset_class: str = ""
    watched: Mapping[str, str] = field(default_factory=dict)
    """Last values of the attributes that rules watch for change."""
    part: bool = False
    """It is a part of another device, and is missed with that one."""

    @property
    def grace(self) -> timedelta:
        """How long it is waited for when the others are heard again after a standstill.

        When Kafka or a site comes back, the first report of any source shows that time has
        passed; each other source must have its turn to report before it counts as silent.
        """
        return timedelta(seconds=self.interval_s) + GRACE


def heard(
    known: Source | None, reading: Reading, partition: int, attributes: frozenset[str]
) -> Source:
    """The source after `reading`; what a reading does not say stays as it was."""
    said = {n: reading.attributes[n] for n in attributes if reading.attributes.get(n)}
    asset_class = reading.attributes.get("class", "")
    if known is None:
        known = Source(reading.source, "", "", partition, reading.at, reading.interval_s)
    return replace(
        known,
        site=reading.site,
        path=reading.path,
        partition=partition,
        last_at=reading.at,
        interval_s=reading.interval_s,
        asset_class=asset_class or known.asset_class,
        watched={**known.watched, **said} if said else known.watched,
        part=reading.part,
    )
