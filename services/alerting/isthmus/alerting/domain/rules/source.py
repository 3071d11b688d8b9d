"""One source of reports as it was last heard, and how it is missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from isthmus.alerting.domain.rules.conditions import Rate
from isthmus.alerting.domain.rules.index import Index
from isthmus.alerting.domain.rules.reading import Reading, text_of

GRACE = timedelta(seconds=5)
"""What a collector may take to resume, besides its interval, after everything stood still."""


@dataclass(slots=True)
class Source:
    """What is kept of a source between its reports.

    Not frozen: of a report that says nothing new, only `last_at` and `measured` are moved.
    """

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
    measured: dict[str, tuple[datetime, float]] = field(default_factory=dict, compare=False)
    """By rule: the value that began the window of its rate. Stored only with another change."""
    part: bool = False
    """It is a part of another device, and is missed with that one."""

    @property
    def grace(self) -> timedelta:
        """How long it is waited for when the others are heard again after a standstill.

        When Kafka or a site comes back, the first report of any source shows that time has
        passed; each other source must have its turn to report before it counts as silent.
        """
        return timedelta(seconds=self.interval_s) + GRACE


def heard(known: Source | None, reading: Reading, partition: int, rules: Index) -> Source:
    """The source after `reading`; what a reading does not say stays as it was."""
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
        watched=_watched(known, reading, rules) if rules.changes else known.watched,
        measured=_measured(known, reading, rules) if rules.rates else known.measured,
        part=reading.part,
    )


def _watched(known: Source, reading: Reading, rules: Index) -> Mapping[str, str]:
    said = {of: text for of in rules.changes if (text := text_of(reading, of))}
    return known.watched if said.items() <= known.watched.items() else {**known.watched, **said}


def _measured(known: Source, reading: Reading, rules: Index) -> dict[str, tuple[datetime, float]]:
    begun = dict(known.measured)
    for rule, rate in rules.rates:
        for metric, value in zip(reading.metric, reading.value, strict=True):
            if metric == rate.metric and _ended(begun.get(rule.name), rate, reading.at, value):
                begun[rule.name] = (reading.at, value)
    return begun


def _ended(base: tuple[datetime, float] | None, rate: Rate, at: datetime, value: float) -> bool:
    """Does the window that began at `base` end here, so that the next one begins?"""
    if base is None or (rate.counter and value < base[1]):
        return True
    return (at - base[0]).total_seconds() >= rate.over_s
