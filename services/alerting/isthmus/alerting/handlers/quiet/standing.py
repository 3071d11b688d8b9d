"""What stands now, of all alarms, as far as other alarms and the figures are judged by it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from sys import intern
from typing import Any

import structlog

from isthmus.alarms.v1 import alarm_pb2
from isthmus.alerting.domain.quiet.kpis import Stood
from isthmus.runtime.codec import decode, from_timestamp
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
RAISED = frozenset(
    {
        alarm_pb2.CONDITION_PHASE_ACTIVE,
        alarm_pb2.CONDITION_PHASE_PENDING_OFF,
        alarm_pb2.CONDITION_PHASE_LATCHED,
    }
)
JUDGED_BY = frozenset({"reachability", "silence", "count", "annunciations"})
"""What rules watch by whose alarms others are held back."""


class Standing:
    """Reads `alerting.alarms.v1` whole, on every replica: who holds an alarm back may own it
    nowhere near."""

    def __init__(self) -> None:
        self.complete = asyncio.Event()
        self.version = 0
        """Grows when an alarm comes or goes by which others are held back."""
        self._stood: dict[str, Stood] = {}
        self._on: dict[str, tuple[str, ...]] = {}
        """By subject: the rules whose alarms stand there, of those that hold others back."""

    def stands(self, rule: str, subject: str) -> bool:
        """Whether the alarm of `rule` on `subject` stands, if it is one that holds others back."""
        return rule in self._on.get(subject, ())

    def on(self, subject: str) -> Iterable[str]:
        """The rules whose alarms stand on `subject`, of those that hold others back."""
        return self._on.get(subject, ())

    @property
    def all(self) -> Iterable[Stood]:
        """What stands or is shelved."""
        return self._stood.values()

    def handle(self, record: Any) -> None:
        """Take one raw record of the alarms topic; one that is none is logged and left out."""
        try:
            required = ("id", "rule", "subject", "site")
            read = decode(record, alarm_pb2.Alarm, required=required)
        except Rejected as error:
            log.warning("alarm_rejected", offset=record.offset, reason=str(error))
            return
        before, alarm = self._stood.get(read.key), read.message
        if alarm is not None and before is not None and alarm.seq < before.seq:
            return  # Kafka was lost, and the topic is read from its beginning again
        self._stood.pop(read.key, None)
        if alarm is not None:
            self._take(read.key, alarm)
        elif before is not None:
            self._judge_by(before.rule, before.subject, stands=False)

    def completed(self) -> None:
        """Say that the topic was read to the end it had at start."""
        self.complete.set()

    def _take(self, id: str, alarm: alarm_pb2.Alarm) -> None:
        raised = from_timestamp(alarm.raised_at) if alarm.phase in RAISED else None
        shelved = _shelved_at(alarm)
        if raised is not None or shelved is not None:
            rule, site = intern(alarm.rule), intern(alarm.site)
            self._stood[id] = Stood(rule, alarm.subject, site, raised, shelved, alarm.seq)
        if alarm.condition in JUDGED_BY:
            self._judge_by(alarm.rule, alarm.subject, stands=raised is not None)

    def _judge_by(self, rule: str, subject: str, *, stands: bool) -> None:
        if stands == self.stands(rule, subject):
            return
        self.version += 1
        others = tuple(each for each in self.on(subject) if each != rule)
        if stands or others:
            self._on[subject] = (*others, intern(rule)) if stands else others
        else:
            del self._on[subject]


def _shelved_at(alarm: alarm_pb2.Alarm) -> datetime | None:
    for held in alarm.suppressions:
        if held.kind == alarm_pb2.SUPPRESSION_KIND_SHELVED:
            return from_timestamp(held.began_at)
    return None
